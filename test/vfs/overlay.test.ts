// Overlays: what is seen through the layers, what a change copies up, how names are hidden, and what modules hear of it.
import { describe, expect, it } from "vitest";
import {
  chattr,
  chmod,
  copyFileRange,
  dropCaches,
  getxattr,
  type Inode,
  link,
  listxattr,
  MS,
  mkdir,
  mount,
  O,
  open,
  pread,
  pwrite,
  readdir,
  realInode,
  rename,
  rmdir,
  S,
  type SecurityModule,
  setxattr,
  symlink,
  truncate,
  umount,
  unlink,
} from "../../src/vfs/index.ts";
import { bytes, got, Machine, newDisk, root, text, told, user } from "./machine.ts";

const OPTIONS = "lowerdir=/base/lower,upperdir=/base/upper,workdir=/base/work";

/** Two layers on ext4: in the lower one a file `f`, a directory `d` with a file `g`, and a link. */
function machine(modules: readonly SecurityModule[] = [], options = OPTIONS, release = "6.12"): Machine {
  const m = new Machine(release, modules);
  m.mount("/base", "ext4");
  for (const dir of ["lower", "lower2", "upper", "work", "lower/d", "lower2/d", "lower2/only2"])
    m.mkdir(`/base/${dir}`);
  m.write("/base/lower/f", "lower", 0o4755);
  m.write("/base/lower/d/g", "in d");
  m.write("/base/lower2/f", "hidden");
  m.write("/base/lower2/d/h", "in d of 2");
  symlink(m.vfs, root, m.base, "f", "/base/lower/link");
  setxattr(m.vfs, root, m.path("/base/lower/f"), "security.label", bytes("L"), 0);
  m.mount("/o", "overlay", options);
  return m;
}
const names = (m: Machine, path: string): string[] =>
  got(readdir(m.vfs, root, m.base, path))
    .filter((name) => name !== "." && name !== "..")
    .toSorted();
const attributes = (m: Machine, path: string): string[] => got(listxattr(m.vfs, root, m.path(path, false)));
const isWhiteout = (m: Machine, path: string): boolean => {
  const { mode, rdev } = m.stat(path, false);
  return (mode & S.IFMT) === S.IFCHR && rdev.major === 0 && rdev.minor === 0;
};

describe("lookup", () => {
  it("shows the topmost file, and directories of all layers as one", () => {
    const m = machine([], "lowerdir=/base/lower:/base/lower2,upperdir=/base/upper,workdir=/base/work");
    m.write("/base/upper/top", "upper");
    mkdir(m.vfs, root, m.base, "/base/upper/d", 0o755);
    m.write("/base/upper/d/g", "upper g");
    m.write("/base/upper/d/u");
    expect(names(m, "/o")).toEqual(["d", "f", "link", "only2", "top"]);
    expect(names(m, "/o/d")).toEqual(["g", "h", "u"]);
    expect(m.read("/o/d/g")).toBe("upper g");
    expect(m.read("/o/f")).toBe("lower");
    expect(m.read("/o/link")).toBe("lower");
    expect(m.read("/o/d/h")).toBe("in d of 2");
  });

  it("reads from below until there is a copy, also through a file that was open before", () => {
    const m = machine();
    const before = m.open("/o/f");
    m.append("/o/f", "!");
    expect(m.read("/o/f")).toBe("lower!");
    expect(text(got(pread(m.vfs, root, before, 99, 0)))).toBe("lower!");
    expect(m.read("/base/lower/f")).toBe("lower");
    m.close(before);
  });
});

