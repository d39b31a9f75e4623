// Reading and writing: positions, appending, holes, direct and copied ranges, what the kernel reads for itself.
import { describe, expect, it } from "vitest";
import {
  chattr,
  chmod,
  copyFileRange,
  FALLOC,
  fallocate,
  fsync,
  ftruncate,
  lseek,
  memfdCreate,
  mknod,
  O,
  open,
  pread,
  pwrite,
  read,
  readContent,
  S,
  SEEK,
  write,
} from "../../src/vfs/index.ts";
import { bytes, got, Machine, root, text, told, user } from "./machine.ts";

function machine(fstype = "ext4"): Machine {
  const m = new Machine();
  m.mount("/mnt", fstype);
  m.write("/mnt/f", "0123456789");
  return m;
}

describe("positions", () => {
  it("move with read and write, not with pread and pwrite", () => {
    const m = machine();
    const file = m.open("/mnt/f", O.RDWR);
    expect(text(got(read(m.vfs, root, file, 3)))).toBe("012");
    expect(text(got(pread(m.vfs, root, file, 2, 8)))).toBe("89");
    expect(got(write(m.vfs, root, file, bytes("ABC")))).toBe(3);
    expect(got(pwrite(m.vfs, root, file, bytes("Z"), 0))).toBe(1);
    expect(text(got(read(m.vfs, root, file, 99)))).toBe("6789");
    expect(text(got(read(m.vfs, root, file, 99)))).toBe("");
    expect(m.read("/mnt/f")).toBe("Z12ABC6789");
  });

  it("O_APPEND writes to the end, wherever it is told to", () => {
    const m = machine();
    const file = m.open("/mnt/f", O.WRONLY | O.APPEND);
    got(pwrite(m.vfs, root, file, bytes("a"), 0));
    m.append("/mnt/f", "b");
    got(write(m.vfs, root, file, bytes("c")));
    expect(m.read("/mnt/f")).toBe("0123456789abc");
  });

  it("lseek: from the start, the position, the end, to data and holes", () => {
    const m = machine();
    const file = m.open("/mnt/f", O.RDWR);
    const seek = (offset: number, whence: number) => {
      const result = lseek(m.vfs, root, file, offset, whence);
      return result.ok ? result.value : result.errno;
    };
    expect(seek(4, SEEK.SET)).toBe(4);
    expect(seek(-1, SEEK.CUR)).toBe(3);
    expect(seek(2, SEEK.END)).toBe(12);
    expect(seek(-11, SEEK.END)).toBe("EINVAL");
    expect(seek(5, SEEK.DATA)).toBe(5);
    expect(seek(5, SEEK.HOLE)).toBe(10);
    expect(seek(10, SEEK.DATA)).toBe("ENXIO");
    expect(seek(0, 9)).toBe("EINVAL");
  });

  it("behind the end leave zeros", () => {
    const m = machine();
    const file = m.open("/mnt/f", O.RDWR);
    got(pwrite(m.vfs, root, file, bytes("x"), 12));
    expect(m.read("/mnt/f")).toBe("0123456789\0\0x");
    expect(ftruncate(m.vfs, root, file, 3)).toBe(null);
    expect(ftruncate(m.vfs, root, file, 5)).toBe(null);
    expect(m.read("/mnt/f")).toBe("012\0\0");
  });
});

