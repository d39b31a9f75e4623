// What each keyword makes of its value (security/integrity/ima/ima_policy.c: ima_parse_rule, the cases of its switch).
import { type HashName, hashByName } from "../crypto/index.ts";
import type { Kconfig, Release } from "../release/index.ts";
import { ACTION, RULE_FLAG } from "./actions.ts";
import { CONDITION, LABEL_KINDS, type LabelKind, MASKS } from "./conditions.ts";
import { invalid, type ValueFault } from "./fault.ts";
import { FUNC, type Func, funcAccepted, funcNamed } from "./funcs.ts";
import { behaves } from "./grammar.ts";
import type { KeywordKind } from "./keywords.ts";
import type { LabelSource } from "./labels.ts";
import { parseInt32, parseUnsigned } from "./number.ts";
import { COMPARE, type Compare, INVALID_ID, type RuleDraft, type RuleTemplate, type TemplateLookup } from "./rule.ts";

/** What a rule is read against: the kernel as far as it decides what is accepted. */
export interface RuleEnvironment<T extends RuleTemplate = RuleTemplate> {
  readonly release: Release;
  readonly config: Kconfig;
  readonly template: TemplateLookup<T>;
  readonly labels: LabelSource | null;
  readonly hashAvailable: (name: HashName) => boolean;
  /** Whether a custom policy is active already. */
  readonly customActive: boolean;
  /** Receives the kernel's own words about a value, without prefix. */
  readonly say: (message: string) => void;
}

export type Operator = "=" | ">" | "<";
const COMPARE_OF: Readonly<Record<Operator, Compare>> = { "=": COMPARE.EQUAL, ">": COMPARE.GREATER, "<": COMPARE.LESS };

/** The hooks that get a file whole in a buffer, with whatever signature is appended. */
const MODSIG_FUNCS: ReadonlySet<Func> = new Set([
  FUNC.MODULE_CHECK,
  FUNC.KEXEC_KERNEL_CHECK,
  FUNC.KEXEC_INITRAMFS_CHECK,
]);

/** PCRs that a rule may name: one bit each in an unsigned long of 64 bits. */
const PCR_COUNT = 64;

/** Sets what `keyword operator value` says in the draft. */
export function setValue<T extends RuleTemplate>(
  draft: RuleDraft<T>,
  keyword: KeywordKind,
  operator: Operator,
  value: string,
  env: RuleEnvironment<T>,
): ValueFault | null {
  switch (keyword) {
    case "func":
      return setFunc(draft, value, env);
    case "mask":
      return setMask(draft, value);
    case "fsmagic":
      return setMagic(draft, value);
    case "fsname":
      draft.fsname = value;
      draft.flags |= CONDITION.FSNAME;
      return null;
    case "fs_subtype":
      if (draft.fsSubtype !== null) return invalid("repeated");
      draft.fsSubtype = value;
      draft.flags |= CONDITION.FS_SUBTYPE;
      return null;
    case "fsuuid":
      return setUuid(draft, value);
    case "uid":
    case "euid":
      draft.uidCompare = COMPARE_OF[operator];
      return setId(draft, "uid", keyword === "uid" ? CONDITION.UID : CONDITION.EUID, value);
    case "gid":
    case "egid":
      draft.gidCompare = COMPARE_OF[operator];
      return setId(draft, "gid", keyword === "gid" ? CONDITION.GID : CONDITION.EGID, value);
    case "fowner":
      draft.fownerCompare = COMPARE_OF[operator];
      return setId(draft, "fowner", CONDITION.FOWNER, value);
    case "fgroup":
      draft.fgroupCompare = COMPARE_OF[operator];
      return setId(draft, "fgroup", CONDITION.FGROUP, value);
    case "appraise_type":
      return setAppraiseType(draft, value, env);
    case "digest_type":
      return setDigestType(draft, value, env.release);
    case "appraise_flag":
      return setAppraiseFlag(draft, value, env);
    case "appraise_algos":
      return setAlgos(draft, value, env);
    case "permit_directio":
      draft.flags |= RULE_FLAG.PERMIT_DIRECTIO;
      return null;
    case "pcr":
      return setPcr(draft, value, env.release);
    case "template":
      return setTemplate(draft, value, env);
    case "keyrings":
      return setKeyrings(draft, value, env);
    case "label":
      if (draft.label !== null) return invalid("repeated");
      if (hasEmptyItem(value)) return invalid("empty-item");
      draft.label = value.split("|");
      draft.flags |= CONDITION.LABEL;
      return null;
    default:
      return setLabel(draft, keyword, value, env);
  }
}