describe("copying up", () => {
  const copied = (m: Machine, path: string): boolean => m.exists(`/base/upper/${path}`);
  const changes: readonly [name: string, change: (m: Machine) => unknown, copies: boolean][] = [
    ["opening for reading", (m) => m.close(m.open("/o/f")), false],
    ["opening for writing", (m) => m.close(m.open("/o/f", O.WRONLY)), true],
    ["opening with O_TRUNC", (m) => m.close(m.open("/o/f", O.RDONLY | O.TRUNC)), true],
    ["truncate", (m) => truncate(m.vfs, root, m.base, "/o/f", 3), true],
    ["chmod", (m) => chmod(m.vfs, root, m.base, "/o/f", 0o600), true],
    ["setxattr", (m) => setxattr(m.vfs, root, m.path("/o/f"), "trusted.x", bytes("v"), 0), true],
    ["a link to it", (m) => link(m.vfs, root, m.base, "/o/f", "/o/hard"), true],
    ["renaming", (m) => rename(m.vfs, root, m.base, "/o/f", "/o/moved"), false],
    ["a write that permission refuses", (m) => open(m.vfs, user, m.base, "/o/f", O.WRONLY), false],
    ["unlinking", (m) => unlink(m.vfs, root, m.base, "/o/f"), false],
  ];
  for (const [name, change, copies] of changes)
    it(`${name}: ${copies ? "copies" : "leaves no copy under its name"}`, () => {
      const m = machine();
      change(m);
      const there = copied(m, "f") && !isWhiteout(m, "/base/upper/f");
      expect(there).toBe(copies);
      expect(m.read("/base/lower/f")).toBe("lower");
    });

  it("takes data, owner, mode and attributes along, and remembers where it came from", () => {
    const m = machine();
    m.inode("/base/lower/f").uid = 7;
    m.inode("/base/lower/f").gid = 8;
    expect(setxattr(m.vfs, root, m.path("/o/f"), "trusted.x", bytes("v"), 0)).toBe(null);
    expect(m.read("/base/upper/f")).toBe("lower");
    expect(m.stat("/base/upper/f")).toMatchObject({ uid: 7, gid: 8, mode: S.IFREG | 0o4755, nlink: 1 });
    expect(attributes(m, "/base/upper/f").toSorted()).toEqual([
      "security.label",
      "trusted.overlay.origin",
      "trusted.x",
    ]);
    expect(attributes(m, "/o/f").toSorted()).toEqual(["security.label", "trusted.x"]);
    expect(told(getxattr(m.vfs, root, m.path("/o/f"), "trusted.overlay.origin"))).not.toBe("ok");
    expect(attributes(m, "/base/upper")).toContain("trusted.overlay.impure");
  });

  it("keeps the inode number where the layers are one file system", () => {
    const m = machine();
    const before = m.stat("/o/f");
    m.append("/o/f", "!");
    expect(m.stat("/o/f").ino).toBe(before.ino);
    expect(m.stat("/o/f").ino).not.toBe(m.stat("/base/upper/f").ino);
    dropCaches(m.vfs);
    expect(m.stat("/o/f").ino).toBe(before.ino);
  });

  it("makes the directories above it, with their modes", () => {
    const m = machine();
    chmod(m.vfs, root, m.base, "/base/lower/d", 0o711);
    m.append("/o/d/g", "!");
    expect(m.stat("/base/upper/d").mode & 0o777).toBe(0o711);
    expect(names(m, "/base/upper/d")).toEqual(["g"]);
    expect(names(m, "/base/work/work")).toEqual([]);
  });

  it("copies no data that O_TRUNC throws away, but the hooks see the truncation", () => {
    const m = machine();
    m.close(m.open("/o/f", O.WRONLY | O.TRUNC));
    expect(m.read("/o/f")).toBe("");
    expect(m.read("/base/lower/f")).toBe("lower");
  });

  it("breaks links: the other name keeps the old file", () => {
    const m = machine();
    link(m.vfs, root, m.base, "/base/lower/f", "/base/lower/second");
    m.append("/o/f", "!");
    expect(m.read("/o/second")).toBe("lower");
    expect(m.read("/o/f")).toBe("lower!");
  });

  it("is impossible without an upper layer", () => {
    const m = machine([], "lowerdir=/base/lower:/base/lower2");
    expect(told(open(m.vfs, root, m.base, "/o/f", O.WRONLY))).toBe("EROFS");
    expect(unlink(m.vfs, root, m.base, "/o/f")).toBe("EROFS");
    expect(chmod(m.vfs, root, m.base, "/o/f", 0o600)).toBe("EROFS");
    expect(m.read("/o/f")).toBe("lower");
  });
});

