// What the kernel loads of its own accord: modules, a kernel to start, policies; and the files that show its state.
import { describe, expect, it } from "vitest";
import { type BootOptions, boot, type Decision } from "../../src/index.ts";
import { MOUNT_FLAGS, OPEN, UMOUNT_FLAGS } from "../../src/kernel/index.ts";
import { moduleImage } from "./module-image.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function machine(options: BootOptions = {}, policy = "") {
  const kernel = boot({ cmdline: "ima_appraise=enforce", ...options });
  kernel.mount("/mnt", { fstype: "ext4" });
  const root = kernel.task();
  const good = moduleImage({ name: "good", vermagic: `${kernel.release.text} SMP`, intree: "Y" });
  root.writeFile("/mnt/good.ko", good);
  if (policy !== "") kernel.securityfs.write("ima/policy", policy);
  const decisions: Decision[] = [];
  kernel.watch((decision) => decisions.push(decision));
  const { sys } = root.process;
  const finit = (path: string) => {
    const fd = sys.open(path, OPEN.O_RDONLY, 0);
    if (!fd.ok) return fd.errno;
    const denied = sys.finitModule(fd.value, "", 0);
    sys.close(fd.value);
    return denied;
  };
  return { kernel, root, sys, good, decisions, finit };
}

describe("modules", () => {
  it("load once, by file or from memory, and go again", () => {
    const { kernel, sys, good, finit } = machine({ config: { MODULE_SIG: false } });
    expect(finit("/mnt/good.ko")).toBeNull();
    expect(finit("/mnt/good.ko")).toBe("EEXIST");
    expect([...kernel.modules]).toEqual(["good"]);
    expect(sys.deleteModule("good")).toBeNull();
    expect(sys.deleteModule("good")).toBe("ENOENT");
    expect(sys.initModule(good, "")).toBeNull();
  });

  it("are refused without CAP_SYS_MODULE, when they are none, and when made for another kernel", () => {
    const { kernel, root, sys, good, finit } = machine({ config: { MODULE_SIG: false } });
    const user = kernel.task({ uid: 1000 }).process.sys;
    expect(user.initModule(good, "")).toBe("EPERM");
    expect(user.deleteModule("good")).toBe("EPERM");
    expect(sys.initModule(new Uint8Array(10), "")).toBe("ENOEXEC");
    expect(sys.initModule(new Uint8Array(1000), "")).toBe("ENOEXEC");
    expect(sys.initModule(moduleImage({ name: "x", vermagic: "5.0.0 SMP" }), "")).toBe("ENOEXEC");
    expect(sys.initModule(moduleImage({ vermagic: kernel.release.text }), "")).toBe("ENOEXEC");
    expect(sys.finitModule(99, "", 0)).toBe("EBADF");
    expect(sys.finitModule(99, "", 8)).toBe("EINVAL");
    root.writeFile("/mnt/empty.ko", "");
    expect(finit("/mnt/empty.ko")).toBe("EINVAL");
    const writer = root.open("/mnt/good.ko", "O_WRONLY");
    expect(finit("/mnt/good.ko")).toBe("ETXTBSY");
    root.close(writer);
    expect(finit("/mnt/good.ko")).toBeNull();
  });

  it("without a signature: taint the kernel, or are refused where signatures are enforced", () => {
    const lines = (cmdline: string) => {
      const { kernel, finit } = machine({ cmdline });
      return { result: finit("/mnt/good.ko"), last: kernel.log.lines.at(-1)?.text };
    };
    expect(lines("")).toEqual({
      result: null,
      last: "good: module verification failed: signature and/or required key missing - tainting kernel",
    });
    const enforced = { result: "EKEYREJECTED", last: "Loading of unsigned module is rejected" };
    expect(lines("module.sig_enforce=1")).toEqual(enforced);
    expect(lines("module.sig_enforce")).toEqual(enforced);
    expect(lines("module.sig_enforce=1 module.sig_enforce=0")).toEqual(enforced);
    expect(lines("module.sig_enforce=0").result).toBeNull();
  });

  it("under an appraise rule: from a file by its label, from memory not at all", () => {
    const { root, sys, good, decisions, finit } = machine(
      { config: { MODULE_SIG: false } },
      "appraise func=MODULE_CHECK\n",
    );
    expect(finit("/mnt/good.ko")).toBe("EACCES");
    expect(decisions.at(-1)).toMatchObject({ hook: "MODULE_CHECK", verdict: "deny", cause: "missing-hash" });
    expect(sys.initModule(good, "")).toBe("EACCES");
    const fixing = machine(
      { cmdline: "ima_appraise=fix", config: { MODULE_SIG: false } },
      "appraise func=MODULE_CHECK\n",
    );
    expect(fixing.finit("/mnt/good.ko")).toBeNull();
    root.setxattr("/mnt/good.ko", "security.ima", fixing.root.getxattr("/mnt/good.ko", "security.ima"));
    expect(finit("/mnt/good.ko")).toBeNull();
  });

  it("from memory are measured as critical data, since 6.10", () => {
    const listed = (release: string) => {
      const { kernel, sys, good } = machine(
        { release, config: { MODULE_SIG: false } },
        "measure func=CRITICAL_DATA label=modules\n",
      );
      sys.initModule(good, "");
      return kernel.measuredLines().filter((line) => line.includes("init_module")).length;
    };
    expect(listed("6.9")).toBe(0);
    expect(listed("6.10")).toBe(1);
  });
});

