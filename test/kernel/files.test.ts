// System calls on files: which error comes first, and what descriptors share.
import { describe, expect, it } from "vitest";
import type { Result } from "../../src/errno/index.ts";
import { boot, type Task } from "../../src/index.ts";
import { OPEN, SEEK_FLAGS, type SystemCalls } from "../../src/kernel/index.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (word: string): Uint8Array => new TextEncoder().encode(word);
const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECT, O_PATH, O_TMPFILE, O_DIRECTORY } =
  OPEN;

interface Machine {
  readonly root: Task;
  readonly sys: SystemCalls;
  readonly user: SystemCalls;
}

function machine(): Machine {
  const kernel = boot({ cmdline: "ima_appraise=off" });
  kernel.mount("/mnt", { fstype: "ext4" });
  const root = kernel.task();
  root.writeFile("/mnt/f", "0123456789");
  root.writeFile("/mnt/secret", "x", { mode: 0o600 });
  root.mkdir("/mnt/dir");
  root.mkdir("/mnt/closed", { mode: 0o700 });
  root.writeFile("/mnt/closed/f", "x");
  root.symlink("f", "/mnt/link");
  root.symlink("loop", "/mnt/loop");
  return { root, sys: root.process.sys, user: kernel.task({ uid: 1000, gid: 1000 }).process.sys };
}

const told = (result: Result<unknown>) => (result.ok ? "ok" : result.errno);
function got<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.errno);
  return result.value;
}

describe("which error comes first", () => {
  const cases: readonly [string, (m: Machine) => Result<unknown>, string][] = [
    ["what is not there", ({ user }) => user.open("/mnt/none", O_RDONLY, 0), "ENOENT"],
    ["what is not there in a closed directory", ({ user }) => user.open("/mnt/closed/none", O_RDONLY, 0), "EACCES"],
    ["what may not be read", ({ user }) => user.open("/mnt/secret", O_RDONLY, 0), "EACCES"],
    ["to make what may not be made", ({ user }) => user.open("/mnt/new", O_WRONLY | O_CREAT, 0o644), "EACCES"],
    ["to make what is there", ({ user }) => user.open("/mnt/secret", O_WRONLY | O_CREAT | O_EXCL, 0o644), "EEXIST"],
    ["a name below a file", ({ sys }) => sys.open("/mnt/f/x", O_RDONLY, 0), "ENOTDIR"],
    ["a file with a slash behind it", ({ sys }) => sys.open("/mnt/f/", O_RDONLY, 0), "ENOTDIR"],
    ["a file as a directory", ({ sys }) => sys.open("/mnt/f", O_RDONLY | O_DIRECTORY, 0), "ENOTDIR"],
    ["a directory for writing", ({ sys }) => sys.open("/mnt/dir", O_WRONLY, 0), "EISDIR"],
    ["a link to itself", ({ sys }) => sys.open("/mnt/loop", O_RDONLY, 0), "ELOOP"],
    ["a name that is too long", ({ sys }) => sys.open(`/mnt/${"n".repeat(256)}`, O_RDONLY, 0), "ENAMETOOLONG"],
    ["a path that is too long", ({ sys }) => sys.open("/mnt/".repeat(1000), O_RDONLY, 0), "ENAMETOOLONG"],
    ["no path", ({ sys }) => sys.open("", O_RDONLY, 0), "ENOENT"],
    ["O_TMPFILE to read", ({ sys }) => sys.open("/mnt", O_TMPFILE | O_RDONLY, 0o600), "EINVAL"],
    ["O_TMPFILE in a file", ({ sys }) => sys.open("/mnt/f", O_TMPFILE | O_RDWR, 0o600), "ENOTDIR"],
    ["a descriptor that is not open", ({ sys }) => sys.read(99, 1), "EBADF"],
    ["to write where it only reads", ({ sys }) => sys.write(got(sys.open("/mnt/f", O_RDONLY, 0)), bytes("x")), "EBADF"],
    ["to read where it only writes", ({ sys }) => sys.read(got(sys.open("/mnt/f", O_WRONLY, 0)), 1), "EBADF"],
    ["to read a directory", ({ sys }) => sys.read(got(sys.open("/mnt/dir", O_RDONLY, 0)), 1), "EISDIR"],
    ["before the file", ({ sys }) => sys.pread(got(sys.open("/mnt/f", O_RDONLY, 0)), 1, -1), "EINVAL"],
    [
      "to seek before it",
      ({ sys }) => sys.lseek(got(sys.open("/mnt/f", O_RDONLY, 0)), -1, SEEK_FLAGS.SEEK_SET),
      "EINVAL",
    ],
    ["O_PATH and read", ({ sys }) => sys.read(got(sys.open("/mnt/f", O_PATH, 0)), 1), "EBADF"],
    ["O_PATH of what may not be read", ({ user }) => user.open("/mnt/secret", O_PATH, 0), "ok"],
    ["O_PATH and fstat", ({ sys }) => sys.fstat(got(sys.open("/mnt/f", O_PATH, 0))), "ok"],
  ];
  it.each(cases)("%s", (_, call, errno) => {
    expect(told(call(machine()))).toBe(errno);
  });

  it("O_DIRECT where the file system has none: the open fails, and nothing stays open", () => {
    const kernel = boot({ cmdline: "ima_appraise=off" });
    kernel.mount("/mnt", { fstype: "ramfs" });
    const { sys } = kernel.task().process;
    expect(told(sys.open("/mnt/f", O_CREAT | O_WRONLY, 0o644))).toBe("ok");
    expect(told(sys.open("/mnt/f", O_DIRECT | O_RDONLY, 0))).toBe("EINVAL");
    expect(told(sys.open("/mnt/f", O_RDONLY, 0))).toBe("ok");
  });

  it("a running program: no writer, and a file being written does not run", () => {
    const { root, sys, user } = machine();
    root.chmod("/mnt/f", 0o755);
    const fd = got(sys.open("/mnt/f", O_WRONLY, 0));
    expect(told(sys.execve("/mnt/f", []))).toBe("ETXTBSY");
    root.chmod("/mnt/f", 0o600);
    expect(told(user.execve("/mnt/f", []))).toBe("EACCES");
    sys.close(fd);
    expect(told(sys.execve("/mnt/f", []))).toBe("EACCES");
    root.chmod("/mnt/f", 0o755);
    expect(told(sys.execve("/mnt/f", []))).toBe("ENOEXEC");
    expect(told(sys.open("/mnt/f", O_WRONLY, 0))).toBe("ok");
  });
});

