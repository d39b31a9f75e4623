// Whether a rule matches, and what the matching rules of a list ask for together (security/integrity/ima/ima_policy.c: ima_match_rules,
// ima_match_rule_data, get_subaction, ima_match_policy).
import type { Release } from "../release/index.ts";
import { ACTION, decidedBy, POSITIVE_ACTIONS, RULE_FLAG, RULE_FLAGS_MASK, SUBACTION } from "./actions.ts";
import { CONDITION, LABEL_KINDS, type LabelKind } from "./conditions.ts";
import { FUNC, type Func } from "./funcs.ts";
import { behaves } from "./grammar.ts";
import type { LabelRule, LabelSource } from "./labels.ts";
import { compares, type PolicyRule, type RuleTemplate } from "./rule.ts";

/** The file as conditions see it. Ids are those that the mount's id map shows. An inode of the file system is one. */
export interface MatchedFile {
  readonly uid: number;
  readonly gid: number;
  readonly sb: {
    readonly magic: number;
    readonly uuid: Uint8Array;
    readonly type: { readonly name: string };
    readonly subtype: string | null;
  };
}

export interface MatchQuery {
  /** The hook that asks. */
  readonly func: Func;
  /** MAY_EXEC 1, MAY_WRITE 2, MAY_READ 4, MAY_APPEND 8. */
  readonly mask: number;
  /** The ACTION bits that are wanted, positive ones. */
  readonly wanted: number;
  readonly cred: {
    readonly uid: number;
    readonly euid: number;
    readonly suid: number;
    readonly gid: number;
    readonly egid: number;
    readonly sgid: number;
  };
  /** What the current task may, which decides how euid= and egid= are read, whoever's credentials `cred` are. */
  readonly currentCapable: { readonly setuid: boolean; readonly setgid: boolean };
  /** null for keys and critical data, which are no files. */
  readonly inode: MatchedFile | null;
  readonly objectLabel: string | null;
  readonly subjectLabel: string | null;
  /** The name of the keyring or the label of the critical data. */
  readonly data: string | null;
}

export interface MatchResult<T extends RuleTemplate = RuleTemplate> {
  /** ACTION and SUBACTION bits, and the RULE_FLAG bits of all rules that matched; signed 32 bits. 0: no rule matched. */
  readonly action: number;
  readonly pcr: number;
  /** null: the one of the boot. */
  readonly template: T | null;
  /** One bit for each algorithm that the label may have; 0: any. */
  readonly allowedAlgos: number;
  /** Those that matched, in order; each decided its action. */
  readonly rules: readonly PolicyRule<T>[];
}

/** The condition of a rule that a query fails, in the order in which they are tried. */
export type ConditionName =
  | "func"
  | "keyrings"
  | "label"
  | "mask"
  | "fsmagic"
  | "fsname"
  | "fs_subtype"
  | "fsuuid"
  | "uid"
  | "euid"
  | "gid"
  | "egid"
  | "fowner"
  | "fgroup"
  | LabelKind;

/** How labels are compared on one kernel. */
export interface LabelMatching {
  readonly source: LabelSource | null;
  /** An error of the comparison counts as a match. */
  readonly errorMatches: boolean;
  /** What a stale label leads to: one more try for this match, a refresh of the whole policy, or nothing. */
  readonly stale: "retry" | "refresh" | "error";
  readonly refresh: () => void;
}

export function labelMatching(release: Release, source: LabelSource | null, refresh: () => void): LabelMatching {
  return {
    source,
    errorMatches: !release.has("lsm-match-error-no-match"),
    stale: behaves(release, "stale-label-retried")
      ? "retry"
      : behaves(release, "labels-reloaded")
        ? "error"
        : "refresh",
    refresh,
  };
}

