// The lines of a policy text, and places in them.
import type { Span } from "./diagnostic.ts";
import type { PolicyRule } from "./rule.ts";

export interface PolicyLine {
  /** From 1. */
  readonly number: number;
  /** Of its first character, from the start of the text. */
  readonly offset: number;
  /** Without its newline. */
  readonly text: string;
  readonly kind: "blank" | "comment" | "rule" | "fault";
  /** The rule, where it is one. */
  readonly rule: PolicyRule | null;
  /** The rest of a rule's line from its `#` on, where the release takes that for a comment. */
  readonly comment: string;
}

/** Where a line stands. */
export type Place = Pick<PolicyLine, "number" | "offset" | "text">;

/** From one character of a line to before another. */
export function spanOf(place: Place, start: number, end: number): Span {
  return {
    line: place.number,
    column: start + 1,
    endColumn: end + 1,
    offset: place.offset + start,
    length: end - start,
  };
}
