// The machine of the recordings: what its kernels are built with and its first process finds, as far as a trace does not say.
import { payload } from "./payload.ts";
import type { Trace } from "./schema.ts";

/** UML numbers its disks ubda, ubdb …; the first two carry script and results. QEMU's are virtio disks. */
const FIRST_DISK = 2;
const MINORS = 16;
const DISKS = { uml: { prefix: "ubd", major: 98 }, qemu: { prefix: "vd", major: 254 } } as const;

export function deviceNames(
  backend: string | undefined,
): (index: number) => { id: string; major: number; minor: number } {
  const { prefix, major } = backend === "qemu" ? DISKS.qemu : DISKS.uml;
  return (index) => {
    const number = FIRST_DISK + index;
    return { id: prefix + String.fromCharCode(0x61 + number), major, minor: number * MINORS };
  };
}

/** The banks that the emulated TPM has, in its order. */
export const TPM_BANKS = ["sha1", "sha256", "sha384", "sha512"] as const;

/** The driver itself, whose bytes nobody recorded, and the program that lies beside it. */
export function guestFiles(): Record<string, { bytes: Uint8Array; mode: number }> {
  return { "/init": { bytes: new Uint8Array(), mode: 0o755 }, "/bin/payload": { bytes: payload("true"), mode: 0o755 } };
}

/** The LSM with labels that a recording names among its modules. */
export function labelsOf(lsm: Trace["kernel"]["lsm"]): "smack" | "apparmor" | null {
  const names = (lsm ?? "").split(",");
  if (names.includes("smack")) return "smack";
  return names.includes("apparmor") ? "apparmor" : null;
}