describe("names that a lower layer still has", () => {
  it("are hidden by whiteouts, which show in the upper layer alone", () => {
    const m = machine();
    expect(unlink(m.vfs, root, m.base, "/o/f")).toBe(null);
    expect(m.exists("/o/f")).toBe(false);
    expect(names(m, "/o")).not.toContain("f");
    expect(isWhiteout(m, "/base/upper/f")).toBe(true);
    m.write("/o/f", "new");
    expect(m.read("/o/f")).toBe("new");
    expect(m.read("/base/lower/f")).toBe("lower");
    dropCaches(m.vfs);
    expect(m.read("/o/f")).toBe("new");
  });

  it("of a file that only the upper layer had need none", () => {
    const m = machine();
    m.write("/o/new");
    expect(unlink(m.vfs, root, m.base, "/o/new")).toBe(null);
    expect(m.exists("/base/upper/new")).toBe(false);
  });

  it("under a directory made anew stay hidden: it is opaque", () => {
    const m = machine();
    unlink(m.vfs, root, m.base, "/o/d/g");
    expect(rmdir(m.vfs, root, m.base, "/o/d")).toBe(null);
    mkdir(m.vfs, root, m.base, "/o/d", 0o755);
    expect(names(m, "/o/d")).toEqual([]);
    expect(text(got(getxattr(m.vfs, root, m.path("/base/upper/d"), "trusted.overlay.opaque")))).toBe("y");
    dropCaches(m.vfs);
    expect(names(m, "/o/d")).toEqual([]);
  });

  it("are hidden by renaming too, and directories of lower layers do not move", () => {
    const m = machine();
    expect(rename(m.vfs, root, m.base, "/o/f", "/o/moved")).toBe(null);
    expect(isWhiteout(m, "/base/upper/f")).toBe(true);
    expect(m.read("/o/moved")).toBe("lower");
    expect(rename(m.vfs, root, m.base, "/o/d", "/o/e")).toBe("EXDEV");
    mkdir(m.vfs, root, m.base, "/o/own", 0o755);
    expect(rename(m.vfs, root, m.base, "/o/own", "/o/d2")).toBe(null);
    expect(rmdir(m.vfs, root, m.base, "/o/d")).toBe("ENOTEMPTY");
  });

  it("follow a redirect where that is on", () => {
    const m = machine([], `${OPTIONS},redirect_dir=on`);
    expect(rename(m.vfs, root, m.base, "/o/d", "/o/e")).toBe(null);
    expect(m.read("/o/e/g")).toBe("in d");
    expect(text(got(getxattr(m.vfs, root, m.path("/base/upper/e"), "trusted.overlay.redirect")))).toBe("d");
    dropCaches(m.vfs);
    expect(m.read("/o/e/g")).toBe("in d");
    expect(m.exists("/o/d")).toBe(false);
  });
});

/** Layers on two file systems, the upper one of type `upper`. */
function twoLayers(upper: string, release = "6.12"): Machine {
  const m = new Machine(release);
  m.mount("/base", "ext4");
  m.mount("/top", upper);
  for (const dir of ["/base/lower", "/top/upper", "/top/work"]) m.mkdir(dir);
  m.write("/base/lower/f", "lower");
  m.write("/base/lower/g", "lower");
  m.mount("/o", "overlay", "lowerdir=/base/lower,upperdir=/top/upper,workdir=/top/work");
  return m;
}

