// Memory that files lie in: what is counted, what is seen where, and which accesses raise a signal.
import { describe, expect, it } from "vitest";
import {
  allowWriteAccess,
  chattr,
  closeFile,
  denyWriteAccess,
  fsync,
  ftruncate,
  load,
  MS,
  memfdCreate,
  mmap,
  mount,
  mprotect,
  msync,
  munmap,
  O,
  open,
  openExec,
  openExecFile,
  PROT,
  pread,
  pwrite,
  queryIversion,
  type SecurityModule,
  store,
  truncate,
  unlink,
} from "../../src/vfs/index.ts";
import { bytes, got, Machine, root, text, told } from "./machine.ts";

const { READ, WRITE, EXEC } = PROT;
const PAGE = 4096;

function machine(fstype = "ext4", modules: readonly SecurityModule[] = []): Machine {
  const m = new Machine("6.12", modules);
  m.mount("/mnt", fstype);
  m.write("/mnt/f", "0123456789", 0o755);
  return m;
}
const shown = (result: Uint8Array | string): string => (typeof result === "string" ? result : text(result));

describe("what may be mapped", () => {
  const cases: readonly [flags: number, prot: number, shared: boolean, errno: string][] = [
    [O.RDONLY, READ, false, "ok"],
    [O.RDONLY, READ | WRITE, false, "ok"],
    [O.RDONLY, READ | WRITE, true, "EACCES"],
    [O.RDWR, READ | WRITE, true, "ok"],
    [O.WRONLY, WRITE, true, "EACCES"],
    [O.WRONLY, READ, false, "EACCES"],
    [O.RDONLY, READ | EXEC, false, "ok"],
    [O.PATH, READ, false, "EBADF"],
  ];
  for (const [flags, prot, shared, errno] of cases)
    it(`flags 0${flags.toString(8)}, prot ${prot}, ${shared ? "shared" : "private"}: ${errno}`, () => {
      const m = machine();
      const file = m.open("/mnt/f", flags);
      expect(told(mmap(m.vfs, root, file, { prot, shared, length: 10, offset: 0 }))).toBe(errno);
    });

  it("not from the middle of a page, not nothing, not a directory, not to run where nothing runs", () => {
    const m = machine();
    const file = m.open("/mnt/f");
    const map = (prot: number, offset: number, length: number, from = file) =>
      told(mmap(m.vfs, root, from, { prot, shared: false, length, offset }));
    expect(map(READ, 100, 10)).toBe("EINVAL");
    expect(map(READ, 0, 0)).toBe("EINVAL");
    expect(map(READ, 0, 10, m.open("/mnt"))).toBe("ENODEV");
    expect(mount(m.vfs, root, m.base, { path: "/mnt", flags: MS.REMOUNT | MS.BIND | MS.NOEXEC })).toBe(null);
    expect(map(READ | EXEC, 0, 10)).toBe("EPERM");
    const mapping = m.map(file, false, READ);
    expect(mprotect(m.vfs, root, mapping, READ | EXEC)).toBe("EACCES");
  });
});

describe("counts", () => {
  it("shared mappings of files open for writing count as writable, whatever their protection", () => {
    const m = machine();
    const inode = m.inode("/mnt/f");
    const writable = m.open("/mnt/f", O.RDWR);
    const readable = m.open("/mnt/f");
    const maps = [
      m.map(writable, true, READ),
      m.map(writable, true, READ | WRITE),
      m.map(writable, false, READ | WRITE),
      m.map(readable, true, READ),
    ];
    expect(inode.sharedWritableMaps).toBe(2);
    expect(mprotect(m.vfs, root, maps[0]!, READ | WRITE)).toBe(null);
    expect(mprotect(m.vfs, root, maps[3]!, READ | WRITE)).toBe("EACCES");
    m.close(writable, readable);
    expect([inode.writeCount, inode.readCount], "mappings keep their files open").toEqual([1, 1]);
    for (const map of maps) expect(munmap(m.vfs, root, map)).toBe(null);
    expect([inode.sharedWritableMaps, inode.writeCount, inode.readCount, inode.openFiles]).toEqual([0, 0, 0, 0]);
    expect(munmap(m.vfs, root, maps[0]!)).toBe(null);
    expect(inode.sharedWritableMaps).toBe(0);
  });
});

