// Mounts: where files show, what flags forbid, what keeps a mount busy, and what each file system is known by.
import { describe, expect, it } from "vitest";
import {
  absolutePath,
  chmod,
  Disk,
  dentryPath,
  evictAll,
  FS_TYPES,
  kernelMount,
  MNT,
  type MountRequest,
  MS,
  mknod,
  mount,
  moveMount,
  O,
  open,
  readdir,
  resolve,
  S,
  statfs,
  symlink,
  umount,
  unlink,
} from "../../src/vfs/index.ts";
import { got, Machine, newDisk, root, subject, told, user } from "./machine.ts";

const call = (m: Machine, request: MountRequest, task = root) => mount(m.vfs, task, m.base, request);
const bind = (m: Machine, source: string, path: string, flags = 0) => call(m, { source, path, flags: MS.BIND | flags });

describe("mounting", () => {
  it("hides what was there until it is unmounted", () => {
    const m = new Machine();
    m.mkdir("/mnt");
    m.write("/mnt/below", "below");
    m.mount("/mnt", "tmpfs");
    m.write("/mnt/above", "above");
    expect(m.exists("/mnt/below")).toBe(false);
    m.mount("/mnt", "tmpfs");
    expect(m.exists("/mnt/above")).toBe(false);
    expect(umount(m.vfs, root, m.base, "/mnt")).toBe(null);
    expect(m.read("/mnt/above")).toBe("above");
    expect(umount(m.vfs, root, m.base, "/mnt")).toBe(null);
    expect(m.read("/mnt/below")).toBe("below");
    expect(umount(m.vfs, root, m.base, "/mnt")).toBe("EINVAL");
    expect(umount(m.vfs, root, m.base, "/")).toBe("EINVAL");
  });

  it("refuses, in the order of the kernel", () => {
    const m = new Machine();
    m.mkdir("/mnt");
    m.write("/file");
    const disk = newDisk("ext4");
    expect(call(m, { path: "/none", fstype: "none" }, user)).toBe("ENOENT");
    expect(call(m, { path: "/mnt", fstype: "tmpfs" }, user)).toBe("EPERM");
    expect(call(m, { path: "/mnt", fstype: "nonesuch" })).toBe("ENODEV");
    expect(call(m, { path: "/mnt" })).toBe("EINVAL");
    expect(call(m, { path: "/mnt", fstype: "ext4", source: "word" })).toBe("ENOTBLK");
    expect(call(m, { path: "/mnt", fstype: "ext4", source: "/dev/none" })).toBe("ENOENT");
    expect(call(m, { path: "/mnt", fstype: "xfs", device: disk })).toBe("EINVAL");
    expect(call(m, { path: "/file", fstype: "tmpfs" })).toBe("ENOTDIR");
    expect(call(m, { path: "/mnt", fstype: "tmpfs", options: "nonsense=1" })).toBe("EINVAL");
    expect(call(m, { path: "/mnt", fstype: "ext4", device: disk })).toBe(null);
    expect(call(m, { path: "/mnt", fstype: "ext4", device: disk }), "the same once more").toBe("EBUSY");
    expect(umount(m.vfs, user, m.base, "/mnt")).toBe("EPERM");
    expect(umount(m.vfs, root, m.base, "/file")).toBe("EINVAL");
  });

  it("of one disk at two places shows one file system", () => {
    const m = new Machine();
    const disk = newDisk("ext4");
    m.mount("/a", "ext4", undefined, disk);
    m.mount("/b", "ext4", undefined, disk);
    m.write("/a/f", "x");
    expect(m.inode("/b/f")).toBe(m.inode("/a/f"));
    expect(call(m, { path: "/b", fstype: "ext4", device: disk, flags: MS.RDONLY })).toBe("EBUSY");
    expect(umount(m.vfs, root, m.base, "/a")).toBe(null);
    expect(disk.superblock).not.toBe(null);
    expect(umount(m.vfs, root, m.base, "/b")).toBe(null);
    expect(disk.superblock).toBe(null);
  });

  it("is kept busy by open files, mounts below, and nothing else", () => {
    const m = new Machine();
    m.mount("/mnt", "ext4");
    m.mount("/mnt/below", "tmpfs");
    expect(umount(m.vfs, root, m.base, "/mnt")).toBe("EBUSY");
    umount(m.vfs, root, m.base, "/mnt/below");
    m.write("/mnt/f");
    const file = m.open("/mnt/f", O.PATH);
    expect(umount(m.vfs, root, m.base, "/mnt")).toBe("EBUSY");
    m.close(file);
    expect(umount(m.vfs, root, m.base, "/mnt")).toBe(null);
  });

  it("lazily goes out of sight at once, with all below it", () => {
    const m = new Machine();
    m.mount("/mnt", "tmpfs");
    m.mount("/mnt/below", "tmpfs");
    m.write("/mnt/f", "x");
    const file = m.open("/mnt/f");
    expect(umount(m.vfs, root, m.base, "/mnt", MNT.DETACH)).toBe(null);
    expect(names(m, "/mnt")).toEqual([]);
    expect(absolutePath(file.path)).toBe(null);
    expect(dentryPath(file.path.dentry)).toBe("/f");
    m.close(file);
    expect(file.inode.freed).toBe(true);
  });

  it("moves", () => {
    const m = new Machine();
    m.mount("/a", "tmpfs");
    m.mkdir("/b");
    m.write("/a/f", "x");
    expect(moveMount(m.vfs, root, m.base, "/a", "/b")).toBe(null);
    expect(m.read("/b/f")).toBe("x");
    m.mkdir("/b/below");
    expect(moveMount(m.vfs, root, m.base, "/b", "/b/below")).toBe("ELOOP");
    expect(moveMount(m.vfs, root, m.base, "/a", "/b")).toBe("EINVAL");
  });
});

