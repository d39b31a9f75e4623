// What systemd does about IMA as the first process (systemd: src/core/ima-setup.c: ima_setup), in the initramfs and again on the root.
import { O } from "../../vfs/index.ts";
import { failed, isThere, readAll, writeInto } from "./files.ts";
import type { BootEnd, BootRecorder, BootStage } from "./report.ts";

export const SYSTEMD_POLICY = "/etc/ima/ima-policy";
const POLICY_FILE = "/sys/kernel/security/ima/policy";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** By path first; where the kernel does not take that, line by line. A line that is refused stops systemd. */
export function systemdLoadsPolicy(recorder: BootRecorder, stage: BootStage): BootEnd | null {
  const process = recorder.kernel.initProcess;
  const { sys } = process;
  if (!isThere(process, POLICY_FILE) || !isThere(process, SYSTEMD_POLICY)) return null;
  let open: number | null = null;
  recorder.step(stage, "systemd loads the policy by its path", () => {
    const opened = sys.open(POLICY_FILE, O.WRONLY | O.CLOEXEC, 0);
    if (!opened.ok) return failed(opened.errno, SYSTEMD_POLICY, "systemd goes on without");
    const written = sys.write(opened.value, bytesOf(SYSTEMD_POLICY));
    if (!written.ok) {
      open = opened.value;
      return failed(written.errno, SYSTEMD_POLICY);
    }
    sys.close(opened.value);
    return { outcome: "ok", file: SYSTEMD_POLICY };
  });
  if (open === null) return null;
  const first: number = open;
  let refusedLine = false;
  const byLine = recorder.step(stage, "systemd loads the policy line by line", () => {
    const text = readAll(process, SYSTEMD_POLICY);
    sys.close(first);
    if (!text.ok) return failed(text.errno, SYSTEMD_POLICY, "systemd cannot read it, and goes on without");
    const lines = new TextDecoder()
      .decode(text.value)
      .split(/[\n\r\0]/)
      .filter((line) => line !== "");
    const refused = writeInto(process, POLICY_FILE, lines.map(bytesOf));
    refusedLine = refused !== null;
    return refused === null
      ? { outcome: "ok", file: SYSTEMD_POLICY }
      : failed(refused, SYSTEMD_POLICY, "a rule is refused");
  });
  return refusedLine
    ? { verdict: "halts", reason: "systemd freezes, because the policy is refused", step: byLine }
    : null;
}
