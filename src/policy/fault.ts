// Why a rule is refused: one code for each kind of fault, with the errno that the kernel answers. The codes are stable: they stand in
// diagnostics, in scripts that read them, and never change their meaning.
import type { Errno } from "../errno/index.ts";

// biome-ignore format: a table reads better in columns
const table = {
  "unknown-keyword": "no release known here has this word",
  "unknown-operator": "this keyword is not compared with this sign",
  "empty-value": "the keyword needs a value",
  "not-in-release": "other releases know this, the requested one does not",
  "not-built-in": "the kernel is configured without it",
  "second-action": "a rule has exactly one action",
  "repeated": "the condition may stand only once",
  "unknown-value": "the keyword does not take this value",
  "bad-number": "not a number of the form that the keyword takes",
  "number-out-of-range": "the number is out of range",
  "bad-uuid": "not a UUID of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
  "empty-item": "a list has no empty items",
  "undefined-label": "the security module does not know the label",
  "unknown-hash": "no such hash algorithm",
  "unavailable-hash": "the kernel is configured without this hash algorithm",
  "unknown-template": "no registered template has this name or format",
  "wrong-order": "another token must stand before or may not stand before this one",
  "no-action": "a rule needs an action",
  "not-for-action": "the action does not take this condition",
  "not-for-func": "the hook does not take this condition",
  "action-not-for-func": "the hook does not take this action",
  "missing-condition": "the rule needs another condition",
} as const satisfies Readonly<Record<string, string>>;

export type FaultCode = keyof typeof table;
export const FAULTS: Readonly<Record<FaultCode, string>> = table;

/** A fault in one value. */
export interface ValueFault {
  readonly code: FaultCode;
  readonly errno: Errno;
  /** What in the value is at fault, where it is only a part of it. */
  readonly part?: string;
  /** What would be accepted instead, for people. */
  readonly expected?: string;
  /** The first release that would accept it. */
  readonly since?: string;
  /** Not even named in the audit record, as early releases did it. */
  readonly unlogged?: boolean;
}

/** A fault in a rule; offsets count characters from the start of the rule's text. */
export interface Fault extends ValueFault {
  readonly start: number;
  readonly end: number;
}

export const invalid = (code: FaultCode, more: Omit<ValueFault, "code" | "errno"> = {}): ValueFault => ({
  code,
  errno: "EINVAL",
  ...more,
});