describe("layers changed behind its back", () => {
  it("a lower file that was unlinked there stays as long as the overlay shows it", () => {
    const m = machine();
    const { ino } = m.stat("/o/f");
    expect(unlink(m.vfs, root, m.base, "/base/lower/f")).toBeNull();
    expect(m.stat("/o/f").nlink).toBe(0);
    m.write("/base/new", "new");
    expect(m.stat("/base/new").ino).not.toBe(ino);
    expect(mount(m.vfs, root, m.base, { path: "/base", flags: MS.REMOUNT | MS.RDONLY })).toBe("EBUSY");
    expect(unlink(m.vfs, root, m.base, "/o/f")).toBeNull();
    m.write("/base/newer", "newer");
    expect(m.stat("/base/newer").ino).toBe(ino);
  });

  it("a name that could not be hidden is looked up anew, with what protects the upper file", () => {
    const m = machine();
    chmod(m.vfs, root, m.base, "/o/f", 0o644);
    expect(chattr(m.vfs, root, m.open("/base/upper/f"), ["immutable"], [])).toBeNull();
    const asUser = (): string => told(open(m.vfs, user, m.base, "/o/f", O.RDWR));
    expect(asUser()).toBe("EACCES");
    expect(unlink(m.vfs, root, m.base, "/o/f")).toBe("EPERM");
    expect(asUser()).toBe("EPERM");
    expect(m.read("/o/f")).toBe("lower");
  });

  it("copies as much as the overlay takes the file to hold, which a change in a layer does not tell it", () => {
    const m = machine();
    m.write("/o/f", "");
    const file = m.open("/o/f", O.RDWR);
    m.write("/base/upper/f", "written below");
    expect(got(copyFileRange(m.vfs, root, file, file, 100))).toBe(0);
    m.close(file);
  });

  it("a name that the upper layer lost or gave away is stale, and stays as it was found until it is forgotten", () => {
    const m = machine();
    m.write("/o/f", "changed");
    chmod(m.vfs, root, m.base, "/o/d/g", 0o600);
    expect(unlink(m.vfs, root, m.base, "/base/upper/f")).toBeNull();
    expect(unlink(m.vfs, root, m.base, "/base/upper/d/g")).toBeNull();
    expect(unlink(m.vfs, root, m.base, "/o/f")).toBe("ESTALE");
    expect(rename(m.vfs, root, m.base, "/o/d/g", "/o/d/i")).toBe("ESTALE");
    expect(m.read("/o/f")).toBe("changed");
    dropCaches(m.vfs);
    expect(m.read("/o/f")).toBe("lower");
  });

  it("a name that the upper layer got is not there for the overlay, and cannot be taken", () => {
    const m = machine();
    expect(told(open(m.vfs, root, m.base, "/o/new", O.RDONLY))).toBe("ENOENT");
    m.write("/base/upper/new", "behind");
    expect(told(open(m.vfs, root, m.base, "/o/new", O.RDONLY))).toBe("ENOENT");
    expect(told(open(m.vfs, root, m.base, "/o/new", O.WRONLY | O.CREAT))).toBe("ESTALE");
    expect(mkdir(m.vfs, root, m.base, "/o/new", 0o755)).toBe("ESTALE");
    expect(link(m.vfs, root, m.base, "/o/f", "/o/new")).toBe("ESTALE");
    expect(rename(m.vfs, root, m.base, "/o/f", "/o/new")).toBe("ESTALE");
    expect(m.read("/base/upper/new")).toBe("behind");
  });

  it("a whiteout that came or went since the name was looked up makes it stale", () => {
    const m = machine();
    expect(unlink(m.vfs, root, m.base, "/o/f")).toBeNull();
    expect(told(open(m.vfs, root, m.base, "/o/f", O.RDONLY))).toBe("ENOENT");
    expect(unlink(m.vfs, root, m.base, "/base/upper/f")).toBeNull();
    expect(told(open(m.vfs, root, m.base, "/o/f", O.WRONLY | O.CREAT))).toBe("ESTALE");
    expect(rename(m.vfs, root, m.base, "/o/d/g", "/o/f")).toBe("ESTALE");
    m.write("/o/pure", "pure");
    expect(rename(m.vfs, root, m.base, "/o/pure", "/o/f")).toBeNull();
  });

  it("a second lower name of a file that was copied up becomes a link to the copy when it is changed", () => {
    const m = machine();
    expect(m.read("/o/f")).toBe("lower");
    expect(rename(m.vfs, root, m.base, "/base/lower/f", "/base/lower/f2")).toBeNull();
    m.write("/o/f", "changed");
    expect(m.read("/o/f2")).toBe("changed");
    expect(names(m, "/base/upper")).not.toContain("f2");
    expect(chmod(m.vfs, root, m.base, "/o/f2", 0o600)).toBeNull();
    expect(m.stat("/base/upper/f2").nlink).toBe(2);
    expect(text(m.inode("/base/upper/f").xattrs.get("trusted.overlay.nlink")!)).toBe("U-1");
    expect(unlink(m.vfs, root, m.base, "/o/f")).toBeNull();
    expect(m.read("/o/f2")).toBe("changed");
  });

  it("a lower file that has got a second name is another file under each once it is looked up", () => {
    const m = machine();
    expect(m.read("/o/f")).toBe("lower");
    expect(link(m.vfs, root, m.base, "/base/lower/f", "/base/lower/f2")).toBeNull();
    m.write("/o/f", "changed");
    expect(m.read("/o/f2")).toBe("lower");
    m.write("/o/f2", "changed too");
    expect(m.read("/o/f")).toBe("changed");
  });

  it("a name whose copy is another's by now cannot be looked up", () => {
    const m = machine();
    m.write("/o/f", "changed");
    expect(rename(m.vfs, root, m.base, "/o/f", "/o/moved")).toBeNull();
    expect(unlink(m.vfs, root, m.base, "/base/upper/f")).toBeNull();
    dropCaches(m.vfs);
    expect(m.read("/o/f")).toBe("lower");
    for (const refused of [
      told(open(m.vfs, root, m.base, "/o/moved", O.RDONLY)),
      told(open(m.vfs, root, m.base, "/o/moved", O.WRONLY | O.CREAT)),
      unlink(m.vfs, root, m.base, "/o/moved"),
      rename(m.vfs, root, m.base, "/o/moved", "/o/z"),
      rename(m.vfs, root, m.base, "/o/d/g", "/o/moved"),
      mkdir(m.vfs, root, m.base, "/o/moved", 0o755),
    ])
      expect(refused).toBe("ESTALE");
    dropCaches(m.vfs);
    expect(m.read("/o/moved")).toBe("changed");
  });

  it("what protects a lower file is on record for its copy, as far as the overlay had seen it", () => {
    const m = twoLayers("ext4");
    m.write("/base/lower/early", "x");
    expect(chattr(m.vfs, root, m.open("/base/lower/early"), ["append"], [])).toBeNull();
    expect(m.read("/o/f")).toBe("lower");
    expect(chattr(m.vfs, root, m.open("/base/lower/f"), ["append"], [])).toBeNull();
    m.append("/o/early", "!");
    m.append("/o/f", "!");
    const kept = (name: string) => m.inode(`/top/upper/${name}`).xattrs.get("trusted.overlay.protattr");
    expect(text(kept("early")!)).toBe("a");
    expect(kept("f")).toBeUndefined();
    expect(truncate(m.vfs, root, m.base, "/o/early", 0)).toBe("EPERM");
  });

  it("setting attributes shows the length that a layer's file was given meanwhile", () => {
    const m = machine();
    m.write("/o/f", "");
    m.write("/base/upper/f", "longer");
    expect(m.inode("/o/f").size).toBe(0);
    const file = m.open("/o/f");
    expect(chattr(m.vfs, root, file, ["nodump"], [])).toBeNull();
    m.close(file);
    expect(m.inode("/o/f").size).toBe(6);
  });
});

