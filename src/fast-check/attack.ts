// Plays an attack step by step and finds the step that breaks a policy's promise about content which the attacker wrote.
import type { Decision } from "../appraise/index.ts";
import { digest } from "../crypto/index.ts";
import type { Kernel } from "../kernel/index.ts";
import { bootDocument } from "../scenario/boot-document.ts";
import { Driver } from "../scenario/driver.ts";
import type { Scenario } from "../scenario/index.ts";
import { bootOptions, diskNames } from "../scenario/run.ts";
import type { Step } from "../scenario/step-schema.ts";
import { hex, isHostile } from "./content.ts";
import { type Use, type UseKind, useWatcher } from "./uses.ts";

/** What the policy says will be true of content when it is used. */
export interface PolicyPromise {
  readonly use: UseKind;
  /** Only uses by a process whose effective user is root; `anyone` if not given. */
  readonly by?: "root" | "anyone";
  /**
   * `measured`: its digest is on the list; `appraised`: it was held against a label and found good; `authentic`: the attacker, who has no
   * key, cannot have it used at all.
   */
  readonly is: "measured" | "appraised" | "authentic";
}

/** A refusal; every other failure comes after integrity has let the content pass. */
const REFUSALS: ReadonlySet<unknown> = new Set(["EACCES", "EPERM", "EKEYREJECTED"]);
/** Algorithms that a list may have its digests in. */
const LISTED = ["sha256", "sha1", "sha512", "sha384"] as const;

function isMeasured(kernel: Kernel, bytes: Uint8Array): boolean {
  const lines = kernel.measuredLines();
  return LISTED.some((algorithm) => {
    const wanted = hex(digest(algorithm, bytes));
    return lines.some((line) => line.includes(wanted));
  });
}

function keeps(promise: PolicyPromise, use: Use, kernel: Kernel, decisions: readonly Decision[]): boolean {
  if (promise.is === "authentic") return false;
  if (promise.is === "measured") return isMeasured(kernel, use.bytes);
  return decisions.some(({ appraisal, object }) => appraisal === "passed" && object.ino === use.ino);
}

/**
 * @param ground what is there before the attack
 * @returns the index in `attack` of the first step that breaks the promise, or null
 */
export function firstBreach(ground: Scenario, attack: readonly Step[], promise: PolicyPromise): number | null {
  let uses: Use[] = [];
  const options = bootOptions(ground);
  const kernel = bootDocument({ ...options, modules: [useWatcher((use) => uses.push(use))] });
  const driver = new Driver(kernel, diskNames(ground, ground.kernel?.backend));
  ground.steps.forEach((step, i) => void driver.run(step as Step, i));
  let decisions: Decision[] = [];
  if (promise.is === "appraised") kernel.watch((decision) => decisions.push(decision));
  for (const [i, step] of attack.entries()) {
    uses = [];
    decisions = [];
    const { outcome } = driver.run(step, ground.steps.length + i);
    if (outcome["error"] !== undefined || REFUSALS.has(outcome["errno"])) continue;
    const broken = uses.some(
      (use) =>
        use.kind === promise.use &&
        // To run a program it is opened as well; nobody has read it for that.
        !(use.kind === "read" && step.op === "exec") &&
        (promise.by !== "root" || use.cred.euid === 0) &&
        isHostile(use.bytes) &&
        !keeps(promise, use, kernel, decisions),
    );
    if (broken) return i;
  }
  return null;
}
