// What the arbitraries promise: kernels take the policies, disks take the files, and steps can be carried out.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  anyChange,
  anyCredentials,
  anyFile,
  anyPolicy,
  anySequence,
  anyUse,
  findHole,
} from "../../src/fast-check/index.ts";
import { playScenario, type Scenario, scenarioSchema } from "../../src/scenario/index.ts";
import { runs } from "../fuzz.ts";

describe("arbitraries", () => {
  it.each(["6.1", "6.12"])("a kernel %s takes every policy", (release) => {
    const config = { IMA_WRITE_POLICY: true };
    fc.assert(
      fc.property(anyPolicy(release), (text) => {
        const { steps } = playScenario({ kernel: { release, config }, steps: [{ op: "policy", text }] });
        expect(steps[0]?.outcome).toMatchObject({ ret: 0 });
      }),
      runs(60),
    );
  });

  it("files lie on a disk with all that they have, and credentials and steps are those of documents", () => {
    const paths = ["/mnt/f", "/mnt/g"] as const;
    const story = anyCredentials().chain((as) => {
      const step = fc.oneof(anyChange({ paths, as }), anyUse({ paths, as }), anyChange({ paths }));
      const part = fc.oneof(
        step.map((each) => [each]),
        anySequence({ paths }),
      );
      return fc.array(part, { maxLength: 8 }).map((parts) => parts.flat());
    });
    let worked = 0;
    fc.assert(
      fc.property(anyFile(), story, (file, attack) => {
        const scenario: Scenario = {
          disks: { d: { fstype: "ext4", files: { "/f": file } } },
          steps: [
            { op: "mount", device: "d", path: "/mnt", fstype: "ext4" },
            { op: "listxattr", path: "/mnt/f" },
            ...attack,
          ],
        };
        expect(scenarioSchema.parse(scenario)).toEqual(scenario);
        const { steps } = playScenario(scenario);
        const names = Object.keys(file.xattrs ?? {});
        for (const name of names) expect(JSON.stringify(steps[1]?.outcome)).toContain(name);
        worked += steps.slice(2).filter(({ outcome }) => outcome["ret"] !== undefined).length;
      }),
      runs(100),
    );
    expect(worked).toBeGreaterThan(50);
  });
});

describe("findHole", () => {
  const promise = { use: "exec", is: "authentic" } as const;

  it("finds the same hole for the same seed", () => {
    const search = { policy: "appraise func=MMAP_CHECK\n", promise, seed: 7 };
    expect(findHole(search)).toEqual(findHole(search));
    expect(findHole(search)?.attack.map(({ op }) => op)).toEqual(["writefile", "exec"]);
  });

  it("writes plainly what need not be written before it has a name", () => {
    for (let seed = 1; seed <= 12; seed++) {
      const attack = findHole({ policy: "appraise func=BPRM_CHECK\n", promise, seed })?.attack ?? [];
      expect(attack.map(({ op }) => op)).not.toContain("linkat");
      expect(attack.length).toBeLessThanOrEqual(4);
    }
  });

  it("says of a policy that no kernel takes that it is bad, instead of finding it wanting", () => {
    expect(() => findHole({ policy: "appraise func=NONE\n", promise })).toThrow(
      expect.objectContaining({ code: "bad-policy" }),
    );
    const setup = [{ op: "chown", path: "/none", uid: 0 }] as const;
    expect(() => findHole({ setup, promise })).toThrow(expect.objectContaining({ code: "bad-setup", where: "chown" }));
  });
});
