// Security modules of one's own: every hook is reached, every deciding hook can refuse, and refuses before IMA where it stands before.
import { describe, expect, it } from "vitest";
import { demonstrate as scan } from "../../examples/on-access-scanner.ts";
import { demonstrate as label } from "../../examples/selinux-labels.ts";
import { boot, type Kernel, type SecurityModule, type Task } from "../../src/index.ts";
import { OPEN, PROT_FLAGS, TYPE_FLAGS } from "../../src/kernel/index.ts";
import { payload } from "../../src/scenario/payload.ts";

type Hook = Exclude<keyof SecurityModule, "name">;
type Act = (task: Task, kernel: Kernel) => unknown;

const ACL = Uint8Array.from(
  Buffer.from(
    "02000000010006" + "00ffffffff" + "02000600e8030000" + "04000400ffffffff" + "10000600ffffffff" + "20000400ffffffff",
    "hex",
  ),
);
const acl: Act = (task) => task.setxattr("/mnt/f", "system.posix_acl_access", ACL);
const map = (task: Task) => task.mmap(task.open("/mnt/f"), "PROT_READ");
const policyByPath: Act = (_, kernel) => kernel.securityfs.write("ima/policy", "/mnt/policy");
const failing = (errno: string | null) => {
  if (errno !== null) throw Object.assign(new Error(errno), { code: errno });
};

/** What reaches each hook, and whether the hook can refuse it. */
const HOOKS: Readonly<Record<Hook, { readonly act: Act; readonly decides: boolean }>> = {
  inodePermission: { act: (task) => task.readFile("/mnt/f"), decides: true },
  inodeCreate: { act: (task) => task.writeFile("/mnt/new", ""), decides: true },
  inodeLink: { act: (task) => task.link("/mnt/f", "/mnt/new"), decides: true },
  inodeUnlink: { act: (task) => task.unlink("/mnt/f"), decides: true },
  inodeRename: { act: (task) => task.rename("/mnt/f", "/mnt/new"), decides: true },
  inodeGetattr: { act: (task) => task.stat("/mnt/f"), decides: true },
  inodeInitSecurity: { act: (task) => task.writeFile("/mnt/new", ""), decides: true },
  inodePostCreateTmpfile: { act: (task) => task.open("/mnt", "O_TMPFILE|O_RDWR"), decides: false },
  pathPostMknod: {
    act: (task) => failing(task.process.sys.mknod("/mnt/new", TYPE_FLAGS.S_IFREG | 0o644, { major: 0, minor: 0 })),
    decides: false,
  },
  inodeFree: { act: (task) => task.unlink("/mnt/f"), decides: false },
  fileOpen: { act: (task) => task.open("/mnt/f"), decides: true },
  filePostOpen: { act: (task) => task.open("/mnt/f"), decides: true },
  fileRelease: { act: (task) => task.close(task.open("/mnt/f")), decides: false },
  filePermission: { act: (task) => task.readFile("/mnt/f"), decides: true },
  fileTruncate: { act: (task) => failing(task.process.sys.ftruncate(task.open("/mnt/f", "O_RDWR"), 1)), decides: true },
  pathTruncate: { act: (task) => task.truncate("/mnt/f", 1), decides: true },
  mmapFile: { act: map, decides: true },
  fileMprotect: { act: (task) => task.mprotect(map(task), PROT_FLAGS.PROT_READ | PROT_FLAGS.PROT_EXEC), decides: true },
  bprmCredsForExec: { act: (task) => task.execve("/mnt/run"), decides: true },
  bprmCheck: { act: (task) => task.execve("/mnt/run"), decides: true },
  bprmCredsFromFile: { act: (task) => task.execve("/mnt/run"), decides: true },
  inodeSetattr: { act: (task) => task.chmod("/mnt/f", 0o600), decides: true },
  inodePostSetattr: { act: (task) => task.chmod("/mnt/f", 0o600), decides: false },
  inodeSetxattr: { act: (task) => task.setxattr("/mnt/f", "user.x", "1"), decides: true },
  inodePostSetxattr: { act: (task) => task.setxattr("/mnt/f", "user.x", "1"), decides: false },
  inodeGetxattr: { act: (task) => task.getxattr("/mnt/f", "user.there"), decides: true },
  inodeGetsecurity: {
    act: (task) => expect(() => task.getxattr("/mnt/f", "security.x")).toThrow("ENODATA"),
    decides: false,
  },
  inodeSetsecurity: {
    act: (task, kernel) => {
      kernel.mount("/ram", { fstype: "ramfs" });
      task.setxattr("/ram", "security.x", "1");
    },
    decides: true,
  },
  inodeListsecurity: { act: (task) => task.listxattr("/"), decides: false },
  inodeRemovexattr: { act: (task) => task.removexattr("/mnt/f", "user.there"), decides: true },
  inodePostRemovexattr: { act: (task) => task.removexattr("/mnt/f", "user.there"), decides: false },
  inodeSetAcl: { act: acl, decides: true },
  inodePostSetAcl: { act: acl, decides: false },
  inodeGetAcl: { act: (task) => task.getxattr("/mnt/acl", "system.posix_acl_access"), decides: true },
  inodeRemoveAcl: { act: (task) => task.removexattr("/mnt/acl", "system.posix_acl_access"), decides: true },
  inodePostRemoveAcl: { act: (task) => task.removexattr("/mnt/acl", "system.posix_acl_access"), decides: false },
  inodeCopyUpXattr: { act: (task) => task.chmod("/overlay/l", 0o600), decides: true },
  kernelReadFile: { act: policyByPath, decides: true },
  kernelPostReadFile: { act: policyByPath, decides: true },
  kernelLoadData: { act: (task) => failing(task.process.sys.initModule(new Uint8Array(64), "")), decides: true },
  kernelPostLoadData: { act: (task) => failing(task.process.sys.initModule(new Uint8Array(64), "")), decides: true },
};
const NAMES = Object.keys(HOOKS) as Hook[];

