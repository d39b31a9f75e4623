// A whole boot, from the first process to the services: initramfs and its hooks, the policy that systemd loads, the switch to the real root, init. Where
// a kernel decides: init/main.c: kernel_init; what user space does about it: dracut's hooks, systemd's ima-setup.c and its switch of the root.

import type { DiskEntry } from "../../vfs/index.ts";
import { bootAsFarAsItComes } from "../boot.ts";
import { parseCommandLine, valuesOf } from "../cmdline.ts";
import type { Kernel } from "../kernel.ts";
import { mountFileSystem } from "../mount-file-system.ts";
import type { BootDisk, BootOptions, FilesOfInitramfs } from "../options.ts";
import { type DracutModule, runDracutHooks } from "./dracut.ts";
import { failed, isThere } from "./files.ts";
import { recordKernelSteps } from "./kernel-steps.ts";
import { type BootProgram, startProgram, stops } from "./programs.ts";
import { type BootEnd, BootRecorder, type BootStage, type BootStep, BootStopped, type BootVerdict } from "./report.ts";
import { SYSTEMD_POLICY, systemdLoadsPolicy } from "./systemd.ts";

export interface BootSimulationOptions
  extends Pick<
    BootOptions,
    "release" | "cmdline" | "config" | "rootfs" | "secureBoot" | "tpm" | "labels" | "environment"
  > {
  /** Files by absolute path, or what decodeInitramfs() read of an image: cpio carries no xattrs. null: the kernel mounts the root itself. */
  readonly initramfs: FilesOfInitramfs | null;
  /** The file system that becomes the root, its files given or read of an archive by decodeTar(); left out, what lies on it is not known. */
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

const NEW_ROOT = "/sysroot";
/** Where the kernel looks for its first program on a root (init/main.c: kernel_init). */
const INITS = ["/sbin/init", "/etc/init", "/bin/init", "/bin/sh"];
/** What a switch of the root starts (systemd: src/core/main.c: do_reexecute), the first that can be. */
const SYSTEMD_BINARIES = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"];
const SYSTEMD_FALLBACK = "/sbin/init";

/**
 * Simulates a boot and says how far it gets. Programs do not run here: what one maps and opens has to be given, and what is not given makes the verdict `unknown`.
 * @throws InputError for options that no kernel could be booted with
 */
export function simulateBoot(options: BootSimulationOptions): BootSimulation {
  const simulated = new Simulation(options);
  const { recorder } = simulated;
  const end = simulated.run();
  recorder.end();
  const { kernel, steps, unknowns } = recorder;
  const denied = steps.find((step) => step.outcome === "denied") ?? null;
  if (end !== null) {
    const firstDenied = end.step.outcome === "denied" ? end.step : denied;
    return { kernel, steps, firstDenied, verdict: end.verdict, reason: end.reason, unknowns };
  }
  const known = unknowns.length === 0;
  const reason = known ? "init and all that is needed start" : `not known: ${unknowns.join("; ")}`;
  return { kernel, steps, firstDenied: denied, verdict: known ? "comes-up" : "unknown", reason, unknowns };
}

/** Whether an initramfs has a program: without it the kernel mounts the root itself (init/main.c: kernel_init_freeable). */
function hasProgram(initramfs: FilesOfInitramfs, path: string): boolean {
  // Files that are named by hand need not be all that there are.
  return !Array.isArray(initramfs) || initramfs.some((entry) => entry.path === path);
}

class Simulation {
  readonly recorder: BootRecorder;
  readonly #options: BootSimulationOptions;
  readonly #kernel: Kernel;
  readonly #systemd: boolean;
  /** init= */
  readonly #initParameter: string | undefined;
  /** The first program of the initramfs; null where there is none to start. */
  readonly #early: string | null;

  constructor(options: BootSimulationOptions) {
    const { initramfs, root, policy } = options;
    const parameters = parseCommandLine(options.cmdline ?? "");
    const rdinit = valuesOf(parameters, "rdinit").at(-1) ?? "/init";
    this.#options = options;
    this.#systemd = options.systemd ?? true;
    this.#initParameter = valuesOf(parameters, "init").at(-1);
    this.#early = initramfs !== null && hasProgram(initramfs, rdinit) ? rdinit : null;
    const files: DiskEntry[] = [...(root?.files ?? [])];
    if (policy !== undefined && !files.some((file) => file.path === SYSTEMD_POLICY))
      files.push({ path: SYSTEMD_POLICY, bytes: new TextEncoder().encode(policy) });
    this.#kernel = bootAsFarAsItComes({
      ...options,
      files: initramfs ?? {},
      disks: root === undefined ? {} : { root: { ...root, files } },
      ...(this.#early === null && root !== undefined && { rootDisk: "root" }),
      builtinKeys: options.keys ?? [],
    });
    this.recorder = new BootRecorder(this.#kernel);
  }

  /** @returns what ends the boot before the machine is up, if anything does */
  run(): BootEnd | null {
    const { root } = this.#options;
    try {
      recordKernelSteps(this.recorder, this.#early === null && root !== undefined ? root.fstype : null);
      if (this.#early !== null) {
        const end = this.#runInitramfs(this.#early);
        if (end !== null) return end;
      }
      if (root === undefined) {
        this.recorder.unknowns.push("what lies on the root was not given");
        return null;
      }
      return (this.#early === null ? null : this.#switchRoot(root)) ?? this.#startRoot() ?? this.#startServices();
    } catch (stopped) {
      if (stopped instanceof BootStopped) return stopped.end;
      throw stopped;
    }
  }

  #runInitramfs(path: string): BootEnd | null {
    const started = startProgram(this.recorder, "initramfs", { path, ...this.#options.initramfsInit });
    return stops(started) ? this.#fallBack(started) : this.#loadPolicy("initramfs");
  }

  /** kernel_init, where the initramfs' own program does not start: what init= names, or else the usual ones, still in the initramfs. */
  #fallBack(first: BootStep): BootEnd {
    for (const path of this.#initParameter === undefined ? INITS : [this.#initParameter]) {
      if (!isThere(this.#kernel.initProcess, path)) continue;
      if (stops(startProgram(this.recorder, "initramfs", { path }))) continue;
      const reason = `the kernel starts ${path} of the initramfs instead`;
      return { verdict: "emergency-shell", reason, step: first };
    }
    return { verdict: "halts", reason: `the kernel cannot start ${first.file}, and panics`, step: first };
  }

  #loadPolicy(stage: BootStage): BootEnd | null {
    return this.#systemd ? systemdLoadsPolicy(this.recorder, stage) : null;
  }

  #switchRoot({ fstype }: BootDisk): BootEnd | null {
    const kernel = this.#kernel;
    const [disk] = kernel.disks.keys();
    const mounted = this.recorder.step("root", `mount ${fstype}`, () => {
      kernel.initProcess.sys.mkdir(NEW_ROOT, 0o755);
      const target = kernel.initProcess.sys.mount(disk!, NEW_ROOT, fstype, 0, "");
      return target.ok ? { outcome: "ok" } : failed(target.errno, NEW_ROOT);
    });
    if (stops(mounted)) return { verdict: "emergency-shell", reason: "the root cannot be mounted", step: mounted };
    runDracutHooks(this.#options.dracut ?? [], this.recorder);
    this.recorder.step("root", "switch to the root", () => {
      // The mount at /sysroot stays: what the kernel knows of the root's files is kept, as when a mount is moved.
      mountFileSystem(kernel, "/", { fstype, disk: disk! });
      return { outcome: "ok" };
    });
    return null;
  }

  /** The first program of the root, and the policy that it loads. */
  #startRoot(): BootEnd | null {
    const candidates = this.#candidates();
    const there = candidates.filter((path) => isThere(this.#kernel.initProcess, path));
    if (there.length === 0) {
      this.recorder.unknowns.push(`the files of the root do not hold ${candidates.join(", ")}`);
      return null;
    }
    let first: BootStep | null = null;
    for (const path of there) {
      const started = startProgram(this.recorder, "init", { ...this.#options.init, path });
      if (!stops(started)) return this.#loadPolicy("init");
      first ??= started;
    }
    return this.#noInit(first!);
  }

  #candidates(): string[] {
    const wanted = this.#options.init?.path ?? this.#initParameter;
    // The kernel tries what init= names, and nothing else then.
    if (this.#early === null) return wanted === undefined ? INITS : [wanted];
    const first =
      wanted === undefined
        ? SYSTEMD_BINARIES.filter((path) => isThere(this.#kernel.initProcess, path)).slice(0, 1)
        : [wanted];
    return this.#systemd ? [...new Set([...first, SYSTEMD_FALLBACK])] : first.length > 0 ? first : [SYSTEMD_FALLBACK];
  }

  #noInit(step: BootStep): BootEnd {
    if (this.#early === null)
      return { verdict: "halts", reason: "the kernel finds no init that it may start, and panics", step };
    // The initramfs is gone by then, and with it its shell.
    return this.#systemd
      ? {
          verdict: "halts",
          reason: `systemd has switched to the root, finds no init that it may start, and freezes`,
          step,
        }
      : { verdict: "emergency-shell", reason: `the root cannot be switched to: ${step.file} does not start`, step };
  }

  /** All are started: one that fails does not keep the others from being tried. */
  #startServices(): BootEnd | null {
    const ends = (this.#options.services ?? []).map((service): BootEnd | null => {
      const step = startProgram(this.recorder, "services", service);
      return service.needed === true && stops(step)
        ? { verdict: "emergency-shell", reason: `${service.path} is needed and does not start`, step }
        : null;
    });
    return ends.find((end) => end !== null) ?? null;
  }
}
