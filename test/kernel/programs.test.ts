// Programs and mappings: execve through every format, credentials, and what IMA is asked on the way.
import { describe, expect, it } from "vitest";
import type { Result } from "../../src/errno/index.ts";
import { boot, type Decision, type Kernel, type Task } from "../../src/index.ts";
import { OPEN, PROT_FLAGS } from "../../src/kernel/index.ts";
import { payload } from "../../src/scenario/payload.ts";

const { PROT_READ, PROT_WRITE, PROT_EXEC } = PROT_FLAGS;
const told = (result: Result<unknown>) => (result.ok ? "ok" : result.errno);
function got<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.errno);
  return result.value;
}

interface Machine {
  readonly kernel: Kernel;
  readonly root: Task;
  readonly decisions: Decision[];
  readonly program: (path: string, content: Uint8Array | string, mode?: number) => void;
}

const POLICY = `measure func=BPRM_CHECK mask=MAY_EXEC fsname=ext4
measure func=CREDS_CHECK mask=MAY_EXEC euid=0 fsname=ext4
measure func=MMAP_CHECK mask=MAY_EXEC fsname=ext4
measure func=FILE_CHECK mask=MAY_READ fsname=ext4
`;

function machine(release = "6.12", policy = POLICY): Machine {
  const kernel = boot({ release, cmdline: "ima_appraise=log" });
  kernel.mount("/mnt", { fstype: "ext4" });
  const root = kernel.task({ umask: 0 });
  const decisions: Decision[] = [];
  const program = (path: string, content: Uint8Array | string, mode = 0o755) => root.writeFile(path, content, { mode });
  program("/mnt/true", payload("true"));
  program("/mnt/seven", payload("exit:7"));
  program("/mnt/ld", payload("exit:3"));
  program("/mnt/dynamic", payload("interp:/mnt/ld"));
  if (policy !== "") kernel.securityfs.write("ima/policy", policy);
  kernel.watch((decision) => {
    if (decision.rules.some((rule) => rule.outcome === "matched")) decisions.push(decision);
  });
  return { kernel, root, decisions, program };
}

const asked = (decisions: readonly Decision[]) =>
  decisions.map(({ hook, object }) => `${hook} ${object.path.slice(5)}`);