describe("a kernel to start", () => {
  function bzImage(): Uint8Array {
    const image = new Uint8Array(2048);
    const view = new DataView(image.buffer);
    view.setUint32(0x202, 0x53726448, true);
    view.setUint16(0x1fe, 0xaa55, true);
    view.setUint16(0x206, 0x020f, true);
    view.setUint8(0x211, 1);
    view.setUint16(0x236, 3, true);
    view.setUint32(0x238, 2047, true);
    return image;
  }
  const POLICY = "measure func=KEXEC_KERNEL_CHECK\nmeasure func=KEXEC_INITRAMFS_CHECK\nmeasure func=KEXEC_CMDLINE\n";
  const loader = (policy = POLICY, options: BootOptions = {}) => {
    const { kernel, root, sys } = machine({ ...options, config: { KEXEC: true, KEXEC_FILE: true } }, policy);
    root.writeFile("/mnt/vmlinuz", bzImage());
    root.writeFile("/mnt/initrd", "initrd");
    return { kernel, root, sys, image: root.open("/mnt/vmlinuz"), initrd: root.open("/mnt/initrd") };
  };

  it("is measured with its initramfs and its command line, in this order", () => {
    const { kernel, sys, image, initrd } = loader();
    expect(sys.kexecFileLoad(image, initrd, "root=/dev/sda", 0)).toBeNull();
    expect(
      kernel
        .measuredLines()
        .slice(1)
        .map((line) => line.split(" ")[4]),
    ).toEqual(["/mnt/vmlinuz", "/mnt/initrd", "kexec-cmdline"]);
  });

  it("is refused in the kernel's order of errors", () => {
    const { kernel, root, sys, image, initrd } = loader();
    expect(kernel.task({ uid: 1 }).process.sys.kexecFileLoad(99, null, "", 99)).toBe("EPERM");
    expect(sys.kexecFileLoad(99, null, "", 99)).toBe("EINVAL");
    expect(sys.kexecFileLoad(99, null, "", 0)).toBe("EBADF");
    expect(sys.kexecFileLoad(initrd, null, "", 0)).toBe("ENOEXEC");
    expect(kernel.log.lines.at(-1)?.text).toBe("kexec-bzImage64: File is too short to be a bzImage");
    expect(sys.kexecFileLoad(image, null, "x".repeat(2048), 4)).toBe("EINVAL");
    const writer = root.open("/mnt/vmlinuz", "O_WRONLY");
    expect(sys.kexecFileLoad(image, null, "", 4)).toBe("ETXTBSY");
    root.close(writer);
    expect(sys.kexecFileLoad(image, null, "", 4)).toBeNull();
    // What the image takes, terminator included.
    expect(sys.kexecFileLoad(image, null, "x".repeat(2046), 4)).toBeNull();
    expect(sys.kexecFileLoad(image, null, "x".repeat(2047), 4)).toBe("EINVAL");
  });

  it("from memory is impossible where its appraisal is demanded", () => {
    const appraise = "appraise func=KEXEC_KERNEL_CHECK\n";
    expect(loader().sys.kexecLoad()).toBeNull();
    const { kernel, sys } = loader(appraise);
    expect(sys.kexecLoad()).toBe("EACCES");
    expect(kernel.log.lines.at(-1)?.text).toContain("impossible to appraise a kernel image without a file descriptor");
    expect(loader(appraise, { cmdline: "ima_appraise=log" }).sys.kexecLoad()).toBeNull();
  });
});

describe("a policy by its path", () => {
  it("is read by the kernel, and asked for as POLICY_CHECK", () => {
    const { kernel, root, decisions } = machine({}, "measure func=POLICY_CHECK\n");
    root.writeFile("/mnt/policy", "measure func=MODULE_CHECK\n");
    kernel.securityfs.write("ima/policy", "/mnt/policy");
    expect(decisions.map(({ hook }) => hook)).toContain("POLICY_CHECK");
    expect(kernel.securityfs.read("ima/policy")).toContain("MODULE_CHECK");
    expect(() => kernel.securityfs.write("ima/policy", "/mnt/none")).toThrow("ENOENT");
  });

  it("without a signature is refused where signed policies are demanded", () => {
    const { kernel, root } = machine({}, "appraise func=POLICY_CHECK appraise_type=imasig\n");
    root.writeFile("/mnt/policy", "measure func=MODULE_CHECK\n");
    expect(() => kernel.securityfs.write("ima/policy", "/mnt/policy")).toThrow("EACCES");
    expect(() => kernel.securityfs.write("ima/policy", "measure func=MODULE_CHECK\n")).toThrow("EACCES");
  });
});

