// The cache of an inode, under whatever processes do to files: it never vouches for content that it does not know.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Inode } from "../../src/vfs/index.ts";
import { runs } from "../fuzz.ts";
import { anyCall, type Call, hashLabel, NAMES, type Place, Walk } from "./walk.ts";

const POLICY = `measure func=FILE_CHECK mask=MAY_READ fsname=FS
appraise func=FILE_CHECK fsname=FS fowner=0
appraise func=MMAP_CHECK fsname=FS fowner=0
`;

const PLACES: readonly Place[] = [
  { fstype: "ext4", release: "6.12.117" },
  { fstype: "ext2", release: "6.12.117" },
  { fstype: "xfs", release: "6.12.117" },
  { fstype: "btrfs", release: "6.12.117" },
  { fstype: "tmpfs", release: "6.12.117" },
  { fstype: "overlay", release: "6.12.117" },
  { fstype: "ext4", release: "6.12.50" },
  { fstype: "ext4", release: "6.1.192" },
  { fstype: "tmpfs", release: "6.1.192" },
  { fstype: "overlay", release: "6.1.192" },
];
/** From here on truncate(2) is noticed (mainline 7.2, 6.12.104). */
const seesTruncate = ({ release }: Place) => release === "6.12.117";

/** A file that was made and still is open for writing needs no label. */
function mayLackLabel(walk: Walk, file: string): boolean {
  return walk.writers(file) > 0;
}

/** What an allowed open for reading, and an executable mapping, promise. */
function expectNothingStale(walk: Walk, story: readonly Call[]): number {
  let passed = 0;
  for (const file of NAMES) {
    const inode = walk.inode(file);
    if (inode === null || !inode.top.isRegular || inode.top.uid !== 0 || mayLackLabel(walk, file)) continue;
    const label = inode.real.xattrs.get("security.ima");
    const content = walk.content(file);
    const { root, kernel } = walk;
    const allowed = kernel.attempt(() => {
      const fd = root.open(walk.path(file));
      try {
        root.munmap(root.mmap(fd, "PROT_READ|PROT_EXEC"));
      } finally {
        root.close(fd);
      }
    });
    if (!allowed.ok) {
      expect(allowed.error.code).toBe("EACCES");
      continue;
    }
    passed++;
    const expected = Buffer.from(hashLabel(content)).toString("hex");
    if (label === undefined || Buffer.from(label).toString("hex") !== expected)
      expect({ file, story, label }).toEqual({ file, story: "no pass", label: expected });
  }
  return passed;
}

/** What goes on below an overlay is another matter: see below. */
const above = (call: Call): boolean => call.op !== "below";

describe("a pass is about the content as it is", () => {
  it.each(PLACES)("$fstype on $release", (place) => {
    let passed = 0;
    fc.assert(
      fc.property(
        fc.array(anyCall({ truncate: seesTruncate(place) }).filter(above), { minLength: 5, maxLength: 30 }),
        (calls) => {
          const walk = new Walk({ ...place, policy: POLICY });
          calls.forEach((call, i) => {
            walk.run(call);
            passed += expectNothingStale(walk, calls.slice(0, i + 1));
          });
          walk.closeAll();
          passed += expectNothingStale(walk, calls);
        },
      ),
      runs(25),
    );
    expect(passed).toBeGreaterThan(100);
  });

  it("but for truncate(2) on kernels without the hooks", () => {
    const walk = new Walk({ fstype: "ext4", release: "6.12.50", policy: POLICY });
    walk.run({ op: "write", who: "root", name: "a", text: "three and more" });
    walk.root.readFile(walk.path("a"));
    walk.run({ op: "truncate", who: "root", name: "a", length: 3 });
    expect(new TextDecoder().decode(walk.root.readFile(walk.path("a")))).toBe("thr");
    walk.run({ op: "drop" });
    expect(() => walk.root.readFile(walk.path("a"))).toThrow("EACCES");
  });

  it("and but for a change below an overlay, of a file whose i_version nobody has asked for since it was made", () => {
    const walk = new Walk({ fstype: "overlay", release: "6.12.117", policy: POLICY });
    const read = (file: string) => new TextDecoder().decode(walk.root.readFile(walk.path(file)));
    walk.root.readFile(walk.path("a"));
    walk.root.writeFile("/below/lower/a", "changed");
    expect(() => read("a")).toThrow("EACCES");
    // Version 0 at collecting, and 0 after the change: a real 6.12.117 answers the same.
    walk.run({ op: "write", who: "root", name: "c", text: "" });
    expect(read("c")).toBe("");
    walk.run({ op: "below", name: "c", text: "one" });
    expect(read("c")).toBe("one");
    walk.run({ op: "drop" });
    expect(() => read("c")).toThrow("EACCES");
  });

  it("and random walks find that", () => {
    const place = { fstype: "ext4", release: "6.12.50" };
    const { failed, counterexample } = fc.check(
      fc.property(fc.array(anyCall({ truncate: true }), { minLength: 5, maxLength: 30 }), (calls) => {
        const walk = new Walk({ ...place, policy: POLICY });
        calls.forEach((call, i) => {
          walk.run(call);
          expectNothingStale(walk, calls.slice(0, i + 1));
        });
      }),
      { numRuns: 300, seed: 1 },
    );
    expect(failed).toBe(true);
    expect(counterexample?.[0].map((call) => call.op)).toContain("truncate");
  });
});

