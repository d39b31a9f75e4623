// When a file is gone: links, open files, names dropped from memory, disks that outlive their mounts.
import { describe, expect, it } from "vitest";
import {
  Disk,
  dropCaches,
  type Inode,
  link,
  MNT,
  mkdir,
  O,
  open,
  pread,
  pwrite,
  rename,
  rmdir,
  type SecurityModule,
  statFile,
  umount,
  unlink,
} from "../../src/vfs/index.ts";
import { bytes, got, Machine, newDisk, root, text, told, user } from "./machine.ts";

/** Notes which inodes leave memory. */
function undertaker(): { readonly module: SecurityModule; readonly freed: Inode[] } {
  const freed: Inode[] = [];
  return { module: { name: "undertaker", inodeFree: (inode) => void freed.push(inode) }, freed };
}

describe("an open file without a name", () => {
  it("lives until its last close", () => {
    const { module, freed } = undertaker();
    const m = new Machine("6.12", [module]);
    m.write("/f", "content");
    const inode = m.inode("/f");
    const first = m.open("/f", O.RDWR);
    const second = m.open("/f");
    expect(unlink(m.vfs, root, m.base, "/f")).toBe(null);
    expect(m.exists("/f")).toBe(false);
    expect(got(statFile(m.vfs, root, first)).nlink).toBe(0);
    got(pwrite(m.vfs, root, first, bytes("C"), 0));
    expect(text(got(pread(m.vfs, root, second, 99, 0)))).toBe("Content");
    m.close(first);
    expect(freed).toEqual([]);
    m.close(second);
    expect(freed).toEqual([inode]);
    expect(inode.freed).toBe(true);
  });

  it("is not the one that takes its name", () => {
    const m = new Machine();
    m.write("/f", "old");
    const file = m.open("/f");
    unlink(m.vfs, root, m.base, "/f");
    m.write("/f", "new");
    expect(text(got(pread(m.vfs, root, file, 99, 0)))).toBe("old");
    expect(m.read("/f")).toBe("new");
    expect(m.inode("/f")).not.toBe(file.inode);
  });

  it("is held by an O_PATH descriptor and by a mapping too", () => {
    for (const holder of ["O_PATH", "mapping"]) {
      const { module, freed } = undertaker();
      const m = new Machine("6.12", [module]);
      m.write("/f", "content");
      const file = m.open("/f", holder === "O_PATH" ? O.PATH : O.RDONLY);
      const mapping = holder === "mapping" ? m.map(file, false, 1) : null;
      unlink(m.vfs, root, m.base, "/f");
      if (mapping !== null) m.close(file);
      expect(freed.length, holder).toBe(0);
      m.close(mapping?.file ?? file);
      expect(freed.length, holder).toBe(1);
    }
  });

  it("cannot get a name again, but an O_TMPFILE can", () => {
    const m = new Machine();
    m.write("/f");
    const gone = m.open("/f", O.RDWR);
    unlink(m.vfs, root, m.base, "/f");
    expect(m.linkOpen(gone, "/g")).toBe("ENOENT");
    const nameless = m.open("/", O.TMPFILE | O.RDWR, 0o600);
    expect(got(statFile(m.vfs, root, nameless)).nlink).toBe(0);
    expect(m.linkOpen(nameless, "/g")).toBe(null);
    expect(m.stat("/g").nlink).toBe(1);
    const exclusive = m.open("/", O.TMPFILE | O.RDWR | O.EXCL, 0o600);
    expect(m.linkOpen(exclusive, "/h")).toBe("ENOENT");
  });

  it("an O_TMPFILE that got a name leaves memory like any other file", () => {
    const m = new Machine();
    m.mount("/mnt", "ext4");
    const file = m.open("/mnt", O.TMPFILE | O.RDWR, 0o600);
    expect(m.linkOpen(file, "/mnt/f")).toBe(null);
    const inode = m.inode("/mnt/f");
    dropCaches(m.vfs);
    expect(inode.freed, "open").toBe(false);
    m.close(file);
    dropCaches(m.vfs);
    expect(inode.freed).toBe(true);
  });
});