describe("execve", () => {
  it("runs a program to its end", () => {
    const { root, decisions } = machine();
    expect(root.execve("/mnt/true")).toEqual({ exit: 0 });
    expect(root.execve("/mnt/seven")).toEqual({ exit: 7 });
    expect(asked(decisions)).toEqual([
      "BPRM_CHECK true",
      "CREDS_CHECK true",
      "MMAP_CHECK true",
      "BPRM_CHECK seven",
      "CREDS_CHECK seven",
      "MMAP_CHECK seven",
    ]);
  });

  it("with an interpreter of its own: the interpreter runs, and is asked for when it is mapped", () => {
    const { root, decisions } = machine();
    expect(root.execve("/mnt/dynamic")).toEqual({ exit: 3 });
    expect(asked(decisions)).toEqual([
      "BPRM_CHECK dynamic",
      "CREDS_CHECK dynamic",
      "MMAP_CHECK dynamic",
      "MMAP_CHECK ld",
    ]);
  });

  it("with an interpreter that is not there, that is none, or that may not run", () => {
    const { root, program } = machine();
    program("/mnt/lost", payload("interp:/mnt/none"));
    expect(() => root.execve("/mnt/lost")).toThrow("ENOENT");
    program("/mnt/odd", payload("interp:/mnt/text"));
    program("/mnt/text", "too short for a header");
    expect(() => root.execve("/mnt/odd")).toThrow("EIO");
    program("/mnt/text", "words ".repeat(20));
    expect(() => root.execve("/mnt/odd")).toThrow("ELIBBAD");
    root.chmod("/mnt/text", 0o644);
    expect(() => root.execve("/mnt/odd")).toThrow("EACCES");
  });

  it("through #!: each script is asked for, then its interpreter", () => {
    const { root, decisions, program } = machine();
    program("/mnt/s1", "#!/mnt/seven\n");
    program("/mnt/s2", "#! /mnt/s1 with an argument\n");
    expect(root.execve("/mnt/s2")).toEqual({ exit: 7 });
    expect(asked(decisions).filter((line) => line.startsWith("BPRM"))).toEqual([
      "BPRM_CHECK s2",
      "BPRM_CHECK s1",
      "BPRM_CHECK seven",
    ]);
  });

  it("credentials are checked of each script before 6.19, of the program that runs from then on", () => {
    const creds = (release: string) => {
      const { root, decisions, program } = machine(release);
      program("/mnt/script", "#!/mnt/true\n");
      root.execve("/mnt/script");
      return asked(decisions).filter((line) => line.startsWith("CREDS"));
    };
    expect(creds("6.12")).toEqual(["CREDS_CHECK script", "CREDS_CHECK true"]);
    expect(creds("6.19")).toEqual(["CREDS_CHECK true"]);
  });

  it("through too many scripts, and through broken ones", () => {
    const { root, program } = machine();
    program("/mnt/s0", "#!/mnt/true\n");
    for (let i = 1; i <= 6; i++) program(`/mnt/s${i}`, `#!/mnt/s${i - 1}\n`);
    expect(root.execve("/mnt/s4")).toEqual({ exit: 0 });
    expect(() => root.execve("/mnt/s5")).toThrow("ELOOP");
    for (const head of ["#!\n", "#!   \n", `#!/${"x".repeat(300)}`]) {
      program("/mnt/broken", head);
      expect(() => root.execve("/mnt/broken")).toThrow("ENOEXEC");
    }
    program("/mnt/nowhere", "#!/mnt/none\n");
    expect(() => root.execve("/mnt/nowhere")).toThrow("ENOENT");
    program("/mnt/cut", "#!/mnt/true");
    expect(root.execve("/mnt/cut")).toEqual({ exit: 0 });
  });

  it("refuses what is no program, no file, or without leave to run", () => {
    const { kernel, root, program } = machine();
    program("/mnt/words", "words");
    expect(() => root.execve("/mnt/words")).toThrow("ENOEXEC");
    expect(() => root.execve("/mnt")).toThrow("EACCES");
    expect(() => root.execve("/mnt/none")).toThrow("ENOENT");
    root.chmod("/mnt/true", 0o644);
    expect(() => root.execve("/mnt/true")).toThrow("EACCES");
    root.chmod("/mnt/true", 0o744);
    expect(() => kernel.task({ uid: 1000, gid: 1000 }).execve("/mnt/true")).toThrow("EACCES");
    kernel.mount("/noexec", { fstype: "tmpfs", options: "" });
    kernel.initProcess.sys.mount("none", "/noexec", null, 32 | 8, "");
    root.writeFile("/noexec/true", payload("true"), { mode: 0o755 });
    expect(() => root.execve("/noexec/true")).toThrow("EACCES");
  });

  it("of a set-user-ID program: its owner's rights, and CREDS_CHECK sees them", () => {
    const { kernel, root, decisions } = machine();
    root.chmod("/mnt/seven", 0o4755);
    const child = kernel.task({ uid: 1000, gid: 1000 }).process;
    expect(told(child.sys.execve("/mnt/seven", []))).toBe("ok");
    expect(child.cred).toMatchObject({ uid: 1000, euid: 0, suid: 0, gid: 1000, egid: 1000 });
    expect(child.comm).toBe("seven");
    expect(child.exe).toBe("/mnt/seven");
    // Before the kernel has looked at the mode, the caller's ids stand there.
    expect(asked(decisions)).not.toContain("CREDS_CHECK seven");
    const late = machine("6.19");
    late.root.chmod("/mnt/seven", 0o4755);
    late.kernel.task({ uid: 1000, gid: 1000 }).execve("/mnt/seven");
    expect(asked(late.decisions)).toContain("CREDS_CHECK seven");
  });

  it("closes what the process had open and denies writers while it sleeps", () => {
    const { kernel, root, program } = machine();
    program("/mnt/sleeper", payload("pause"));
    const child = kernel.task().process;
    const fd = got(child.sys.open("/mnt/true", OPEN.O_RDONLY, 0));
    expect(got(child.sys.execve("/mnt/sleeper", []))).toBe("sleeps");
    expect(told(child.sys.read(fd, 1))).toBe("EBADF");
    expect(() => root.open("/mnt/sleeper", "O_WRONLY")).toThrow("ETXTBSY");
    expect(() => root.truncate("/mnt/sleeper", 0)).toThrow("ETXTBSY");
    root.rename("/mnt/sleeper", "/mnt/moved");
    root.unlink("/mnt/moved");
    child.exit();
    root.close(root.open("/mnt/seven", "O_WRONLY"));
  });

  it("by a descriptor: it has the name of its file, before that was mended the descriptor's", () => {
    for (const [release, comm] of [
      ["6.12.13", "0"],
      ["6.12.14", "seven"],
      ["6.14", "seven"],
    ] as const) {
      const { process } = machine(release).kernel.task();
      const fd = got(process.sys.open("/mnt/seven", OPEN.O_PATH, 0));
      expect(told(process.sys.execveat(fd, []))).toBe("ok");
      expect(process.comm, release).toBe(comm);
    }
  });

  it("execveat with AT_EXECVE_CHECK asks and runs nothing, from 6.14 on", () => {
    const { kernel, decisions } = machine("6.14");
    const { sys } = kernel.task().process;
    const fd = got(sys.open("/mnt/seven", OPEN.O_PATH, 0));
    expect(got(sys.execveat(fd, [], true))).toEqual({ exit: 0 });
    expect(asked(decisions)).toEqual(["BPRM_CHECK seven"]);
    const before = machine("6.12").kernel.task().process.sys;
    expect(told(before.execveat(got(before.open("/mnt/seven", OPEN.O_PATH, 0)), [], true))).toBe("EINVAL");
  });
});