function setFunc(draft: RuleDraft, value: string, env: RuleEnvironment): ValueFault | null {
  const repeated = draft.func !== 0;
  const row = funcNamed(value);
  if (row === undefined) return repeated ? invalid("repeated") : invalid("unknown-value", { expected: "a hook" });
  if (!env.release.atLeast(row.since)) return invalid("not-in-release", { since: row.since });
  if (!funcAccepted(row, env.release, env.config))
    return invalid("not-built-in", { expected: `CONFIG_${row.kconfig}` });
  // The last one stays, even in a rule that is refused: an appraise rule's bit of the appraise word goes by it.
  draft.func = row.func;
  if (repeated) return invalid("repeated");
  draft.flags |= CONDITION.FUNC;
  return null;
}

function setMask(draft: RuleDraft, value: string): ValueFault | null {
  if (draft.mask !== 0) return invalid("repeated");
  const overlap = value.startsWith("^");
  const row = MASKS.find((mask) => mask.name === (overlap ? value.slice(1) : value));
  if (row === undefined) return invalid("unknown-value", { expected: "one of the MAY_ names, with or without ^" });
  draft.mask = row.bit;
  draft.flags |= overlap ? CONDITION.INMASK : CONDITION.MASK;
  return null;
}

function setMagic(draft: RuleDraft, value: string): ValueFault | null {
  if (draft.fsmagic !== 0n) return invalid("repeated");
  const magic = parseUnsigned(value, 16);
  if (magic === "ERANGE") return { code: "number-out-of-range", errno: magic, expected: "at most 64 bits" };
  if (typeof magic === "string") return invalid("bad-number", { expected: "a hexadecimal number" });
  draft.fsmagic = magic;
  draft.magic = magic <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(magic) : -1;
  draft.flags |= CONDITION.FSMAGIC;
  return null;
}

/** Only the first 36 characters are looked at. */
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/i;

