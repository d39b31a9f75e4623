// i_version: a change shows if and only if somebody looked since the last one, and each file system has its own idea of a change.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  changeCookie,
  chmod,
  closeFile,
  fallocate,
  ftruncate,
  hasIversion,
  link,
  O,
  pwrite,
  queryIversion,
  rename,
  setxattr,
  truncate,
  umount,
  unlink,
  utimens,
} from "../../src/vfs/index.ts";
import { IVersion } from "../../src/vfs/iversion.ts";
import { runs } from "../fuzz.ts";
import { bytes, got, Machine, newDisk, root } from "./machine.ts";

describe("the counter", () => {
  it("agrees with a reader who remembers what was seen, whatever happens in between", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("query", "change", "force"), { maxLength: 50 }), (actions) => {
        const version = new IVersion(0, false);
        let seen = -1;
        let changed = true;
        for (const action of actions) {
          if (action === "query") {
            const now = version.query();
            expect(now === seen).toBe(!changed);
            seen = now;
            changed = false;
          } else {
            const before = version.peek();
            const counted = version.maybeIncrement(action === "force");
            expect(counted).toBe(version.peek() !== before);
            // Nobody looked since the last change: there is nothing to distinguish.
            if (action === "change") expect(counted).toBe(!changed);
            changed = true;
          }
        }
      }),
      runs(100),
    );
  });
});

/** What is done to the file `f` in the same tick in which its version was looked at. */
const CHANGES: Readonly<Record<string, (m: Machine) => void>> = {
  write: (m) => m.append("/mnt/f", "x"),
  "open and close": (m) => m.close(m.open("/mnt/f", O.RDWR)),
  read: (m) => void m.read("/mnt/f"),
  "truncate shorter": (m) => void truncate(m.vfs, root, m.base, "/mnt/f", 1),
  "truncate to its size": (m) => void truncate(m.vfs, root, m.base, "/mnt/f", 4),
  chmod: (m) => void chmod(m.vfs, root, m.base, "/mnt/f", 0o600),
  utimens: (m) => void utimens(m.vfs, root, m.base, "/mnt/f", { atime: 5, mtime: 5 }),
  setxattr: (m) => void setxattr(m.vfs, root, m.path("/mnt/f"), "security.x", bytes("v")),
  link: (m) => void link(m.vfs, root, m.base, "/mnt/f", "/mnt/g"),
  rename: (m) => void rename(m.vfs, root, m.base, "/mnt/f", "/mnt/g"),
  unlink: (m) => void unlink(m.vfs, root, m.base, "/mnt/second"),
};

function seenFile(fstype: string, release: string, options?: string): Machine {
  const m = new Machine(release);
  m.mount("/mnt", fstype, options);
  m.write("/mnt/f", "1234");
  link(m.vfs, root, m.base, "/mnt/f", "/mnt/second");
  m.now++;
  return m;
}