describe("descriptors", () => {
  it("the lowest free number is taken; dup takes one from 3 on and shares the place in the file", () => {
    const { sys } = machine();
    const [a, b] = [got(sys.open("/mnt/f", O_RDWR, 0)), got(sys.open("/mnt/f", O_RDWR, 0))];
    expect([a, b]).toEqual([0, 1]);
    const copy = got(sys.dup(a));
    expect(copy).toBe(3);
    expect(text(got(sys.read(a, 3)))).toBe("012");
    expect(text(got(sys.read(copy, 3)))).toBe("345");
    expect(text(got(sys.read(b, 3)))).toBe("012");
    expect(got(sys.lseek(copy, -1, SEEK_FLAGS.SEEK_CUR))).toBe(5);
    sys.close(a);
    expect(text(got(sys.read(copy, 2)))).toBe("56");
    expect(sys.close(a)).toBe("EBADF");
    expect(got(sys.open("/mnt/f", O_RDONLY, 0))).toBe(0);
  });

  it("seeking behind the end leaves a hole of zeros", () => {
    const { sys } = machine();
    const fd = got(sys.open("/mnt/f", O_RDWR, 0));
    expect(got(sys.lseek(fd, 2, SEEK_FLAGS.SEEK_END))).toBe(12);
    sys.write(fd, bytes("x"));
    expect(text(got(sys.pread(fd, 20, 9)))).toBe("9\0\0x");
  });

  it("O_APPEND writes at the end wherever the place is; O_TRUNC empties", () => {
    const { root, sys } = machine();
    const fd = got(sys.open("/mnt/f", O_WRONLY | O_APPEND, 0));
    sys.lseek(fd, 0, SEEK_FLAGS.SEEK_SET);
    sys.write(fd, bytes("A"));
    expect(text(root.readFile("/mnt/f"))).toBe("0123456789A");
    sys.open("/mnt/f", O_WRONLY | O_TRUNC, 0);
    expect(root.stat("/mnt/f").size).toBe(0);
    sys.write(fd, bytes("B"));
    expect(text(root.readFile("/mnt/f"))).toBe("B");
  });

  it("a file without a name lives as long as it is open", () => {
    const { root, sys } = machine();
    const { ino } = root.stat("/mnt/f");
    const fd = got(sys.open("/mnt/f", O_RDWR, 0));
    root.unlink("/mnt/f");
    expect(told(sys.open("/mnt/f", O_RDONLY, 0))).toBe("ENOENT");
    sys.pwrite(fd, bytes("still"), 0);
    expect(text(got(sys.pread(fd, 5, 0)))).toBe("still");
    expect(got(sys.fstat(fd))).toMatchObject({ ino, nlink: 0 });
    expect(sys.linkFd(fd, "/mnt/again")).toBe("ENOENT");
    sys.close(fd);
    root.writeFile("/mnt/other", "");
    expect(root.stat("/mnt/other").ino).toBe(ino);
  });

  it("O_TMPFILE has no name until it is linked, and none ever with O_EXCL", () => {
    const { root, sys } = machine();
    const before = root.readdir("/mnt");
    const fd = got(sys.open("/mnt", O_TMPFILE | O_RDWR, 0o640));
    sys.write(fd, bytes("made"));
    expect(root.readdir("/mnt")).toEqual(before);
    expect(got(sys.fstat(fd)).nlink).toBe(0);
    expect(sys.linkFd(fd, "/mnt/f")).toBe("EEXIST");
    expect(sys.linkFd(fd, "/mnt/named")).toBeNull();
    expect(text(root.readFile("/mnt/named"))).toBe("made");
    expect(root.stat("/mnt/named")).toMatchObject({ nlink: 1, size: 4 });
    const private_ = got(sys.open("/mnt", O_TMPFILE | O_EXCL | O_RDWR, 0o640));
    expect(sys.linkFd(private_, "/mnt/never")).toBe("ENOENT");
  });

  it("a child shares what its parent has open; their end closes it once", () => {
    const { root, sys } = machine();
    const fd = got(sys.open("/mnt/f", O_RDWR, 0));
    const child = root.process.fork();
    expect(text(got(child.sys.read(fd, 2)))).toBe("01");
    expect(text(got(sys.read(fd, 2)))).toBe("23");
    child.exit();
    expect(text(got(sys.read(fd, 2)))).toBe("45");
  });

  it("1024 at most", () => {
    const { sys } = machine();
    for (let i = 0; i < 1024; i++) got(sys.open("/mnt/f", O_RDONLY, 0));
    expect(told(sys.open("/mnt/f", O_RDONLY, 0))).toBe("EMFILE");
    sys.close(500);
    expect(got(sys.open("/mnt/f", O_RDONLY, 0))).toBe(500);
  });
});

