// Carries out steps as the recorder's driver does inside a real kernel: process 1 with named handles, one result for each step.
import { type Errno, fail, ok, type Result } from "../errno/index.ts";
import { type Kernel, OPEN, type Process, type SystemCalls } from "../kernel/index.ts";
import type { InodeHint, Subject } from "../vfs/index.ts";
import { type FileReader, StepArguments } from "./arguments.ts";
import type { StepResult } from "./compare.ts";
import { EXEC_OPS } from "./ops-exec.ts";
import { FILE_OPS } from "./ops-files.ts";
import { INODE_OPS } from "./ops-inodes.ts";
import { KERNEL_OPS } from "./ops-kernel.ts";
import { KEY_OPS } from "./ops-keys.ts";
import { MAP_OPS } from "./ops-maps.ts";
import type { OpName, Step } from "./step-schema.ts";

/** The outcome of one step while it is put together. */
export type Fields = Record<string, unknown>;

/** What an op works with. */
export interface OpContext {
  readonly kernel: Kernel;
  readonly driver: Driver;
  /** The driver's process with the credentials of the step. */
  readonly process: Process;
  readonly sys: SystemCalls;
  readonly a: StepArguments;
  readonly hint: InodeHint;
  readonly out: Fields;
}

export type Op = (c: OpContext) => void;

const OPS: Readonly<Record<OpName, Op>> = {
  ...FILE_OPS,
  ...MAP_OPS,
  ...EXEC_OPS,
  ...INODE_OPS,
  ...KERNEL_OPS,
  ...KEY_OPS,
};

export class Driver {
  readonly kernel: Kernel;
  readonly process: Process;
  /** Handles by name. */
  readonly fds = new Map<string, number>();
  readonly maps = new Map<string, number>();
  readonly keys = new Map<string, number>();
  readonly processes = new Map<string, Process>();
  /** Who opened /proc/keys: the driver as root, before the first step. */
  readonly keysReader: Subject;
  /** Names of the scenario's disks. */
  readonly disks: ReadonlyMap<string, string>;
  readonly #read: FileReader | undefined;
  #logSeen: number;
  #measuredSeen: number;

  constructor(kernel: Kernel, disks: ReadonlyMap<string, string>, read?: FileReader) {
    this.kernel = kernel;
    this.disks = disks;
    this.#read = read;
    this.process = kernel.initProcess;
    this.keysReader = Object.assign(Object.create(kernel.initProcess) as Subject, { cred: kernel.initProcess.cred });
    this.#logSeen = kernel.log.lines.length;
    this.#measuredSeen = kernel.measuredLines().length;
  }

  run(step: Step, index: number, hint: InodeHint = {}): StepResult {
    const a = new StepArguments(step, `steps[${index}]`, this.#read);
    const out: Fields = {};
    this.#as(a, () =>
      OPS[step.op]({ kernel: this.kernel, driver: this, process: this.process, sys: this.process.sys, a, hint, out }),
    );
    return { outcome: out, ...this.news() };
  }

