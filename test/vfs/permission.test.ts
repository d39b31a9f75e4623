// Who may do what, and which refusal comes first: mode bits, capabilities, sticky directories, protected links, file attributes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Capability,
  chattr,
  chmod,
  chown,
  fchmod,
  link,
  MS,
  mkdir,
  mknod,
  mount,
  O,
  open,
  rename,
  resolve,
  rmdir,
  S,
  symlink,
  truncate,
  unlink,
  utimens,
} from "../../src/vfs/index.ts";
import { runs } from "../fuzz.ts";
import { got, Machine, root, subject, told, user } from "./machine.ts";

const NO_DEVICE = { major: 0, minor: 0 };

describe("opening by mode bits", () => {
  it("takes the first class that fits, and only that", () => {
    const m = new Machine();
    m.write("/f");
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0o777 }),
        fc.constantFrom(1000, 1001, 1002),
        fc.constantFrom(O.RDONLY, O.WRONLY, O.RDWR),
        (mode, id, flags) => {
          Object.assign(m.inode("/f"), { mode: S.IFREG | mode, uid: 1000, gid: 2000 });
          const task = subject(id, { gid: 5, groups: id === 1001 ? [7, 2000] : [7] });
          const bits = (id === 1000 ? mode >> 6 : id === 1001 ? mode >> 3 : mode) & 7;
          const want = { [O.RDONLY]: 4, [O.WRONLY]: 2, [O.RDWR]: 6 }[flags]!;
          expect(told(open(m.vfs, task, m.base, "/f", flags))).toBe((bits & want) === want ? "ok" : "EACCES");
        },
      ),
      runs(100),
    );
  });

  it("needs CAP_DAC_OVERRIDE to override, CAP_DAC_READ_SEARCH to read or search", () => {
    const m = new Machine();
    m.write("/f", "", 0);
    m.mkdir("/d", 0);
    m.write("/d/f", "", 0o666);
    const may = (cap: Capability, path: string, flags: number): string =>
      told(open(m.vfs, subject(1000, { caps: [cap] }), m.base, path, flags));
    expect(may("CAP_DAC_OVERRIDE", "/f", O.RDWR)).toBe("ok");
    expect(may("CAP_DAC_READ_SEARCH", "/f", O.RDONLY)).toBe("ok");
    expect(may("CAP_DAC_READ_SEARCH", "/f", O.WRONLY)).toBe("EACCES");
    expect(may("CAP_DAC_READ_SEARCH", "/d/f", O.RDONLY)).toBe("ok");
    expect(may("CAP_FOWNER", "/d/f", O.RDONLY)).toBe("EACCES");
  });
});

