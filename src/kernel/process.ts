// A process: credentials, descriptors, mappings, keyrings (struct task_struct, as far as system calls look at it).
import { type Errno, fail, ok, type Result } from "../errno/index.ts";
import type { ProcessKeyrings } from "../keyring/index.ts";
import type { Kconfig } from "../release/index.ts";
import {
  type Credentials,
  closeFile,
  type FileMapping,
  munmap,
  type OpenFile,
  type Path,
  type Subject,
} from "../vfs/index.ts";
import { credentials, type Ids } from "./credentials.ts";
import type { Kernel } from "./kernel.ts";
import type { KernelLabels } from "./options.ts";
import type { Outcome } from "./program.ts";
import { type SystemCalls, systemCalls } from "./system-calls.ts";

const UNSET = 0xffff_ffff;
const MAX_DESCRIPTORS = 1024;

/** The name of the kernel's first thread. */
export const bootComm = (config: Kconfig): string => (config.enabled("SMP") ? "swapper/0" : "swapper");

/** The kernel's first thread, before there are file systems. */
export function bootTask(config: Kconfig, labels: KernelLabels | null): Subject {
  return {
    cred: credentials({}),
    pid: 1,
    ppid: 0,
    comm: bootComm(config),
    auid: UNSET,
    ses: UNSET,
    exe: null,
    tty: "(none)",
    label: labels?.subject({}) ?? null,
    readImpliesExec: false,
  };
}

export interface ProcessInit {
  readonly pid: number;
  readonly ppid: number;
  readonly comm: string;
  readonly cred: Credentials;
  readonly exe: string | null;
  readonly root: Path;
  readonly cwd: Path;
  readonly auid?: number;
  readonly ses?: number;
  readonly umask?: number;
}

export class Process implements Subject {
  readonly kernel: Kernel;
  cred: Credentials;
  readonly pid: number;
  readonly ppid: number;
  comm: string;
  auid: number;
  ses: number;
  exe: string | null;
  readonly tty = "(none)";
  readImpliesExec = false;
  root: Path;
  cwd: Path;
  umask: number;
  readonly keyrings: ProcessKeyrings;
  /** How the program ended that it became; null before it became one. */
  outcome: Outcome | null = null;
  /** The running program's file and what it mapped: they deny writers. */
  programFiles: OpenFile[] = [];
  readonly #fds: (OpenFile | undefined)[] = [];
  readonly #maps = new Map<number, FileMapping>();
  #nextMap = 1;
  #sys: SystemCalls | null = null;

  constructor(kernel: Kernel, init: ProcessInit, parent?: Process) {
    this.kernel = kernel;
    this.pid = init.pid;
    this.ppid = init.ppid;
    this.comm = init.comm.slice(0, 15);
    this.cred = init.cred;
    this.exe = init.exe;
    this.root = init.root;
    this.cwd = init.cwd;
    this.auid = init.auid ?? UNSET;
    this.ses = init.ses ?? UNSET;
    this.umask = init.umask ?? 0;
    this.keyrings = kernel.keyBridge.newProcess(parent?.keyrings ?? null);
  }

  /** The label that the LSM of this kernel gives it. */
  get label(): string | null {
    return this.kernel.labels?.subject(this) ?? null;
  }

  /** The system calls, each answering with a value or an errno name. */
  get sys(): SystemCalls {
    this.#sys ??= systemCalls(this.kernel, this);
    return this.#sys;
  }

  /** setresgid, setgroups, setresuid in one. */
  setIds(ids: Ids): void {
    this.cred = credentials(ids);
  }

  /** A child with the same credentials, directories and session, and with none of the descriptors. */
  fork(): Process {
    const { cred, comm, exe, root, cwd, auid, ses, umask } = this;
    const pid = this.kernel.nextPid();
    const child = new Process(this.kernel, { pid, ppid: this.pid, comm, cred, exe, root, cwd, auid, ses, umask }, this);
    if (this.label !== null) this.kernel.labels?.become?.(child, this.label);
    this.#fds.forEach((file, fd) => {
      if (file === undefined) return;
      file.refs++;
      child.#fds[fd] = file;
    });
    return child;
  }

  /** Closes descriptors and mappings, in that order (exit_files comes after exit_mm). */
  exit(): void {
    for (const map of [...this.#maps.keys()]) this.removeMapping(map);
    this.releaseProgram();
    this.closeAll();
    this.kernel.keyBridge.endProcess(this.keyrings);
    this.kernel.processGone(this.pid);
  }

  closeAll(): void {
    for (let fd = 0; fd < this.#fds.length; fd++) {
      const file = this.#fds[fd];
      if (file === undefined) continue;
      this.#fds[fd] = undefined;
      closeFile(this.kernel.vfs, this, file);
    }
  }

  releaseProgram(): void {
    const files = this.programFiles;
    this.programFiles = [];
    for (const file of files) closeFile(this.kernel.vfs, this, file);
  }

  /** The lowest free descriptor from `least` on. */
  addFile(file: OpenFile, least = 0): Result<number> {
    let fd = least;
    while (this.#fds[fd] !== undefined) fd++;
    if (fd >= MAX_DESCRIPTORS) return fail("EMFILE");
    this.#fds[fd] = file;
    return ok(fd);
  }
  file(fd: number): OpenFile | undefined {
    return this.#fds[fd];
  }
  removeFile(fd: number): OpenFile | undefined {
    const file = this.#fds[fd];
    this.#fds[fd] = undefined;
    return file;
  }

  addMapping(mapping: FileMapping): number {
    const id = this.#nextMap++;
    this.#maps.set(id, mapping);
    return id;
  }
  mapping(id: number): FileMapping | undefined {
    return this.#maps.get(id);
  }
  removeMapping(id: number): Errno | null {
    const mapping = this.#maps.get(id);
    if (mapping === undefined) return "EINVAL";
    this.#maps.delete(id);
    munmap(this.kernel.vfs, this, mapping);
    return null;
  }
}
