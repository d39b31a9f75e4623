import { boot } from "imasim";
import { matchers } from "imasim/vitest";
import { expect, it } from "vitest";

expect.extend(matchers);

it("does not run a program that lost its label", () => {
  const kernel = boot({ cmdline: "ima_policy=tcb|appraise_tcb ima_appraise=enforce" });
  kernel.mount("/mnt", { fstype: "ext4" });
  const root = kernel.task({ uid: 0 });
  root.writeFile("/mnt/strace", "#!/bin/sh\n", { mode: 0o755 });
  expect({ task: root, path: "/mnt/strace" }).toHaveXattr("security.ima");

  root.removexattr("/mnt/strace", "security.ima");
  expect(() => root.execve("/mnt/strace")).toBeDenied({ cause: "missing-hash", errno: "EACCES" });
  // Refused when it was opened, before the rule for programs could measure it.
  expect(kernel).not.toBeMeasured({ path: "/mnt/strace" });
});