describe("stores", () => {
  it("to shared memory are in the file, to private memory are not", () => {
    const m = machine();
    const file = m.open("/mnt/f", O.RDWR);
    const shared = m.map(file, true);
    const own = m.map(file, false);
    const other = m.map(file, true, READ);
    expect(store(m.vfs, root, own, 0, bytes("own"))).toBe(null);
    expect(store(m.vfs, root, shared, 2, bytes("SHARED"))).toBe(null);
    expect(m.read("/mnt/f")).toBe("01SHARED89");
    expect(shown(load(m.vfs, root, other, 0, 10))).toBe("01SHARED89");
    expect(shown(load(m.vfs, root, own, 0, 10)), "the page was copied when it was stored to").toBe("own3456789");
    const fresh = m.map(file, false);
    expect(shown(load(m.vfs, root, fresh, 0, 4))).toBe("01SH");
  });

  it("and writes see each other", () => {
    const m = machine();
    const file = m.open("/mnt/f", O.RDWR);
    const shared = m.map(file, true);
    got(pwrite(m.vfs, root, file, bytes("written"), 0));
    expect(shown(load(m.vfs, root, shared, 0, 7))).toBe("written");
    store(m.vfs, root, shared, 0, bytes("S"));
    expect(text(got(pread(m.vfs, root, file, 3, 0)))).toBe("Sri");
  });

  it("behind the end of the file stay in memory", () => {
    const m = machine();
    const file = m.open("/mnt/f", O.RDWR);
    const shared = m.map(file, true, READ | WRITE, 2 * PAGE);
    expect(store(m.vfs, root, shared, 8, bytes("abcd"))).toBe(null);
    expect(m.read("/mnt/f")).toBe("01234567ab");
    expect(shown(load(m.vfs, root, shared, 8, 4))).toBe("abcd");
    expect(store(m.vfs, root, shared, PAGE, bytes("x"))).toBe("SIGBUS");
    expect(load(m.vfs, root, shared, PAGE, 1)).toBe("SIGBUS");
    ftruncate(m.vfs, root, file, PAGE + 1);
    expect(store(m.vfs, root, shared, PAGE, bytes("x"))).toBe(null);
    expect(m.stat("/mnt/f").size).toBe(PAGE + 1);
    truncate(m.vfs, root, m.base, "/mnt/f", 0);
    expect(load(m.vfs, root, shared, 0, 1)).toBe("SIGBUS");
  });

  it("need the protection for it", () => {
    const m = machine();
    const file = m.open("/mnt/f", O.RDWR);
    const map = m.map(file, true, READ, 2 * PAGE);
    ftruncate(m.vfs, root, file, 2 * PAGE);
    expect(store(m.vfs, root, map, 0, bytes("x"))).toBe("SIGSEGV");
    expect(mprotect(m.vfs, root, map, READ | WRITE, PAGE, PAGE)).toBe(null);
    expect(store(m.vfs, root, map, 0, bytes("x"))).toBe("SIGSEGV");
    expect(store(m.vfs, root, map, PAGE, bytes("x"))).toBe(null);
    expect(mprotect(m.vfs, root, map, PROT.NONE)).toBe(null);
    expect(load(m.vfs, root, map, 0, 1)).toBe("SIGSEGV");
    expect(mprotect(m.vfs, root, map, READ, 100)).toBe("EINVAL");
    expect(mprotect(m.vfs, root, map, READ, PAGE, 2 * PAGE)).toBe("ENOMEM");
    munmap(m.vfs, root, map);
    expect(load(m.vfs, root, map, 0, 1)).toBe("SIGSEGV");
  });

  it("count once as a change until the pages are written back", () => {
    for (const writeBack of ["msync", "fsync"]) {
      const m = machine();
      const inode = m.inode("/mnt/f");
      const file = m.open("/mnt/f", O.RDWR);
      const shared = m.map(file, true);
      const before = queryIversion(inode);
      store(m.vfs, root, shared, 0, bytes("a"));
      const first = queryIversion(inode);
      expect(first).not.toBe(before);
      store(m.vfs, root, shared, 0, bytes("b"));
      expect(queryIversion(inode), "the page is writable already: nobody notices").toBe(first);
      if (writeBack === "msync") msync(m.vfs, root, shared);
      else fsync(m.vfs, root, file);
      store(m.vfs, root, shared, 0, bytes("c"));
      expect(queryIversion(inode)).not.toBe(first);
    }
  });

  it("to a file without a name are lost with it", () => {
    const m = machine();
    const file = m.open("/mnt/f", O.RDWR);
    const shared = m.map(file, true);
    m.close(file);
    unlink(m.vfs, root, m.base, "/mnt/f");
    store(m.vfs, root, shared, 0, bytes("x"));
    expect(shown(load(m.vfs, root, shared, 0, 2))).toBe("x1");
    munmap(m.vfs, root, shared);
    expect(file.inode.freed).toBe(true);
  });
});