describe("credentials", () => {
  it("ids that are not given follow the others; capabilities follow the effective id", () => {
    const kernel = boot();
    const { cred } = kernel.task({ uid: 5, euid: 7, egid: 9 }).process;
    expect(cred).toMatchObject({ uid: 5, euid: 7, suid: 7, fsuid: 7, gid: 0, egid: 9, sgid: 9, fsgid: 9 });
    expect(cred.capabilities.size).toBe(0);
    expect(kernel.task({ uid: 5, euid: 0 }).process.cred.capabilities).toContain("CAP_SYS_ADMIN");
  });

  it("it is fsuid and groups that files ask for", () => {
    const { root } = machine();
    const { kernel } = root;
    root.writeFile("/mnt/group", "x", { mode: 0o640 });
    root.chown("/mnt/group", 0, 50);
    expect(() => kernel.task({ uid: 1000 }).readFile("/mnt/group")).toThrow("EACCES");
    expect(text(kernel.task({ uid: 1000, groups: [50] }).readFile("/mnt/group"))).toBe("x");
    expect(text(kernel.task({ uid: 1000, fsuid: 0 }).readFile("/mnt/group"))).toBe("x");
    expect(() => kernel.task({ uid: 1000, euid: 0, fsuid: 1000, capabilities: [] }).readFile("/mnt/group")).toThrow(
      "EACCES",
    );
    expect(text(kernel.task({ uid: 1000, capabilities: ["CAP_DAC_OVERRIDE"] }).readFile("/mnt/group"))).toBe("x");
  });

  it("an error names call, path and errno", () => {
    const { root } = machine();
    expect(() => root.readFile("/mnt/none")).toThrow(
      expect.objectContaining({ code: "ENOENT", syscall: "open", path: "/mnt/none" }) as Error,
    );
    expect(() => root.open("/mnt/f", "O_RDONLY|O_SPEED")).toThrow(
      expect.objectContaining({ code: "bad-flag", where: "flags" }) as Error,
    );
  });
});