describe("what only one of the layers' file systems knows", () => {
  it("flags of ext4 are not taken by another upper file system, until the file is copied", () => {
    for (const [upper, answer] of [
      ["tmpfs", { errno: "EOPNOTSUPP", at: "FS_IOC_SETFLAGS" }],
      ["ext4", null],
    ] as const) {
      const m = twoLayers(upper);
      const file = m.open("/o/f", O.RDONLY);
      expect(chattr(m.vfs, root, file, ["nodump"], [])).toEqual(answer);
      expect(names(m, "/top/upper")).toEqual(["f"]);
      expect(chattr(m.vfs, root, file, ["nodump"], [])).toBeNull();
    }
  });

  it("a malformed capability is left behind, and before 6.12.117 nothing is copied", () => {
    for (const [release, answer] of [
      ["6.12.117", null],
      ["6.1", "EINVAL"],
    ] as const) {
      const m = twoLayers("ext4", release);
      m.path("/base/lower/f").dentry.inode!.xattrs.set("security.capability", bytes("odd"));
      expect(chmod(m.vfs, root, m.base, "/o/f", 0o600)).toBe(answer);
      expect(names(m, "/top/upper")).toEqual(answer === null ? ["f"] : []);
    }
  });
});

describe("inodes", () => {
  it("real ones are found, and change with a copy", () => {
    const m = machine();
    const { dentry } = m.path("/o/f");
    expect(realInode(dentry)).toBe(m.inode("/base/lower/f"));
    m.append("/o/f", "!");
    expect(realInode(dentry)).toBe(m.inode("/base/upper/f"));
    expect(m.inode("/o/f")).toBe(dentry.inode);
    expect(m.inode("/o/f").sb.type.name).toBe("overlay");
  });

  it("count who has them open: a writer of the overlay writes to the file below", () => {
    const m = machine();
    const reader = m.open("/o/f");
    expect([m.inode("/o/f").readCount, m.inode("/base/lower/f").readCount]).toEqual([1, 1]);
    const writer = m.open("/o/f", O.RDWR);
    expect([m.inode("/o/f").writeCount, m.inode("/base/upper/f").writeCount]).toEqual([1, 1]);
    expect([m.inode("/base/lower/f").readCount, m.inode("/base/lower/f").writeCount]).toEqual([1, 0]);
    m.close(reader, writer);
    const counts = (inode: Inode): number[] => [inode.readCount, inode.writeCount, inode.openFiles];
    for (const path of ["/o/f", "/base/upper/f", "/base/lower/f"])
      expect(counts(m.inode(path)), path).toEqual([0, 0, 0]);
  });

  it("set-ID bits and file capabilities go when the overlay's file is written to", () => {
    const m = machine();
    chmod(m.vfs, root, m.base, "/base/lower/f", 0o4777);
    setxattr(
      m.vfs,
      root,
      m.path("/o/f"),
      "security.capability",
      Uint8Array.from([0, 0, 0, 2, ...new Array(16).fill(0)]),
      0,
    );
    const file = got(open(m.vfs, user, m.base, "/o/f", O.WRONLY));
    got(pwrite(m.vfs, user, file, bytes("x"), 0));
    expect(m.stat("/o/f").mode & 0o7777).toBe(0o777);
    expect(told(getxattr(m.vfs, root, m.path("/o/f"), "security.capability"))).toBe("ENODATA");
    m.close(file);
  });
});

