// A booted kernel: all its state, and the ways to look at it.
import { type Decision, type Ima, measureCriticalData } from "../appraise/index.ts";
import type { IntegrityAudit, KernelLog } from "../audit/index.ts";
import { type Errno, KernelError, ok, type Result } from "../errno/index.ts";
import type { Evm } from "../evm/index.ts";
import type { SimulatedTpm } from "../measure/index.ts";
import type { Kconfig, Release } from "../release/index.ts";
import {
  absolutePath,
  type Dentry,
  Disk,
  evictAll,
  type OpenFile,
  randomUuid,
  removePseudo,
  type Subject,
  type Vfs,
} from "../vfs/index.ts";
import type { Parameter } from "./cmdline.ts";
import { credentials, type Ids } from "./credentials.ts";
import { type FirmwareRequest, FirmwareState, releaseFirmware, requestFirmware } from "./firmware.ts";
import type { KeyBridge } from "./key-bridge.ts";
import { isLockedDown } from "./lockdown.ts";
import { type BindSpec, bindMount, type MountSpec, mountFileSystem } from "./mount-file-system.ts";
import type { BootEnvironment, KernelLabels } from "./options.ts";
import { bootComm, Process } from "./process.ts";
import { Task } from "./task.ts";
import { uuidBytes } from "./uuid.ts";

/** The parts that the boot puts together. */
export interface KernelParts {
  readonly release: Release;
  readonly config: Kconfig;
  readonly parameters: readonly Parameter[];
  readonly log: KernelLog;
  readonly audit: IntegrityAudit;
  readonly vfs: Vfs;
  readonly keyBridge: KeyBridge;
  readonly evm: Evm | null;
  readonly ima: Ima | null;
  readonly tpm: SimulatedTpm | null;
  readonly labels: KernelLabels | null;
  readonly disks: Map<string, Disk>;
  readonly clock: { now: number };
  readonly secureBoot: boolean;
  readonly random: () => number;
  readonly deviceName: (index: number) => { readonly id: string; readonly major: number; readonly minor: number };
  readonly cmdline: string;
  readonly environment: BootEnvironment;
  /** /sys/kernel/security/lsm */
  readonly lsm: string;
}

export type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: KernelError<Decision> };

export class Kernel {
  readonly release: Release;
  readonly config: Kconfig;
  readonly log: KernelLog;
  readonly integrityAudit: IntegrityAudit;
  readonly vfs: Vfs;
  readonly keyBridge: KeyBridge;
  readonly evm: Evm | null;
  /** null where IMA is not built in or its initialisation failed. */
  readonly ima: Ima | null;
  readonly tpm: SimulatedTpm | null;
  readonly labels: KernelLabels | null;
  /** Disks by device name. */
  readonly disks: Map<string, Disk>;
  readonly secureBoot: boolean;
  /** Kernel modules that are loaded. */
  readonly modules = new Set<string>();
  /** What ends the devices of modules that made some, by module. */
  readonly devices = new Map<string, () => void>();
  readonly firmware: FirmwareState;
  readonly initProcess: Process;
  readonly moduleSignatureEnforced: boolean;
  readonly lockedDown: boolean;
  /** Why it stopped before its first process ran, where it did. */
  panicked: string | null = null;
  readonly #parts: KernelParts;
  readonly #lines: string[] = [];
  #lastPid = 1;
  #current: Subject;

  constructor(parts: KernelParts) {
    this.#parts = parts;
    this.release = parts.release;
    this.config = parts.config;
    this.log = parts.log;
    this.integrityAudit = parts.audit;
    this.vfs = parts.vfs;
    this.keyBridge = parts.keyBridge;
    this.evm = parts.evm;
    this.ima = parts.ima;
    this.tpm = parts.tpm;
    this.labels = parts.labels;
    this.disks = parts.disks;
    this.secureBoot = parts.secureBoot;
    this.firmware = new FirmwareState(parts.parameters);
    this.moduleSignatureEnforced = parts.keyBridge.moduleSignatureEnforced;
    this.lockedDown = isLockedDown(parts.config, parts.parameters);
    const { root } = parts.vfs;
    // The first process starts as the kernel's own thread.
    this.initProcess = new Process(this, {
      pid: 1,
      ppid: 0,
      comm: bootComm(parts.config),
      cred: credentials({}),
      exe: null,
      root,
      cwd: root,
    });
    this.#current = this.initProcess;
  }

  /** As it was given. */
  get cmdline(): string {
    return this.#parts.cmdline;
  }
  get environment(): BootEnvironment {
    return this.#parts.environment;
  }
  get lsm(): string {
    return this.#parts.lsm;
  }

  /** The task on whose behalf the kernel reads a file of its own accord. */
  get current(): Subject {
    return this.#current;
  }
  /** Does something on behalf of a task. */
  as<T>(task: Subject, body: () => T): T {
    const before = this.#current;
    this.#current = task;
    if (this.ima !== null) this.ima.updater = task;
    try {
      return body();
    } finally {
      this.#current = before;
      if (this.ima !== null) this.ima.updater = null;
    }
  }

  /** The kernel's thread becomes the first process. */
  startInit(): void {
    this.initProcess.comm = "init";
    this.initProcess.exe = "/init";
  }

