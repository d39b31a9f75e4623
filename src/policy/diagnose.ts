// Puts a fault of a rule into words: where, what, what instead, since when, and what the kernel makes of it.

import { HASH_ALGORITHMS } from "../crypto/index.ts";
import { ACTIONS, RULE_FLAG } from "./actions.ts";
import { CONDITION, MASKS } from "./conditions.ts";
import { NOTHING_LOADED, PolicyDiagnostic, UPDATE_FAILED } from "./diagnostic.ts";
import { FAULTS, type Fault } from "./fault.ts";
import { FUNC_NAMES, funcAccepted, funcName, funcNamed } from "./funcs.ts";
import { KEYWORDS, keywordKnown, keywordNamed } from "./keywords.ts";
import { type ParsedRule, ruleRecordType, splitToken } from "./parse-rule.ts";
import type { RuleEnvironment } from "./parse-value.ts";
import { type Place, spanOf } from "./policy-line.ts";
import { nearest } from "./suggest.ts";
import { TEMPLATE_NAMES, templateSince } from "./template-names.ts";

/** A line, and where the rule begins in it. */
type RulePlace = Place & { readonly column: number };

/** The diagnostic of a refused rule; `said` are the kernel's own lines about it. */
export function diagnoseRule(
  text: string,
  place: RulePlace,
  parsed: ParsedRule,
  said: readonly string[],
  env: RuleEnvironment,
): PolicyDiagnostic {
  const fault = narrowed(parsed);
  const token = text.slice(fault.start, fault.end);
  const status = "type=1802 op=update_policy cause=invalid-policy res=0";
  const log = [...said, `type=${ruleRecordType(env.release)} ${parsed.record}`, status, ...UPDATE_FAILED];
  return new PolicyDiagnostic({
    code: fault.code,
    severity: "error",
    message: message(fault, token, parsed, env),
    span: spanOf(place, place.column + fault.start, place.column + fault.end),
    token,
    expected: fault.expected,
    since: fault.since ?? (fault.code === "unknown-template" ? templateSince(splitToken(token).value) : undefined),
    kernel: { errno: fault.errno, log, loaded: NOTHING_LOADED },
    suggest: () => suggestion(fault, token, env),
  });
}

/** What was refused after the last token is blamed on the token that brought it in. */
function narrowed({ fault, refusal, tokens }: ParsedRule): Fault {
  const blamed = tokens.find(({ text }) => {
    if (refusal?.code === "action-not-for-func") return ACTIONS.some((row) => row.keyword === text);
    const bits = keywordBits(splitToken(text).keyword, text);
    return refusal?.bits !== undefined && (bits & refusal.bits) !== 0;
  });
  return blamed === undefined ? fault! : { ...fault!, start: blamed.start, end: blamed.start + blamed.text.length };
}

// biome-ignore format: a table reads better in columns
const BITS: Readonly<Record<string, number>> = {
  mask: CONDITION.MASK | CONDITION.INMASK, fsmagic: CONDITION.FSMAGIC, fsname: CONDITION.FSNAME, fs_subtype: CONDITION.FS_SUBTYPE,
  fsuuid: CONDITION.FSUUID, uid: CONDITION.UID, euid: CONDITION.EUID, gid: CONDITION.GID, egid: CONDITION.EGID,
  fowner: CONDITION.FOWNER, fgroup: CONDITION.FGROUP, pcr: CONDITION.PCR, keyrings: CONDITION.KEYRINGS, label: CONDITION.LABEL,
  appraise_algos: CONDITION.VALIDATE_ALGOS, permit_directio: RULE_FLAG.PERMIT_DIRECTIO, digest_type: RULE_FLAG.VERITY_REQUIRED,
  appraise_flag: RULE_FLAG.CHECK_BLACKLIST,
};

function keywordBits(keyword: string, token: string): number {
  if (keyword !== "appraise_type") return BITS[keyword] ?? 0;
  if (token.endsWith("modsig")) return RULE_FLAG.MODSIG_ALLOWED | RULE_FLAG.DIGSIG_REQUIRED;
  return RULE_FLAG.DIGSIG_REQUIRED | (token.endsWith("sigv3") ? RULE_FLAG.SIGV3_REQUIRED : 0);
}

