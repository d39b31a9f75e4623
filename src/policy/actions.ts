// The actions of a rule, the sub-actions that appraisal splits into, and the bits that stand beside them in the result of a match
// (security/integrity/ima/ima.h: IMA_MEASURE … IMA_VERITY_REQUIRED; ima_policy.c: MEASURE … DONT_HASH).

/** A rule has exactly one of these. Each negative action stands one bit above its positive twin, which the walk relies on. */
export const ACTION = {
  MEASURE: 0x1,
  DONT_MEASURE: 0x2,
  APPRAISE: 0x4,
  DONT_APPRAISE: 0x8,
  AUDIT: 0x40,
  DONT_AUDIT: 0x80,
  HASH: 0x100,
  DONT_HASH: 0x200,
} as const;

/** Which verdict of the file a matching appraise rule asks for. */
export const SUBACTION = {
  FILE_APPRAISE: 0x1000,
  MMAP_APPRAISE: 0x4000,
  BPRM_APPRAISE: 0x1_0000,
  READ_APPRAISE: 0x4_0000,
  CREDS_APPRAISE: 0x10_0000,
} as const;

export const APPRAISE_SUBMASK =
  SUBACTION.FILE_APPRAISE |
  SUBACTION.MMAP_APPRAISE |
  SUBACTION.BPRM_APPRAISE |
  SUBACTION.READ_APPRAISE |
  SUBACTION.CREDS_APPRAISE;

/** IMA_DO_MASK: the bits of a rule's action that ask for something. */
export const POSITIVE_ACTIONS = ACTION.MEASURE | ACTION.APPRAISE | ACTION.AUDIT | ACTION.HASH;

/** What a rule asks for beside its action; every matching rule hands these on. As signed 32-bit numbers, so that masks compare equal. */
export const RULE_FLAG = {
  DIGSIG_REQUIRED: 0x0100_0000,
  PERMIT_DIRECTIO: 0x0200_0000,
  /** From 7.1. */
  SIGV3_REQUIRED: 0x0800_0000,
  /** No rule carries it: `ima_policy=fail_securely` adds it to each appraise match. */
  FAIL_UNVERIFIABLE_SIGS: 0x1000_0000,
  MODSIG_ALLOWED: 0x2000_0000,
  CHECK_BLACKLIST: 0x4000_0000,
  VERITY_REQUIRED: 0x8000_0000 | 0,
} as const;

/** IMA_NONACTION_FLAGS: the byte in which the above stand. */
export const RULE_FLAGS_MASK = 0xff00_0000 | 0;

interface ActionRow {
  readonly keyword: string;
  readonly bit: number;
  readonly since: string;
  /** What says so: a commit title, or how the release was established. */
  readonly source: string;
}

/** In the order in which the read-back looks for them. */
export const ACTIONS = [
  { keyword: "measure", bit: ACTION.MEASURE, since: "4.4", source: "in every release known here" },
  { keyword: "dont_measure", bit: ACTION.DONT_MEASURE, since: "4.4", source: "in every release known here" },
  { keyword: "appraise", bit: ACTION.APPRAISE, since: "4.4", source: "in every release known here" },
  { keyword: "dont_appraise", bit: ACTION.DONT_APPRAISE, since: "4.4", source: "in every release known here" },
  { keyword: "audit", bit: ACTION.AUDIT, since: "4.4", source: "in every release known here" },
  {
    keyword: "dont_audit",
    bit: ACTION.DONT_AUDIT,
    since: "6.19",
    source: "ima: add dont_audit action to suppress audit actions",
  },
  { keyword: "hash", bit: ACTION.HASH, since: "4.16", source: "commit dates (December 2017)" },
  { keyword: "dont_hash", bit: ACTION.DONT_HASH, since: "4.16", source: "commit dates (December 2017)" },
] as const satisfies readonly ActionRow[];

/** `measure`, `dont_measure`, … */
export type ActionKeyword = (typeof ACTIONS)[number]["keyword"];

const KEYWORD_OF: ReadonlyMap<number, ActionKeyword> = new Map(ACTIONS.map((row) => [row.bit, row.keyword]));

/** The keyword of an action bit; "" for a rule that has none. */
export const actionKeyword = (bit: number): ActionKeyword | "" => KEYWORD_OF.get(bit) ?? "";

export const isNegative = (action: number): boolean => (action & POSITIVE_ACTIONS) === 0;

/** What a decided rule takes off the table: its own action and its twin. */
export const decidedBy = (action: number): number =>
  isNegative(action) ? action | (action >> 1) : action | (action << 1);

/** The bits of the appraise word that func= of an appraise rule sets (ima_appraise_flag), above those of the mode. */
export const APPRAISE_SETTING = {
  ENFORCE: 0x01,
  FIX: 0x02,
  LOG: 0x04,
  MODULES: 0x08,
  FIRMWARE: 0x10,
  POLICY: 0x20,
  KEXEC: 0x40,
} as const;
