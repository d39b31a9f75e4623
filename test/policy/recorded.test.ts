import { describe, expect, it } from "vitest";
import type { AuditSubject } from "../../src/audit/index.ts";
import type { PolicyFileSession } from "../../src/policy/index.ts";
import {
  type Errno,
  fail,
  ok,
  RecordedKernel,
  type Recording,
  recordings,
  type Step,
  type StepResult,
} from "./recording.ts";

const utf8 = new TextEncoder();
const POLICY = /^\/sys\/kernel\/security\/(integrity\/)?ima\/policy$/;
const ACCESS: Record<string, number> = { O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, "3": 3 };

/** What the policy itself says, in the two kinds; the rest of the log belongs to others. */
const own = (log: readonly string[]): string[] =>
  log.filter(
    (line) =>
      /^ima: /.test(line) || /type=1807 /.test(line) || /type=1802 .* op=(policy_update|update_policy) /.test(line),
  );
const sorted = (log: readonly string[]): string[] => [
  ...log.filter((line) => !line.startsWith("audit:")),
  ...log.filter((line) => line.startsWith("audit:")),
];

class Replay {
  readonly kernel: RecordedKernel;
  readonly #smack: boolean;
  readonly #files = new Map<string, Uint8Array>();
  readonly #open = new Map<
    string,
    { session: PolicyFileSession | null; refs: { count: number }; mode: number; position: number }
  >();

  constructor(recording: Recording) {
    this.kernel = new RecordedKernel(recording);
    this.#smack = recording.kernel.lsm.includes("smack");
  }

  task(step: Step): AuditSubject {
    const uid = step.as?.uid ?? 0;
    return { cred: { uid }, pid: 1, auid: 0xffffffff, ses: 0xffffffff, comm: "init", label: this.#smack ? "_" : null };
  }

  /** What this part of the kernel answers; null for a step that others decide. */
  run(step: Step, result: StepResult): Partial<StepResult> | null {
    const { kernel } = this;
    kernel.readFile = (path) => this.#readFile(path, result);
    // Permission bits are the file system's to check.
    if (result.open === "EACCES" || (step.op === "open" && step.as !== undefined && result.errno === "EACCES"))
      return null;
    switch (step.op) {
      case "policy":
        return this.#write(
          step,
          step.hex !== undefined ? Buffer.from(step.hex, "hex") : utf8.encode(step.text),
          step.once !== true,
        );
      case "policyPath":
        return this.#write(step, utf8.encode(step.path), false);
      case "securityfsRead":
        return step.file === "ima/policy" && result.data !== undefined ? { data: kernel.policy.show() } : null;
      case "writefile":
        if (result.errno === undefined && step.path !== undefined)
          this.#files.set(step.path, step.hex !== undefined ? Buffer.from(step.hex, "hex") : utf8.encode(step.text));
        return null;
      case "symlink":
        if (this.#files.has(step.target ?? "")) this.#files.set(step.path!, this.#files.get(step.target!)!);
        return null;
      default:
        return this.#descriptor(step, result);
    }
  }

  #readFile(path: string, result: StepResult) {
    const refusal = result.log?.find((line) => line.startsWith("ima: Unable to open file: "));
    if (refusal !== undefined) return fail(result.errno as Errno);
    return ok(this.#files.get(path.replace(/\/+/g, "/").replace(/\/[^/]+\/\.\.\//g, "/"))!);
  }

  #write(step: Step, data: Uint8Array, loop: boolean): Partial<StepResult> {
    const task = this.task(step);
    const opened = this.kernel.file.open(1, true);
    if (!opened.ok) return { open: opened.errno };
    const session = opened.value!;
    let written = 0;
    let refused: string | undefined;
    do {
      const wrote = session.write(task, data.subarray(written), 0);
      if (!wrote.ok) refused = wrote.errno;
      else written += wrote.value;
    } while (loop && refused === undefined && written < data.length);
    session.release(task);
    return {
      ...(written > 0 || refused === undefined ? { written } : {}),
      ...(refused === undefined ? {} : { write: refused }),
    };
  }

  #descriptor(step: Step, result: StepResult): Partial<StepResult> | null {
    if (step.op === "open") {
      if (!POLICY.test(step.path ?? "") || result.errno === "EEXIST") return null;
      const mode = ACCESS[step.flags?.find((flag) => flag in ACCESS) ?? "O_RDONLY"]!;
      const opened = this.kernel.file.open(mode, (step.as?.uid ?? 0) === 0 || step.as?.euid === 0);
      if (!opened.ok) return { errno: opened.errno };
      this.#open.set(step.fd!, { session: opened.value, refs: { count: 1 }, mode, position: 0 });
      return {};
    }
    const open = this.#open.get(step.fd ?? "");
    if (open === undefined) return null;
    switch (step.op) {
      case "write":
      case "pwrite": {
        if (open.session === null || open.mode === 3) return null;
        const position = step.op === "pwrite" ? (step.offset ?? 0) : open.position;
        const wrote = open.session.write(this.task(step), utf8.encode(step.text), position);
        return wrote.ok ? { ret: wrote.value } : { errno: wrote.errno };
      }
      case "lseek":
        open.position = result.ret ?? open.position;
        return null;
      case "read":
        return open.session === null && result.data !== undefined ? { data: this.kernel.policy.show() } : null;
      case "dup":
        open.refs.count++;
        this.#open.set(step.as_fd!, open);
        return null;
      case "close":
        this.#open.delete(step.fd!);
        if (--open.refs.count > 0) return {};
        open.session?.release(this.task(step));
        return {};
      default:
        return null;
    }
  }
}

for (const family of ["policy-grammar", "policy-builtin"])
  describe(family, () => {
    it.each(recordings(family).map((recording) => [recording.name, recording] as const))("%s", (_, recording) => {
      const replay = new Replay(recording);
      const { log } = replay.kernel;
      const names = (lines: readonly string[]): string[] =>
        lines.filter((line) => /^ima: (policy|No architecture)/.test(line));
      expect(log.lines.map((line) => line.text)).toEqual(names(recording.boot.log));
      // The recorder writes a record of its own before the first step and after each: long records are cut by their serial number.
      log.passSerial();
      recording.steps.forEach((step, at) => {
        const result = recording.results[at]!;
        const before = log.lines.length;
        const outcome = replay.run(step, result);
        log.passSerial();
        const said = sorted(log.lines.slice(before).map((line) => line.text));
        const { data, ...rest } = outcome ?? {};
        expect({ step: at, ...result }).toMatchObject({ step: at, ...rest });
        if (data !== undefined) expect(data, `step ${at}`).toBe(result.data);
        expect(said, `step ${at}`).toEqual(outcome === null ? [] : own(result.log ?? []));
      });
    });
  });