describe("what cannot be", () => {
  it("is refused with the errno of the kernel", () => {
    const m = machine();
    const [reader, writer, path] = [m.open("/mnt/f"), m.open("/mnt/f", O.WRONLY), m.open("/mnt/f", O.PATH)];
    const directory = m.open("/mnt");
    expect(told(pwrite(m.vfs, root, reader, bytes("x"), 0))).toBe("EBADF");
    expect(told(pread(m.vfs, root, writer, 1, 0))).toBe("EBADF");
    expect(told(pread(m.vfs, root, path, 1, 0))).toBe("EBADF");
    expect(told(pread(m.vfs, root, directory, 1, 0))).toBe("EISDIR");
    expect(told(pread(m.vfs, root, reader, 1, -1))).toBe("EINVAL");
    expect(ftruncate(m.vfs, root, reader, 0)).toBe("EINVAL");
    expect(ftruncate(m.vfs, root, directory, 0)).toBe("EINVAL");
    expect(ftruncate(m.vfs, root, writer, -1)).toBe("EINVAL");
    expect(fsync(m.vfs, root, path)).toBe("EBADF");
    expect(fsync(m.vfs, root, reader)).toBe(null);
    expect(told(pwrite(m.vfs, root, writer, bytes("x"), 2 ** 50))).toBe("EFBIG");
    expect(m.read("/mnt/f")).toBe("0123456789");
  });

  it("O_DIRECT wants whole sectors, and a file system that has it", () => {
    const m = machine();
    const file = m.open("/mnt/f", O.RDWR | O.DIRECT);
    expect(told(pread(m.vfs, root, file, 100, 0))).toBe("EINVAL");
    expect(told(pread(m.vfs, root, file, 512, 0))).toBe("ok");
    expect(told(pwrite(m.vfs, root, file, bytes("x"), 0))).toBe("EINVAL");
    expect(told(pwrite(m.vfs, root, file, new Uint8Array(512), 0))).toBe("ok");
    m.mount("/ram", "ramfs");
    m.write("/ram/f");
    expect(told(open(m.vfs, root, m.base, "/ram/f", O.RDONLY | O.DIRECT))).toBe("EINVAL");
    expect(m.inode("/ram/f").openFiles, "and leaves nothing open").toBe(0);
  });
});

describe("O_DIRECT writes that the device cannot take", () => {
  it("cost ext4 files their set-user-ID bit all the same, xfs files nothing", () => {
    for (const [fstype, mode] of [
      ["ext4", 0o777],
      ["xfs", 0o4777],
    ] as const) {
      const m = new Machine();
      m.mount("/mnt", fstype);
      m.write("/mnt/f", "data");
      expect(chmod(m.vfs, root, m.base, "/mnt/f", 0o4777)).toBeNull();
      const file = m.open("/mnt/f", O.RDWR | O.DIRECT, 0, user);
      expect(told(pwrite(m.vfs, user, file, bytes("x"), 0))).toBe("EINVAL");
      expect(m.stat("/mnt/f").mode & 0o7777, fstype).toBe(mode);
    }
  });

  it("to an immutable file are refused as such by ext4", () => {
    const m = machine();
    const file = m.open("/mnt/f", O.RDWR | O.DIRECT);
    expect(chattr(m.vfs, root, file, ["immutable"], [])).toBeNull();
    expect(told(pwrite(m.vfs, root, file, bytes("x"), 0))).toBe("EPERM");
  });
});

