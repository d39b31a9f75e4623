// A whole boot, from the first process to the services: initramfs and its hooks, the policy that systemd loads, the switch to the real root, init. Where
// a kernel decides: init/main.c: kernel_init; what user space does about it: dracut's hooks, systemd's ima-setup.c and its switch of the root.

import { type DiskFile, O, PROT } from "../../vfs/index.ts";
import { boot, kconfigOf } from "../boot.ts";
import { parseCommandLine, valuesOf } from "../cmdline.ts";
import { parseElf } from "../elf.ts";
import type { Kernel } from "../kernel.ts";
import { mountFileSystem } from "../mount-file-system.ts";
import type { BootDisk, BootFile, BootOptions } from "../options.ts";
import type { Process } from "../process.ts";
import { type DracutModule, runDracutHooks } from "./dracut.ts";
import { failed, isThere, readAll, writeInto } from "./files.ts";
import { recordKernelSteps } from "./kernel-steps.ts";
import { type BootFinding, BootRecorder, type BootStage, type BootStep, type BootVerdict } from "./report.ts";

/** A program that a boot starts, and what it needs before it does its work. */
export interface BootProgram {
  readonly path: string;
  /** Shared libraries that its loader maps; `[]` for none. Left out for a program with a loader, they are not known. */
  readonly libraries?: readonly string[];
  /** Files that it opens. */
  readonly reads?: readonly string[];
  /** Without it the machine is not up: its failure ends in the emergency shell. Default false. */
  readonly needed?: boolean;
}

export interface BootSimulationOptions
  extends Pick<
    BootOptions,
    "release" | "cmdline" | "config" | "rootfs" | "secureBoot" | "tpm" | "labels" | "environment"
  > {
  /** Files of the initramfs by absolute path: cpio carries no xattrs. null: the kernel mounts the root itself. */
  readonly initramfs: Readonly<Record<string, BootFile | Uint8Array | string>> | null;
  /** The file system that becomes the root; left out, what lies on it is not known. */
  readonly root?: BootDisk;
  /** The text of /etc/ima/ima-policy on the root, unless its files have one (which may be signed). */
  readonly policy?: string;
  /** Certificates compiled into the kernel (DER). Those that a boot loads are files of initramfs and root. */
  readonly keys?: readonly Uint8Array[];
  /** What of dracut the initramfs has. */
  readonly dracut?: readonly DracutModule[];
  /** Whether the first process is systemd, which loads /etc/ima/ima-policy; default true. */
  readonly systemd?: boolean;
  /** The first program of the initramfs (default /init) and of the root (default: as init= or the kernel finds it). */
  readonly initramfsInit?: Omit<BootProgram, "needed">;
  readonly init?: Omit<BootProgram, "needed">;
  readonly services?: readonly BootProgram[];
}

export interface BootSimulation {
  readonly kernel: Kernel;
  readonly steps: readonly BootStep[];
  /** The first step that integrity denied and that the verdict hangs on; else the first that it denied. */
  readonly firstDenied: BootStep | null;
  readonly verdict: BootVerdict;
  /** In a sentence. */
  readonly reason: string;
  /** What the simulation lacked: with anything here, the verdict is never `comes-up`. */
  readonly unknowns: readonly string[];
}

const POLICY = "/etc/ima/ima-policy";
const POLICY_FILE = "/sys/kernel/security/ima/policy";
const NEW_ROOT = "/sysroot";
/** Where the kernel looks for its first program on a root (init/main.c: kernel_init). */
const INITS = ["/sbin/init", "/etc/init", "/bin/init", "/bin/sh"];
/** What a switch of the root starts (systemd: switch-root; dracut: init.sh). */
const SWITCHED_INITS = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd", "/sbin/init"];

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const contentOf = (file: BootFile | Uint8Array | string): Uint8Array =>
  typeof file === "string" ? bytesOf(file) : file instanceof Uint8Array ? file : file.bytes;

/** A verdict that ends the boot. */
interface End {
  readonly verdict: "emergency-shell" | "halts";
  readonly reason: string;
  readonly step: BootStep;
}

/**
 * Simulates a boot and says how far it gets. Programs do not run here: what one maps and opens has to be given, and what is not given makes the verdict `unknown`.
 * @throws InputError for options that no kernel could be booted with
 */