describe("programs that run", () => {
  it("are not written to, and what is written to does not run", () => {
    const m = machine();
    const program = got(openExec(m.vfs, root, m.base, "/mnt/f"));
    expect(m.inode("/mnt/f").writeCount).toBe(-1);
    expect(told(open(m.vfs, root, m.base, "/mnt/f", O.WRONLY))).toBe("ETXTBSY");
    expect(told(open(m.vfs, root, m.base, "/mnt/f", O.RDWR | O.TRUNC))).toBe("ETXTBSY");
    expect(truncate(m.vfs, root, m.base, "/mnt/f", 0)).toBe("ETXTBSY");
    expect(told(open(m.vfs, root, m.base, "/mnt/f", O.RDONLY))).toBe("ok");
    const second = got(openExec(m.vfs, root, m.base, "/mnt/f"));
    m.close(program, second);
    expect(m.inode("/mnt/f").writeCount).toBe(0);
    const writer = m.open("/mnt/f", O.WRONLY);
    expect(told(openExec(m.vfs, root, m.base, "/mnt/f"))).toBe("ETXTBSY");
    m.close(writer);
    expect([m.inode("/mnt/f").writeCount, m.inode("/mnt/f").openFiles]).toEqual([0, 1]);
  });

  it("a denial can be held without an open file", () => {
    const m = machine();
    const inode = m.inode("/mnt/f");
    expect(denyWriteAccess(inode)).toBe(null);
    expect(told(open(m.vfs, root, m.base, "/mnt/f", O.WRONLY))).toBe("ETXTBSY");
    allowWriteAccess(inode);
    const writer = m.open("/mnt/f", O.WRONLY);
    expect(denyWriteAccess(inode)).toBe("ETXTBSY");
    m.close(writer);
  });

  it("are regular, executable files on mounts that let them run", () => {
    const m = machine();
    m.write("/mnt/plain", "", 0o644);
    expect(told(openExec(m.vfs, root, m.base, "/mnt/plain"))).toBe("EACCES");
    expect(told(openExec(m.vfs, root, m.base, "/mnt"))).toBe("EACCES");
    expect(told(openExec(m.vfs, root, m.base, "/mnt/none"))).toBe("ENOENT");
    mount(m.vfs, root, m.base, { path: "/mnt", flags: MS.REMOUNT | MS.BIND | MS.NOEXEC });
    expect(told(openExec(m.vfs, root, m.base, "/mnt/f"))).toBe("EACCES");
  });

  it("may come from a memfd, though it is open for writing", () => {
    const m = machine();
    const memory = got(memfdCreate(m.vfs, root, "program"));
    got(pwrite(m.vfs, root, memory, bytes("#!"), 0));
    const program = openExecFile(m.vfs, root, memory);
    expect(told(program)).toBe("ok");
    closeFile(m.vfs, root, got(program));
    closeFile(m.vfs, root, memory);
    expect(memory.inode.freed).toBe(true);
  });
});