describe("mounts", () => {
  it("take what they want of a disk, and what the caller may", () => {
    const { kernel, root, sys } = machine();
    const { id } = kernel.addDisk("xfs");
    root.mkdir("/a");
    const user = kernel.task({ uid: 1000 }).process.sys;
    expect(user.mount(id, "/a", "xfs", 0, "")).toMatchObject({ errno: "EPERM" });
    expect(sys.mount(id, "/none", "xfs", 0, "")).toMatchObject({ errno: "ENOENT" });
    expect(sys.mount(id, "/a", "nosuchfs", 0, "")).toMatchObject({ errno: "ENODEV" });
    expect(sys.mount("nodisk", "/a", "xfs", 0, "")).toMatchObject({ ok: false });
    expect(sys.mount(id, "/a", "ext4", 0, "")).toMatchObject({ errno: "EINVAL" });
    expect(sys.mount(id, "/a", "xfs", 0, "")).toMatchObject({ ok: true });
  });

  it("cannot go while a file of theirs is open, unless lazily; then they live until it is closed", () => {
    const { kernel, root, sys } = machine();
    root.writeFile("/mnt/f", "x");
    const fd = root.open("/mnt/f");
    expect(sys.umount("/mnt", 0)).toBe("EBUSY");
    expect(kernel.task({ uid: 1000 }).process.sys.umount("/mnt", 0)).toBe("EPERM");
    expect(sys.umount("/mnt/f", 0)).toBe("EINVAL");
    expect(sys.umount("/mnt", UMOUNT_FLAGS.MNT_DETACH)).toBeNull();
    expect(() => root.readFile("/mnt/f")).toThrow("ENOENT");
    expect(text(root.read(fd, 1))).toBe("x");
    root.close(fd);
    expect(sys.umount("/mnt", 0)).toBe("EINVAL");
  });

  it("of one disk at two places show one file system; read-only refuses writers", () => {
    const { root, sys } = machine();
    root.mkdir("/other");
    expect(sys.mount("/mnt", "/other", null, MOUNT_FLAGS.MS_BIND, "")).toMatchObject({ ok: true });
    root.writeFile("/mnt/f", "both");
    expect(text(root.readFile("/other/f"))).toBe("both");
    expect(root.stat("/other/f").ino).toBe(root.stat("/mnt/f").ino);
    expect(sys.mount("none", "/mnt", null, MOUNT_FLAGS.MS_REMOUNT | MOUNT_FLAGS.MS_RDONLY, "")).toMatchObject({
      ok: true,
    });
    expect(() => root.open("/mnt/f", "O_WRONLY")).toThrow("EROFS");
    expect(() => root.mkdir("/mnt/d")).toThrow("EROFS");
    expect(() => root.chmod("/mnt/f", 0o600)).toThrow("EROFS");
    expect(text(root.readFile("/mnt/f"))).toBe("both");
  });
});

describe("/proc", () => {
  it("the links of a process lead to what it holds, without a permission on the way", () => {
    const { kernel, root, sys } = machine();
    root.writeFile("/mnt/f", "words");
    const fd = root.open("/mnt/f");
    expect(text(root.readFile(`/proc/self/fd/${fd}`))).toBe("words");
    root.unlink("/mnt/f");
    expect(text(root.readFile(`/proc/self/fd/${fd}`))).toBe("words");
    expect(() => root.readFile("/proc/self/fd/99")).toThrow("ENOENT");
    expect(() => root.readFile("/proc/self/fd/01")).toThrow("ENOENT");
    expect(() => kernel.task().readFile(`/proc/self/fd/${fd}`)).toThrow("ENOENT");
    expect(sys.chdir("/mnt")).toBeNull();
    expect(root.stat("/proc/self/cwd").ino).toBe(root.stat("/mnt").ino);
    expect(root.stat("/proc/self/root").ino).toBe(root.stat("/").ino);
    expect(() => root.readFile("/proc/self/exe")).toThrow("ENOENT");
    for (const name of ["mnt", "user", "net"]) expect(root.stat(`/proc/self/ns/${name}`).size).toBe(0);
    expect(() => root.stat("/proc/self/ns/none")).toThrow("ENOENT");
  });

  it("keys lists the keyrings of the kernel, as the asking task may see them", () => {
    const { kernel, sys } = machine();
    const keys = (uid: number) => text(kernel.task({ uid }).readFile("/proc/keys")).trimEnd().split("\n");
    for (const line of keys(0))
      expect(line).toMatch(/^[0-9a-f]{8} [-IRDQUNi]{7} +\d+ +\w+ [0-9a-f]{8} +\d+ +-?\d+ \S+ +\S/);
    expect(keys(0).some((line) => / keyring +\.ima: /.test(line))).toBe(true);
    const before = keys(0).length;
    const added = sys.addKey("user", "mine", new TextEncoder().encode("secret"), -4);
    expect(added.ok).toBe(true);
    expect(keys(0).length).toBeGreaterThan(before);
    expect(keys(0).some((line) => / user +mine: 6$/.test(line))).toBe(true);
    expect(keys(1000).some((line) => / user +mine/.test(line))).toBe(false);
  });
});
