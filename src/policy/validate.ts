// Which conditions and actions may stand together (security/integrity/ima/ima_policy.c: ima_validate_rule).

import type { Release } from "../release/index.ts";
import { ACTION, RULE_FLAG } from "./actions.ts";
import { CONDITION } from "./conditions.ts";
import type { FaultCode } from "./fault.ts";
import { FUNC, type Func } from "./funcs.ts";
import { behaves } from "./grammar.ts";
import type { RuleDraft } from "./rule.ts";

/** Why a rule whose tokens are all right is refused, and which flag or keyword of it is to blame. */
export interface Refusal {
  readonly code: FaultCode;
  /** The CONDITION and RULE_FLAG bits that may not stand there. */
  readonly bits?: number;
  readonly expected?: string;
}

const IDS = CONDITION.UID | CONDITION.EUID | CONDITION.GID | CONDITION.EGID | CONDITION.FOWNER | CONDITION.FGROUP;
const FILE_SYSTEM = CONDITION.FSMAGIC | CONDITION.FSNAME | CONDITION.FS_SUBTYPE | CONDITION.FSUUID;
const FILE =
  IDS |
  FILE_SYSTEM |
  CONDITION.MASK |
  CONDITION.INMASK |
  CONDITION.PCR |
  CONDITION.VALIDATE_ALGOS |
  RULE_FLAG.DIGSIG_REQUIRED |
  RULE_FLAG.PERMIT_DIRECTIO;
const PLAIN_FILE = FILE | RULE_FLAG.VERITY_REQUIRED | RULE_FLAG.SIGV3_REQUIRED;
const WITH_MODSIG = FILE | RULE_FLAG.MODSIG_ALLOWED | RULE_FLAG.CHECK_BLACKLIST;
const MEASURE_ONLY = ACTION.MEASURE | ACTION.DONT_MEASURE;

interface FuncLimits {
  readonly flags: number;
  /** All, where left out. */
  readonly actions?: number;
  readonly labels: boolean;
}

// biome-ignore format: a table reads better in columns
const LIMITS: Readonly<Record<Func, FuncLimits>> = {
  [FUNC.NONE]: { flags: PLAIN_FILE, labels: true },
  [FUNC.FILE_CHECK]: { flags: PLAIN_FILE, labels: true },
  [FUNC.MMAP_CHECK]: { flags: PLAIN_FILE, labels: true },
  [FUNC.MMAP_CHECK_REQPROT]: { flags: PLAIN_FILE, labels: true },
  [FUNC.BPRM_CHECK]: { flags: PLAIN_FILE, labels: true },
  [FUNC.CREDS_CHECK]: { flags: PLAIN_FILE, labels: true },
  [FUNC.POST_SETATTR]: { flags: PLAIN_FILE, labels: true },
  [FUNC.FIRMWARE_CHECK]: { flags: PLAIN_FILE, labels: true },
  [FUNC.POLICY_CHECK]: { flags: PLAIN_FILE, labels: true },
  [FUNC.MODULE_CHECK]: { flags: WITH_MODSIG, labels: true },
  [FUNC.KEXEC_KERNEL_CHECK]: { flags: WITH_MODSIG, labels: true },
  [FUNC.KEXEC_INITRAMFS_CHECK]: { flags: WITH_MODSIG, labels: true },
  [FUNC.KEXEC_CMDLINE]: { flags: IDS | FILE_SYSTEM | CONDITION.PCR, actions: MEASURE_ONLY, labels: true },
  [FUNC.KEY_CHECK]: { flags: CONDITION.UID | CONDITION.GID | CONDITION.PCR | CONDITION.KEYRINGS, actions: MEASURE_ONLY, labels: false },
  [FUNC.CRITICAL_DATA]: { flags: CONDITION.UID | CONDITION.GID | CONDITION.PCR | CONDITION.LABEL, actions: MEASURE_ONLY, labels: false },
  // Label conditions slip through, and are ignored.
  [FUNC.SETXATTR_CHECK]: { flags: CONDITION.VALIDATE_ALGOS, actions: ACTION.APPRAISE, labels: true },
};

/** The flags and actions that a rule for `func` may have on `release`; for the diagnostics and the lint. */
function limitsOf(func: Func, release: Release): FuncLimits {
  const limits = LIMITS[func];
  let { flags } = limits;
  if (flags === PLAIN_FILE && behaves(release, "blacklist-implied")) flags |= RULE_FLAG.CHECK_BLACKLIST;
  if (flags === WITH_MODSIG && behaves(release, "sigv3-for-modules")) flags |= RULE_FLAG.SIGV3_REQUIRED;
  return { ...limits, flags: flags | CONDITION.FUNC };
}

const APPRAISE_ONLY =
  RULE_FLAG.DIGSIG_REQUIRED | RULE_FLAG.MODSIG_ALLOWED | RULE_FLAG.CHECK_BLACKLIST | CONDITION.VALIDATE_ALGOS;

export function validateRule(rule: RuleDraft, release: Release): Refusal | null {
  const { action, flags } = rule;
  if (action === 0) return { code: "no-action", expected: "measure, appraise, audit, hash or their dont_ forms" };
  if (!behaves(release, "strict-validation")) return null;

  if (action !== ACTION.MEASURE && flags & CONDITION.PCR)
    return { code: "not-for-action", bits: CONDITION.PCR, expected: "measure" };
  if (action !== ACTION.APPRAISE && flags & APPRAISE_ONLY)
    return { code: "not-for-action", bits: flags & APPRAISE_ONLY, expected: "appraise" };

  const limits = limitsOf(rule.func, release);
  if (limits.actions !== undefined && action & ~limits.actions)
    return {
      code: "action-not-for-func",
      expected: limits.actions === ACTION.APPRAISE ? "appraise" : "measure or dont_measure",
    };
  if (rule.func === FUNC.SETXATTR_CHECK && !(flags & CONDITION.VALIDATE_ALGOS))
    return { code: "missing-condition", expected: "appraise_algos=" };
  if (flags & ~limits.flags) return { code: "not-for-func", bits: flags & ~limits.flags };
  if (!limits.labels && rule.labels !== null) return { code: "not-for-func", expected: "no label conditions" };

  const forBlacklist = behaves(release, "blacklist-implied") ? RULE_FLAG.DIGSIG_REQUIRED : RULE_FLAG.MODSIG_ALLOWED;
  if (flags & RULE_FLAG.CHECK_BLACKLIST && !(flags & forBlacklist))
    return { code: "missing-condition", bits: RULE_FLAG.CHECK_BLACKLIST, expected: "appraise_type=imasig|modsig" };
  if (action === ACTION.APPRAISE && flags & RULE_FLAG.VERITY_REQUIRED && !(flags & RULE_FLAG.DIGSIG_REQUIRED))
    return { code: "missing-condition", bits: RULE_FLAG.VERITY_REQUIRED, expected: "appraise_type=sigv3" };
  return null;
}
