// What a refused call tells a program: errno, the kernel's own word for the cause, and what would change it.
import { boot, KernelError } from "imasim";
import { expect, it } from "vitest";

function refusal(act: () => unknown): KernelError {
  try {
    act();
  } catch (error) {
    if (error instanceof KernelError) return error;
    throw error;
  }
  throw new Error("it was allowed");
}

it("IMA's refusal has cause, decision and explanation; the next error has none of them", () => {
  const kernel = boot({ cmdline: "ima_appraise=enforce ima_policy=appraise_tcb" });
  kernel.mount("/", { fstype: "ext4" });
  const root = kernel.task({});
  root.writeFile("/f", "x");
  root.removexattr("/f", "security.ima");
  const denied = refusal(() => root.readFile("/f"));
  expect(denied).toMatchObject({ code: "EACCES", errno: -13, syscall: "open", path: "/f", cause: "missing-hash" });
  expect(denied.decision).toMatchObject({ errno: "EACCES", cause: "missing-hash" });
  expect(denied.explanation).toContain("missing-hash: The rule asks for an appraisal");
  const missing = refusal(() => root.readFile("/nosuch"));
  expect(missing).toMatchObject({ code: "ENOENT", cause: undefined, decision: undefined, explanation: undefined });
});

it("EVM's refusal has the status that its record names, and an explanation", () => {
  const kernel = boot({});
  kernel.mount("/", { fstype: "ext4" });
  const root = kernel.task({});
  root.writeFile("/f", "x");
  root.setxattr("/f", "security.ima", new Uint8Array([4, 4, ...new Uint8Array(32)]));
  kernel.evm!.setup.setKey(new Uint8Array(64).fill(7));
  const denied = refusal(() => root.setxattr("/f", "security.evm", new Uint8Array([2, ...new Uint8Array(20)])));
  expect(denied).toMatchObject({ code: "EPERM", syscall: "setxattr" });
  expect(denied.explanation).toMatch(/^EVM refuses \(EPERM\)/);
  const refused = refusal(() => root.chmod("/f", 0o600));
  expect(refused).toMatchObject({ code: "EPERM", syscall: "chmod", cause: "no_label" });
  expect(kernel.auditLines.at(-1)).toContain("cause=no_label");
  expect(refused.explanation).toMatch(/^EVM refuses \(EPERM\)/);
});