describe("which refusal comes first", () => {
  const machine = (): Machine => {
    const m = new Machine();
    m.write("/f", "x", 0o644);
    m.write("/secret", "x", 0o600);
    m.mkdir("/closed", 0o700);
    m.mkdir("/dir", 0o755);
    m.mkdir("/full");
    m.write("/full/f");
    symlink(m.vfs, root, m.base, "loop", "/loop");
    symlink(m.vfs, root, m.base, "f", "/link");
    symlink(m.vfs, root, m.base, "nowhere", "/dangling");
    m.mount("/ro", "tmpfs");
    m.write("/ro/f");
    expect(mount(m.vfs, root, m.base, { path: "/ro", flags: MS.REMOUNT | MS.RDONLY })).toBe(null);
    return m;
  };
  const opening: readonly [path: string, flags: number, as: "root" | "user", errno: string][] = [
    ["/f", O.WRONLY, "user", "EACCES"],
    ["/secret", O.CREAT | O.EXCL, "user", "EEXIST"],
    ["/closed/x", O.CREAT | O.EXCL, "user", "EACCES"],
    ["/dir/x", O.CREAT | O.WRONLY, "user", "EACCES"],
    ["/dir", O.WRONLY, "user", "EISDIR"],
    ["/dir", O.CREAT, "root", "EISDIR"],
    ["/dir", O.CREAT | O.EXCL, "root", "EEXIST"],
    ["/dir/", O.CREAT, "root", "EISDIR"],
    ["/new/", O.CREAT, "root", "EISDIR"],
    ["/f", O.DIRECTORY, "root", "ENOTDIR"],
    ["/f", O.CREAT | O.DIRECTORY, "root", "EINVAL"],
    ["/link", O.NOFOLLOW, "root", "ELOOP"],
    ["/link", O.NOFOLLOW | O.PATH, "root", "ok"],
    ["/link", O.CREAT | O.EXCL, "root", "EEXIST"],
    ["/dangling", O.RDONLY, "root", "ENOENT"],
    ["/dangling", O.CREAT | O.WRONLY, "root", "ok"],
    ["/loop", O.RDONLY, "root", "ELOOP"],
    ["/f/x", O.RDONLY, "root", "ENOTDIR"],
    ["/f/", O.RDONLY, "root", "ENOTDIR"],
    ["/ro/f", O.WRONLY, "root", "EROFS"],
    ["/ro/new", O.CREAT | O.WRONLY, "root", "EROFS"],
    ["/ro/f", O.CREAT | O.RDONLY, "root", "ok"],
    ["/f", O.NOATIME, "user", "EPERM"],
    ["/f", O.RDONLY | O.TRUNC, "user", "EACCES"],
    ["/", O.TMPFILE, "root", "EINVAL"],
    ["/f", O.TMPFILE | O.RDWR, "root", "ENOTDIR"],
    ["", O.RDONLY, "root", "ENOENT"],
    [`/${"n".repeat(256)}`, O.RDONLY, "root", "ENAMETOOLONG"],
    [`/${"n".repeat(255)}`, O.RDONLY, "root", "ENOENT"],
    ["/".repeat(4096), O.RDONLY, "root", "ENAMETOOLONG"],
    ["/".repeat(4095), O.RDONLY, "root", "ok"],
  ];
  for (const [path, flags, as, errno] of opening)
    it(`open("${path.slice(0, 20)}", 0${flags.toString(8)}) as ${as}: ${errno}`, () => {
      const m = machine();
      expect(told(open(m.vfs, as === "root" ? root : user, m.base, path, flags, 0o644))).toBe(errno);
    });

  const others: readonly [name: string, call: (m: Machine) => string | null, errno: string | null][] = [
    ["mkdir of what is there, unwritable", (m) => mkdir(m.vfs, user, m.base, "/dir", 0o755), "EEXIST"],
    ["mkdir of what is there, read-only", (m) => mkdir(m.vfs, root, m.base, "/ro/f", 0o755), "EEXIST"],
    ["mkdir of something new, read-only", (m) => mkdir(m.vfs, root, m.base, "/ro/g", 0o755), "EROFS"],
    ["mkdir with a slash", (m) => mkdir(m.vfs, root, m.base, "/new/", 0o755), null],
    ["mkdir of the root", (m) => mkdir(m.vfs, root, m.base, "/", 0o755), "EEXIST"],
    ["mknod with a slash", (m) => mknod(m.vfs, root, m.base, "/new/", S.IFREG | 0o644, NO_DEVICE), "ENOENT"],
    ["mknod of a directory", (m) => mknod(m.vfs, root, m.base, "/new", S.IFDIR | 0o755, NO_DEVICE), "EPERM"],
    ["mknod of a device", (m) => mknod(m.vfs, user, m.base, "/dir/n", S.IFCHR | 0o644, NO_DEVICE), "EACCES"],
    ["unlink of a directory", (m) => unlink(m.vfs, root, m.base, "/dir"), "EISDIR"],
    ["unlink of a directory as a user", (m) => unlink(m.vfs, user, m.base, "/full/f"), "EACCES"],
    ["unlink of a link with a slash", (m) => unlink(m.vfs, root, m.base, "/link/"), "ENOTDIR"],
    ["unlink of nothing, read-only", (m) => unlink(m.vfs, root, m.base, "/ro/none"), "EROFS"],
    ["rmdir of a file", (m) => rmdir(m.vfs, root, m.base, "/f"), "ENOTDIR"],
    ["rmdir of a full directory", (m) => rmdir(m.vfs, root, m.base, "/full"), "ENOTEMPTY"],
    ["rmdir of .", (m) => rmdir(m.vfs, root, m.base, "/dir/."), "EINVAL"],
    ["rmdir of ..", (m) => rmdir(m.vfs, root, m.base, "/dir/.."), "ENOTEMPTY"],
    ["rmdir of a mount point", (m) => rmdir(m.vfs, root, m.base, "/ro"), "EBUSY"],
    ["rename into itself", (m) => rename(m.vfs, root, m.base, "/dir", "/dir/x"), "EINVAL"],
    ["rename over a directory", (m) => rename(m.vfs, root, m.base, "/f", "/dir"), "EISDIR"],
    ["rename of a directory over a file", (m) => rename(m.vfs, root, m.base, "/dir", "/f"), "ENOTDIR"],
    ["rename over a full directory", (m) => rename(m.vfs, root, m.base, "/dir", "/full"), "ENOTEMPTY"],
    ["rename across", (m) => rename(m.vfs, root, m.base, "/f", "/ro/f"), "EXDEV"],
    ["rename of ..", (m) => rename(m.vfs, root, m.base, "/dir/..", "/x"), "EBUSY"],
    ["truncate to less than nothing", (m) => truncate(m.vfs, root, m.base, "/f", -1), "EINVAL"],
    ["truncate of a directory", (m) => truncate(m.vfs, user, m.base, "/dir", 0), "EISDIR"],
    ["truncate of what is not one's own", (m) => truncate(m.vfs, user, m.base, "/f", 0), "EACCES"],
    ["chmod of what is not one's own", (m) => chmod(m.vfs, user, m.base, "/f", 0o777), "EPERM"],
    ["chmod, read-only", (m) => chmod(m.vfs, user, m.base, "/ro/f", 0o777), "EROFS"],
    ["chown of what is not one's own", (m) => chown(m.vfs, user, m.base, "/f", 1000, null), "EPERM"],
    ["chown of what is not one's own to what it has", (m) => chown(m.vfs, user, m.base, "/f", 0, null), "EPERM"],
    [
      "times of what one may not write",
      (m) => utimens(m.vfs, user, m.base, "/f", { atime: "now", mtime: "now" }),
      "EACCES",
    ],
    ["times chosen", (m) => utimens(m.vfs, user, m.base, "/f", { atime: 1, mtime: 1 }), "EPERM"],
    ["times left alone", (m) => utimens(m.vfs, user, m.base, "/f", { atime: null, mtime: null }), null],
    ["no times for no file", (m) => utimens(m.vfs, user, m.base, "/none", { atime: null, mtime: null }), null],
  ];
  for (const [name, call, errno] of others)
    it(`${name}: ${errno}`, () => {
      expect(call(machine())).toBe(errno);
    });
});

