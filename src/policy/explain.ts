// A rule in plain English.
import type { Release } from "../release/index.ts";
import { ACTION, RULE_FLAG } from "./actions.ts";
import { CONDITION, LABEL_KINDS, type LabelKind, maskText } from "./conditions.ts";
import { FUNC, FUNCS } from "./funcs.ts";
import { behaves } from "./grammar.ts";
import { fileSystemOf } from "./magic.ts";
import { COMPARE, type Compare, has, type PolicyRule, uuidText } from "./rule.ts";
import { algorithmNames } from "./show.ts";

/** One sentence: when, on which conditions, what is done. */
export function explainRule(rule: PolicyRule, release: Release): string {
  if (rule.func === FUNC.SETXATTR_CHECK)
    return `When security.ima is written: refuse hash algorithms other than ${algorithmNames(rule.allowedAlgos, release)}.`;
  const conditions = conditionsOf(rule);
  const when = rule.func === FUNC.NONE ? "At every hook that looks at a file" : capital(FUNCS[rule.func]!.when);
  const only = conditions.length === 0 ? "" : `, if ${list(conditions)}`;
  return `${when}${only}: ${effectsOf(rule, release).join("; ")}.`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const list = (items: readonly string[]): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
const either = (items: readonly string[]): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} or ${items.at(-1)}`;

function compared(what: string, compare: Compare, value: number): string {
  if (compare === COMPARE.EQUAL) return `${what} is ${value}`;
  return `${what} is ${compare === COMPARE.GREATER ? "above" : "below"} ${value}`;
}

const LABEL_OF: Readonly<Record<LabelKind, string>> = {
  obj_user: "the file's label names the user",
  obj_role: "the file's label names the role",
  obj_type: "the file's label names the type",
  subj_user: "the process's label names the user",
  subj_role: "the process's label names the role",
  subj_type: "the process's label names the type",
};

function conditionsOf(rule: PolicyRule): string[] {
  const parts: string[] = [];
  if (has(rule, CONDITION.MASK)) parts.push(`exactly ${maskText(rule.mask)} access is asked for`);
  if (has(rule, CONDITION.INMASK)) parts.push(`${maskText(rule.mask)} is among the access asked for`);
  if (has(rule, CONDITION.FSMAGIC)) {
    const known = fileSystemOf(rule.magic);
    parts.push(
      `the file system has the magic number 0x${rule.fsmagic.toString(16)}${known === undefined ? "" : ` (${known.name})`}`,
    );
  }
  if (has(rule, CONDITION.FSNAME)) parts.push(`the file system is ${rule.fsname}`);
  if (has(rule, CONDITION.FS_SUBTYPE)) parts.push(`the file system's subtype is ${rule.fsSubtype}`);
  if (has(rule, CONDITION.FSUUID)) parts.push(`the file system has the UUID ${uuidText(rule.fsuuid!)}`);
  if (has(rule, CONDITION.UID)) parts.push(compared("the real user id", rule.uidCompare, rule.uid));
  if (has(rule, CONDITION.EUID))
    parts.push(
      `${compared("the effective user id", rule.uidCompare, rule.uid)} (or the saved or real one, for a process that may change its user)`,
    );
  if (has(rule, CONDITION.GID) && rule.func !== FUNC.KEY_CHECK && rule.func !== FUNC.CRITICAL_DATA)
    parts.push(compared("the real group id", rule.gidCompare, rule.gid));
  if (has(rule, CONDITION.EGID))
    parts.push(
      `${compared("the effective group id", rule.gidCompare, rule.gid)} (or the saved or real one, for a process that may change its group)`,
    );
  if (has(rule, CONDITION.FOWNER)) parts.push(compared("the file's owner", rule.fownerCompare, rule.fowner));
  if (has(rule, CONDITION.FGROUP)) parts.push(compared("the file's group", rule.fgroupCompare, rule.fgroup));
  rule.labels?.forEach((label, at) => {
    if (label !== null) parts.push(`${LABEL_OF[LABEL_KINDS[at]!]} '${label.text}'`);
  });
  if (rule.keyrings !== null) parts.push(`the keyring is ${either(rule.keyrings)}`);
  if (rule.label !== null) parts.push(`the data is that of ${either(rule.label)}`);
  return parts;
}

function effectsOf(rule: PolicyRule, release: Release): string[] {
  const effects = [mainEffect(rule, release)];
  if (has(rule, RULE_FLAG.VERITY_REQUIRED)) effects.push("use its fs-verity digest");
  if (has(rule, CONDITION.VALIDATE_ALGOS))
    effects.push(`accept no hash algorithm but ${either(algorithmNames(rule.allowedAlgos, release).split(","))}`);
  if (has(rule, RULE_FLAG.PERMIT_DIRECTIO)) effects.push("permit direct I/O, which cannot be hashed");
  return effects;
}

function mainEffect(rule: PolicyRule, release: Release): string {
  switch (rule.action) {
    case ACTION.MEASURE: {
      const pcr = has(rule, CONDITION.PCR) ? ` into PCR ${rule.pcr}` : "";
      const template = rule.template === null ? "" : ` with the template ${rule.template.name || "of the boot"}`;
      return `measure it${pcr}${template}`;
    }
    case ACTION.DONT_MEASURE:
      return "do not measure it";
    case ACTION.APPRAISE:
      return `appraise it: ${signatureWanted(rule, release)}`;
    case ACTION.DONT_APPRAISE:
      return "do not appraise it";
    case ACTION.AUDIT:
      return "write an audit record with its hash";
    case ACTION.DONT_AUDIT:
      return "write no audit record for it";
    case ACTION.HASH:
      return "store its hash in security.ima";
    default:
      return "do not store its hash";
  }
}

function signatureWanted(rule: PolicyRule, release: Release): string {
  if (!has(rule, RULE_FLAG.DIGSIG_REQUIRED)) return "its hash or signature in security.ima must be right";
  const sigv3 = behaves(release, "sigv3-flag") ? RULE_FLAG.SIGV3_REQUIRED : RULE_FLAG.VERITY_REQUIRED;
  if (has(rule, sigv3)) return "it needs a valid signature of version 3";
  return has(rule, RULE_FLAG.MODSIG_ALLOWED)
    ? "it needs a valid signature in security.ima or appended to it"
    : "it needs a valid signature in security.ima";
}
