// The read-back of a rule, byte for byte (security/integrity/ima/ima_policy.c: ima_policy_show).
import { HASH_ALGORITHMS, hashNameOf } from "../crypto/index.ts";
import type { Release } from "../release/index.ts";
import { ACTIONS, RULE_FLAG } from "./actions.ts";
import { CONDITION, LABEL_KINDS, MASKS } from "./conditions.ts";
import { funcName } from "./funcs.ts";
import { behaves } from "./grammar.ts";
import { type Compare, has, hasDeadLabel, operatorOf, type PolicyRule, uuidText } from "./rule.ts";

/** The buffer in which values are printed holds 64 bytes. */
const SHOWN_MAX = 63;

/** One line, each item followed by a blank; empty for a rule that is not shown. */
export function showRule(rule: PolicyRule, release: Release): string {
  if (hasDeadLabel(rule) && behaves(release, "dead-labels-hidden")) return "";
  let line = "";
  const item = (text: string): void => {
    line += `${text} `;
  };
  const id = (bit: number, key: string, compare: Compare, value: number): void => {
    if (has(rule, bit)) item(`${key}${operatorOf(compare)}${value | 0}`);
  };

  item(ACTIONS.find((row) => row.bit === rule.action)?.keyword ?? "");
  if (has(rule, CONDITION.FUNC)) item(`func=${funcName(rule.func)}`);
  if (has(rule, CONDITION.MASK | CONDITION.INMASK)) {
    const caret = has(rule, CONDITION.INMASK) && behaves(release, "inmask-shown") ? "^" : "";
    item(`mask=${caret}${MASKS.find((mask) => mask.bit === rule.mask)?.name}`);
  }
  if (has(rule, CONDITION.FSMAGIC)) item(`fsmagic=0x${rule.fsmagic.toString(16)}`);
  if (has(rule, CONDITION.FSNAME)) item(`fsname=${shortened(rule.fsname!)}`);
  if (has(rule, CONDITION.FS_SUBTYPE)) item(`fs_subtype=${shortened(rule.fsSubtype!)}`);
  if (has(rule, CONDITION.KEYRINGS)) {
    const keyrings = rule.keyrings!.join("|");
    item(`keyrings=${behaves(release, "no-empty-items") ? keyrings : shortened(keyrings)}`);
  }
  if (has(rule, CONDITION.LABEL)) item(`label=${rule.label!.join("|")}`);
  if (has(rule, CONDITION.PCR)) item(`pcr=${rule.pcr}`);
  if (has(rule, CONDITION.FSUUID)) item(`fsuuid=${uuidText(rule.fsuuid!)}`);
  id(CONDITION.UID, "uid", rule.uidCompare, rule.uid);
  id(CONDITION.EUID, "euid", rule.uidCompare, rule.uid);
  id(CONDITION.GID, "gid", rule.gidCompare, rule.gid);
  id(CONDITION.EGID, "egid", rule.gidCompare, rule.gid);
  id(CONDITION.FOWNER, "fowner", rule.fownerCompare, rule.fowner);
  id(CONDITION.FGROUP, "fgroup", rule.fgroupCompare, rule.fgroup);
  if (has(rule, CONDITION.VALIDATE_ALGOS)) item(`appraise_algos=${algorithmNames(rule.allowedAlgos, release)}`);
  rule.labels?.forEach((label, at) => {
    if (!label?.compiled) return;
    line += `${LABEL_KINDS[at]}=${label.text}${behaves(release, "labels-spaced") ? " " : ""}`;
  });
  if (rule.template !== null) item(`template=${rule.template.name}`);
  if (has(rule, RULE_FLAG.DIGSIG_REQUIRED)) item(`appraise_type=${signatureType(rule, release)}`);
  if (has(rule, RULE_FLAG.VERITY_REQUIRED)) item("digest_type=verity");
  if (has(rule, RULE_FLAG.CHECK_BLACKLIST) && !behaves(release, "blacklist-implied"))
    item("appraise_flag=check_blacklist");
  if (has(rule, RULE_FLAG.PERMIT_DIRECTIO)) item("permit_directio");
  return `${line}\n`;
}

const utf8 = new TextEncoder();
function shortened(text: string): string {
  const bytes = utf8.encode(text);
  return bytes.length <= SHOWN_MAX ? text : new TextDecoder().decode(bytes.subarray(0, SHOWN_MAX));
}

/** The names of a set of algorithms, in the order of their ids, with commas between them. */
export const algorithmNames = (allowed: number, release: Release): string =>
  HASH_ALGORITHMS.filter((row) => allowed & (1 << row.id))
    .map((row) => hashNameOf(row, release))
    .join(",");

function signatureType(rule: PolicyRule, release: Release): string {
  if (has(rule, behaves(release, "sigv3-flag") ? RULE_FLAG.SIGV3_REQUIRED : RULE_FLAG.VERITY_REQUIRED)) return "sigv3";
  return has(rule, RULE_FLAG.MODSIG_ALLOWED) ? "imasig|modsig" : "imasig";
}