function message(fault: Fault, token: string, parsed: ParsedRule, env: RuleEnvironment): string {
  const { keyword, value } = splitToken(token);
  const carriageReturn = token.endsWith("\r") ? "; the line ends in a carriage return, which counts as part of it" : "";
  const wanted = fault.expected === undefined ? "" : `: wants ${fault.expected}`;
  switch (fault.code) {
    case "unknown-keyword":
      return `'${token}' is neither an action nor a condition${carriageReturn}`;
    case "unknown-operator":
      return `'${keyword}' takes ${fault.expected === "=" ? "only the sign =" : "no value"}`;
    case "not-in-release":
      return token.startsWith("#")
        ? `a comment behind a rule is accepted from ${fault.since} on, not by ${env.release}`
        : `'${token}' is accepted from ${fault.since} on, not by ${env.release}`;
    case "not-built-in":
      return `'${token}' needs ${fault.expected}, which is not set`;
    case "second-action":
      return `'${token}' is a second action; a rule has exactly one`;
    case "repeated":
      return `'${token}' repeats a condition that may stand only once${sharedPlace(keyword)}`;
    case "unknown-value":
      return `'${keyword}' does not take '${value}'${wanted}${carriageReturn}`;
    case "bad-number":
    case "bad-uuid":
    case "number-out-of-range":
      return `'${value}': ${FAULTS[fault.code]}${wanted}${carriageReturn}`;
    case "not-for-action":
      return `'${token}' goes only with ${fault.expected}`;
    case "not-for-func":
      return `'${token}' does not go with func=${funcName(parsed.rule.func)}`.replace(
        "func=NONE",
        "a rule without func=",
      );
    case "action-not-for-func":
      return `func=${funcName(parsed.rule.func)} does not go with '${token}': wants ${fault.expected}`;
    default:
      return `${token === "" ? "the rule" : `'${token}'`}: ${FAULTS[fault.code]}${wanted}${carriageReturn}`;
  }
}

function sharedPlace(keyword: string): string {
  if (keyword === "uid" || keyword === "euid") return "; uid and euid count as one";
  return keyword === "gid" || keyword === "egid" ? "; gid and egid count as one" : "";
}

/** What would stand in the place of the token. */
function suggestion(fault: Fault, token: string, env: RuleEnvironment): string | null {
  if (token.endsWith("\r")) return token.slice(0, -1);
  const { keyword, operator, value } = splitToken(token);
  switch (fault.code) {
    case "unknown-keyword":
      return operator === "" ? bareSuggestion(token, env) : keywordSuggestion(keyword, operator, value, env);
    case "unknown-operator":
      return fault.expected === "=" ? `${keyword}=${value}` : keyword;
    case "unknown-value":
      return valueSuggestion(keyword, value, env);
    case "unknown-hash":
      return nearest(
        token,
        HASH_ALGORITHMS.map((row) => row.name),
      );
    case "unknown-template": {
      const name = nearest(value, TEMPLATE_NAMES);
      return name === null ? null : `template=${name}`;
    }
    default:
      return null;
  }
}

function bareSuggestion(token: string, env: RuleEnvironment): string | null {
  const actions = ACTIONS.filter((row) => env.release.atLeast(row.since)).map((row) => row.keyword);
  return nearest(token.replace(/^don'?t[-_]?/i, "dont_"), [...actions, "permit_directio"]);
}

function keywordSuggestion(keyword: string, operator: string, value: string, env: RuleEnvironment): string | null {
  const known = KEYWORDS.filter((row) => keywordKnown(row, env.release) && row.form !== "flag");
  const name = nearest(
    keyword,
    known.map((row) => row.keyword),
  );
  if (name === null) return null;
  const form = keywordNamed(name)!.form;
  return `${name}${form === "=" ? "=" : operator}${value}`;
}

function valueSuggestion(keyword: string, value: string, env: RuleEnvironment): string | null {
  const known: Readonly<Record<string, readonly string[]>> = {
    func: FUNC_NAMES.filter((name) => funcAccepted(funcNamed(name)!, env.release, env.config)),
    mask: MASKS.map((mask) => mask.name),
    appraise_type: ["imasig", "imasig|modsig", "sigv3"],
    digest_type: ["verity"],
    appraise_flag: ["check_blacklist"],
  };
  const caret = keyword === "mask" && value.startsWith("^") ? "^" : "";
  const name = nearest(value.slice(caret.length), known[keyword] ?? []);
  return name === null ? null : `${keyword}=${caret}${name}`;
}
