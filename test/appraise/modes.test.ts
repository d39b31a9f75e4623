// ima_appraise=off, log, fix, enforce: what each lets pass of the same calls, and what it leaves behind.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boot } from "../../src/index.ts";
import { runs } from "../fuzz.ts";
import { anyCall, type Call, hashLabel, NAMES, Walk } from "./walk.ts";

const RELEASE = "6.12.117";
const POLICY = `measure func=FILE_CHECK mask=MAY_READ fsname=FS
measure func=MMAP_CHECK mask=MAY_EXEC fsname=FS
appraise func=FILE_CHECK fsname=FS fowner=0
`;
const FILE_SYSTEMS = ["ext4", "btrfs", "tmpfs", "overlay"];

const machine = (fstype: string, mode: string) => new Walk({ fstype, release: RELEASE, mode, policy: POLICY });

/** No descriptor stays open for writing. */
const settled = (call: Call): boolean => call.op !== "open" || call.flags === "O_RDONLY";
const anyStory = fc.array(anyCall({ truncate: true }), { minLength: 5, maxLength: 30 });
const quietStory = fc.array(anyCall({ truncate: true }).filter(settled), { minLength: 5, maxLength: 30 });

const files = (walk: Walk) => walk.kernel.measuredLines();
const digests = (lines: readonly string[]) => new Set(lines.map((line) => line.split(" ")[3]));
const violations = (walk: Walk) => files(walk).filter((line) => line.split(" ")[1] === "0".repeat(40));
const relabels = ({ op }: Call): boolean => op === "label" || op === "unlabel";
const renames = ({ op }: Call): boolean => op === "rename" || op === "link";

/**
 * Both lists are equal, but that a label which is set or removed has a file measured again where IMA appraises at all. The list holds that
 * digest already, so it shows only where the file has another name by then: a further entry of the log, with nothing in it that off missed.
 */
function expectSameMeasurements(log: Walk, off: Walk, relabelledAndRenamed: boolean): void {
  if (!relabelledAndRenamed) return expect(files(log)).toEqual(files(off));
  expect(digests(files(log))).toEqual(digests(files(off)));
  expect(files(log).filter((line) => files(off).includes(line))).toEqual(files(off));
}

describe("log mode allows what off allows, and measures the same", () => {
  it.each(FILE_SYSTEMS)("%s", (fstype) => {
    let measured = 0;
    let complained = 0;
    fc.assert(
      fc.property(quietStory, (calls) => {
        const off = machine(fstype, "off");
        const log = machine(fstype, "log");
        let renamed = false;
        let relabelled = false;
        for (const call of calls) {
          renamed ||= renames(call);
          relabelled ||= relabels(call);
          const withoutAppraisal = off.run(call);
          const logged = log.run(call);
          if (withoutAppraisal === null) expect(logged).toBeNull();
          expectSameMeasurements(log, off, relabelled && renamed);
        }
        measured += files(off).length - 1;
        complained += log.decisions.filter((decision) => decision.appraisal === "failed").length;
        expect(log.decisions.every((decision) => decision.verdict === "allow")).toBe(true);
        expect(off.decisions.every((decision) => decision.appraisal === "not-asked")).toBe(true);
      }),
      runs(40),
    );
    expect(measured).toBeGreaterThan(20);
    expect(complained).toBeGreaterThan(5);
  });

  it.each(FILE_SYSTEMS)("with writers at work, the same violations: %s", (fstype) => {
    let violated = 0;
    fc.assert(
      fc.property(anyStory, (calls) => {
        const off = machine(fstype, "off");
        const log = machine(fstype, "log");
        for (const call of calls) {
          const withoutAppraisal = off.run(call);
          const logged = log.run(call);
          if (withoutAppraisal === null) expect(logged).toBeNull();
          expect(violations(log)).toEqual(violations(off));
        }
        violated += violations(off).length;
      }),
      runs(80),
    );
    expect(violated).toBeGreaterThan(5);
  });

  it("but a file that is read while it is written may be listed as its writer found it: a violation stands beside it", () => {
    const digestOf = (mode: string) => {
      const walk = machine("ext4", mode);
      walk.run({ op: "open", who: "root", name: "a", slot: 0, flags: "O_WRONLY|O_APPEND|O_CREAT" });
      walk.run({ op: "put", slot: 0, text: "one" });
      walk.root.readFile(walk.path("a"));
      const [, violation, entry, ...more] = files(walk).map((line) => line.split(" ")[3]);
      expect([violation, more]).toEqual([`sha256:${"0".repeat(64)}`, []]);
      return entry;
    };
    const sha256 = (content: string) => `sha256:${Buffer.from(hashLabel(content).subarray(2)).toString("hex")}`;
    // The appraisal of the open for writing collected the digest, and the cache has it until the last writer closes.
    expect(digestOf("log")).toBe(sha256("a"));
    expect(digestOf("off")).toBe(sha256("aone"));
  });
});