describe("sticky directories", () => {
  const machine = (): Machine => {
    const m = new Machine();
    m.mkdir("/tmp");
    chmod(m.vfs, root, m.base, "/tmp", 0o1777);
    const file = m.open("/tmp/f", O.CREAT | O.WRONLY, 0o644, user);
    m.close(file);
    return m;
  };
  it("let nobody else remove or rename a file", () => {
    const m = machine();
    const other = subject(1001);
    expect(unlink(m.vfs, other, m.base, "/tmp/f")).toBe("EPERM");
    expect(rename(m.vfs, other, m.base, "/tmp/f", "/tmp/g")).toBe("EPERM");
    expect(unlink(m.vfs, subject(1001, { caps: ["CAP_FOWNER"] }), m.base, "/tmp/f")).toBe(null);
  });
  it("let the owners of file and directory do so", () => {
    const m = machine();
    expect(rename(m.vfs, user, m.base, "/tmp/f", "/tmp/g")).toBe(null);
    expect(unlink(m.vfs, subject(0, { caps: [] }), m.base, "/tmp/g")).toBe(null);
  });
  it("protect from links and files of others, if told to", () => {
    const m = machine();
    const other = subject(1001);
    symlink(m.vfs, user, m.base, "/tmp/f", "/tmp/link");
    expect(told(open(m.vfs, other, m.base, "/tmp/link", O.RDONLY))).toBe("EACCES");
    expect(told(open(m.vfs, user, m.base, "/tmp/link", O.RDONLY))).toBe("ok");
    expect(told(open(m.vfs, other, m.base, "/tmp/link", O.PATH | O.NOFOLLOW))).toBe("ok");
    m.vfs.sysctl.symlinks = 0;
    expect(told(open(m.vfs, other, m.base, "/tmp/link", O.RDONLY))).toBe("ok");
    m.inode("/tmp/f").mode |= 0o022;
    expect(told(open(m.vfs, other, m.base, "/tmp/f", O.CREAT | O.WRONLY, 0o644))).toBe("ok");
    m.vfs.sysctl.regular = 1;
    expect(told(open(m.vfs, other, m.base, "/tmp/f", O.CREAT | O.WRONLY, 0o644))).toBe("EACCES");
    expect(told(open(m.vfs, other, m.base, "/tmp/f", O.WRONLY))).toBe("ok");
  });
});

