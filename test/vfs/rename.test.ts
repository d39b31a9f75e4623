// renameat2: what each flag makes of two names.
import { describe, expect, it } from "vitest";
import {
  absolutePath,
  dentryPath,
  displayPath,
  type Inode,
  pread,
  RENAME,
  readdir,
  rename,
  S,
  type SecurityModule,
  umount,
  unlink,
} from "../../src/vfs/index.ts";
import { got, Machine, root, subject, text } from "./machine.ts";

const FS = ["ext4", "xfs", "btrfs", "tmpfs", "overlay"];

function machine(fstype: string): Machine {
  const m = new Machine();
  if (fstype === "overlay") {
    m.mount("/base", "ext4");
    for (const dir of ["lower", "upper", "work"]) m.mkdir(`/base/${dir}`);
    m.mount("/mnt", fstype, "lowerdir=/base/lower,upperdir=/base/upper,workdir=/base/work");
  } else m.mount("/mnt", fstype);
  m.write("/mnt/a", "A");
  m.write("/mnt/b", "B");
  m.mkdir("/mnt/d");
  m.write("/mnt/d/f", "F");
  return m;
}
const move = (m: Machine, from: string, to: string, flags = 0) =>
  rename(m.vfs, root, m.base, `/mnt/${from}`, `/mnt/${to}`, flags);

for (const fstype of FS)
  describe(`on ${fstype}`, () => {
    it("replaces what has the name, and open files stay what they are", () => {
      const m = machine(fstype);
      const replaced = m.open("/mnt/b");
      const moved = m.open("/mnt/a");
      expect(move(m, "a", "b")).toBe(null);
      expect(m.exists("/mnt/a")).toBe(false);
      expect(m.read("/mnt/b")).toBe("A");
      expect(text(got(pread(m.vfs, root, replaced, 9, 0)))).toBe("B");
      expect(displayPath(moved.path)).toBe("/mnt/b");
      m.close(replaced, moved);
    });

    it("NOREPLACE: refuses a name that is taken", () => {
      const m = machine(fstype);
      expect(move(m, "a", "b", RENAME.NOREPLACE)).toBe("EEXIST");
      expect(move(m, "a", "a", RENAME.NOREPLACE)).toBe("EEXIST");
      expect(move(m, "a", "c", RENAME.NOREPLACE)).toBe(null);
      expect(m.read("/mnt/c")).toBe("A");
    });

    it("EXCHANGE: swaps, a file for a directory too", () => {
      const m = machine(fstype);
      expect(move(m, "a", "none", RENAME.EXCHANGE)).toBe("ENOENT");
      expect(move(m, "a", "b", RENAME.EXCHANGE)).toBe(null);
      expect([m.read("/mnt/a"), m.read("/mnt/b")]).toEqual(["B", "A"]);
      if (fstype !== "overlay") {
        expect(move(m, "a", "d", RENAME.EXCHANGE)).toBe(null);
        expect([m.read("/mnt/d"), m.read("/mnt/a/f")]).toEqual(["B", "F"]);
      }
      expect(move(m, "d", "d/f", RENAME.EXCHANGE)).toBe(fstype === "overlay" ? "EINVAL" : "ENOTDIR");
    });

    it("WHITEOUT: leaves a device 0:0 behind, an overlay takes no such flag", () => {
      const m = machine(fstype);
      const errno = move(m, "a", "c", RENAME.WHITEOUT);
      if (fstype === "overlay") expect(errno).toBe("EINVAL");
      else {
        expect(errno).toBe(null);
        expect(m.stat("/mnt/a")).toMatchObject({ mode: S.IFCHR, rdev: { major: 0, minor: 0 } });
        // A whiteout is no device that could be opened: anybody may make one.
        expect(rename(m.vfs, subject(0, { caps: [] }), m.base, "/mnt/b", "/mnt/e", RENAME.WHITEOUT)).toBe(null);
      }
    });

    it("keeps the links of directories right", () => {
      const m = machine(fstype);
      m.mkdir("/mnt/d/e");
      m.mkdir("/mnt/empty");
      const before = m.stat("/mnt").nlink;
      expect(move(m, "d/e", "empty")).toBe(null);
      const counted = fstype !== "btrfs" && fstype !== "overlay";
      expect(m.stat("/mnt").nlink).toBe(before);
      if (counted) expect(m.stat("/mnt/d").nlink).toBe(2);
      expect(got(readdir(m.vfs, root, m.base, "/mnt/empty"))).not.toContain("e");
    });
  });

