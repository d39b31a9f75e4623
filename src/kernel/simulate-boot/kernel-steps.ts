// What the kernel does before its first process, taken apart from what it logged: firmware, IMA, EVM, certificates
// (security/integrity/ima/ima_init.c: ima_init; evm/evm_main.c: init_evm; security/integrity/digsig.c: integrity_load_x509).

import type { Ima } from "../../appraise/index.ts";
import type { Kernel } from "../kernel.ts";
import { type BootFinding, type BootRecorder, BootStopped } from "./report.ts";

const CERTIFICATES = [
  ["IMA", "IMA_LOAD_X509", "IMA_X509_PATH"],
  ["EVM", "EVM_LOAD_X509", "EVM_X509_PATH"],
] as const;

function firmware({ secureBoot, tpm }: Kernel): BootFinding {
  const banks = tpm === null ? "no TPM" : `a TPM with ${tpm.banks.map((bank) => bank.name).join(", ")}`;
  return { outcome: "ok", detail: `secure boot ${secureBoot ? "on" : "off"}, ${banks}` };
}

function started(kernel: Kernel, symbol: "IMA" | "EVM"): BootFinding {
  if (!kernel.config.enabled(symbol)) return { outcome: "skipped", detail: `CONFIG_${symbol} is not set` };
  if ((symbol === "IMA" ? kernel.ima : kernel.evm) === null) return { outcome: "failed", detail: "it did not start" };
  return { outcome: "ok", ...(symbol === "IMA" && { detail: chosen(kernel.ima!) }) };
}

/** What configuration, command line and firmware made of IMA. */
function chosen({ hash, list, policy, mode }: Ima): string {
  const { template } = list.setup;
  const rules = policy.rules.length;
  return `hash ${hash}, template ${template.title}, ima_appraise=${mode}, ${rules === 1 ? "1 rule" : `${rules} rules`}`;
}

/** What was said of one certificate: from its own line to that which tells what became of it. */
function linesOf(lines: readonly string[], path: string): string[] {
  const from = lines.findIndex((line) => line.endsWith(`certificate: ${path}`) || line.includes(` file: ${path} (`));
  const length = lines.slice(from).findIndex((line) => /^integrity: (Loaded|Problem|Unable)/.test(line)) + 1;
  return from < 0 ? [] : lines.slice(from, from + length);
}

function certificate(said: readonly string[], path: string): BootFinding {
  const end = said.at(-1)?.replace("integrity: ", "");
  if (end === undefined) return { outcome: "unknown", file: path, detail: "the kernel does not say what became of it" };
  if (end.startsWith("Unable")) return { outcome: "skipped", file: path, detail: "it cannot be opened" };
  return end.startsWith("Loaded") ? { outcome: "ok", file: path } : { outcome: "failed", file: path, detail: end };
}

/** @param mounted the type of the root where the kernel mounts it itself. @throws BootStopped where the kernel did not come further */
export function recordKernelSteps(recorder: BootRecorder, mounted: string | null): void {
  const { kernel } = recorder;
  const lines = kernel.log.lines.map((line) => line.text);
  const of = (prefix: string) => lines.filter((line) => line.startsWith(prefix));
  const others = lines.filter((line) => !/^(ima|evm|integrity):/.test(line));
  const certificates = CERTIFICATES.flatMap(([owner, load, symbol]) => {
    const path = kernel.config.text(symbol);
    return kernel.config.enabled(load) && path !== undefined ? [{ owner, path }] : [];
  });
  // A certificate that lies on a root which rules are about is measured when it is read.
  const measured = kernel.measuredLines();
  const isOf = (path: string) => (line: string) => line.split(" ").includes(path);
  recorder.note("firmware, keys of the kernel", firmware(kernel), others, []);
  const rest = measured.filter((line) => !certificates.some(({ path }) => isOf(path)(line)));
  recorder.note("IMA starts", started(kernel, "IMA"), of("ima:"), rest);
  recorder.note("EVM starts", started(kernel, "EVM"), of("evm:"), []);
  if (mounted !== null) recorder.note(`mount ${mounted}`, { outcome: "ok" }, [], [], "root");
  for (const { owner, path } of certificates) {
    const what = `the kernel loads a certificate for ${owner}`;
    const said = linesOf(lines, path);
    if (kernel.panicked !== null && said.length === 0) {
      const detail = `kernel panic: ${kernel.panicked}`;
      throw new BootStopped(recorder.note(what, { outcome: "failed", file: path, detail }, [], []));
    }
    recorder.note(what, certificate(said, path), said, measured.filter(isOf(path)));
  }
  recorder.skip();
}