describe("links", () => {
  it("are counted, for directories with those of the directories in them", () => {
    const m = new Machine();
    m.mount("/mnt", "ext4");
    m.write("/mnt/a");
    expect(link(m.vfs, root, m.base, "/mnt/a", "/mnt/b")).toBe(null);
    expect(m.stat("/mnt/a").nlink).toBe(2);
    expect(m.stat("/mnt/b").ino).toBe(m.stat("/mnt/a").ino);
    m.mkdir("/mnt/d");
    m.mkdir("/mnt/d/e");
    m.mkdir("/mnt/d/f");
    expect(m.stat("/mnt/d").nlink).toBe(4);
    expect(rename(m.vfs, root, m.base, "/mnt/d/e", "/mnt/e")).toBe(null);
    expect(m.stat("/mnt/d").nlink).toBe(3);
    expect(rmdir(m.vfs, root, m.base, "/mnt/d")).toBe("ENOTEMPTY");
    expect(rename(m.vfs, root, m.base, "/mnt/b", "/mnt/a")).toBe(null);
    expect(m.stat("/mnt/a").nlink, "both names are of one file: nothing happens").toBe(2);
    expect(m.exists("/mnt/b")).toBe(true);
  });

  it("are not counted for directories of btrfs", () => {
    const m = new Machine();
    m.mount("/mnt", "btrfs");
    m.mkdir("/mnt/d");
    m.mkdir("/mnt/d/e");
    expect(m.stat("/mnt/d").nlink).toBe(1);
  });

  it("come in limited number", () => {
    const m = new Machine();
    m.mount("/mnt", "ext4");
    m.write("/mnt/f");
    m.inode("/mnt/f").nlink = 64999;
    expect(link(m.vfs, root, m.base, "/mnt/f", "/mnt/last")).toBe(null);
    expect(link(m.vfs, root, m.base, "/mnt/f", "/mnt/more")).toBe("EMLINK");
  });

  it("to files of others need more than reading when they are protected", () => {
    const m = new Machine();
    m.mkdir("/open", 0o777);
    m.inode("/open").mode |= 0o022;
    m.write("/secret", "", 0o600);
    m.write("/readable", "", 0o644);
    m.write("/writable", "", 0o666);
    m.inode("/writable").mode |= 0o022;
    m.write("/setuid", "", 0o666);
    m.inode("/setuid").mode |= 0o4111;
    const tried = (name: string) => link(m.vfs, user, m.base, `/${name}`, `/open/${name}`);
    expect(["secret", "readable", "writable", "setuid"].map(tried)).toEqual(["EPERM", "EPERM", null, "EPERM"]);
    m.vfs.sysctl.hardlinks = 0;
    expect(["secret", "readable", "setuid"].map(tried)).toEqual([null, null, null]);
  });

  it("do not cross file systems, and never lead to directories", () => {
    const m = new Machine();
    m.mount("/mnt", "ext4");
    m.write("/f");
    expect(link(m.vfs, root, m.base, "/f", "/mnt/f")).toBe("EXDEV");
    expect(link(m.vfs, root, m.base, "/mnt", "/dir")).toBe("EXDEV");
    m.mkdir("/mnt/d");
    expect(link(m.vfs, root, m.base, "/mnt/d", "/mnt/e")).toBe("EPERM");
    expect(link(m.vfs, root, m.base, "/f", "/f")).toBe("EEXIST");
  });
});

describe("a removed directory", () => {
  it("takes no new names", () => {
    const m = new Machine();
    m.mkdir("/d");
    const inside = m.path("/d");
    expect(rmdir(m.vfs, root, m.base, "/d")).toBe(null);
    expect(mkdir(m.vfs, root, inside, "e", 0o755)).toBe("ENOENT");
    expect(told(open(m.vfs, root, inside, "f", O.CREAT | O.WRONLY, 0o644))).toBe("ENOENT");
  });
});

describe("dropping caches", () => {
  it("frees what nobody holds, and the same files come back", () => {
    const { module, freed } = undertaker();
    const m = new Machine("6.12", [module]);
    m.mount("/mnt", "ext4");
    m.mkdir("/mnt/d");
    m.write("/mnt/d/held", "held");
    m.write("/mnt/d/loose", "loose");
    m.write("/tmp-file", "stays");
    const held = m.open("/mnt/d/held");
    const loose = m.inode("/mnt/d/loose");
    const { ino, generation } = loose;
    dropCaches(m.vfs);
    expect(freed).toEqual([loose]);
    expect(m.read("/mnt/d/loose")).toBe("loose");
    const back = m.inode("/mnt/d/loose");
    expect(back).not.toBe(loose);
    expect([back.ino, back.generation]).toEqual([ino, generation]);
    expect(m.inode("/mnt/d/held")).toBe(held.inode);
    m.close(held);
    dropCaches(m.vfs);
    expect(freed).toContain(held.inode);
  });

  it("keeps a file that is open under another name", () => {
    const { module, freed } = undertaker();
    const m = new Machine("6.12", [module]);
    m.mount("/mnt", "ext4");
    m.write("/mnt/a", "x");
    link(m.vfs, root, m.base, "/mnt/a", "/mnt/b");
    const held = m.open("/mnt/a");
    m.inode("/mnt/b");
    dropCaches(m.vfs);
    expect(freed).toEqual([]);
    expect(m.inode("/mnt/b")).toBe(held.inode);
  });
});

