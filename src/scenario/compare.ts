// Where imasim's answer to a step differs from the kernel's.

import { isIntegrityLine, isIntegrityRecord, recordText } from "./record-fields.ts";
import type { TraceResult } from "./schema.ts";

export type DifferenceKind = "outcome" | "measured" | "audit" | "log";

export interface Difference {
  /** Steps count from 0; the boot is step -1. */
  readonly step: number;
  readonly op: string;
  readonly what: DifferenceKind;
  readonly kernel: unknown;
  readonly imasim: unknown;
}

/** What a step answered: the fields of the recording, log lines and new list entries apart. */
export interface StepResult {
  readonly outcome: Readonly<Record<string, unknown>>;
  readonly log: readonly string[];
  readonly measured: readonly string[];
  /** Fields of the outcome whose value no two boots share: the serial numbers of keys, when a keyring is read. */
  readonly environment: ReadonlySet<string>;
}

/** Fields of a result that are compared in another way, or chosen by the environment. */
const NOT_OUTCOME: ReadonlySet<string> = new Set(["log", "measured", "ino", "generation", "serial", "handleType"]);
/** stat tells numbers that matter: there they are compared. */
const STAT_OUTCOME: ReadonlySet<string> = new Set(["log", "measured", "serial", "handleType"]);

/** A keyring lists up to so many keys in an order of its own; more of them by a hash that every boot draws anew. */
const KEYS_IN_ORDER = 16;

function outcomeOf(op: string, result: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const skip = op === "stat" ? STAT_OUTCOME : NOT_OUTCOME;
  const outcome = Object.fromEntries(Object.entries(result).filter(([field]) => !skip.has(field)));
  const { keys } = outcome;
  if (Array.isArray(keys) && keys.length > KEYS_IN_ORDER) outcome["keys"] = keys.toSorted();
  return outcome;
}

/** JSON with the fields of every object in order, so that equal values have equal text. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

export function splitLog(lines: readonly string[]): { audit: string[]; log: string[] } {
  return {
    audit: lines.filter(isIntegrityRecord).map(recordText),
    log: lines.filter(isIntegrityLine),
  };
}

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((line, i) => line === b[i]);

/** Compares one step. A step that the recorder could not carry out must be impossible here too, for the same reason. */
export function compareStep(step: number, op: string, kernel: TraceResult, imasim: StepResult): Difference[] {
  const out: Difference[] = [];
  const differ = (what: DifferenceKind, a: unknown, b: unknown) => out.push({ step, op, what, kernel: a, imasim: b });
  const expected = outcomeOf(op, kernel);
  const got = outcomeOf(op, imasim.outcome);
  for (const field of imasim.environment) {
    delete expected[field];
    delete got[field];
  }
  if (sortedJson(expected) !== sortedJson(got)) differ("outcome", expected, got);
  return [...out, ...compareLines(step, op, kernel, imasim)];
}

/** List entries and log lines, for a step or the boot. */
export function compareLines(
  step: number,
  op: string,
  kernel: { readonly log?: readonly string[] | undefined; readonly measured?: readonly string[] | undefined },
  imasim: { readonly log: readonly string[]; readonly measured: readonly string[] },
): Difference[] {
  const out: Difference[] = [];
  const differ = (what: DifferenceKind, a: unknown, b: unknown) => out.push({ step, op, what, kernel: a, imasim: b });
  const measured = kernel.measured ?? [];
  if (!same(measured, imasim.measured)) differ("measured", measured, imasim.measured);
  const theirs = splitLog(kernel.log ?? []);
  const ours = splitLog(imasim.log);
  if (!same(theirs.audit, ours.audit)) differ("audit", theirs.audit, ours.audit);
  if (!same(theirs.log, ours.log)) differ("log", theirs.log, ours.log);
  return out;
}