describe("flags", () => {
  it("that exclude each other or are unknown", () => {
    const m = machine("tmpfs");
    expect(move(m, "a", "b", RENAME.NOREPLACE | RENAME.EXCHANGE)).toBe("EINVAL");
    expect(move(m, "a", "b", RENAME.WHITEOUT | RENAME.EXCHANGE)).toBe("EINVAL");
    expect(move(m, "a", "b", 8)).toBe("EINVAL");
  });

  it("that a file system does not know", () => {
    const m = machine("ramfs");
    expect(move(m, "a", "b", RENAME.WHITEOUT)).toBe("EINVAL");
    expect(move(m, "a", "c", RENAME.NOREPLACE)).toBe(null);
  });

  it("that a file system knows since some release", () => {
    for (const [release, fstype, answer] of [
      ["5.15", "ramfs", "EINVAL"],
      ["6.1", "ramfs", null],
      ["5.15", "vfat", "EINVAL"],
      ["6.1", "vfat", null],
    ] as const) {
      const m = new Machine(release);
      m.mount("/mnt", fstype);
      m.write("/mnt/a", "A");
      m.write("/mnt/b", "B");
      expect(move(m, "a", "b", RENAME.EXCHANGE), `${release} ${fstype}`).toBe(answer);
      expect(m.read("/mnt/a")).toBe(answer === null ? "B" : "A");
    }
  });

  it("a directory that is not empty is not replaced", () => {
    for (const [fstype, answer] of [
      ["ext4", "ENOTEMPTY"],
      ["xfs", "EEXIST"],
    ] as const) {
      const m = machine(fstype);
      m.mkdir("/mnt/e");
      expect(move(m, "e", "d")).toBe(answer);
    }
  });
});

describe("rename and everything else", () => {
  it("asks modules with both directories, for an exchange twice", () => {
    const asked: string[] = [];
    const name = (inode: Inode): string => (inode.isDirectory ? String(inode.ino) : "?");
    const module: SecurityModule = {
      name: "m",
      inodeRename: (_task, fromDir, from, toDir, toName) => {
        asked.push(`${name(fromDir)} ${from.name} ${name(toDir)} ${toName}`);
        return toName === "refused" ? "EACCES" : null;
      },
    };
    const m = new Machine("6.12", [module]);
    m.write("/a", "A");
    m.write("/b", "B");
    rename(m.vfs, root, m.base, "/a", "/b", RENAME.EXCHANGE);
    const { ino } = m.stat("/");
    expect(asked).toEqual([`${ino} b ${ino} a`, `${ino} a ${ino} b`]);
    expect(rename(m.vfs, root, m.base, "/a", "/refused")).toBe("EACCES");
    expect(m.read("/a")).toBe("B");
  });

  it("a directory that moves must be writable itself", () => {
    const m = new Machine();
    m.mkdir("/from");
    m.mkdir("/to");
    m.mkdir("/from/d", 0o555);
    for (const path of ["/from", "/to", "/from/d"]) m.inode(path).uid = 1000;
    const owner = subject(1000);
    expect(rename(m.vfs, owner, m.base, "/from/d", "/from/e")).toBe(null);
    expect(rename(m.vfs, owner, m.base, "/from/e", "/to/e")).toBe("EACCES");
    m.inode("/from/e").mode |= 0o200;
    expect(rename(m.vfs, owner, m.base, "/from/e", "/to/e")).toBe(null);
  });

  it("names of files are those of their mounts", () => {
    const m = new Machine();
    m.mkdir("/a");
    m.mount("/a/mnt", "tmpfs");
    m.write("/a/mnt/f");
    const file = m.open("/a/mnt/f");
    expect(displayPath(file.path)).toBe("/a/mnt/f");
    expect(dentryPath(file.path.dentry)).toBe("/f");
    expect(rename(m.vfs, root, m.base, "/a", "/b")).toBe(null);
    expect(displayPath(file.path)).toBe("/b/mnt/f");
    unlink(m.vfs, root, m.base, "/b/mnt/f");
    expect(displayPath(file.path)).toBe("/b/mnt/f (deleted)");
    expect(absolutePath(file.path)).toBe("/b/mnt/f");
    m.close(file);
    expect(umount(m.vfs, root, m.base, "/b/mnt")).toBe(null);
  });
});
