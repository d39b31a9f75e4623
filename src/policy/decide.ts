// Says of each rule of a list why it did or did not match: the walk of match.ts, with its reasons.
import type { Release } from "../release/index.ts";
import { CONDITION, LABEL_KINDS, maskText } from "./conditions.ts";
import { formatRule } from "./format.ts";
import { funcName } from "./funcs.ts";
import {
  type ConditionName,
  firstFailure,
  MatchAccumulator,
  type MatchedFile,
  type MatchQuery,
  type MatchSettings,
} from "./match.ts";
import { has, operatorOf, type PolicyRule, type RuleTemplate, uuidText } from "./rule.ts";
import { showRule } from "./show.ts";

/** The first condition of a rule that a query does not meet. */
export interface FailedCondition {
  readonly condition: ConditionName;
  /** What the rule asks for, with its operator: `=0`, `>999`, `=^MAY_READ`. */
  readonly wanted: string;
  /** What the query has instead. */
  readonly actual: string;
}

export interface RuleDecision<T extends RuleTemplate = RuleTemplate> {
  /** From 1, in the order of the list. */
  readonly number: number;
  readonly rule: PolicyRule<T>;
  /** See ruleText. */
  readonly text: string;
  /**
   * `not-wanted`: its action was not asked for; `decided`: an earlier rule decided its action; `not-reached`: nothing was left to decide.
   */
  readonly outcome: "matched" | "failed" | "not-wanted" | "decided" | "not-reached";
  readonly failed: FailedCondition | null;
}

/** As the read-back shows a rule, without its newline; one that is not shown, as it is written. */
export const ruleText = (rule: PolicyRule, release: Release): string =>
  showRule(rule, release).trimEnd() || formatRule(rule, release);

/**
 * One decision for each rule, in order.
 * @param texts of the rules, as ruleText gives them
 */
export function decideRules<T extends RuleTemplate>(
  rules: readonly PolicyRule<T>[],
  texts: readonly string[],
  query: MatchQuery,
  settings: MatchSettings,
): RuleDecision<T>[] {
  const result = new MatchAccumulator<T>(query.wanted, settings.defaultPcr);
  const wanted = result.undecided;
  return rules.map((rule, at) => {
    const number = at + 1;
    const text = texts[at]!;
    if (result.undecided === 0) return { number, rule, text, outcome: "not-reached", failed: null };
    if ((rule.action & wanted) === 0) return { number, rule, text, outcome: "not-wanted", failed: null };
    if ((rule.action & result.undecided) === 0) return { number, rule, text, outcome: "decided", failed: null };
    const condition = firstFailure(rule, query, settings.labels);
    if (condition !== null) {
      const { wanted: asked, actual } = values(condition, rule, query);
      return { number, rule, text, outcome: "failed", failed: { condition, wanted: asked, actual } };
    }
    result.add(rule, query.func, settings.failSecurely);
    return { number, rule, text, outcome: "matched", failed: null };
  });
}

type Values = Omit<FailedCondition, "condition">;
const NOTHING = "none";

function values(condition: ConditionName, rule: PolicyRule, query: MatchQuery): Values {
  const { cred, inode } = query;
  switch (condition) {
    case "func":
      return { wanted: `=${funcName(rule.func)}`, actual: funcName(query.func) };
    case "keyrings":
      return { wanted: `=${rule.keyrings!.join("|")}`, actual: query.data ?? NOTHING };
    case "label":
      return { wanted: `=${rule.label!.join("|")}`, actual: query.data ?? NOTHING };
    case "mask":
      return {
        wanted: `=${has(rule, CONDITION.INMASK) ? "^" : ""}${maskText(rule.mask)}`,
        actual: maskText(query.mask),
      };
    case "fsmagic":
    case "fsname":
    case "fs_subtype":
    case "fsuuid":
      return fileSystemValues(condition, rule, inode?.sb ?? null);
    case "uid":
      return { wanted: `${operatorOf(rule.uidCompare)}${rule.uid}`, actual: `${cred.uid}` };
    case "euid":
      return {
        wanted: `${operatorOf(rule.uidCompare)}${rule.uid}`,
        actual: query.currentCapable.setuid ? `${cred.euid} (saved ${cred.suid}, real ${cred.uid})` : `${cred.euid}`,
      };
    case "gid":
      return { wanted: `${operatorOf(rule.gidCompare)}${rule.gid}`, actual: `${cred.gid}` };
    case "egid":
      return {
        wanted: `${operatorOf(rule.gidCompare)}${rule.gid}`,
        actual: query.currentCapable.setgid ? `${cred.egid} (saved ${cred.sgid}, real ${cred.gid})` : `${cred.egid}`,
      };
    case "fowner":
      return { wanted: `${operatorOf(rule.fownerCompare)}${rule.fowner}`, actual: `${inode?.uid ?? NOTHING}` };
    case "fgroup":
      return { wanted: `${operatorOf(rule.fgroupCompare)}${rule.fgroup}`, actual: `${inode?.gid ?? NOTHING}` };
    default: {
      const at = LABEL_KINDS.indexOf(condition);
      const label = at < 3 ? query.objectLabel : query.subjectLabel;
      return { wanted: `=${rule.labels![at]!.text}`, actual: label ?? NOTHING };
    }
  }
}

function fileSystemValues(
  condition: "fsmagic" | "fsname" | "fs_subtype" | "fsuuid",
  rule: PolicyRule,
  sb: MatchedFile["sb"] | null,
): Values {
  switch (condition) {
    case "fsmagic":
      return {
        wanted: `=0x${rule.fsmagic.toString(16)}`,
        actual: sb === null ? NOTHING : `0x${sb.magic.toString(16)}`,
      };
    case "fsname":
      return { wanted: `=${rule.fsname}`, actual: sb?.type.name ?? NOTHING };
    case "fs_subtype":
      return { wanted: `=${rule.fsSubtype}`, actual: sb?.subtype ?? NOTHING };
    default:
      return { wanted: `=${uuidText(rule.fsuuid!)}`, actual: sb === null ? NOTHING : uuidText(sb.uuid) };
  }
}