/** A machine whose last-made module answers one hook, once it is armed. */
function machine(hook: Hook, answer: () => unknown) {
  let armed = false;
  let calls = 0;
  const module = {
    name: "own",
    [hook]: () => {
      if (!armed) return null;
      calls++;
      return answer();
    },
  } as SecurityModule;
  const kernel = boot({ cmdline: "ima_policy=tcb", modules: [module], config: { MODULE_SIG: false } });
  const task = kernel.task({ umask: 0 });
  kernel.mount("/mnt", { fstype: "ext4" });
  kernel.mount("/below", { fstype: "ext4" });
  for (const part of ["lower", "upper", "work"]) task.mkdir(`/below/${part}`);
  task.writeFile("/below/lower/l", "lower");
  task.setxattr("/below/lower/l", "user.x", "1");
  kernel.mount("/overlay", {
    fstype: "overlay",
    options: "lowerdir=/below/lower,upperdir=/below/upper,workdir=/below/work",
  });
  task.writeFile("/mnt/f", "content");
  task.setxattr("/mnt/f", "user.there", "1");
  task.writeFile("/mnt/acl", "content");
  task.setxattr("/mnt/acl", "system.posix_acl_access", ACL);
  task.writeFile("/mnt/run", payload("true"), { mode: 0o755 });
  task.writeFile("/mnt/policy", "measure func=MODULE_CHECK\n");
  armed = true;
  return { kernel, task, calls: () => calls };
}

describe("a module that only watches", () => {
  it.each(NAMES)("%s", (hook) => {
    const { kernel, task, calls } = machine(hook, () => null);
    try {
      HOOKS[hook].act(task, kernel);
    } catch (error) {
      // What is no module is found out after the hooks.
      expect(error).toMatchObject({ code: "ENOEXEC" });
    }
    expect(calls()).toBeGreaterThan(0);
  });
});

describe("a module that refuses", () => {
  const mounted = (kernel: Kernel) => kernel.measuredLines().filter((line) => / \/mnt\//.test(line));

  it.each(NAMES.filter((hook) => HOOKS[hook].decides))("%s", (hook) => {
    const { kernel, task } = machine(hook, () => (hook === "inodeCopyUpXattr" ? { errno: "EXDEV" } : "EXDEV"));
    expect(() => HOOKS[hook].act(task, kernel)).toThrow(expect.objectContaining({ code: "EXDEV" }) as Error);
    // Refused before IMA, so not measured.
    if (/^(inodePermission|fileOpen|filePostOpen|bprmCredsForExec)$/.test(hook)) expect(mounted(kernel)).toEqual([]);
  });

  it("of two, the first one's word counts and the second is not asked", () => {
    const asked: string[] = [];
    const refuse = (name: string): SecurityModule => ({
      name,
      inodeSetxattr() {
        asked.push(name);
        return name === "first" ? "EPERM" : "EXDEV";
      },
    });
    const kernel = boot({ modules: [refuse("first"), refuse("second")] });
    kernel.task().writeFile("/f", "");
    expect(() => kernel.task().setxattr("/f", "trusted.x", "1")).toThrow("EPERM");
    expect(asked).toEqual(["first"]);
    expect(kernel.lsm).toBe("capability,first,second,ima,evm");
  });

  it("comes after DAC: who may not open a file does not make a module ask", () => {
    let asked = 0;
    const kernel = boot({
      modules: [
        {
          name: "own",
          fileOpen: () => {
            asked++;
            return null;
          },
        },
      ],
    });
    kernel.task().writeFile("/f", "", { mode: 0o600 });
    asked = 0;
    expect(() => kernel.task({ uid: 1000 }).open("/f", OPEN.O_RDONLY)).toThrow("EACCES");
    expect(asked).toBe(0);
  });
});

describe("the examples", () => {
  it("on-access scanner: refused before IMA is asked, so nothing of it is measured", () => {
    expect(scan()).toEqual([
      "/srv/letter was read",
      "cat (uid 0) was kept from attachment",
      "/srv/attachment: open failed with EPERM",
      "sh (uid 0) was kept from attachment",
      "/srv/attachment: execve failed with EPERM",
      "measured: boot_aggregate, /srv/letter",
    ]);
  });

  it("labels like those of SELinux: what the server reads but its logs, and the server itself", () => {
    expect(label()).toEqual(["boot_aggregate", "/srv/httpd.conf", "/srv/httpd"]);
  });
});