function setUuid(draft: RuleDraft, value: string): ValueFault | null {
  if (draft.fsuuid?.some((byte) => byte !== 0)) return invalid("repeated");
  if (!UUID.test(value)) return invalid("bad-uuid");
  const hex = value.slice(0, 36).replaceAll("-", "");
  draft.fsuuid = Uint8Array.from({ length: 16 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
  draft.flags |= CONDITION.FSUUID;
  return null;
}

function setId(
  draft: RuleDraft,
  place: "uid" | "gid" | "fowner" | "fgroup",
  condition: number,
  value: string,
): ValueFault | null {
  if (draft[place] !== INVALID_ID) return invalid("repeated");
  const id = parseUnsigned(value, 10);
  if (id === "ERANGE") return { code: "number-out-of-range", errno: id, expected: "an id of at most 32 bits" };
  if (typeof id === "string") return invalid("bad-number", { expected: "a decimal id" });
  if (id >= BigInt(INVALID_ID)) return invalid("number-out-of-range", { expected: "an id below 4294967295" });
  draft[place] = Number(id);
  draft.flags |= condition;
  return null;
}

function setLabel(draft: RuleDraft, kind: LabelKind, text: string, env: RuleEnvironment): ValueFault | null {
  const labels = draft.labels ?? [null, null, null, null, null, null];
  const at = LABEL_KINDS.indexOf(kind);
  if (labels[at]?.compiled) return invalid("repeated");
  const compiled = env.labels?.compile(kind, text) ?? null;
  draft.labels = labels;
  labels[at] = { text, compiled };
  if (compiled !== null) return null;
  if (behaves(env.release, "undefined-label-tolerated")) {
    env.say(`rule for LSM '${text}' is undefined`);
    if (env.customActive) return null;
  }
  return invalid("undefined-label", { expected: env.labels ? `a label of ${env.labels.name}` : "a security module" });
}

function setAppraiseType(draft: RuleDraft, value: string, env: RuleEnvironment): ValueFault | null {
  const { release } = env;
  if (!behaves(release, "strict-validation") && draft.action !== ACTION.APPRAISE)
    return invalid("wrong-order", { expected: "the action appraise before it", unlogged: true });
  const blacklist = behaves(release, "blacklist-implied") ? RULE_FLAG.CHECK_BLACKLIST : 0;
  const verity = (draft.flags & RULE_FLAG.VERITY_REQUIRED) !== 0;
  switch (value) {
    case "imasig":
      if (verity) return invalid("wrong-order", { expected: "sigv3 where digest_type=verity stands before it" });
      draft.flags |= RULE_FLAG.DIGSIG_REQUIRED | blacklist;
      return null;
    case "sigv3":
      if (!behaves(release, "verity")) return invalid("not-in-release", { since: "5.19" });
      if (behaves(release, "sigv3-flag")) draft.flags |= RULE_FLAG.SIGV3_REQUIRED;
      else if (!verity) return invalid("wrong-order", { expected: "digest_type=verity before it", since: "7.1" });
      draft.flags |= RULE_FLAG.DIGSIG_REQUIRED | blacklist;
      return null;
    case "imasig|modsig":
      if (!behaves(release, "modsig")) return invalid("not-in-release", { since: "5.4" });
      if (!env.config.enabled("IMA_APPRAISE_MODSIG"))
        return invalid("not-built-in", { expected: "CONFIG_IMA_APPRAISE_MODSIG" });
      if (!behaves(release, "strict-validation") && !MODSIG_FUNCS.has(draft.func))
        return invalid("wrong-order", { expected: "func=MODULE_CHECK or a hook of kexec before it" });
      if (verity || (draft.flags & RULE_FLAG.SIGV3_REQUIRED) !== 0)
        return invalid("wrong-order", { expected: "no digest_type=verity or appraise_type=sigv3 before it" });
      draft.flags |= RULE_FLAG.DIGSIG_REQUIRED | RULE_FLAG.MODSIG_ALLOWED | blacklist;
      return null;
    default:
      return invalid("unknown-value", { expected: "imasig, imasig|modsig or sigv3" });
  }
}

function setDigestType(draft: RuleDraft, value: string, release: Release): ValueFault | null {
  if (!behaves(release, "sigv3-flag") && (draft.flags & RULE_FLAG.DIGSIG_REQUIRED) !== 0)
    return invalid("wrong-order", { expected: "digest_type= before appraise_type=" });
  if (value !== "verity") return invalid("unknown-value", { expected: "verity" });
  draft.flags |= RULE_FLAG.VERITY_REQUIRED;
  return null;
}

function setAppraiseFlag(draft: RuleDraft, value: string, env: RuleEnvironment): ValueFault | null {
  if (behaves(env.release, "blacklist-implied")) return null;
  const names = value.includes("blacklist");
  if (behaves(env.release, "strict-validation")) {
    if (!env.config.enabled("IMA_APPRAISE_MODSIG"))
      return invalid("not-built-in", { expected: "CONFIG_IMA_APPRAISE_MODSIG" });
    if (!names) return invalid("unknown-value", { expected: "check_blacklist" });
  }
  if (names) draft.flags |= RULE_FLAG.CHECK_BLACKLIST;
  return null;
}

function setAlgos(draft: RuleDraft, value: string, env: RuleEnvironment): ValueFault | null {
  if (draft.allowedAlgos !== 0) return invalid("repeated");
  let allowed = 0;
  for (const name of value.split(",")) {
    const row = hashByName(name, env.release);
    if (row === undefined) {
      env.say(`unknown hash algorithm "${name}"`);
      return invalid("unknown-hash", { part: name, expected: "the kernel's name of a hash algorithm" });
    }
    if (!env.hashAvailable(row.name)) {
      env.say(`unavailable hash algorithm "${name}", check your kernel configuration`);
      return invalid("unavailable-hash", { part: name });
    }
    allowed |= 1 << row.id;
  }
  draft.allowedAlgos = allowed;
  draft.flags |= CONDITION.VALIDATE_ALGOS;
  return null;
}

function setPcr(draft: RuleDraft, value: string, release: Release): ValueFault | null {
  if (!behaves(release, "strict-validation") && draft.action !== ACTION.MEASURE)
    return invalid("wrong-order", { expected: "the action measure before it", unlogged: true });
  const pcr = parseInt32(value);
  if (pcr === "EINVAL") return invalid("bad-number", { expected: "a decimal number" });
  if (typeof pcr === "string" || pcr < 0 || pcr >= PCR_COUNT)
    return invalid("number-out-of-range", { expected: `0 to ${PCR_COUNT - 1}` });
  draft.pcr = pcr;
  draft.flags |= CONDITION.PCR;
  return null;
}

function setTemplate<T extends RuleTemplate>(
  draft: RuleDraft<T>,
  value: string,
  env: RuleEnvironment<T>,
): ValueFault | null {
  if (draft.action !== ACTION.MEASURE) return invalid("wrong-order", { expected: "the action measure before it" });
  const template = env.template(value);
  if (template === undefined) return invalid("unknown-template");
  if (draft.template !== null) return invalid("repeated");
  draft.template = template;
  return null;
}

function setKeyrings(draft: RuleDraft, value: string, env: RuleEnvironment): ValueFault | null {
  if (!env.config.enabled("IMA_MEASURE_ASYMMETRIC_KEYS"))
    return invalid("not-built-in", { expected: "CONFIG_IMA_MEASURE_ASYMMETRIC_KEYS" });
  if (draft.keyrings !== null) return invalid("repeated");
  if (!behaves(env.release, "strict-validation")) {
    if (draft.action !== ACTION.MEASURE || draft.func !== FUNC.KEY_CHECK)
      return invalid("wrong-order", { expected: "measure and func=KEY_CHECK before it" });
  }
  if (hasEmptyItem(value) && behaves(env.release, "no-empty-items")) return invalid("empty-item");
  draft.keyrings = value.split("|");
  draft.flags |= CONDITION.KEYRINGS;
  return null;
}

const hasEmptyItem = (list: string): boolean => list.startsWith("|") || list.endsWith("|") || list.includes("||");