describe("hooks", () => {
  it("openings of the file below are no openings after which modules look at it", () => {
    const calls: string[] = [];
    const fs = (inode: Inode): string => inode.sb.type.name;
    const module: SecurityModule = {
      name: "m",
      fileOpen: (_task, { inode }) => {
        calls.push(`open ${fs(inode)}`);
        return null;
      },
      filePostOpen: (_task, { inode }) => {
        calls.push(`post-open ${fs(inode)}`);
        return null;
      },
      fileRelease: (_task, { inode }) => void calls.push(`release ${fs(inode)}`),
    };
    const m = machine([module]);
    calls.length = 0;
    m.close(m.open("/o/f"));
    expect(calls).toEqual(["open overlay", "open ext4", "post-open overlay", "release overlay", "release ext4"]);
  });

  it("changes are seen on the overlay's file and on the upper one", () => {
    const calls: string[] = [];
    const module: SecurityModule = {
      name: "m",
      inodeSetxattr: (_task, { dentry }, name) => {
        calls.push(`setxattr ${dentry.sb.type.name} ${name}`);
        return null;
      },
      inodePostSetattr: (_task, { dentry }) => void calls.push(`setattr ${dentry.sb.type.name}`),
    };
    const m = machine([module]);
    m.append("/o/f", "");
    calls.length = 0;
    setxattr(m.vfs, root, m.path("/o/f"), "trusted.x", bytes("v"), 0);
    expect(calls.splice(0)).toEqual(["setxattr overlay trusted.x", "setxattr ext4 trusted.x"]);
    chmod(m.vfs, root, m.base, "/o/f", 0o600);
    expect(calls.splice(0)).toEqual(["setattr ext4", "setattr overlay"]);
  });

  it("decide which attributes are copied up, and may refuse it", () => {
    for (const verdict of ["copy", "discard", { errno: "EACCES" }, null] as const) {
      const asked: string[] = [];
      const module: SecurityModule = {
        name: "m",
        inodeCopyUpXattr: (_task, source, name) => {
          asked.push(`${source.dentry.name} ${name}`);
          return verdict;
        },
      };
      const m = machine([module]);
      const opened = told(open(m.vfs, root, m.base, "/o/f", O.WRONLY));
      expect(asked).toEqual(["f security.label"]);
      if (verdict === null || verdict === "copy") {
        expect(opened).toBe("ok");
        expect(attributes(m, "/o/f")).toEqual(["security.label"]);
      } else if (verdict === "discard") {
        expect(opened).toBe("ok");
        expect(attributes(m, "/o/f")).toEqual([]);
      } else {
        expect(opened).toBe("EACCES");
        expect(m.exists("/base/upper/f")).toBe(false);
        expect(names(m, "/base/work/work")).toEqual([]);
      }
    }
  });
});

