// One rule, as the parser leaves it and the walk reads it (security/integrity/ima/ima_policy.c: struct ima_rule_entry).
import { FUNC, type Func } from "./funcs.ts";
import type { LabelRule } from "./labels.ts";

/** How an id condition compares the id of the subject or object with that of the rule. */
export const COMPARE = { EQUAL: 0, GREATER: 1, LESS: 2 } as const;
export type Compare = (typeof COMPARE)[keyof typeof COMPARE];
const OPERATORS = ["=", ">", "<"] as const;
export const operatorOf = (compare: Compare): "=" | ">" | "<" => OPERATORS[compare];

export function compares(compare: Compare, actual: number, wanted: number): boolean {
  if (compare === COMPARE.EQUAL) return actual === wanted;
  return compare === COMPARE.GREATER ? actual > wanted : actual < wanted;
}

/** (uid_t)-1: no id. */
export const INVALID_ID = 0xffff_ffff;

/** What the policy needs to know of a measurement template. */
export interface RuleTemplate {
  /** Empty for the one that ima_template_fmt= made. */
  readonly name: string;
  readonly fields: readonly { readonly id: string }[];
}
export const hasField = (template: RuleTemplate, id: string): boolean =>
  template.fields.some((field) => field.id === id);
/** Finds a template that the kernel knows by its name or by its exact format (lookup_template_desc). */
export type TemplateLookup<T extends RuleTemplate = RuleTemplate> = (nameOrFormat: string) => T | undefined;

/** A label condition; `compiled` is null where the LSM does not know the label: such a rule never matches and is not shown. */
export interface LabelCondition {
  readonly text: string;
  compiled: LabelRule | null;
}

/** What the parser fills in. A rule on a list is never changed, but for its compiled labels after a reload of the LSM's policy. */
export interface RuleDraft<T extends RuleTemplate = RuleTemplate> {
  /** An ACTION bit; 0 until there is one. */
  action: number;
  /** CONDITION and RULE_FLAG bits. */
  flags: number;
  func: Func;
  mask: number;
  fsmagic: bigint;
  /** The same as a number where it is one exactly, else -1, which no file system has. */
  magic: number;
  fsname: string | null;
  fsSubtype: string | null;
  fsuuid: Uint8Array | null;
  /** Of uid= or euid=, which share it. */
  uid: number;
  uidCompare: Compare;
  /** Of gid= or egid=. */
  gid: number;
  gidCompare: Compare;
  fowner: number;
  fownerCompare: Compare;
  fgroup: number;
  fgroupCompare: Compare;
  pcr: number;
  /** One bit for each hash algorithm, by its id. */
  allowedAlgos: number;
  keyrings: readonly string[] | null;
  label: readonly string[] | null;
  /** One place for each of LABEL_KINDS; null where the rule has no such condition at all. */
  labels: (LabelCondition | null)[] | null;
  template: T | null;
}

export type PolicyRule<T extends RuleTemplate = RuleTemplate> = Readonly<RuleDraft<T>>;

export function newRule<T extends RuleTemplate = RuleTemplate>(): RuleDraft<T> {
  return {
    action: 0,
    flags: 0,
    func: FUNC.NONE,
    mask: 0,
    fsmagic: 0n,
    magic: 0,
    fsname: null,
    fsSubtype: null,
    fsuuid: null,
    uid: INVALID_ID,
    uidCompare: COMPARE.EQUAL,
    gid: INVALID_ID,
    gidCompare: COMPARE.EQUAL,
    fowner: INVALID_ID,
    fownerCompare: COMPARE.EQUAL,
    fgroup: INVALID_ID,
    fgroupCompare: COMPARE.EQUAL,
    pcr: 0,
    allowedAlgos: 0,
    keyrings: null,
    label: null,
    labels: null,
    template: null,
  };
}

export const has = (rule: PolicyRule, bit: number): boolean => (rule.flags & bit) !== 0;

/** Whether a label of the rule is unknown to the LSM, so that it never matches. */
export const hasDeadLabel = (rule: PolicyRule): boolean =>
  rule.labels?.some((label) => label !== null && label.compiled === null) ?? false;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** As %pU prints it. */
export function uuidText(uuid: Uint8Array): string {
  let text = "";
  for (let at = 0; at < 16; at++) text += (at === 4 || at === 6 || at === 8 || at === 10 ? "-" : "") + HEX[uuid[at]!]!;
  return text;
}