  /** Log lines and list entries since the last call. */
  news(): { log: string[]; measured: string[] } {
    const lines = this.kernel.log.lines.slice(this.#logSeen);
    this.#logSeen += lines.length;
    const all = this.kernel.measuredLines();
    // The driver reads the list as text: a name with a newline makes two lines of an entry.
    const measured = all.slice(this.#measuredSeen).flatMap((line) => line.split("\n"));
    this.#measuredSeen = all.length;
    // Records reach the real log through a thread; printk lines are shown first.
    const of = (kind: "printk" | "audit") => lines.filter((line) => line.kind === kind).map((line) => line.text);
    return { log: [...of("printk"), ...of("audit")], measured };
  }

  /** setresgid, setresuid with the saved uid kept at 0, and back afterwards. */
  #as(a: StepArguments, body: () => void): void {
    const { process } = this;
    const credentials = stepCredentials(a);
    const persona = a.names("personality")?.includes("READ_IMPLIES_EXEC") ?? false;
    const before = { cred: process.cred, readImpliesExec: process.readImpliesExec };
    // An exec changes to them in its child.
    if (credentials !== undefined && a.step.op !== "exec")
      process.setIds({ ...credentials, suid: 0, sgid: 0, groups: [] });
    if (persona && a.step.op !== "exec") process.readImpliesExec = true;
    try {
      body();
    } finally {
      process.cred = before.cred;
      process.readImpliesExec = before.readImpliesExec;
    }
  }
}

export interface StepCredentials {
  readonly uid: number;
  readonly euid: number;
  readonly gid: number;
  readonly egid: number;
}

/** Missing ids follow the others. */
export function stepCredentials(a: StepArguments): StepCredentials | undefined {
  const as = a.step["as"];
  if (typeof as !== "object" || as === null || Object.keys(as).length === 0) return undefined;
  const ids = as as Readonly<Record<string, number | string | undefined>>;
  const number = (name: string): number | undefined => (ids[name] === undefined ? undefined : Number(ids[name]));
  const uid = number("uid") ?? 0;
  const gid = number("gid") ?? 0;
  return { uid, euid: number("euid") ?? uid, gid, egid: number("egid") ?? gid };
}

// How ops report, in the driver's words.

export function failAt(out: Fields, errno: Errno, at?: string): void {
  out["errno"] = errno;
  if (at !== undefined) out["at"] = at;
}
export function done(out: Fields, result: Result<number>): void {
  if (result.ok) out["ret"] = result.value;
  else failAt(out, result.errno);
}
/** A call that answers 0. */
export function okay(out: Fields, denied: Errno | null): void {
  done(out, denied === null ? ok(0) : fail(denied));
}
export function bad(out: Fields, why: string): void {
  out["error"] = why;
}

/** Bytes as `data` where they can be printed, else as `hex`. */
export function putBytes(out: Fields, key: "data" | "hex", bytes: Uint8Array): void {
  const printable = key === "data" && bytes.every((c) => (c >= 0x20 && c < 0x7f) || c === 9 || c === 10 || c === 13);
  if (printable) out["data"] = new TextDecoder().decode(bytes);
  else out["hex"] = hexOf(bytes);
}

const HEX = Array.from({ length: 256 }, (_, b) => b.toString(16).padStart(2, "0"));
function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const b of bytes) text += HEX[b];
  return text;
}

/** The descriptor behind the handle in a field; reports and answers undefined where there is none. */
export function fdArgument(c: OpContext, field = "fd"): number | undefined {
  const name = c.a.text(field);
  if (name === undefined) {
    bad(c.out, "fd missing");
    return undefined;
  }
  const fd = c.driver.fds.get(name);
  if (fd === undefined) bad(c.out, "no such fd handle");
  return fd;
}

/** The descriptor of the step, or a fresh O_RDONLY open of its path, which IMA sees like any other. */
export function fdOrOpen(c: OpContext, body: (fd: number) => void): void {
  if (c.a.has("fd")) {
    const fd = fdArgument(c);
    if (fd !== undefined) body(fd);
    return;
  }
  const opened = c.sys.open(c.a.text("path") ?? "", OPEN.O_RDONLY | OPEN.O_NONBLOCK | OPEN.O_CLOEXEC, 0);
  if (!opened.ok) return failAt(c.out, opened.errno, "open");
  body(opened.value);
  c.sys.close(opened.value);
}

/** Inode number and generation of what a step made or opened to make. */
export function reportMade(c: OpContext, what: { fd: number } | { path: string; nofollow: boolean }): void {
  const made = "fd" in what ? c.sys.fstat(what.fd) : c.sys.stat(what.path, !what.nofollow);
  if (!made.ok) return;
  c.out["ino"] = made.value.ino;
  if (made.value.generation !== null) c.out["generation"] = made.value.generation;
}
