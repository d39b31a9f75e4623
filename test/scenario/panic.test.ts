// A kernel that stops in the middle of a scenario: the step has no outcome, and none comes after it.
import { expect, it } from "vitest";
import { playScenario, type Scenario } from "../../src/scenario/index.ts";

it("carries out nothing from the step on that stops the kernel", () => {
  const scenario: Scenario = {
    kernel: { release: "6.1", cmdline: "ima_policy=tcb lsm=yama" },
    disks: { root: { fstype: "ext4", files: { "/f": { text: "hello" } } } },
    steps: [
      { op: "mount", device: "root", path: "/mnt", fstype: "ext4", mkdir: true },
      { op: "readfile", path: "/mnt/f" },
      { op: "stat", path: "/mnt/f" },
    ],
  };
  const why = "kernel panic: integrity_inode_get: lsm=integrity required.";
  const outcomes = playScenario(scenario).steps.map(({ outcome }) => outcome);
  expect(outcomes).toEqual([{ ret: 0 }, { error: why }, { error: why }]);
});

it("goes by lsm= and security= for the module with labels, unless the scenario names modules", () => {
  const lsm = (kernel: NonNullable<Scenario["kernel"]>) => {
    const steps = [{ op: "securityfsRead" as const, file: "lsm" }];
    return playScenario({ kernel, steps }).steps[0]!.outcome["data"];
  };
  expect(lsm({ cmdline: "lsm=integrity,nosuch,smack,capability" })).toBe("capability,smack,ima,evm");
  expect(lsm({ cmdline: "security=smack" })).toBe("capability,smack,ima,evm");
  expect(lsm({ cmdline: "security=smack lsm=yama" })).toBe("capability,ima,evm");
  expect(lsm({ cmdline: "lsm=smack", lsm: "capability" })).toBe("capability,ima,evm");
});
