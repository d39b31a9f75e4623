// What is wrong with a policy, for people and for programs: a stable code, the place, what was expected, what the kernel would do, and
// what was probably meant. Faults that the kernel refuses and findings of the lint have the same shape.
import type { Errno } from "../errno/index.ts";
import type { FaultCode } from "./fault.ts";
import type { LintId } from "./lint/ids.ts";

/** Faults of a text as a whole, which no single rule has. */
type TextFaultCode = "empty-policy" | "nul-byte" | "no-final-newline" | "line-too-long";
export type DiagnosticCode = FaultCode | TextFaultCode | LintId;

export interface Span {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  readonly endColumn: number;
  /** Of the first character, from the start of the text. */
  readonly offset: number;
  readonly length: number;
}

/** What a kernel does with the load that holds the line. */
export interface KernelOutcome {
  /** The errno of the write; null where the write goes through and only the close fails. */
  readonly errno: Errno | null;
  /** Log lines and audit records in their order; what is the subject's in a record is left out. */
  readonly log: readonly string[];
  /** What becomes of the policy. */
  readonly loaded: string;
}

/** What becomes of a policy when a line is refused. */
export const NOTHING_LOADED = "nothing of this load; the policy that was active stays";
/** What the close of a failed session logs. */
export const UPDATE_FAILED: readonly string[] = [
  "ima: policy update failed",
  "type=1802 op=policy_update cause=failed res=0",
];

export interface Suggestion {
  /** The text that would stand in the place of the span. */
  readonly replacement: string;
}

interface DiagnosticDetails {
  readonly code: DiagnosticCode;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly span: Span;
  /** The text of the span. */
  readonly token: string;
  readonly expected?: string | undefined;
  readonly since?: string | undefined;
  readonly kernel?: KernelOutcome | undefined;
  /** Other lines that have to do with it. */
  readonly related?: readonly Span[] | undefined;
  /** Looked for when it is asked for. */
  readonly suggest?: (() => string | null) | undefined;
}

export class PolicyDiagnostic {
  /** Stable; never changes its meaning. */
  readonly code: DiagnosticCode;
  /** `error`: the policy does not load, or not as it stands there; `warning`: it loads. */
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly span: Span;
  readonly token: string;
  readonly expected: string | null;
  /** The first release that accepts it, where that is the fault. */
  readonly since: string | null;
  readonly kernel: KernelOutcome | null;
  readonly related: readonly Span[];
  readonly #suggest: () => string | null;

  constructor(details: DiagnosticDetails) {
    this.code = details.code;
    this.severity = details.severity;
    this.message = details.message;
    this.span = details.span;
    this.token = details.token;
    this.expected = details.expected ?? null;
    this.since = details.since ?? null;
    this.kernel = details.kernel ?? null;
    this.related = details.related ?? [];
    this.#suggest = details.suggest ?? (() => null);
  }

  /** What was probably meant. */
  get suggestion(): Suggestion | null {
    const replacement = this.#suggest();
    return replacement === null ? null : { replacement };
  }

  /** `file:line:column code message` */
  format(file: string): string {
    const { suggestion } = this;
    const hint = suggestion === null ? "" : `; did you mean ${suggestion.replacement}?`;
    return `${file}:${this.span.line}:${this.span.column} ${this.code} ${this.message}${hint}`;
  }

  toJSON(): Record<string, unknown> {
    const { code, severity, message, span, token, expected, since, suggestion, kernel, related } = this;
    return { code, severity, message, span, token, expected, since, suggestion, kernel, related };
  }
}