describe("set-ID bits", () => {
  it("go when others write or the owner changes", () => {
    const m = new Machine();
    m.write("/f", "x");
    const set = (mode: number): void => {
      m.inode("/f").mode = S.IFREG | mode;
    };
    const now = (): number => m.inode("/f").mode & 0o7777;
    set(0o6777);
    m.append("/f", "y", user);
    expect(now()).toBe(0o777);
    set(0o6777);
    m.append("/f", "y", root);
    expect(now(), "CAP_FSETID keeps them").toBe(0o6777);
    // Without the right to execute, the bit of the group stays for its members (6.2 and later).
    set(0o2767);
    m.append("/f", "y", subject(1000, { groups: [0] }));
    expect(now()).toBe(0o2767);
    m.append("/f", "y", user);
    expect(now()).toBe(0o767);
    set(0o6755);
    expect(chown(m.vfs, root, m.base, "/f", 5, null)).toBe(null);
    expect(now()).toBe(0o755);
    set(0o6777);
    expect(truncate(m.vfs, user, m.base, "/f", 0)).toBe(null);
    expect(now()).toBe(0o777);
  });

  it("cannot be given for a group that one is not in", () => {
    const m = new Machine();
    m.write("/f");
    Object.assign(m.inode("/f"), { uid: 1000, gid: 50 });
    expect(chmod(m.vfs, user, m.base, "/f", 0o2755)).toBe(null);
    expect(m.stat("/f").mode & 0o7777).toBe(0o755);
    expect(chmod(m.vfs, subject(1000, { groups: [50] }), m.base, "/f", 0o2755)).toBe(null);
    expect(m.stat("/f").mode & 0o7777).toBe(0o2755);
  });

  it("of a directory pass its group on, and the bit itself to directories", () => {
    const m = new Machine();
    m.mkdir("/d");
    Object.assign(m.inode("/d"), { gid: 50, mode: S.IFDIR | 0o2777 });
    m.close(m.open("/d/f", O.CREAT | O.WRONLY, 0o644, user));
    mkdir(m.vfs, user, m.base, "/d/e", 0o755);
    expect(m.stat("/d/f")).toMatchObject({ uid: 1000, gid: 50, mode: S.IFREG | 0o644 });
    expect(m.stat("/d/e")).toMatchObject({ uid: 1000, gid: 50, mode: S.IFDIR | 0o2755 });
  });
});