/** The first condition that the query fails; null where the rule matches. */
export function firstFailure(rule: PolicyRule, query: MatchQuery, labels: LabelMatching): ConditionName | null {
  const { flags } = rule;
  const { func } = query;
  const anyHook = func === FUNC.POST_SETATTR;
  if ((flags & CONDITION.FUNC) !== 0 && rule.func !== func && !anyHook) return "func";
  if (func === FUNC.KEY_CHECK || func === FUNC.CRITICAL_DATA) return firstDataFailure(rule, query);
  if (!anyHook) {
    if ((flags & CONDITION.MASK) !== 0 && rule.mask !== query.mask) return "mask";
    if ((flags & CONDITION.INMASK) !== 0 && (rule.mask & query.mask) === 0) return "mask";
  }
  return (
    firstFileSystemFailure(rule, query.inode) ?? firstIdFailure(rule, query) ?? firstLabelFailure(rule, query, labels)
  );
}

/** Of keys and critical data a rule looks at the user and the name alone, and a rule without func= at nothing. */
function firstDataFailure(rule: PolicyRule, query: MatchQuery): ConditionName | null {
  if (rule.func !== query.func) return "func";
  if ((rule.flags & CONDITION.UID) !== 0 && !compares(rule.uidCompare, query.cred.uid, rule.uid)) return "uid";
  const key = query.func === FUNC.KEY_CHECK;
  const names = key ? rule.keyrings : rule.label;
  if (names === null || (query.data !== null && names.includes(query.data))) return null;
  return key ? "keyrings" : "label";
}

function firstFileSystemFailure(rule: PolicyRule, inode: MatchedFile | null): ConditionName | null {
  const { flags } = rule;
  if ((flags & CONDITION.FSMAGIC) !== 0 && rule.magic !== inode?.sb.magic) return "fsmagic";
  if ((flags & CONDITION.FSNAME) !== 0 && rule.fsname !== inode?.sb.type.name) return "fsname";
  if ((flags & CONDITION.FS_SUBTYPE) !== 0 && rule.fsSubtype !== inode?.sb.subtype) return "fs_subtype";
  if ((flags & CONDITION.FSUUID) !== 0 && !(inode !== null && sameBytes(rule.fsuuid!, inode.sb.uuid))) return "fsuuid";
  return null;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  for (let at = 0; at < 16; at++) if (a[at] !== b[at]) return false;
  return true;
}

function firstIdFailure(rule: PolicyRule, query: MatchQuery): ConditionName | null {
  const { flags } = rule;
  const { cred, currentCapable, inode } = query;
  if ((flags & CONDITION.UID) !== 0 && !compares(rule.uidCompare, cred.uid, rule.uid)) return "uid";
  if (
    (flags & CONDITION.EUID) !== 0 &&
    !compares(rule.uidCompare, cred.euid, rule.uid) &&
    !(
      currentCapable.setuid &&
      (compares(rule.uidCompare, cred.suid, rule.uid) || compares(rule.uidCompare, cred.uid, rule.uid))
    )
  )
    return "euid";
  if ((flags & CONDITION.GID) !== 0 && !compares(rule.gidCompare, cred.gid, rule.gid)) return "gid";
  if (
    (flags & CONDITION.EGID) !== 0 &&
    !compares(rule.gidCompare, cred.egid, rule.gid) &&
    !(
      currentCapable.setgid &&
      (compares(rule.gidCompare, cred.sgid, rule.gid) || compares(rule.gidCompare, cred.gid, rule.gid))
    )
  )
    return "egid";
  if ((flags & CONDITION.FOWNER) !== 0 && !(inode !== null && compares(rule.fownerCompare, inode.uid, rule.fowner)))
    return "fowner";
  if ((flags & CONDITION.FGROUP) !== 0 && !(inode !== null && compares(rule.fgroupCompare, inode.gid, rule.fgroup)))
    return "fgroup";
  return null;
}

function firstLabelFailure(rule: PolicyRule, query: MatchQuery, how: LabelMatching): ConditionName | null {
  const conditions = rule.labels;
  if (conditions === null) return null;
  for (let at = 0; at < conditions.length; at++) {
    const condition = conditions[at];
    if (condition === null || condition === undefined) continue;
    const kind = LABEL_KINDS[at]!;
    const label = at < 3 ? query.objectLabel : query.subjectLabel;
    if (condition.compiled === null || how.source === null) return kind;
    if (!labelMatches(kind, condition, label, how, how.source)) return kind;
  }
  return null;
}