  /** Seconds since boot. */
  get uptime(): number {
    return this.#parts.clock.now;
  }
  /** Lets time pass. */
  advance(seconds: number): void {
    this.#parts.clock.now += seconds;
  }

  /** /proc/<pid> of the processes that looked at themselves there. */
  readonly processDirectories = new Map<number, Dentry>();

  /** A process has ended, and its directory with it. */
  processGone(pid: number): void {
    const directory = this.processDirectories.get(pid);
    if (directory === undefined) return;
    this.processDirectories.delete(pid);
    removePseudo(this.vfs, directory);
  }

  nextPid(): number {
    return ++this.#lastPid;
  }

  /** A process of one's own, with a way to call the kernel that throws KernelError. */
  task(
    who: Ids & { readonly comm?: string; readonly auid?: number; readonly ses?: number; readonly umask?: number } = {},
  ): Task {
    const { root } = this.vfs;
    const { comm = "sh", auid, ses, umask = 0o022 } = who;
    const process = new Process(this, {
      pid: this.nextPid(),
      ppid: 1,
      comm,
      cred: credentials(who),
      exe: null,
      root,
      cwd: root,
      umask,
      ...(auid !== undefined && { auid }),
      ...(ses !== undefined && { ses }),
    });
    return new Task(this, process);
  }

  /** Calls `body`, and gives back the KernelError that it throws instead of letting it pass. */
  attempt<T>(body: () => T): Attempt<T> {
    try {
      return { ok: true, value: body() };
    } catch (error) {
      if (error instanceof KernelError) return { ok: false, error: error as KernelError<Decision> };
      throw error;
    }
  }

  /**
   * Mounts a file system, on a new disk where its type wants one; the directory is made where it is missing. On "/" it takes the place
   * of the root for tasks that are made from then on, and the kernel's own file systems move into it, as switch_root does.
   * @throws KernelError, InputError `bad-idmap`
   */
  mount(path: string, what: MountSpec): void {
    mountFileSystem(this, path, what);
  }

  /**
   * Shows the files below `source` at a second place, which is made as a directory where it is missing; with `idmap` under other owners.
   * @throws KernelError, InputError `bad-idmap`
   */
  bind(source: string, path: string, how: BindSpec = {}): void {
    bindMount(this, source, path, how);
  }

  /** A new, empty disk. @throws InputError `bad-disk` */
  addDisk(fstype: string, uuid?: string): Disk {
    const { id, major, minor } = this.#parts.deviceName(this.disks.size);
    const bytes = uuid === undefined ? randomUuid(this.#parts.random) : uuidBytes(uuid, "uuid");
    const disk = new Disk({ fstype, uuid: bytes, id, dev: { major, minor }, time: this.vfs.clock() });
    this.disks.set(id, disk);
    return disk;
  }

  /** Ends the first process and unmounts everything: what is on the disks can be booted again. */
  shutdown(): void {
    this.initProcess.exit();
    for (const sb of [...this.vfs.superblocks]) evictAll(this.vfs, sb);
  }

  /** Tells `watcher` every decision of IMA. @returns what ends it */
  watch(watcher: (decision: Decision) => void): () => void {
    return this.ima === null ? () => undefined : this.ima.watch(watcher);
  }

  /** The measurement list as its SHA-1 ASCII file shows it, a line an entry; empty without IMA. */
  measuredLines(): readonly string[] {
    if (this.ima === null) return [];
    const { list } = this.ima;
    const { entries } = list;
    for (let i = this.#lines.length; i < entries.length; i++) this.#lines.push(list.line(entries[i]!));
    return this.#lines;
  }

  /** dmesg and the audit log, as they stand. */
  get auditLines(): readonly string[] {
    return this.log.lines.filter((line) => line.kind === "audit").map((line) => line.text);
  }

  /** Files of securityfs as root reads and writes them, by their name below /sys/kernel/security. */
  readonly securityfs = {
    /** @throws KernelError */
    read: (file: string): string =>
      new TextDecoder().decode(this.task({ comm: "cat" }).readFile(`/sys/kernel/security/${file}`)),
    /** @throws KernelError */
    write: (file: string, text: string): void =>
      this.task({ comm: "cat" }).writeInto(`/sys/kernel/security/${file}`, text),
  };

  /** What kernel code does to have data of its own measured. @returns null once it is on the list, ENOENT where no rule wants it */
  measureCriticalData(label: string, event: string, bytes: Uint8Array, hashed = false): Errno | null {
    return this.ima === null
      ? "EOPNOTSUPP"
      : measureCriticalData(this.ima, this.initProcess, label, event, bytes, hashed);
  }

  /**
   * What a driver does that needs firmware: request_firmware() and its kind. With another task it serves a system call of that task.
   * @returns the bytes of the file, or the errno that the driver gets
   */
  requestFirmware(name: string, request: FirmwareRequest = {}, task: Subject = this.initProcess): Result<Uint8Array> {
    const got = requestFirmware(this, task, name, request);
    if (!got.ok) return got;
    releaseFirmware(this, got.value);
    return ok(got.value.bytes);
  }

  pathText(file: OpenFile): string {
    return absolutePath(file.path) ?? file.path.dentry.name;
  }
}