describe("mappings", () => {
  it("need a descriptor that reads, and one that writes for a shared writable one", () => {
    const { kernel } = machine();
    const { sys } = kernel.task().process;
    const [r, w, rw] = [OPEN.O_RDONLY, OPEN.O_WRONLY, OPEN.O_RDWR].map((flags) => got(sys.open("/mnt/true", flags, 0)));
    const map = (fd: number, prot: number, shared: boolean, length = 4096, offset = 0) =>
      told(sys.mmap(fd, { prot, shared, length, offset }));
    expect(map(w!, PROT_READ, false)).toBe("EACCES");
    expect(map(r!, PROT_READ | PROT_WRITE, true)).toBe("EACCES");
    expect(map(r!, PROT_READ | PROT_WRITE, false)).toBe("ok");
    expect(map(rw!, PROT_READ | PROT_WRITE, true)).toBe("ok");
    expect(map(r!, PROT_READ, false, 0)).toBe("EINVAL");
    expect(map(r!, PROT_READ, false, 4096, 100)).toBe("EINVAL");
    expect(map(99, PROT_READ, false)).toBe("EBADF");
    expect(map(got(sys.open("/mnt", OPEN.O_RDONLY, 0)), PROT_READ, false)).toBe("ENODEV");
  });

  it("hold the file when its descriptor is closed, and show what is written to it", () => {
    const { kernel, root } = machine();
    root.writeFile("/mnt/f", "0123");
    const { sys } = kernel.task().process;
    const fd = got(sys.open("/mnt/f", OPEN.O_RDWR, 0));
    const shared = got(sys.mmap(fd, { prot: PROT_READ | PROT_WRITE, shared: true, length: 4096, offset: 0 }));
    const mine = got(sys.mmap(fd, { prot: PROT_READ | PROT_WRITE, shared: false, length: 4096, offset: 0 }));
    sys.close(fd);
    expect(sys.store(mine, 0, Uint8Array.of(0x41))).toBeNull();
    expect(sys.store(shared, 1, Uint8Array.of(0x42))).toBeNull();
    expect(new TextDecoder().decode(root.readFile("/mnt/f"))).toBe("0B23");
    expect(sys.load(mine, 0, 1)).toEqual(Uint8Array.of(0x41));
    expect(() => root.execve("/mnt/f")).toThrow("EACCES");
    root.chmod("/mnt/f", 0o755);
    expect(() => root.execve("/mnt/f")).toThrow("ETXTBSY");
    expect(sys.munmap(shared)).toBeNull();
    sys.munmap(mine);
    expect(() => root.execve("/mnt/f")).toThrow("ENOEXEC");
    expect(sys.munmap(shared)).toBe("EINVAL");
    expect(sys.msync(shared)).toBe("ENOMEM");
    expect(sys.store(shared, 0, Uint8Array.of(1))).toBe("SIGSEGV");
  });

  it("beyond the file's last page raise SIGBUS, without the right SIGSEGV", () => {
    const { kernel, root } = machine();
    root.writeFile("/mnt/f", "0123");
    const { sys } = kernel.task().process;
    const fd = got(sys.open("/mnt/f", OPEN.O_RDONLY, 0));
    const map = got(sys.mmap(fd, { prot: PROT_READ, shared: true, length: 8192, offset: 0 }));
    expect(sys.load(map, 4095, 1)).toEqual(Uint8Array.of(0));
    expect(sys.load(map, 4096, 1)).toBe("SIGBUS");
    expect(sys.store(map, 0, Uint8Array.of(1))).toBe("SIGSEGV");
  });

  it("made executable later are refused under an appraise rule in any mode, and never asked for without one", () => {
    const policy = "appraise func=MMAP_CHECK fsname=ext4\n";
    for (const rules of [policy, ""]) {
      const { kernel } = machine("6.12", rules);
      const { sys } = kernel.task().process;
      const fd = got(sys.open("/mnt/true", OPEN.O_RDONLY, 0));
      const map = got(sys.mmap(fd, { prot: PROT_READ, shared: false, length: 4096, offset: 0 }));
      expect(sys.mprotect(map, PROT_READ | PROT_EXEC)).toBe(rules === "" ? null : "EPERM");
      expect(sys.mprotect(map, PROT_READ | PROT_WRITE)).toBeNull();
      const anonymous = got(sys.mmap(null, { prot: PROT_READ, shared: false, length: 4096, offset: 0 }));
      expect(sys.mprotect(anonymous, PROT_READ | PROT_EXEC)).toBeNull();
      const running = got(sys.mmap(fd, { prot: PROT_READ | PROT_EXEC, shared: false, length: 4096, offset: 0 }));
      expect(sys.mprotect(running, PROT_READ)).toBeNull();
    }
  });

  it("of a reader do not become writable and shared", () => {
    const { kernel } = machine();
    const { sys } = kernel.task().process;
    const fd = got(sys.open("/mnt/true", OPEN.O_RDONLY, 0));
    const map = got(sys.mmap(fd, { prot: PROT_READ, shared: true, length: 4096, offset: 0 }));
    expect(sys.mprotect(map, PROT_READ | PROT_WRITE)).toBe("EACCES");
    expect(sys.mprotect(77, PROT_READ)).toBe("ENOMEM");
  });

  it("READ_IMPLIES_EXEC: MMAP_CHECK sees what it makes of the request, MMAP_CHECK_REQPROT the request", () => {
    const policy =
      "measure func=MMAP_CHECK mask=MAY_EXEC fsname=ext4\nmeasure func=MMAP_CHECK_REQPROT mask=MAY_EXEC fsname=ext4\n";
    const { kernel, decisions } = machine("6.12", policy);
    const { process } = kernel.task();
    const fd = got(process.sys.open("/mnt/true", OPEN.O_RDONLY, 0));
    const map = (prot: number) => process.sys.mmap(fd, { prot, shared: false, length: 4096, offset: 0 });
    map(PROT_READ);
    expect(asked(decisions)).toEqual([]);
    process.readImpliesExec = true;
    map(PROT_READ);
    expect(asked(decisions)).toEqual(["MMAP_CHECK true"]);
    map(PROT_READ | PROT_EXEC);
    expect(asked(decisions).slice(1)).toEqual(["MMAP_CHECK_REQPROT true", "MMAP_CHECK true"]);
  });
});