function labelMatches(
  kind: LabelKind,
  condition: { readonly text: string; readonly compiled: LabelRule | null },
  label: string | null,
  how: LabelMatching,
  source: LabelSource,
): boolean {
  let outcome = source.match(condition.compiled!, label);
  if (outcome === "ESTALE" && how.stale === "retry") {
    const again = source.compile(kind, condition.text);
    if (again === null) return false;
    outcome = source.match(again, label);
  } else if (typeof outcome === "string" && how.stale === "refresh") {
    how.refresh();
    if (condition.compiled === null) return false;
    outcome = source.match(condition.compiled, label);
  }
  return typeof outcome === "string" ? how.errorMatches : outcome;
}

/** Which of the file's verdicts an appraise rule asks for: by hook, but the file's where the rule names no hook. */
function subactionOf(rule: PolicyRule, func: Func): number {
  if ((rule.flags & CONDITION.FUNC) === 0) return SUBACTION.FILE_APPRAISE;
  switch (func) {
    case FUNC.MMAP_CHECK:
    case FUNC.MMAP_CHECK_REQPROT:
      return SUBACTION.MMAP_APPRAISE;
    case FUNC.BPRM_CHECK:
      return SUBACTION.BPRM_APPRAISE;
    case FUNC.CREDS_CHECK:
      return SUBACTION.CREDS_APPRAISE;
    case FUNC.FILE_CHECK:
    case FUNC.POST_SETATTR:
      return SUBACTION.FILE_APPRAISE;
    default:
      return SUBACTION.READ_APPRAISE;
  }
}

/** What matching rules add up to while a list is walked. */
export class MatchAccumulator<T extends RuleTemplate> implements MatchResult<T> {
  action = 0;
  pcr: number;
  template: T | null = null;
  allowedAlgos = 0;
  readonly rules: PolicyRule<T>[] = [];
  /** The actions that no rule has decided yet, with their dont_ twins. */
  undecided: number;

  constructor(wanted: number, defaultPcr: number) {
    this.undecided = wanted | (wanted << 1);
    this.pcr = defaultPcr;
  }

  add(rule: PolicyRule<T>, func: Func, failSecurely: boolean): void {
    this.action |= (rule.flags & RULE_FLAGS_MASK) | (rule.action & POSITIVE_ACTIONS);
    if ((rule.action & ACTION.APPRAISE) !== 0) {
      this.action = (this.action | subactionOf(rule, func)) & ~ACTION.HASH;
      if (failSecurely) this.action |= RULE_FLAG.FAIL_UNVERIFIABLE_SIGS;
      if ((rule.flags & CONDITION.VALIDATE_ALGOS) !== 0) this.allowedAlgos = rule.allowedAlgos;
    }
    this.undecided &= ~decidedBy(rule.action);
    if ((rule.flags & CONDITION.PCR) !== 0) this.pcr = rule.pcr;
    if (rule.template !== null) this.template = rule.template;
    this.rules.push(rule);
  }
}

export interface MatchSettings {
  readonly labels: LabelMatching;
  readonly defaultPcr: number;
  readonly failSecurely: boolean;
}

/** Walks all the rules, as the kernel does. The index (rule-index.ts) answers the same, sooner. */
export function walkRules<T extends RuleTemplate>(
  rules: readonly PolicyRule<T>[],
  query: MatchQuery,
  settings: MatchSettings,
): MatchResult<T> {
  const result = new MatchAccumulator<T>(query.wanted, settings.defaultPcr);
  for (const rule of rules) {
    if ((rule.action & result.undecided) === 0) continue;
    if (firstFailure(rule, query, settings.labels) !== null) continue;
    result.add(rule, query.func, settings.failSecurely);
    if (result.undecided === 0) break;
  }
  return result;
}
