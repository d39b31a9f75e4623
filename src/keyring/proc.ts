// /proc/keys: the keys that a task may see, one line each (security/keys/proc.c: proc_keys_show).
import { type Key, NEED } from "./key.ts";
import { mayUse } from "./permission.ts";
import { searchProcess } from "./process-keyrings.ts";
import type { KeyState } from "./state.ts";
import type { KeySubject } from "./subject.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const UNITS = [
  [WEEK, "w"],
  [DAY, "d"],
  [HOUR, "h"],
  [MINUTE, "m"],
] as const;

function timeLeft(key: Key, now: number): string {
  if (key.expiry === Number.POSITIVE_INFINITY) return "perm";
  const left = key.expiry - now;
  if (left <= 0) return "expd";
  const [unit, letter] = UNITS.find(([seconds]) => left >= seconds) ?? [1, "s"];
  return `${Math.floor(left / unit)}${letter}`;
}

/** A line of /proc/keys taken apart. */
export interface ProcKey {
  readonly serial: number;
  readonly type: string;
  /** The last column: description and what the type says of the key. */
  readonly text: string;
  /** The whole line, without its newline. */
  readonly line: string;
}

function lineOf(key: Key, now: number): string {
  const flags = ["I", key.revoked ? "R" : "-", "-", key.inQuota ? "Q" : "-", "-", "-", key.invalidated ? "i" : "-"];
  const columns = [
    key.serial.toString(16).padStart(8, "0"),
    flags.join(""),
    String(key.usage).padStart(5),
    timeLeft(key, now).padStart(4),
    key.perm.toString(16).padStart(8, "0"),
    String(key.uid).padStart(5),
    String(key.shownGid).padStart(5),
    key.type.name.slice(0, 9).padEnd(9),
    key.type.describe(key),
  ];
  return columns.join(" ");
}

/** What the task finds in /proc/keys, in the order of the file: keys that it may view. */
export function listProcKeys(state: KeyState, subject: KeySubject): ProcKey[] {
  state.store.settle();
  const shown: ProcKey[] = [];
  for (const key of state.store.keys) {
    const { type, description, serial } = key;
    const possessed =
      (key.perm >>> 24) & NEED.VIEW
        ? searchProcess(state, subject, { type, description, only: key, checkState: false }).ok
        : false;
    if (!mayUse({ key, possessed }, subject, NEED.VIEW)) continue;
    shown.push({ serial, type: type.name, text: type.describe(key), line: lineOf(key, state.clock()) });
  }
  return shown;
}