describe("enforce allows a part of what log allows", () => {
  it.each(FILE_SYSTEMS)("%s", (fstype) => {
    let denials = 0;
    fc.assert(
      fc.property(anyStory, (calls) => {
        const log = machine(fstype, "log");
        const enforce = machine(fstype, "enforce");
        for (const call of calls) {
          const logged = log.run(call);
          const enforced = enforce.run(call);
          expect(files(enforce)).toEqual(files(log));
          if (enforced?.code !== logged?.code) {
            expect(logged).toBeNull();
            expect(enforced?.decision).toMatchObject({ verdict: "deny", errno: enforced?.code });
            expect(log.decisions.at(-1)).toMatchObject({ appraisal: "failed", verdict: "allow" });
            denials++;
            return;
          }
          expect(log.state()).toBe(enforce.state());
        }
      }),
      runs(40),
    );
    expect(denials).toBeGreaterThan(5);
  });
});

describe("fix mode heals", () => {
  it("what is read has a good label afterwards, but for signatures", () => {
    fc.assert(
      fc.property(fc.constantFrom("ext4", "btrfs", "tmpfs"), anyStory, (fstype, calls) => {
        const walk = machine(fstype, "fix");
        for (const call of calls) expect(walk.run(call)?.decision).toBeUndefined();
        walk.closeAll();
        for (const file of NAMES) {
          const inode = walk.inode(file)?.top;
          if (inode === undefined || inode.uid !== 0) continue;
          walk.root.readFile(walk.path(file));
          const label = inode.xattrs.get("security.ima");
          if (label?.[0] !== 3) expect(label).toEqual(hashLabel(walk.content(file)));
        }
      }),
      runs(60),
    );
  });

  it("and the same disk passes under enforce", () => {
    let passed = 0;
    fc.assert(
      fc.property(anyStory, (calls) => {
        const healer = machine("ext4", "fix");
        for (const call of calls) healer.run(call);
        healer.closeAll();
        const expected = NAMES.flatMap((file) => {
          const inode = healer.inode(file)?.top;
          if (inode === undefined || inode.uid !== 0) return [];
          healer.root.readFile(healer.path(file));
          return [{ file, allowed: inode.xattrs.get("security.ima")![0] !== 3 }];
        });
        healer.kernel.shutdown();
        const [disk] = healer.kernel.disks.values();
        const kernel = boot({ release: RELEASE, cmdline: "ima_appraise=enforce", disks: { disk: disk! } });
        kernel.mount("/mnt", { fstype: "ext4", disk: disk!.id });
        kernel.securityfs.write("ima/policy", POLICY.replaceAll("FS", "ext4"));
        const root = kernel.task();
        for (const { file, allowed } of expected) {
          expect(kernel.attempt(() => root.readFile(healer.path(file))).ok).toBe(allowed);
          if (allowed) passed++;
        }
      }),
      runs(30),
    );
    expect(passed).toBeGreaterThan(20);
  });
});