/** A copy of a lower file that was made for O_TRUNC and then refused: all that the file was, but its content. Real kernels leave the same. */
function emptiedState(before: string, name: string): string {
  const files = JSON.parse(before) as unknown[][];
  const file = files[NAMES.indexOf(name as (typeof NAMES)[number])]!;
  [file[SIZE], file[CONTENT]] = [0, ""];
  return JSON.stringify(files);
}
const SIZE = 5;
const CONTENT = 8;

describe("a refused call changed nothing, but what a copy-up did before", () => {
  it.each(PLACES)("$fstype on $release", (place) => {
    const refused = new Set<string>();
    let emptiedCopies = 0;
    fc.assert(
      fc.property(fc.array(anyCall({ truncate: true }), { minLength: 5, maxLength: 30 }), (calls) => {
        const walk = new Walk({ ...place, policy: POLICY });
        for (const call of calls) {
          const before = walk.state();
          const listed = walk.kernel.measuredLines().length;
          // Only what IMA refuses has come so far that a lower file was copied up; for O_TRUNC without its content.
          const truncates = call.op === "write" || (call.op === "open" && call.flags.includes("O_TRUNC"));
          const emptied = "name" in call && truncates && walk.isLower(call.name) ? call.name : null;
          const error = walk.run(call);
          if (error === null) continue;
          if (emptied !== null && error.decision !== undefined) {
            expect(walk.state()).toBe(emptiedState(before, emptied));
            emptiedCopies++;
            continue;
          }
          refused.add(`${call.op} ${error.code}`);
          if (walk.state() !== before)
            expect({ call, error, state: walk.state() }).toEqual({ call, error, state: before });
          // What is appraised is measured first; what DAC refuses is not.
          if (error.decision === undefined) expect(walk.kernel.measuredLines().length).toBe(listed);
        }
      }),
      runs(20),
    );
    for (const seen of ["open EACCES", "write EACCES", "label EPERM"]) expect(refused).toContain(seen);
    if (place.fstype === "overlay") expect(emptiedCopies).toBeGreaterThan(0);
  });
});

describe("an inode that is gone leaves nothing in the cache", () => {
  it.each(PLACES)("$fstype on $release", (place) => {
    let freed = 0;
    fc.assert(
      fc.property(fc.array(anyCall({ truncate: true }), { minLength: 5, maxLength: 30 }), (calls) => {
        const walk = new Walk({ ...place, policy: POLICY });
        const met = new Set<Inode>();
        for (const call of calls) {
          for (const file of NAMES) {
            const inode = walk.inode(file)?.top;
            if (inode !== undefined) met.add(inode);
          }
          walk.run(call);
          const named = NAMES.map((file) => walk.inode(file)?.top);
          for (const inode of met)
            if (!named.includes(inode) && !walk.held(inode)) {
              met.delete(inode);
              freed++;
              expect(walk.kernel.ima!.iints.find(inode)).toBeUndefined();
            }
        }
      }),
      runs(15),
    );
    expect(freed).toBeGreaterThan(5);
  });
});