describe("copying ranges", () => {
  it("from one file system to another of its kind only from 5.3 on and before 5.19", () => {
    for (const [release, answer] of [
      ["5.2", "EXDEV"],
      ["5.15", "ok"],
      ["6.1", "EXDEV"],
    ] as const) {
      const m = new Machine(release);
      for (const path of ["/a", "/b"]) {
        m.mount(path, "ext4");
        m.write(`${path}/f`, "0123456789");
      }
      expect(told(copyFileRange(m.vfs, root, m.open("/a/f"), m.open("/b/f", O.RDWR), 4)), release).toBe(answer);
    }
  });

  it("between overlays as their layers allow", () => {
    const m = new Machine();
    for (const path of ["/a", "/b"]) m.mount(path, "ext4");
    m.mkdir("/a/lower");
    m.write("/a/lower/f", "lower");
    for (const n of ["1", "2"]) {
      for (const dir of [`/b/up${n}`, `/b/work${n}`]) m.mkdir(dir);
      m.mount(`/o${n}`, "overlay", `lowerdir=/a/lower,upperdir=/b/up${n},workdir=/b/work${n}`);
      m.write(`/o${n}/g`, "upper");
    }
    const to = m.open("/o2/g", O.RDWR);
    expect(told(copyFileRange(m.vfs, root, m.open("/o1/g"), to, 4))).toBe("ok");
    expect(told(copyFileRange(m.vfs, root, m.open("/o2/f"), to, 4))).toBe("EXDEV");
  });

  it("moves both positions, and stops at the end", () => {
    const m = machine();
    m.write("/mnt/g", "abc");
    const [from, to] = [m.open("/mnt/f"), m.open("/mnt/g", O.RDWR)];
    lseek(m.vfs, root, from, 7, SEEK.SET);
    lseek(m.vfs, root, to, 0, SEEK.END);
    expect(got(copyFileRange(m.vfs, root, from, to, 99))).toBe(3);
    expect(got(copyFileRange(m.vfs, root, from, to, 99))).toBe(0);
    expect(m.read("/mnt/g")).toBe("abc789");
  });

  it("not within itself, not to an appender, not across kinds of file systems", () => {
    const m = machine();
    m.mount("/tmp", "tmpfs");
    m.write("/tmp/f", "x");
    const same = m.open("/mnt/f", O.RDWR);
    expect(told(copyFileRange(m.vfs, root, same, same, 4))).toBe("EINVAL");
    expect(told(copyFileRange(m.vfs, root, m.open("/mnt/f"), m.open("/mnt/f", O.WRONLY | O.APPEND), 4))).toBe("EBADF");
    expect(told(copyFileRange(m.vfs, root, m.open("/mnt/f"), m.open("/tmp/f", O.WRONLY), 4))).toBe("EXDEV");
    expect(told(copyFileRange(m.vfs, root, m.open("/mnt"), same, 4))).toBe("EISDIR");
  });
});

describe("room", () => {
  const { KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE, COLLAPSE_RANGE, INSERT_RANGE } = FALLOC;
  it("is made, kept, punched, zeroed", () => {
    const m = machine();
    const file = m.open("/mnt/f", O.RDWR);
    expect(fallocate(m.vfs, root, file, KEEP_SIZE, 0, 100)).toBe(null);
    expect(m.stat("/mnt/f").size).toBe(10);
    expect(fallocate(m.vfs, root, file, PUNCH_HOLE | KEEP_SIZE, 2, 3)).toBe(null);
    expect(m.read("/mnt/f")).toBe("01\0\0\x0056789");
    expect(fallocate(m.vfs, root, file, ZERO_RANGE, 8, 4)).toBe(null);
    expect(m.read("/mnt/f")).toBe("01\0\0\x00567\0\0\0\0");
    expect(fallocate(m.vfs, root, file, 0, 0, 14)).toBe(null);
    expect(m.stat("/mnt/f").size).toBe(14);
    expect(fallocate(m.vfs, root, file, PUNCH_HOLE, 0, 1)).toBe("EOPNOTSUPP");
    expect(fallocate(m.vfs, root, file, COLLAPSE_RANGE, 1, 4096)).toBe("EINVAL");
    expect(fallocate(m.vfs, root, file, 0, 0, 0)).toBe("EINVAL");
    expect(fallocate(m.vfs, root, m.open("/mnt/f"), 0, 0, 1)).toBe("EBADF");
  });

  it("is collapsed and inserted in whole blocks", () => {
    const m = machine();
    const file = m.open("/mnt/f", O.RDWR);
    got(pwrite(m.vfs, root, file, new Uint8Array(4096).fill(65), 0));
    got(pwrite(m.vfs, root, file, new Uint8Array(4096).fill(66), 4096));
    expect(fallocate(m.vfs, root, file, COLLAPSE_RANGE, 0, 4096)).toBe(null);
    expect([m.stat("/mnt/f").size, m.read("/mnt/f")[0]]).toEqual([4096, "B"]);
    expect(fallocate(m.vfs, root, file, INSERT_RANGE, 0, 4096)).toBe(null);
    expect([m.stat("/mnt/f").size, m.read("/mnt/f")[0], m.read("/mnt/f")[4096]]).toEqual([8192, "\0", "B"]);
    expect(fallocate(m.vfs, root, file, COLLAPSE_RANGE, 4096, 4096)).toBe("EINVAL");
  });

  it("depends on the file system", () => {
    const errno = (fstype: string, mode: number) => {
      const m = machine(fstype);
      return fallocate(m.vfs, root, m.open("/mnt/f", O.RDWR), mode, 0, 4096);
    };
    expect([errno("tmpfs", 0), errno("btrfs", 0), errno("ramfs", 0)]).toEqual([null, null, "EOPNOTSUPP"]);
    expect([errno("tmpfs", ZERO_RANGE), errno("btrfs", ZERO_RANGE)]).toEqual(["EOPNOTSUPP", null]);
    expect(errno("btrfs", INSERT_RANGE)).toBe("EOPNOTSUPP");
  });
});

