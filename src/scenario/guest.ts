// The machine of the recordings: what its kernels are built with and its first process finds, as far as a trace does not say.
import type { BootEnvironment } from "../kernel/index.ts";
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

const PROGRAM = payload("true");

/** The driver itself, whose bytes nobody recorded, and the program that lies beside it. */
export function guestFiles(): Record<string, { bytes: Uint8Array; mode: number }> {
  return { "/init": { bytes: new Uint8Array(), mode: 0o755 }, "/bin/payload": { bytes: PROGRAM, mode: 0o755 } };
}

/** The LSM with labels that a recording names among its modules. */
export function labelsOf(lsm: Trace["kernel"]["lsm"]): "smack" | "apparmor" | null {
  const names = (lsm ?? "").split(",");
  if (names.includes("smack")) return "smack";
  return names.includes("apparmor") ? "apparmor" : null;
}

const TOOLS = "gcc (Debian 12.2.0-14+deb12u1) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40";

/** Numbers of the files of proc, which both kernels give in the same order. */
const PROC = {
  self: 0xf000_0002,
  sys: 0xf000_0010,
  cmdline: 0xf000_00a3,
  version: 0xf000_00ac,
  modules: 0xf000_00cc,
  keys: 0xf000_00dc,
} as const;

/** What differs between the recorded UML kernels beyond release and configuration. */
const KERNELS = [
  {
    release: /^6\.12\.\d+$/,
    built: "#2 Sun Nov 22 06:29:32 UTC 2026",
    numbers: {
      devtmpfs: 6,
      securityfs: 7,
      firstMount: 17,
      firstInode: 12,
      settled: 4,
      seen: ["/proc/sys/kernel"],
      proc: PROC,
    },
  },
  {
    release: /^6\.1\.\d+$/,
    built: "#1 Sun Nov 22 06:37:41 UTC 2026",
    numbers: {
      devtmpfs: 5,
      securityfs: 6,
      firstMount: 16,
      firstInode: 12,
      settled: 4,
      seen: ["/proc/sys/kernel"],
      proc: PROC,
    },
  },
] as const;

/** Modules that the driver loads before the first step. */
function loadedModules(bootCmdline: string | undefined): string[] {
  const named = /(?:^| )oracle\.mods=(\S*)/.exec(bootCmdline ?? "")?.[1] ?? "";
  return named.split(",").filter((name) => name !== "");
}

/** Options of Debian's kernels that recordings leave out: they ask for packed firmware and load modules by force. */
const DEBIAN_OPTIONS = [
  "CONFIG_FW_LOADER_USER_HELPER=y",
  "CONFIG_FW_LOADER_COMPRESS_XZ=y",
  "CONFIG_MODULE_FORCE_LOAD=y",
];

export function recordedConfig({ kernel }: Trace): readonly string[] {
  return kernel.backend === "qemu" ? [...kernel.config, ...DEBIAN_OPTIONS] : kernel.config;
}

/** How many events there had been, where a step asks. */
function ueventsOf(steps: Trace["steps"], results: Trace["results"]): number {
  const asked = steps.findIndex((step) => step.op === "readfile" && step["path"] === "/sys/kernel/uevent_seqnum");
  return Number(results[asked]?.["data"] ?? 0);
}

/** What the recorded machine was, as far as it is known. */
export function recordedEnvironment({ kernel, steps, results }: Trace): BootEnvironment {
  const known = KERNELS.find((row) => row.release.test(kernel.release));
  return {
    deviceName: deviceNames(kernel.backend),
    ...(known !== undefined && {
      banner: `Linux version ${kernel.release} (root@vm) (${TOOLS}) ${known.built}\n`,
      numbers: known.numbers,
    }),
    modules: loadedModules(kernel.bootCmdline),
    uevents: ueventsOf(steps, results),
    ...(kernel.bootCmdline !== undefined && { bootCmdline: kernel.bootCmdline }),
    ...(kernel.lsm !== undefined && { lsm: kernel.lsm }),
  };
}
