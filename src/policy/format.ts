// Writes rules in one canonical form that every kernel which accepts them reads back as the same rules. The kernel's own read-back is
// no such form: it shows high ids as negative numbers, cuts long names and puts appraise_type= where it may not stand.
import type { Release } from "../release/index.ts";
import { ACTIONS, RULE_FLAG } from "./actions.ts";
import { CONDITION, LABEL_KINDS, MASKS } from "./conditions.ts";
import { funcName } from "./funcs.ts";
import { behaves } from "./grammar.ts";
import type { ParsedPolicy } from "./parse-policy.ts";
import { type Compare, has, operatorOf, type PolicyRule, uuidText } from "./rule.ts";
import { algorithmNames } from "./show.ts";

/** One rule on one line, without its newline. */
export function formatRule(rule: PolicyRule, release: Release): string {
  const items: string[] = [ACTIONS.find((row) => row.bit === rule.action)!.keyword];
  const id = (bit: number, key: string, compare: Compare, value: number): void => {
    if (has(rule, bit)) items.push(`${key}${operatorOf(compare)}${value}`);
  };
  if (has(rule, CONDITION.FUNC)) items.push(`func=${funcName(rule.func)}`);
  if (has(rule, CONDITION.MASK | CONDITION.INMASK)) {
    const caret = has(rule, CONDITION.INMASK) ? "^" : "";
    items.push(`mask=${caret}${MASKS.find((mask) => mask.bit === rule.mask)!.name}`);
  }
  if (has(rule, CONDITION.FSMAGIC)) items.push(`fsmagic=0x${rule.fsmagic.toString(16)}`);
  if (has(rule, CONDITION.FSNAME)) items.push(`fsname=${rule.fsname}`);
  if (has(rule, CONDITION.FS_SUBTYPE)) items.push(`fs_subtype=${rule.fsSubtype}`);
  if (has(rule, CONDITION.FSUUID)) items.push(`fsuuid=${uuidText(rule.fsuuid!)}`);
  id(CONDITION.UID, "uid", rule.uidCompare, rule.uid);
  id(CONDITION.EUID, "euid", rule.uidCompare, rule.uid);
  id(CONDITION.GID, "gid", rule.gidCompare, rule.gid);
  id(CONDITION.EGID, "egid", rule.gidCompare, rule.gid);
  id(CONDITION.FOWNER, "fowner", rule.fownerCompare, rule.fowner);
  id(CONDITION.FGROUP, "fgroup", rule.fgroupCompare, rule.fgroup);
  rule.labels?.forEach((label, at) => {
    if (label !== null) items.push(`${LABEL_KINDS[at]}=${label.text}`);
  });
  if (has(rule, CONDITION.KEYRINGS)) items.push(`keyrings=${rule.keyrings!.join("|")}`);
  if (has(rule, CONDITION.LABEL)) items.push(`label=${rule.label!.join("|")}`);
  if (has(rule, CONDITION.VALIDATE_ALGOS)) items.push(`appraise_algos=${algorithmNames(rule.allowedAlgos, release)}`);
  items.push(...signatureItems(rule, release));
  if (has(rule, RULE_FLAG.PERMIT_DIRECTIO)) items.push("permit_directio");
  if (has(rule, CONDITION.PCR)) items.push(`pcr=${rule.pcr}`);
  if (rule.template !== null)
    items.push(`template=${rule.template.name || rule.template.fields.map((field) => field.id).join("|")}`);
  return items.join(" ");
}

/** Which order the two types are accepted in differs: up to 7.0 the digest's comes first, from then on imasig must. */
function signatureItems(rule: PolicyRule, release: Release): string[] {
  const digest = has(rule, RULE_FLAG.VERITY_REQUIRED) ? ["digest_type=verity"] : [];
  const items: string[] = [];
  if (has(rule, RULE_FLAG.DIGSIG_REQUIRED)) {
    const sigv3 = behaves(release, "sigv3-flag") ? has(rule, RULE_FLAG.SIGV3_REQUIRED) : digest.length > 0;
    if (has(rule, RULE_FLAG.MODSIG_ALLOWED)) items.push("appraise_type=imasig|modsig");
    if (sigv3) items.push("appraise_type=sigv3");
    if (items.length === 0) items.push("appraise_type=imasig");
  }
  if (has(rule, RULE_FLAG.CHECK_BLACKLIST) && !behaves(release, "blacklist-implied"))
    items.push("appraise_flag=check_blacklist");
  return behaves(release, "sigv3-flag") ? [...items, ...digest] : [...digest, ...items];
}

/**
 * The whole policy, a rule a line: comments and blank lines stay where they are, refused lines as they are.
 * What it returns is loaded as the same rules, and formatting it again changes nothing.
 */
export function formatPolicy(policy: ParsedPolicy): string {
  const lines = policy.lines.map((line) => {
    if (line.kind === "fault") return line.text;
    if (line.rule === null) return line.text.trim();
    const rule = formatRule(line.rule, policy.target.release);
    return line.comment === "" ? rule : `${rule} ${line.comment}`;
  });
  return `${lines.join("\n")}\n`;
}
