// Files that the kernel makes up: content at the time of reading, writes as calls, and a place among ordinary files.
import { describe, expect, it } from "vitest";
import { fail, ok } from "../../src/errno/index.ts";
import {
  addMagicLink,
  addPseudoDirectory,
  addPseudoFile,
  addPseudoSymlink,
  mkdir,
  O,
  open,
  pread,
  read,
  removePseudo,
  rename,
  S,
  statfs,
  unlink,
  write,
} from "../../src/vfs/index.ts";
import { bytes, got, Machine, root, text, told, user } from "./machine.ts";

function machine(fstype = "securityfs"): Machine {
  const m = new Machine();

  m.mount("/p", fstype);
  return m;
}
const top = (m: Machine) => m.path("/p").dentry;

describe("a pseudo file", () => {
  it("is made anew for every reader who begins, and goes on as it began", () => {
    const m = machine();
    let count = 0;
    addPseudoFile(m.vfs, top(m), "count", 0o444, { read: () => ok(bytes(`read ${++count} times`)) });
    const file = m.open("/p/count");
    expect(text(got(read(m.vfs, root, file, 6)))).toBe("read 1");
    expect(text(got(read(m.vfs, root, file, 99)))).toBe(" times");
    expect(text(got(pread(m.vfs, root, file, 99, 0)))).toBe("read 2 times");
    expect(m.read("/p/count")).toBe("read 3 times");
    expect(m.stat("/p/count").size).toBe(0);
  });

  it("takes writes one by one, and can refuse them", () => {
    const m = machine();
    const taken: string[] = [];
    addPseudoFile(m.vfs, top(m), "policy", 0o600, {
      write: (_task, _file, value) => {
        taken.push(text(value));
        return text(value) === "bad" ? fail("EINVAL") : ok(value.length);
      },
      release: () => void taken.push("closed"),
    });
    const file = m.open("/p/policy", O.WRONLY);
    expect(got(write(m.vfs, root, file, bytes("one")))).toBe(3);
    expect(told(write(m.vfs, root, file, bytes("bad")))).toBe("EINVAL");
    m.close(file);
    expect(taken).toEqual(["one", "bad", "closed"]);
    expect(told(open(m.vfs, user, m.base, "/p/policy", O.WRONLY))).toBe("EACCES");
  });

  it("decides itself who may open it", () => {
    const m = machine();
    addPseudoFile(m.vfs, top(m), "once", 0o600, { open: () => "EBUSY" });
    expect(told(open(m.vfs, root, m.base, "/p/once", O.RDONLY))).toBe("EBUSY");
    expect(m.inode("/p/once").openFiles).toBe(0);
    expect(m.inode("/p/once").readCount).toBe(0);
  });

  it("without the call for it: EINVAL, on proc EIO", () => {
    for (const [fstype, errno] of [
      ["securityfs", "EINVAL"],
      ["proc", "EIO"],
    ] as const) {
      const m = machine(fstype);
      addPseudoFile(m.vfs, top(m), "nothing", 0o600, {});
      const file = m.open("/p/nothing", O.RDWR);
      expect(told(read(m.vfs, root, file, 1))).toBe(errno);
      expect(told(write(m.vfs, root, file, bytes("x")))).toBe(errno);
    }
  });
});

describe("a pseudo tree", () => {
  it("has directories and links, and can be taken away while it is in use", () => {
    const m = machine();
    const dir = addPseudoDirectory(m.vfs, top(m), "dir", 0o755);
    expect(addPseudoDirectory(m.vfs, top(m), "dir")).toBe(dir);
    addPseudoFile(m.vfs, dir, "f", 0o444, { read: () => ok(bytes("x")) });
    addPseudoSymlink(m.vfs, top(m), "link", "dir/f");
    expect(m.read("/p/link")).toBe("x");
    const file = m.open("/p/dir/f");
    removePseudo(m.vfs, dir);
    expect(m.exists("/p/dir")).toBe(false);
    expect(text(got(read(m.vfs, root, file, 9)))).toBe("x");
    expect(file.inode.freed).toBe(false);
    m.close(file);
    expect(file.inode.freed).toBe(true);
  });

  it("is not for programs to change", () => {
    const m = machine("sysfs");
    addPseudoFile(m.vfs, top(m), "f", 0o644, { read: () => ok(bytes("x")) });
    expect(mkdir(m.vfs, root, m.base, "/p/d", 0o755)).toBe("EPERM");
    expect(told(open(m.vfs, root, m.base, "/p/new", O.CREAT | O.WRONLY, 0o644))).toBe("EACCES");
    expect(unlink(m.vfs, root, m.base, "/p/f")).toBe("EPERM");
    expect(rename(m.vfs, root, m.base, "/p/f", "/p/g")).toBe("EPERM");
  });

  it("is one for all mounts of its kind", () => {
    const m = machine("securityfs");
    addPseudoFile(m.vfs, top(m), "f", 0o444, { read: () => ok(bytes("x")) });
    m.mount("/again", "securityfs");
    expect(m.inode("/again/f")).toBe(m.inode("/p/f"));
    expect(got(statfs(m.vfs, root, m.base, "/again")).type).toBe(0x73636673);
  });

  it("may hold links that lead to objects, not to names", () => {
    const m = machine("proc");
    m.write("/f", "object");
    const target = m.path("/f");
    addMagicLink(m.vfs, top(m), "exe", () => target);
    addMagicLink(m.vfs, top(m), "gone", () => null);
    rename(m.vfs, root, m.base, "/f", "/moved");
    expect(m.read("/p/exe")).toBe("object");
    expect(m.stat("/p/exe", false).mode & S.IFMT).toBe(S.IFLNK);
    expect(told(open(m.vfs, root, m.base, "/p/gone", O.RDONLY))).toBe("ENOENT");
  });
});