export function simulateBoot(options: BootSimulationOptions): BootSimulation {
  const { initramfs, root, policy, keys, services = [], dracut = [], systemd = true } = options;
  const parameters = parseCommandLine(options.cmdline ?? "");
  const files = [...(root?.files ?? [])];
  if (policy !== undefined && !files.some((file) => file.path === POLICY))
    files.push({ path: POLICY, bytes: bytesOf(policy) });
  const disk: BootDisk | undefined = root && { ...root, files };
  const kernel = boot({
    ...options,
    files: initramfs ?? rootCertificates(options, files),
    disks: disk === undefined ? {} : { root: disk },
    builtinKeys: keys ?? [],
  });
  const recorder = new BootRecorder(kernel);
  recordKernelSteps(recorder);
  const machine = new Machine(recorder, systemd);
  const initParameter = valuesOf(parameters, "init").at(-1);

  const run = (): End | null => {
    const device = [...kernel.disks.keys()][0];
    if (initramfs !== null) {
      machine.files = new Map(Object.entries(initramfs).map(([path, file]) => [path, contentOf(file)]));
      const rdinit = valuesOf(parameters, "rdinit").at(-1) ?? "/init";
      const started = machine.start("initramfs", { path: rdinit, ...options.initramfsInit });
      if (stops(started)) return machine.fallBack(started, initParameter);
      const early = machine.loadPolicy("initramfs");
      if (early !== null) return early;
    }
    if (root === undefined || device === undefined) {
      recorder.unknowns.push("what lies on the root was not given");
      return null;
    }
    const mounted = recorder.step("root", `mount ${root.fstype}`, () => {
      if (initramfs !== null) kernel.initProcess.sys.mkdir(NEW_ROOT, 0o755);
      const target = initramfs === null ? null : kernel.initProcess.sys.mount(device, NEW_ROOT, root.fstype, 0, "");
      return target === null || target.ok ? { outcome: "ok" } : failed(target.errno, NEW_ROOT);
    });
    if (stops(mounted)) return { verdict: "emergency-shell", reason: "the root cannot be mounted", step: mounted };
    if (initramfs !== null)
      runDracutHooks(dracut, { process: kernel.initProcess, recorder, parameters, release: kernel.release.text });
    recorder.step("root", "switch to the root", () => {
      // The mount at /sysroot stays: what the kernel knows of the root's files is kept, as when a mount is moved.
      mountFileSystem(kernel, "/", { fstype: root.fstype, disk: device });
      return { outcome: "ok" };
    });
    machine.files = new Map(files.map(({ path, bytes }) => [path, bytes]));
    return startRoot();
  };

  const startRoot = (): End | null => {
    const wanted = options.init?.path ?? initParameter;
    const candidates = wanted !== undefined ? [wanted] : initramfs === null ? INITS : SWITCHED_INITS;
    const there = candidates.filter((path) => isThere(kernel.initProcess, path));
    if (there.length === 0) {
      recorder.unknowns.push(`the files of the root do not hold ${candidates.join(", ")}`);
      return null;
    }
    // The kernel tries one after the other; a switch of the root takes the first that is there.
    let started: BootStep | null = null;
    for (const path of initramfs === null ? there : there.slice(0, 1)) {
      started = machine.start("init", { ...options.init, path });
      if (!stops(started)) break;
    }
    if (started !== null && stops(started))
      return initramfs === null
        ? { verdict: "halts", reason: "the kernel finds no init that it may start, and panics", step: started }
        : {
            verdict: "emergency-shell",
            reason: `the root cannot be switched to: ${started.file} does not start`,
            step: started,
          };
    const late = machine.loadPolicy("init");
    if (late !== null) return late;
    // All are started: one that fails does not keep the others from being tried.
    const ends = services.map((service): End | null => {
      const step = machine.start("services", service);
      return service.needed === true && stops(step)
        ? { verdict: "emergency-shell", reason: `${service.path} is needed and does not start`, step }
        : null;
    });
    return ends.find((end) => end !== null) ?? null;
  };

  const end = run();
  recorder.end();
  const denied = recorder.steps.find((step) => step.outcome === "denied") ?? null;
  const { steps, unknowns } = recorder;
  if (end !== null) {
    const firstDenied = end.step.outcome === "denied" ? end.step : denied;
    return { kernel, steps, firstDenied, verdict: end.verdict, reason: end.reason, unknowns };
  }
  const known = unknowns.length === 0;
  const reason = known ? "init and all that is needed start" : `not known: ${unknowns.join("; ")}`;
  return { kernel, steps, firstDenied: denied, verdict: known ? "comes-up" : "unknown", reason, unknowns };
}

/** Without an initramfs the root is there when the kernel loads its certificates, which nothing appraises. */
function rootCertificates({ config }: BootSimulationOptions, files: readonly DiskFile[]): Record<string, Uint8Array> {
  const built = kconfigOf(config);
  const paths = ["IMA_X509_PATH", "EVM_X509_PATH"].map((symbol) => built.text(symbol));
  return Object.fromEntries(
    files.filter(({ path }) => paths.includes(path)).map(({ path, bytes }) => [path, bytes] as const),
  );
}

const stops = ({ outcome }: BootStep): boolean => outcome === "denied" || outcome === "failed";

class Machine {
  readonly #recorder: BootRecorder;
  readonly #process: Process;
  readonly #systemd: boolean;
  /** What was given of the root that is in use, by path. */
  files: ReadonlyMap<string, Uint8Array> = new Map();

