// Carries out steps as the recorder's driver does inside a real kernel: process 1 with named handles, one result for each step.
import { KernelPanic } from "../errno/index.ts";
import type { Kernel, Process } from "../kernel/index.ts";
import { ProcessKeyrings } from "../keyring/index.ts";
import type { InodeHint, Subject } from "../vfs/index.ts";
import { type FileReader, StepArguments } from "./arguments.ts";
import type { StepResult } from "./compare.ts";
import { type DriverState, type Fields, type Op, stepCredentials } from "./ops/context.ts";
import { EXEC_OPS } from "./ops/exec.ts";
import { FILE_OPS } from "./ops/files.ts";
import { INODE_OPS } from "./ops/inodes.ts";
import { KERNEL_OPS } from "./ops/kernel.ts";
import { KEY_OPS } from "./ops/keys.ts";
import { MAP_OPS } from "./ops/maps.ts";
import type { OpName, Step } from "./step-schema.ts";

const OPS: Readonly<Record<OpName, Op>> = {
  ...FILE_OPS,
  ...MAP_OPS,
  ...EXEC_OPS,
  ...INODE_OPS,
  ...KERNEL_OPS,
  ...KEY_OPS,
};

export class Driver implements DriverState {
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
  /** Hears why a certificate was refused; null: nobody asks. */
  onRefusal: ((why: string) => void) | null = null;
  readonly #read: FileReader | undefined;
  /** Why the kernel has stopped, once it has. */
  #stopped: string | null;
  #logSeen: number;
  #measuredSeen: number;

  constructor(kernel: Kernel, disks: ReadonlyMap<string, string>, read?: FileReader) {
    this.kernel = kernel;
    this.disks = disks;
    this.#read = read;
    this.#stopped = kernel.panicked;
    this.process = kernel.initProcess;
    // It stays with the credentials of the open: keyrings that the driver gets later are not among them.
    const { cred, pid, ppid, comm, auid, ses, exe, tty, label, readImpliesExec } = kernel.initProcess;
    const opener = { cred, pid, ppid, comm, auid, ses, exe, tty, label, readImpliesExec };
    this.keysReader = Object.assign(opener, { keyrings: new ProcessKeyrings() });
    this.#logSeen = kernel.log.lines.length;
    this.kernel.log.passSerial();
    this.#measuredSeen = kernel.measuredLines().length;
  }

  run(step: Step, index: number, hint: InodeHint = {}): StepResult {
    const a = new StepArguments(step, `steps[${index}]`, this.#read);
    const out: Fields = {};
    const environment = new Set<string>();
    if (this.#stopped === null) this.#carryOut({ a, hint, out, environment });
    const { log, measured } = this.news();
    // Nobody reports what became of a step during which the kernel stopped.
    const outcome = this.#stopped === null ? out : { error: `kernel panic: ${this.#stopped}` };
    return { outcome, log, measured, environment };
  }

  #carryOut(call: Pick<Parameters<Op>[0], "a" | "hint" | "out" | "environment">): void {
    const { kernel, process } = this;
    const { a } = call;
    try {
      this.#as(a, () => OPS[a.step.op]({ kernel, driver: this, process, sys: process.sys, ...call }));
    } catch (fault) {
      if (!(fault instanceof KernelPanic)) throw fault;
      this.#stopped = fault.message;
    }
  }

  /** Log lines and list entries since the last call. */
  news(): { log: string[]; measured: string[] } {
    // The recorder's driver writes a record of its own and waits until it has seen it.
    this.kernel.log.passSerial();
    const lines = this.kernel.log.lines.slice(this.#logSeen);
    this.#logSeen += lines.length;
    const all = this.kernel.measuredLines();
    const entries = all.slice(this.#measuredSeen);
    this.#measuredSeen = all.length;
    // The driver reads the list as text: a name with a newline makes two lines of an entry.
    const measured = entries.some((line) => line.includes("\n"))
      ? entries.flatMap((line) => line.split("\n"))
      : entries;
    // Records reach the real log through a thread; printk lines are shown first.
    const of = (kind: "printk" | "audit") => lines.filter((line) => line.kind === kind).map((line) => line.text);
    return { log: lines.length === 0 ? [] : [...of("printk"), ...of("audit")], measured };
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