const names = (m: Machine, path: string): string[] =>
  got(readdir(m.vfs, root, m.base, path)).filter((name) => name !== "." && name !== "..");

describe("binding", () => {
  it("shows a directory or a file at a second place", () => {
    const m = new Machine();
    m.mkdir("/from");
    m.mkdir("/to");
    m.write("/from/f", "x");
    m.write("/file", "hidden");
    expect(bind(m, "/from", "/to")).toBe(null);
    expect(bind(m, "/from/f", "/file")).toBe(null);
    expect(bind(m, "/from", "/file")).toBe("ENOTDIR");
    m.append("/to/f", "y");
    expect(m.read("/file")).toBe("xy");
    expect(absolutePath(m.path("/to/f"))).toBe("/to/f");
    unlink(m.vfs, root, m.base, "/from/f");
    expect(m.read("/file"), "a mount keeps the file").toBe("xy");
  });

  it("takes what is mounted below along if told to", () => {
    const m = new Machine();
    m.mkdir("/from");
    m.mount("/from/below", "tmpfs");
    m.write("/from/below/f", "x");
    m.mkdir("/plain");
    m.mkdir("/deep");
    bind(m, "/from", "/plain");
    bind(m, "/from", "/deep", MS.REC);
    expect(m.exists("/plain/below/f")).toBe(false);
    expect(m.read("/deep/below/f")).toBe("x");
  });

  it("has flags of its own", () => {
    const m = new Machine();
    m.mkdir("/from");
    m.mkdir("/to");
    m.write("/from/f");
    bind(m, "/from", "/to");
    expect(call(m, { path: "/to", flags: MS.REMOUNT | MS.BIND | MS.RDONLY })).toBe(null);
    expect(told(open(m.vfs, root, m.base, "/to/f", O.WRONLY))).toBe("EROFS");
    expect(chmod(m.vfs, root, m.base, "/to/f", 0o600)).toBe("EROFS");
    expect(told(open(m.vfs, root, m.base, "/from/f", O.WRONLY))).toBe("ok");
  });
});

describe("flags", () => {
  it("read-only: nothing changes, and nothing may be open for writing before", () => {
    const m = new Machine();
    m.mount("/mnt", "ext4");
    m.write("/mnt/f", "x");
    const writer = m.open("/mnt/f", O.WRONLY);
    const remount = () => call(m, { path: "/mnt", flags: MS.REMOUNT | MS.RDONLY });
    expect(remount()).toBe("EBUSY");
    m.close(writer);
    const orphan = m.open("/mnt/f");
    unlink(m.vfs, root, m.base, "/mnt/f");
    expect(remount(), "a file without a name must be deleted yet").toBe("EBUSY");
    m.close(orphan);
    expect(remount()).toBe(null);
    expect(told(open(m.vfs, root, m.base, "/mnt/new", O.CREAT | O.WRONLY, 0o644))).toBe("EROFS");
    expect(call(m, { path: "/mnt", flags: MS.REMOUNT })).toBe(null);
    m.write("/mnt/new");
  });

  it("nodev, nosymfollow: devices do not open, links do not lead", () => {
    const m = new Machine();
    m.mkdir("/mnt");
    call(m, { path: "/mnt", fstype: "tmpfs", flags: MS.NODEV | MS.NOSYMFOLLOW });
    mknod(m.vfs, root, m.base, "/mnt/null", S.IFCHR | 0o666, { major: 1, minor: 3 });
    m.write("/mnt/f");
    symlink(m.vfs, root, m.base, "f", "/mnt/link");
    expect(told(open(m.vfs, root, m.base, "/mnt/null", O.RDONLY))).toBe("EACCES");
    expect(told(open(m.vfs, root, m.base, "/mnt/link", O.RDONLY))).toBe("ELOOP");
    call(m, { path: "/mnt", flags: MS.REMOUNT });
    expect(told(open(m.vfs, root, m.base, "/mnt/null", O.RDONLY))).toBe("ok");
    expect(told(open(m.vfs, root, m.base, "/mnt/link", O.RDONLY))).toBe("ok");
  });

  it("access times: relatime, strictatime, noatime", () => {
    const after = (flags: number): [first: boolean, second: boolean] => {
      const m = new Machine();
      m.mkdir("/mnt");
      call(m, { path: "/mnt", fstype: "tmpfs", flags });
      m.write("/mnt/f", "x");
      const moved: boolean[] = [];
      for (let i = 0; i < 2; i++) {
        m.now += 10;
        const before = m.stat("/mnt/f").atime;
        m.read("/mnt/f");
        moved.push(m.stat("/mnt/f").atime !== before);
      }
      return [moved[0]!, moved[1]!];
    };
    expect(after(0)).toEqual([true, false]);
    expect(after(MS.STRICTATIME)).toEqual([true, true]);
    expect(after(MS.NOATIME)).toEqual([false, false]);
  });

  it("of a mount and its superblock are what statfs shows", () => {
    const m = new Machine();
    m.mkdir("/mnt");
    call(m, { path: "/mnt", fstype: "tmpfs", flags: MS.NOEXEC | MS.NOSUID });
    expect(got(statfs(m.vfs, root, m.base, "/mnt"))).toEqual({
      type: 0x01021994,
      name: "tmpfs",
      flags: 0x20 | 2 | 8 | 0x1000,
    });
  });
});