  constructor(recorder: BootRecorder, systemd: boolean) {
    this.#recorder = recorder;
    this.#process = recorder.kernel.initProcess;
    this.#systemd = systemd;
  }

  /** Executes a program, maps its libraries and opens its files; the first failure is the step's. */
  start(stage: BootStage, { path, libraries, reads = [] }: BootProgram): BootStep {
    return this.#recorder.step(stage, `start ${path}`, () => {
      const child = this.#process.fork();
      try {
        return this.#start(child, path, libraries, reads);
      } finally {
        child.exit();
      }
    });
  }

  #start(
    child: Process,
    path: string,
    libraries: readonly string[] | undefined,
    reads: readonly string[],
  ): BootFinding {
    if (!isThere(child, path)) return { outcome: "unknown", file: path, detail: `${path} was not given` };
    const started = child.sys.execve(path, [path]);
    if (!started.ok) {
      // A file whose content was left out is no program.
      if (started.errno === "ENOEXEC")
        return {
          outcome: "unknown",
          file: path,
          errno: started.errno,
          detail: `${path} is no program that is known here`,
        };
      if (started.errno === "ENOENT")
        return {
          outcome: "unknown",
          file: path,
          errno: started.errno,
          detail: `the interpreter of ${path} was not given`,
        };
      return failed(started.errno, path);
    }
    for (const library of libraries ?? []) {
      if (!isThere(child, library)) return { outcome: "unknown", file: library, detail: `${library} was not given` };
      const opened = child.sys.open(library, O.RDONLY | O.CLOEXEC, 0);
      if (!opened.ok) return failed(opened.errno, library, `a library of ${path}`);
      const mapped = child.sys.mmap(opened.value, {
        prot: PROT.READ | PROT.EXEC,
        shared: false,
        length: 4096,
        offset: 0,
      });
      child.sys.close(opened.value);
      if (!mapped.ok) return failed(mapped.errno, library, `a library of ${path}`);
    }
    for (const file of reads) {
      if (!isThere(child, file)) return { outcome: "unknown", file, detail: `${file} was not given` };
      const read = readAll(child, file);
      if (!read.ok) return failed(read.errno, file, `${path} opens it`);
    }
    if (libraries === undefined && needsMore(this.files.get(path)))
      return { outcome: "unknown", file: path, detail: `what ${path} loads and runs was not given (libraries)` };
    return { outcome: "ok", file: path };
  }

  /** kernel_init, where the initramfs' own program does not start: what init= names, or else the usual ones, still in the initramfs. */
  fallBack(first: BootStep, initParameter: string | undefined): End {
    for (const path of initParameter === undefined ? INITS : [initParameter]) {
      if (this.files.has(path) && !stops(this.start("initramfs", { path })))
        return {
          verdict: "emergency-shell",
          reason: `the kernel starts ${path} of the initramfs instead`,
          step: first,
        };
    }
    return { verdict: "halts", reason: `the kernel cannot start ${first.file}, and panics`, step: first };
  }

  /** systemd's ima_setup: by path first; where the kernel does not take that, line by line. A line that is refused stops systemd. */
  loadPolicy(stage: BootStage): End | null {
    const process = this.#process;
    if (!this.#systemd || !isThere(process, POLICY_FILE) || !isThere(process, POLICY)) return null;
    const byPath = this.#recorder.step(stage, "systemd loads the policy by its path", () => {
      const refused = writeInto(process, POLICY_FILE, [bytesOf(POLICY)]);
      return refused === null ? { outcome: "ok", file: POLICY } : failed(refused, POLICY);
    });
    // Another policy is in force, and the file cannot be opened again: systemd goes on.
    if (!stops(byPath) || byPath.errno === "EBUSY") return null;
    let refusedLine = false;
    const byLine = this.#recorder.step(stage, "systemd loads the policy line by line", () => {
      const text = readAll(process, POLICY);
      if (!text.ok) return failed(text.errno, POLICY, "systemd cannot read it, and goes on without");
      const lines = new TextDecoder()
        .decode(text.value)
        .split("\n")
        .filter((line) => line !== "");
      const refused = writeInto(process, POLICY_FILE, lines.map(bytesOf));
      refusedLine = refused !== null;
      return refused === null ? { outcome: "ok", file: POLICY } : failed(refused, POLICY, "a rule is refused");
    });
    return refusedLine
      ? { verdict: "halts", reason: "systemd freezes, because the policy is refused", step: byLine }
      : null;
  }
}

/** A script runs what nobody here reads; a program with a loader has libraries. */
function needsMore(content: Uint8Array | undefined): boolean {
  const program = content === undefined ? undefined : parseElf(content);
  return program?.ok !== true || program.value.interpreter !== null;
}
