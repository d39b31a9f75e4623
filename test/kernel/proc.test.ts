// /proc: what a process sees of itself, and the settings of the kernel.
import { describe, expect, it } from "vitest";
import { boot, type Kernel, type Task } from "../../src/index.ts";
import { OPEN } from "../../src/kernel/index.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const read = (task: Task, path: string): string => text(task.readFile(path));
const machine = (): { kernel: Kernel; root: Task } => {
  const kernel = boot({ release: "6.12", cmdline: "ima_appraise=off" });
  return { kernel, root: kernel.task() };
};
const told = (act: () => unknown): string => {
  try {
    act();
    return "ok";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("/proc/self", () => {
  it("is the directory of whoever follows it", () => {
    const { kernel, root } = machine();
    const other = kernel.task({ uid: 1000, comm: "other" });
    expect(read(root, "/proc/self/comm")).toBe("sh\n");
    expect(read(other, "/proc/self/comm")).toBe("other\n");
    expect(root.stat("/proc/self").ino).not.toBe(other.stat("/proc/self").ino);
    expect(other.stat("/proc/self")).toMatchObject({ uid: 1000, nlink: 9 });
    expect(read(root, `/proc/${other.process.pid}/comm`)).toBe("other\n");
    expect(read(root, "/proc/1/comm")).toBe("init\n");
  });

  it("goes with its process", () => {
    const { root } = machine();
    const child = root.process.fork();
    expect(child.sys.stat("/proc/self/fd", true).ok).toBe(true);
    child.exit();
    expect(told(() => root.stat(`/proc/${child.pid}`))).toBe("ENOENT");
  });

  it("takes numbers as names are looked up, and keeps them", () => {
    const { kernel, root } = machine();
    const before = kernel.vfs.nextIno;
    root.writeFile("/f", "");
    const fd = root.process.sys.open("/f", OPEN.O_RDONLY, 0);
    if (!fd.ok) throw new Error(fd.errno);
    expect(root.process.sys.linkFd(fd.value, "/g")).toBeNull();
    expect(kernel.vfs.nextIno - before, "directory, fd, descriptor").toBe(3);
    expect(root.process.sys.linkFd(fd.value, "/h")).toBeNull();
    expect(kernel.vfs.nextIno - before).toBe(3);
  });

  it("shows its descriptors to a process whatever the owner", () => {
    const { kernel } = machine();
    const user = kernel.task({ uid: 1000 });
    const fd = user.process.sys.open("/proc/version", OPEN.O_RDONLY, 0);
    expect(fd.ok && told(() => user.stat(`/proc/self/fd/${fd.value}`))).toBe("ok");
  });
});

describe("/proc/sys", () => {
  it("says what the kernel is", () => {
    const { root } = machine();
    expect(read(root, "/proc/sys/kernel/ostype")).toBe("Linux\n");
    expect(read(root, "/proc/sys/kernel/osrelease")).toBe("6.12\n");
    expect(
      told(() => read(root, "/proc/sys/kernel/version")),
      "without a banner",
    ).toBe("ENOENT");
  });

  it("takes values in their range, and names up to the end of the line", () => {
    const { root } = machine();
    const write = (name: string, value: string): string => told(() => root.writeInto(`/proc/sys/${name}`, value));
    expect(write("vm/swappiness", " 7 \n")).toBe("ok");
    expect(read(root, "/proc/sys/vm/swappiness")).toBe("7\n");
    for (const value of ["201", "x", "-1"]) expect(write("vm/swappiness", value), value).toBe("EINVAL");
    expect(write("kernel/hostname", "box\nrest")).toBe("ok");
    expect(read(root, "/proc/sys/kernel/hostname")).toBe("box\n");
  });

  it("binds root by the bits, and lets nobody make anything", () => {
    const { root } = machine();
    expect(told(() => root.readFile("/proc/sys/vm/drop_caches"))).toBe("EACCES");
    expect(told(() => root.writeInto("/proc/sys/kernel/ostype", "x"))).toBe("EACCES");
    expect(told(() => root.mkdir("/proc/sys/x"))).toBe("ENOENT");
    expect(told(() => root.readFile("/proc/sys/kernel/nothing"))).toBe("ENOENT");
  });

  it("belongs to one kernel", () => {
    const [a, b] = [machine().root, machine().root];
    a.writeInto("/proc/sys/kernel/hostname", "a");
    expect(read(b, "/proc/sys/kernel/hostname")).toBe("(none)\n");
  });
});