describe("file attributes", () => {
  const machine = (): Machine => {
    const m = new Machine();
    m.mount("/mnt", "ext4");
    m.write("/mnt/f", "x");
    return m;
  };
  const set = (m: Machine, attribute: "immutable" | "append", on: boolean, task = root) => {
    const file = got(open(m.vfs, task, m.base, "/mnt/f", O.RDONLY));
    const result = on ? chattr(m.vfs, task, file, [attribute], []) : chattr(m.vfs, task, file, [], [attribute]);
    m.close(file);
    return result;
  };

  it("immutable: nothing changes, not even for root", () => {
    const m = machine();
    const file = m.open("/mnt/f", O.RDWR);
    expect(set(m, "immutable", true)).toBe(null);
    expect(told(open(m.vfs, root, m.base, "/mnt/f", O.WRONLY))).toBe("EPERM");
    expect(chmod(m.vfs, root, m.base, "/mnt/f", 0o600)).toBe("EPERM");
    expect(fchmod(m.vfs, root, file, 0o600)).toBe("EPERM");
    expect(truncate(m.vfs, root, m.base, "/mnt/f", 0)).toBe("EPERM");
    expect(unlink(m.vfs, root, m.base, "/mnt/f")).toBe("EPERM");
    expect(rename(m.vfs, root, m.base, "/mnt/f", "/mnt/g")).toBe("EPERM");
    expect(link(m.vfs, root, m.base, "/mnt/f", "/mnt/g")).toBe("EPERM");
    expect(set(m, "immutable", false)).toBe(null);
    expect(unlink(m.vfs, root, m.base, "/mnt/f")).toBe(null);
  });

  it("an ext4 file that stays immutable keeps its other flags", () => {
    const m = machine();
    expect(set(m, "immutable", true)).toBe(null);
    expect(set(m, "immutable", true)).toBe(null);
    expect(set(m, "append", true)?.errno).toBe("EPERM");
    const file = m.open("/mnt/f");
    expect(chattr(m.vfs, root, file, ["append"], ["immutable"])).toBe(null);
    m.mount("/tmp", "tmpfs");
    m.write("/tmp/f");
    expect(chattr(m.vfs, root, m.open("/tmp/f"), ["immutable"], [])).toBe(null);
    expect(chattr(m.vfs, root, m.open("/tmp/f"), ["append"], [])).toBe(null);
  });

  it("append only: writing goes to the end, and only there", () => {
    const m = machine();
    expect(set(m, "append", true)).toBe(null);
    expect(told(open(m.vfs, root, m.base, "/mnt/f", O.WRONLY))).toBe("EPERM");
    expect(told(open(m.vfs, root, m.base, "/mnt/f", O.WRONLY | O.APPEND | O.TRUNC))).toBe("EPERM");
    m.append("/mnt/f", "y");
    expect(m.read("/mnt/f")).toBe("xy");
    expect(truncate(m.vfs, root, m.base, "/mnt/f", 0)).toBe("EPERM");
    expect(unlink(m.vfs, root, m.base, "/mnt/f")).toBe("EPERM");
  });

  it("need CAP_LINUX_IMMUTABLE, and a file system that keeps them", () => {
    const m = machine();
    expect(set(m, "immutable", true, subject(0, { caps: ["CAP_FOWNER"] }))?.errno).toBe("EPERM");
    expect(set(m, "immutable", true, user)?.errno).toBe("EPERM");
    m.mount("/ram", "ramfs");
    m.write("/ram/f");
    expect(chattr(m.vfs, root, m.open("/ram/f"), ["immutable"], [])?.errno).toBe("ENOTTY");
  });
});

describe("names", () => {
  it("lead through dots, links and mounts", () => {
    const m = new Machine();
    m.mkdir("/a");
    m.mkdir("/a/b");
    m.mount("/a/b/mnt", "tmpfs");
    m.write("/a/b/mnt/f", "found");
    symlink(m.vfs, root, m.base, "b/mnt", "/a/link");
    symlink(m.vfs, root, m.base, "/a/link/f", "/absolute");
    for (const path of [
      "/a/b/mnt/f",
      "/a/./b//mnt/../mnt/f",
      "/a/link/f",
      "/absolute",
      "/../a/link/../../../a/b/mnt/f",
    ])
      expect(m.read(path)).toBe("found");
    expect(told(resolve(m.vfs, root, m.base, "/a/link/", { follow: false }))).toBe("ok");
    expect(m.stat("/a/link", false).mode & S.IFMT).toBe(S.IFLNK);
    expect(m.stat("/a/link").dev).toEqual(m.stat("/a/b/mnt").dev);
  });

  it("end at forty links", () => {
    const m = new Machine();
    m.write("/l0", "end");
    for (let i = 1; i <= 41; i++) symlink(m.vfs, root, m.base, `l${i - 1}`, `/l${i}`);
    expect(told(resolve(m.vfs, root, m.base, "/l40", { follow: true }))).toBe("ok");
    expect(told(resolve(m.vfs, root, m.base, "/l41", { follow: true }))).toBe("ELOOP");
  });
});