describe("mounting", () => {
  it("refuses layers that do not fit", () => {
    const m = machine();
    m.mount("/other", "tmpfs");
    m.mkdir("/other/work");
    m.mkdir("/base/upper2");
    m.mkdir("/base/upper2/work");
    m.mkdir("/p");
    const errno = (options: string) => mount(m.vfs, root, m.base, { path: "/p", fstype: "overlay", options });
    expect(errno("")).toBe("EINVAL");
    expect(errno("lowerdir=/base/lower")).toBe("EINVAL");
    expect(errno("lowerdir=/base/none,upperdir=/base/upper2,workdir=/base/work")).toBe("ENOENT");
    expect(errno("lowerdir=/base/lower,upperdir=/base/upper2")).toBe("EINVAL");
    expect(errno("lowerdir=/base/lower,upperdir=/base/upper2,workdir=/other/work")).toBe("EINVAL");
    expect(errno("lowerdir=/base/lower,upperdir=/base/upper2,workdir=/base/upper2/work")).toBe("EINVAL");
    expect(errno("lowerdir=/base/upper2/work,upperdir=/base/upper2,workdir=/base/work")).toBe("ELOOP");
    expect(errno("lowerdir=/base/lower,unknown=1")).toBe("EINVAL");
    expect(errno("lowerdir=/base/lower:/base/lower2")).toBe(null);
  });

  it("keeps its layers busy, and a new mount finds everything again", () => {
    const m = machine();
    const disk = m.path("/base/lower").mount.sb.disk!;
    unlink(m.vfs, root, m.base, "/o/f");
    m.append("/o/d/g", "!");
    const { ino } = m.stat("/o/d/g");
    expect(umount(m.vfs, root, m.base, "/o")).toBe(null);
    expect(umount(m.vfs, root, m.base, "/base")).toBe(null);
    expect(disk.superblock).toBe(null);
    m.mount("/base", "ext4", undefined, disk);
    m.mount("/o", "overlay", OPTIONS);
    expect(m.exists("/o/f")).toBe(false);
    expect(m.read("/o/d/g")).toBe("in d!");
    expect(m.stat("/o/d/g").ino).toBe(ino);
  });

  it("works over layers of different file systems", () => {
    for (const [lower, upper] of [
      ["ext4", "tmpfs"],
      ["tmpfs", "ext4"],
      ["btrfs", "xfs"],
    ] as const) {
      const m = new Machine();
      m.mount("/l", lower, undefined, lower === "tmpfs" ? undefined : newDisk(lower));
      m.mount("/u", upper);
      for (const dir of ["/l/d", "/u/upper", "/u/work"]) m.mkdir(dir);
      m.write("/l/d/f", "x");
      m.mount("/o", "overlay", "lowerdir=/l,upperdir=/u/upper,workdir=/u/work");
      expect(m.stat("/o/d/f").dev).not.toEqual(m.stat("/o/d").dev);
      m.append("/o/d/f", "y");
      expect(m.read("/o/d/f"), `${lower} under ${upper}`).toBe("xy");
      expect(m.read("/l/d/f")).toBe("x");
    }
  });
});