describe("identity", () => {
  it("disks bring device number and name, others are numbered as they are mounted", () => {
    const m = new Machine();
    m.mount("/disk", "ext4");
    m.mount("/a", "tmpfs");
    m.mount("/b", "tmpfs");
    m.write("/disk/f");
    expect(m.stat("/disk/f").dev).toEqual({ major: 98, minor: 32 });
    expect(m.inode("/disk/f").sb.id).toBe("disk-ext4");
    const [a, b] = [m.stat("/a").dev, m.stat("/b").dev];
    expect([a.major, b.major]).toEqual([0, 0]);
    expect(b.minor).toBe(a.minor + 1);
    umount(m.vfs, root, m.base, "/a");
    m.mount("/c", "tmpfs");
    expect(m.stat("/c").dev, "a number that is free again is taken first").toEqual(a);
    expect(m.inode("/c").sb.id).toBe("tmpfs");
  });

  it("files of btrfs show a device that is not their superblock's", () => {
    const m = new Machine();
    m.mount("/mnt", "btrfs");
    expect(m.stat("/mnt").dev).not.toEqual(m.inode("/mnt").sb.dev);
  });

  it("every file system can be mounted, and tells its magic", () => {
    for (const type of FS_TYPES.values()) {
      const m = new Machine();
      m.mkdir("/mnt");
      m.mkdir("/lower");
      m.mkdir("/lower2");
      const request = {
        path: "/mnt",
        fstype: type.name,
        ...(type.device
          ? { device: new Disk({ fstype: type.name, uuid: new Uint8Array(16), id: "d", dev: { major: 1, minor: 1 } }) }
          : {}),
        ...(type.engine === "overlay" ? { options: "lowerdir=/lower:/lower2" } : {}),
      };
      expect(call(m, request), type.name).toBe(null);
      expect(got(statfs(m.vfs, root, m.base, "/mnt")).type, type.name).toBe(type.magic);
      expect(told(readdir(m.vfs, root, m.base, "/mnt")), type.name).toBe("ok");
    }
  });

  it("what the kernel mounts for itself is seen by nobody", () => {
    const m = new Machine();
    const own = kernelMount(m.vfs, "tmpfs");
    expect(kernelMount(m.vfs, "tmpfs")).toBe(own);
    expect(absolutePath({ mount: own, dentry: own.root })).toBe(null);
    evictAll(m.vfs, own.sb);
    expect(m.vfs.superblocks.has(own.sb)).toBe(false);
  });
});

describe("base of a walk", () => {
  it("is where relative paths begin, and is itself asked for permission", () => {
    const m = new Machine();
    m.mkdir("/closed", 0o700);
    m.write("/closed/f");
    const base = m.path("/closed");
    expect(told(resolve(m.vfs, root, base, "f", { follow: true }))).toBe("ok");
    expect(told(resolve(m.vfs, user, base, "f", { follow: true }))).toBe("EACCES");
    expect(told(resolve(m.vfs, root, base, "", { follow: true }))).toBe("ENOENT");
    expect(told(resolve(m.vfs, root, base, "", { follow: true, empty: true }))).toBe("ok");
    expect(told(resolve(m.vfs, root, base, "f", { follow: true, directory: true }))).toBe("ENOTDIR");
    expect(told(resolve(m.vfs, subject(1000, { caps: ["CAP_DAC_READ_SEARCH"] }), base, "f", { follow: true }))).toBe(
      "ok",
    );
  });
});