describe("hooks", () => {
  it("are asked first, with what was asked for and what it will be", () => {
    const calls: unknown[][] = [];
    const module: SecurityModule = {
      name: "m",
      mmapFile: (_task, file, reqprot, prot, shared) => {
        calls.push(["mmap", file === null, reqprot, prot, shared]);
        return null;
      },
      fileMprotect: (_task, mapping, reqprot, prot) => {
        calls.push(["mprotect", mapping.prot, reqprot, prot]);
        return prot === (READ | EXEC) ? "EACCES" : null;
      },
    };
    const m = machine("ext4", [module]);
    const file = m.open("/mnt/f");
    const legacy = { ...root, readImpliesExec: true };
    const mapping = got(mmap(m.vfs, legacy, file, { prot: READ, shared: false, length: 2 * PAGE, offset: 0 }));
    expect(calls.splice(0)).toEqual([["mmap", false, READ, READ | EXEC, false]]);
    expect(told(mmap(m.vfs, root, file, { prot: READ | WRITE, shared: true, length: 1, offset: 0 }))).toBe("EACCES");
    expect(calls.splice(0)).toEqual([["mmap", false, READ | WRITE, READ | WRITE, true]]);
    expect(mprotect(m.vfs, root, mapping, READ, 0, PAGE)).toBe(null);
    expect(calls.splice(0)).toEqual([["mprotect", READ | EXEC, READ, READ]]);
    expect(mprotect(m.vfs, root, mapping, READ | EXEC), "each run of equal pages is asked for").toBe("EACCES");
    expect(calls.splice(0)).toEqual([["mprotect", READ, READ | EXEC, READ | EXEC]]);
    expect(told(mmap(m.vfs, root, null, { prot: READ | EXEC, shared: false, length: 1, offset: 0 }))).toBe("ok");
    expect(calls.splice(0)).toEqual([["mmap", true, READ | EXEC, READ | EXEC, false]]);
  });

  it("an append-only file is not mapped writable", () => {
    const m = machine();
    const file = m.open("/mnt/f", O.RDWR);
    expect(chattr(m.vfs, root, m.open("/mnt/f"), ["append"], [])).toBe(null);
    expect(told(mmap(m.vfs, root, file, { prot: READ, shared: true, length: 1, offset: 0 }))).toBe("EACCES");
    expect(told(mmap(m.vfs, root, file, { prot: READ, shared: false, length: 1, offset: 0 }))).toBe("ok");
  });
});

describe("a file that is cut", () => {
  it("takes the pages behind its end from mappings, private copies too", () => {
    const m = machine();
    const file = m.open("/mnt/f", O.RDWR);
    const mapping = m.map(file, false, READ | WRITE);
    expect(store(m.vfs, root, mapping, 0, bytes("own"))).toBeNull();
    expect(truncate(m.vfs, root, m.base, "/mnt/f", 5)).toBeNull();
    expect(shown(load(m.vfs, root, mapping, 0, 5))).toBe("own34");
    expect(truncate(m.vfs, root, m.base, "/mnt/f", 0)).toBeNull();
    expect(shown(load(m.vfs, root, mapping, 0, 5))).toBe("SIGBUS");
    got(pwrite(m.vfs, root, file, bytes("anew!"), 0));
    expect(shown(load(m.vfs, root, mapping, 0, 5))).toBe("anew!");
  });
});
