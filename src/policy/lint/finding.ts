// The shape in which one check of the lint says what it found.
import { PolicyDiagnostic } from "../diagnostic.ts";
import { type Domain, domainOf } from "../domain.ts";
import type { ParsedPolicy, PolicyTarget } from "../parse-policy.ts";
import { tokenise } from "../parse-rule.ts";
import { type PolicyLine, spanOf } from "../policy-line.ts";
import type { PolicyRule } from "../rule.ts";
import type { LintId } from "./ids.ts";

export interface LintOptions {
  /** Other releases that the policy should load on. */
  readonly releases?: readonly string[];
  /** Whether the machine gets keys on .ima in another way than by CONFIG_IMA_LOAD_X509. */
  readonly keysProvided?: boolean;
}

/** A line with a rule, and what the rule matches. */
export interface RuleLine extends PolicyLine {
  readonly rule: PolicyRule;
  readonly domain: Domain;
}

export interface LintSubject {
  readonly policy: ParsedPolicy;
  readonly rules: readonly RuleLine[];
  readonly options: LintOptions;
  readonly target: PolicyTarget;
}

/** One check: its findings, in any order. */
export type LintCheck = (subject: LintSubject) => Iterable<PolicyDiagnostic>;

export function lintSubject(policy: ParsedPolicy, options: LintOptions): LintSubject {
  const rules = policy.lines.flatMap((line) =>
    line.rule === null ? [] : [{ ...line, rule: line.rule, domain: domainOf(line.rule) }],
  );
  return { policy, rules, options, target: policy.target };
}

interface FindingDetails {
  readonly related?: readonly PolicyLine[];
  /** The token that is at fault, by its beginning; the whole rule where left out or not there. */
  readonly token?: string;
  readonly replacement?: string;
  readonly since?: string;
}

/** A finding about one line. */
export function finding(id: LintId, line: PolicyLine, message: string, details: FindingDetails = {}): PolicyDiagnostic {
  const wanted = details.token;
  const found = wanted === undefined ? undefined : tokenise(line.text).find(({ text }) => text.startsWith(wanted));
  const start = found?.start ?? line.text.length - line.text.trimStart().length;
  const end = found === undefined ? line.text.trimEnd().length : start + found.text.length;
  const { replacement } = details;
  return new PolicyDiagnostic({
    code: id,
    severity: "warning",
    message,
    span: spanOf(line, start, end),
    token: line.text.slice(start, end),
    since: details.since,
    related: details.related?.map((other) => spanOf(other, 0, other.text.length)),
    suggest: replacement === undefined ? undefined : () => replacement,
  });
}
