// One rule's text to a rule, or to the first fault in it (security/integrity/ima/ima_policy.c: ima_parse_rule). The kernel's view and the
// diagnostics for people both come from here, so they cannot disagree.
import { AUDIT_TYPE, type AuditType, untrusted } from "../audit/index.ts";
import type { Release } from "../release/index.ts";
import { ACTIONS } from "./actions.ts";
import type { Fault, ValueFault } from "./fault.ts";
import { invalid } from "./fault.ts";
import { behaves } from "./grammar.ts";
import { type KeywordRow, keywordKnown, keywordNamed } from "./keywords.ts";
import { type Operator, type RuleEnvironment, setValue } from "./parse-value.ts";
import { newRule, type PolicyRule, type RuleDraft, type RuleTemplate } from "./rule.ts";
import { type Refusal, validateRule } from "./validate.ts";

/** A token and where it stands, counted in characters from the start of the rule's text. */
export interface Token {
  readonly text: string;
  readonly start: number;
}

export interface ParsedRule<T extends RuleTemplate = RuleTemplate> {
  /** As far as it was read; only a rule where there is no fault. */
  readonly rule: PolicyRule<T>;
  readonly fault: Fault | null;
  /** What was refused after the last token, where `fault` says so. */
  readonly refusal: Refusal | null;
  /** The tokens that were looked at. */
  readonly tokens: readonly Token[];
  /** Body of the audit record. */
  readonly record: string;
}

/** The type of the audit record that tells of a rule. */
export const ruleRecordType = (release: Release): AuditType =>
  behaves(release, "policy-rule-record") ? AUDIT_TYPE.INTEGRITY_POLICY_RULE : AUDIT_TYPE.INTEGRITY_RULE;

/** Splits at single spaces and tabs; empty tokens do not count. */
export function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  let start = -1;
  for (let at = 0; at <= text.length; at++) {
    const blank = at === text.length || text[at] === " " || text[at] === "\t";
    if (blank && start >= 0) {
      tokens.push({ text: text.slice(start, at), start });
      start = -1;
    } else if (!blank && start < 0) start = at;
  }
  return tokens;
}

/** The keyword, sign and value that a token looks like, whether or not any release knows the keyword. */
export function splitToken(token: string): { keyword: string; operator: Operator | ""; value: string } {
  for (let at = 0; at < token.length; at++) {
    const c = token[at];
    if (c === "=" || c === ">" || c === "<")
      return { keyword: token.slice(0, at), operator: c, value: token.slice(at + 1) };
  }
  return { keyword: token, operator: "", value: "" };
}

/** Parses one rule without leading blanks and without its newline. */
export function parseRule<T extends RuleTemplate>(text: string, env: RuleEnvironment<T>): ParsedRule<T> {
  const draft = newRule<T>();
  const tokens = tokenise(text);
  const asIs = behaves(env.release, "policy-rule-record");
  const comments = behaves(env.release, "trailing-comment");
  let record = "";
  let fault: Fault | null = null;
  let looked = 0;

  for (const token of tokens) {
    if (fault !== null) break;
    if (comments && token.text.startsWith("#")) break;
    looked++;
    const read = readToken(draft, token.text, env);
    if (read.logged !== null && read.fault?.unlogged !== true)
      record += `${read.logged.key}${asIs ? read.logged.value : untrusted(read.logged.value)} `;
    if (read.fault !== null) fault = locate(read.fault, token);
  }

  let refusal: Refusal | null = null;
  if (fault === null) {
    refusal = validateRule(draft, env.release);
    if (refusal !== null)
      fault = {
        ...invalid(refusal.code, refusal.expected === undefined ? {} : { expected: refusal.expected }),
        start: 0,
        end: text.length,
      };
  }
  record += `res=${fault === null ? 1 : 0}`;
  return { rule: draft, fault, refusal, tokens: tokens.slice(0, looked), record };
}

interface ReadToken {
  readonly fault: ValueFault | null;
  readonly logged: { readonly key: string; readonly value: string } | null;
}

function readToken<T extends RuleTemplate>(draft: RuleDraft<T>, token: string, env: RuleEnvironment<T>): ReadToken {
  const action = ACTIONS.find((row) => row.keyword === token);
  if (action !== undefined && env.release.atLeast(action.since)) {
    const second = draft.action !== 0;
    draft.action = action.bit;
    return { fault: second ? invalid("second-action") : null, logged: { key: "action=", value: token } };
  }
  if (token.startsWith("#"))
    return { fault: invalid("not-in-release", { since: "6.14" }), logged: { key: "UNKNOWN=", value: token } };
  const { keyword, operator, value } = splitToken(token);
  const row = keywordNamed(keyword);
  const unknown =
    action !== undefined ? invalid("not-in-release", { since: action.since }) : misused(row, operator, value, env);
  if (row === undefined || unknown !== null)
    return { fault: unknown ?? invalid("unknown-keyword"), logged: { key: "UNKNOWN=", value: token } };
  const fault = setValue(draft, row.keyword, operator === "" ? "=" : operator, value, env);
  return { fault, logged: row.form === "flag" ? null : { key: `${keyword}${operator}`, value } };
}

/** Why a known keyword does not count as one, which is all that the kernel sees. */
function misused(
  row: KeywordRow | undefined,
  operator: Operator | "",
  value: string,
  env: RuleEnvironment,
): ValueFault | null {
  if (row === undefined) return null;
  if (!keywordKnown(row, env.release)) return invalid("not-in-release", { since: row.since });
  if (row.form === "flag") return operator === "" ? null : invalid("unknown-operator", { expected: "no value" });
  if (operator === "") return invalid("empty-value", { expected: row.value });
  if (operator !== "=" && row.form === "=") return invalid("unknown-operator", { expected: "=" });
  if (operator !== "=" && !behaves(env.release, "id-operators")) return invalid("not-in-release", { since: "4.12" });
  return value === "" ? invalid("empty-value", { expected: row.value }) : null;
}

function locate(fault: ValueFault, token: Token): Fault {
  const end = token.start + token.text.length;
  const { part } = fault;
  if (part === undefined) return { ...fault, start: token.start, end };
  const start = token.start + token.text.indexOf(part, token.text.indexOf("=") + 1);
  return { ...fault, start, end: start + part.length };
}