describe("what the kernel reads for itself", () => {
  it("is the whole file, whatever the position, as a view", () => {
    const m = machine();
    const file = m.open("/mnt/f", O.RDWR);
    read(m.vfs, root, file, 5);
    expect(text(got(readContent(file)))).toBe("0123456789");
    expect(got(readContent(file))).toBe(got(readContent(file)));
    got(pwrite(m.vfs, root, file, bytes("!"), 0));
    expect(text(got(readContent(file)))).toBe("!123456789");
    expect(file.pos).toBe(5);
  });
  it("needs a regular file open for reading", () => {
    const m = machine();
    expect(told(readContent(m.open("/mnt/f", O.WRONLY)))).toBe("EBADF");
    expect(told(readContent(m.open("/mnt")))).toBe("EINVAL");
  });
});

describe("devices", () => {
  const device = (minor: number, major = 1) => {
    const m = machine();
    mknod(m.vfs, root, m.base, "/mnt/dev", S.IFCHR | 0o666, { major, minor });
    return m;
  };
  it("null, zero and full", () => {
    const [nothing, zero, full] = [device(3), device(5), device(7)];
    const at = (m: Machine) => m.open("/mnt/dev", O.RDWR);
    expect(got(read(nothing.vfs, root, at(nothing), 9))).toEqual(new Uint8Array(0));
    expect(got(write(nothing.vfs, root, at(nothing), bytes("gone")))).toBe(4);
    expect(got(read(zero.vfs, root, at(zero), 3))).toEqual(new Uint8Array(3));
    expect(told(write(full.vfs, root, at(full), bytes("x")))).toBe("ENOSPC");
  });
  it("that nobody drives do not open", () => {
    const m = device(77, 200);
    expect(told(open(m.vfs, root, m.base, "/mnt/dev", O.RDONLY))).toBe("ENXIO");
  });
});

describe("pipes with names", () => {
  it("carry bytes in order and keep none twice", () => {
    const m = machine();
    mknod(m.vfs, root, m.base, "/mnt/pipe", S.IFIFO | 0o600, { major: 0, minor: 0 });
    const pipe = m.open("/mnt/pipe", O.RDWR);
    got(write(m.vfs, root, pipe, bytes("first")));
    got(write(m.vfs, root, pipe, bytes("second")));
    expect(text(got(read(m.vfs, root, pipe, 7)))).toBe("firstse");
    expect(text(got(read(m.vfs, root, pipe, 99)))).toBe("cond");
    expect(told(pread(m.vfs, root, pipe, 1, 0))).toBe("ESPIPE");
    expect(m.stat("/mnt/pipe").size).toBe(0);
  });
});

describe("memory files", () => {
  it("have no name, count no writers, and refuse what the release does not know", () => {
    const m = new Machine("6.1");
    const file = got(memfdCreate(m.vfs, root, "x"));
    got(write(m.vfs, root, file, bytes("in memory")));
    expect(text(got(readContent(file)))).toBe("in memory");
    expect([file.inode.nlink, file.inode.writeCount]).toEqual([0, 0]);
    expect(told(memfdCreate(m.vfs, root, "x", 8)), "MFD_NOEXEC_SEAL is of 6.3").toBe("EINVAL");
    expect(told(memfdCreate(new Machine().vfs, root, "x", 8))).toBe("ok");
    expect(told(memfdCreate(m.vfs, root, "n".repeat(250)))).toBe("EINVAL");
  });
});