describe("changes that show on 6.12", () => {
  // As IMA of real kernels saw them: a file changed this way was collected anew.
  // biome-ignore format: a table reads better in columns
  const table: readonly [change: string, shows: readonly string[]][] = [
    ["write",                ["ext4", "xfs", "btrfs", "tmpfs"]],
    ["open and close",       []],
    ["truncate shorter",     ["ext4", "xfs", "btrfs", "tmpfs"]],
    ["truncate to its size", ["xfs", "btrfs", "tmpfs"]],
    ["chmod",                ["ext4", "xfs", "btrfs", "tmpfs"]],
    ["utimens",              ["ext4", "xfs", "btrfs", "tmpfs"]],
    ["setxattr",             ["ext4", "xfs", "btrfs", "tmpfs"]],
    ["link",                 ["xfs", "btrfs"]],
    ["rename",               ["xfs", "btrfs"]],
    ["unlink",               ["xfs", "btrfs"]],
  ];
  for (const [change, shows] of table)
    for (const fstype of ["ext4", "xfs", "btrfs", "tmpfs"])
      it(`${change} on ${fstype}: ${shows.includes(fstype) ? "seen" : "not seen"}`, () => {
        const m = seenFile(fstype, "6.12");
        const inode = m.inode("/mnt/f");
        const before = queryIversion(inode);
        CHANGES[change]!(m);
        expect(queryIversion(inode) !== before).toBe(shows.includes(fstype));
      });

  it("a second change in one tick is not counted while nobody looks", () => {
    const m = seenFile("ext4", "6.12");
    const inode = m.inode("/mnt/f");
    queryIversion(inode);
    const file = m.open("/mnt/f", O.WRONLY);
    got(pwrite(m.vfs, root, file, bytes("a"), 0));
    const after = inode.iversion.peek();
    got(pwrite(m.vfs, root, file, bytes("b"), 0));
    expect(inode.iversion.peek()).toBe(after);
    m.now++;
    got(pwrite(m.vfs, root, file, bytes("c"), 0));
    expect(inode.iversion.peek(), "a change of the times counts too").toBe(after + 1);
    queryIversion(inode);
    got(pwrite(m.vfs, root, file, bytes("d"), 0));
    expect(inode.iversion.peek()).toBe(after + 2);
    closeFile(m.vfs, root, file);
  });

  it("fallocate and ftruncate through a descriptor count like writes", () => {
    for (const change of ["fallocate", "ftruncate"]) {
      const m = seenFile("ext4", "6.12");
      const inode = m.inode("/mnt/f");
      const file = m.open("/mnt/f", O.WRONLY);
      const before = queryIversion(inode);
      if (change === "fallocate") expect(fallocate(m.vfs, root, file, 0, 0, 100)).toBe(null);
      else expect(ftruncate(m.vfs, root, file, 100)).toBe(null);
      expect(queryIversion(inode)).not.toBe(before);
      m.close(file);
    }
  });
});

describe("file systems that do not count", () => {
  it("give nothing to compare", () => {
    const m = seenFile("ramfs", "6.12");
    expect(hasIversion(m.inode("/mnt/f"))).toBe(false);
    expect(changeCookie(m.inode("/mnt/f"))).toBe(null);
  });

  it("ext4 counts on 6.0 only if mounted for it", () => {
    for (const [release, options, counts] of [
      ["6.0", undefined, false],
      ["6.0", "i_version", true],
      ["6.1", undefined, true],
    ] as const) {
      const m = seenFile("ext4", release, options);
      const inode = m.inode("/mnt/f");
      const before = queryIversion(inode);
      m.append("/mnt/f", "x");
      expect(queryIversion(inode) !== before, `${release} ${options ?? ""}`).toBe(counts);
    }
  });
});

describe("versions on a disk", () => {
  it("count as seen when they come back from it", () => {
    const m = new Machine();
    const disk = newDisk("ext4");
    m.mount("/mnt", "ext4", undefined, disk);
    m.write("/mnt/f", "1234");
    const before = m.inode("/mnt/f").iversion.peek();
    expect(umount(m.vfs, root, m.base, "/mnt")).toBe(null);
    m.mount("/mnt", "ext4", undefined, disk);
    const inode = m.inode("/mnt/f");
    expect(inode.iversion.peek()).toBe(before);
    m.append("/mnt/f", "x");
    expect(inode.iversion.peek()).toBe(before + 1);
  });
});

describe("an overlay", () => {
  it("passes on the counter of the file that holds the data", () => {
    const m = new Machine();
    m.mount("/mnt", "ext4");
    for (const dir of ["lower", "upper", "work", "merged"]) m.mkdir(`/mnt/${dir}`);
    m.write("/mnt/lower/f", "1234");
    m.mount("/mnt/merged", "overlay", "lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work");
    const inode = m.inode("/mnt/merged/f");
    const lower = changeCookie(inode);
    expect(lower).toBe(queryIversion(m.inode("/mnt/lower/f")));
    m.now++;
    m.append("/mnt/merged/f", "x");
    expect(changeCookie(inode)).toBe(queryIversion(m.inode("/mnt/upper/f")));
    const before = changeCookie(inode);
    m.append("/mnt/merged/f", "x");
    expect(changeCookie(inode)).not.toBe(before);
    expect(hasIversion(inode)).toBe(false);
  });
});
