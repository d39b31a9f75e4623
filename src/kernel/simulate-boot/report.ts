// What a simulated boot tells: each step with its outcome, who was denied first, and a verdict.
import type { Decision } from "../../appraise/index.ts";
import { type Errno, KernelPanic } from "../../errno/index.ts";
import type { Kernel } from "../kernel.ts";

export type BootStage = "kernel" | "initramfs" | "root" | "init" | "services";

/** `denied` by IMA, or by EVM through it; `failed` for any other reason; `skipped` where there is nothing to do; `unknown` where a file or a fact is missing. */
export type BootOutcome = "ok" | "denied" | "failed" | "skipped" | "unknown";

export interface BootStep {
  readonly stage: BootStage;
  /** What is done, in the words of who does it. */
  readonly what: string;
  readonly outcome: BootOutcome;
  readonly file: string | null;
  readonly errno: Errno | null;
  /** Why a step failed, was skipped or cannot be told. */
  readonly detail: string | null;
  readonly decisions: readonly Decision[];
  readonly log: readonly string[];
  readonly measured: readonly string[];
}

/** A step's own account of itself. */
export interface BootFinding {
  readonly outcome: BootOutcome;
  readonly file?: string;
  readonly errno?: Errno;
  readonly detail?: string;
}

export type BootVerdict = "comes-up" | "emergency-shell" | "halts" | "unknown";

/** A verdict that ends the boot. */
export interface BootEnd {
  readonly verdict: "emergency-shell" | "halts";
  readonly reason: string;
  readonly step: BootStep;
}

/** The kernel stopped in a step. */
export class BootStopped extends Error {
  readonly end: BootEnd;

  constructor(step: BootStep) {
    super("the kernel stopped");
    this.end = { verdict: "halts", reason: "the kernel panics", step };
  }
}

/** Carries out steps, and keeps what each decided, logged and measured. */
export class BootRecorder {
  readonly steps: BootStep[] = [];
  /** What is not known, so that no verdict may be better than `unknown`. */
  readonly unknowns: string[] = [];
  readonly kernel: Kernel;
  #decisions: Decision[] = [];
  #logged = 0;
  #measured = 0;
  readonly #unwatch: () => void;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.#unwatch = kernel.watch((decision) => this.#decisions.push(decision));
  }

  /** @throws BootStopped where the kernel does not survive it */
  step(stage: BootStage, what: string, body: () => BootFinding): BootStep {
    this.#decisions = [];
    let found: BootFinding;
    let panicked = false;
    try {
      found = body();
    } catch (fault) {
      if (!(fault instanceof KernelPanic)) throw fault;
      panicked = true;
      found = { outcome: "failed", detail: `kernel panic: ${fault.message}` };
    }
    const lines = this.kernel.log.lines;
    const measured = this.kernel.measuredLines();
    const denied = this.#decisions.some((decision) => decision.verdict === "deny");
    const step: BootStep = {
      stage,
      what,
      outcome: found.outcome === "failed" && denied ? "denied" : found.outcome,
      file: found.file ?? null,
      errno: found.errno ?? null,
      detail: found.detail ?? null,
      decisions: this.#decisions,
      log: lines.slice(this.#logged).map((line) => line.text),
      measured: measured.slice(this.#measured),
    };
    this.#logged = lines.length;
    this.#measured = measured.length;
    this.steps.push(step);
    if (step.outcome === "unknown") this.unknowns.push(`${what}: ${found.detail ?? "not known"}`);
    if (panicked) throw new BootStopped(step);
    return step;
  }

  /** A step of the kernel's that was over before anybody watched. */
  note(
    what: string,
    found: BootFinding,
    log: readonly string[],
    measured: readonly string[],
    stage: BootStage = "kernel",
  ): BootStep {
    const { outcome, file = null, errno = null, detail = null } = found;
    const step: BootStep = { stage, what, outcome, file, errno, detail, decisions: [], log, measured };
    this.steps.push(step);
    if (outcome === "unknown") this.unknowns.push(`${what}: ${detail}`);
    return step;
  }

  /** What was logged and measured so far belongs to no later step. */
  skip(): void {
    this.#logged = this.kernel.log.lines.length;
    this.#measured = this.kernel.measuredLines().length;
  }

  end(): void {
    this.#unwatch();
  }
}