describe("a disk", () => {
  it("keeps files, attributes and links from mount to mount", () => {
    const m = new Machine();
    const disk = newDisk("ext4");
    m.mount("/mnt", "ext4", undefined, disk);
    m.mkdir("/mnt/d", 0o700);
    m.write("/mnt/d/f", "content", 0o640);
    link(m.vfs, root, m.base, "/mnt/d/f", "/mnt/g");
    const before = m.stat("/mnt/g");
    expect(umount(m.vfs, root, m.base, "/mnt")).toBe(null);
    expect(m.exists("/mnt/g")).toBe(false);
    m.mount("/elsewhere", "ext4", undefined, disk);
    const { dev: _, ...after } = m.stat("/elsewhere/g");
    expect(before).toMatchObject(after);
    expect(m.read("/elsewhere/d/f")).toBe("content");
    expect(m.stat("/elsewhere/d").mode & 0o777).toBe(0o700);
  });

  it("forgets a file without a name when it is unmounted lazily and closed", () => {
    const { module, freed } = undertaker();
    const m = new Machine("6.12", [module]);
    const disk = newDisk("ext4");
    m.mount("/mnt", "ext4", undefined, disk);
    m.write("/mnt/f", "content");
    const file = m.open("/mnt/f");
    const { ino } = file.inode;
    expect(umount(m.vfs, root, m.base, "/mnt")).toBe("EBUSY");
    unlink(m.vfs, root, m.base, "/mnt/f");
    expect(umount(m.vfs, root, m.base, "/mnt", MNT.DETACH)).toBe(null);
    expect(text(got(pread(m.vfs, root, file, 99, 0)))).toBe("content");
    expect(disk.superblock).not.toBe(null);
    m.close(file);
    expect(freed).toContain(file.inode);
    expect(disk.superblock).toBe(null);
    expect(disk.inodes.has(ino)).toBe(false);
  });

  it("comes with files, and refuses to be made of nonsense", () => {
    const init = { fstype: "ext4", uuid: new Uint8Array(16), id: "d", dev: { major: 98, minor: 0 } } as const;
    const file = { path: "/a/b", bytes: bytes("B"), xattrs: [["user.x", bytes("v")]] as const };
    const disk = new Disk({ ...init, files: [file, { path: "/c", bytes: bytes("C"), mode: 0o4755 }] });
    const m = new Machine();
    m.mount("/mnt", "ext4", undefined, disk);
    expect(m.read("/mnt/a/b")).toBe("B");
    expect(m.stat("/mnt/c").mode & 0o7777).toBe(0o4755);
    expect(["/mnt/lost+found", "/mnt/a", "/mnt/a/b", "/mnt/c"].map((path) => m.stat(path).ino)).toEqual([
      11, 12, 13, 14,
    ]);
    for (const wrong of [
      { ...init, fstype: "tmpfs" },
      { ...init, fstype: "none" },
      { ...init, uuid: new Uint8Array(3) },
      { ...init, files: [file, file] },
      { ...init, files: [file, { path: "/a/b/c", bytes: bytes("") }] },
      { ...init, files: [{ path: "/", bytes: bytes("") }] },
      { ...init, files: [{ ...file, xattrs: [["secure.ima", bytes("v")]] as const }] },
    ])
      expect(() => new Disk(wrong)).toThrow(expect.objectContaining({ code: "bad-disk" }));
  });
});

describe("inode numbers", () => {
  it("of ext4 are used again, those of tmpfs are not, those of btrfs count up", () => {
    const numbers = (fstype: string): number[] => {
      const m = new Machine();
      m.mount("/mnt", fstype);
      m.write("/mnt/a");
      m.write("/mnt/b");
      const first = [m.stat("/mnt/a").ino, m.stat("/mnt/b").ino];
      unlink(m.vfs, root, m.base, "/mnt/a");
      m.write("/mnt/c");
      return [...first, m.stat("/mnt/c").ino];
    };
    expect(numbers("ext4")).toEqual([12, 13, 12]);
    expect(numbers("tmpfs")).toEqual([2, 3, 4]);
    expect(numbers("btrfs")).toEqual([257, 258, 259]);
  });

  it("and generations can be chosen", () => {
    const m = new Machine();
    m.mount("/mnt", "ext4");
    const file = got(open(m.vfs, root, m.base, "/mnt/f", O.CREAT | O.WRONLY, 0o644, { ino: 77, generation: 99 }));
    expect([file.inode.ino, file.inode.generation]).toEqual([77, 99]);
  });
});
