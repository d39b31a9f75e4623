// How releases differ in reading, checking and showing rules, beyond the words that they know.
import type { Release } from "../release/index.ts";

interface BehaviourRow {
  readonly since: string;
  readonly what: string;
}

const table = {
  "policy-loads-repeat": {
    since: "4.5",
    what: "the policy file can be read and written again where that is built in; an empty load fails",
  },
  "policy-by-path": {
    since: "4.6",
    what: "a path written to the policy file loads that file; signed policies can be demanded",
  },
  "write-once-keeps-file": {
    since: "4.18",
    what: "a readable policy file that may be written once stays, read-only, instead of going",
  },
  "id-operators": { since: "4.12", what: "uid, euid and fowner (later gid, egid, fgroup) compare with < and >" },
  "several-policy-names": { since: "4.13", what: "ima_policy= takes several names; secure_boot" },
  "policy-rule-record": {
    since: "4.19",
    what: "rules are audited as type 1807, before as 1805, with bare values, before as untrusted strings",
  },
  "custom-copies": { since: "4.19", what: "build-time rules, also copied to the custom list" },
  "secure-boot-appraise-bits": {
    since: "4.19",
    what: "secure_boot rules set their bits of the appraise word, before only POLICY_CHECK of appraise_tcb did",
  },
  "arch-rules": { since: "5.0", what: "rules of the architecture" },
  "appraise-bits-of-appraise": {
    since: "5.2",
    what: "only appraise rules set bits of the appraise word; before every rule for a module, firmware or policy did",
  },
  "inmask-shown": {
    since: "5.2",
    what: "the read-back shows ^ where it was written; before, each MAY_ form without it",
  },
  "labels-reloaded": {
    since: "5.3",
    what: "labels are recompiled when the LSM reloads its policy, not at the first error of a match",
  },
  "undefined-label-tolerated": {
    since: "5.6",
    what: "a label that does not compile is accepted while a custom policy is active",
  },
  "message-prefix": { since: "5.7", what: "messages begin with ima: everywhere" },
  modsig: { since: "5.4", what: "appraise_type=imasig|modsig" },
  "strict-validation": {
    since: "5.9",
    what: "what may stand together is checked after the last token, for every hook; before, order counted and little else",
  },
  "policy-name-logged": { since: "5.10", what: "unknown names in ima_policy= are logged" },
  "no-empty-items": { since: "5.10", what: "empty items of keyrings= are refused" },
  "critical-data": { since: "5.12", what: "ima_policy=critical_data" },
  "fail-securely": { since: "4.17", what: "ima_policy=fail_securely" },
  "policy-flag-recomputed": { since: "5.13", what: "which actions any rule asks for is computed anew, not added to" },
  "dead-labels-hidden": { since: "5.17", what: "rules with a label that did not compile are not shown" },
  verity: { since: "5.19", what: "digest_type=verity, appraise_type=sigv3" },
  "stale-label-retried": { since: "6.2", what: "a match that finds its label stale compiles it once more" },
  "blacklist-implied": { since: "6.6", what: "every appraise_type checks the blacklist; appraise_flag means nothing" },
  "trailing-comment": { since: "6.14", what: "a token that begins with # ends the rule" },
  "tmpfs-file-check-only": { since: "6.14", what: "the tcb set leaves out tmpfs for FILE_CHECK alone" },
  "secure-boot-modsig": { since: "6.19", what: "the secure_boot rule for modules takes appended signatures" },
  "sigv3-flag": { since: "7.1", what: "appraise_type=sigv3 for any digest, in any order with digest_type" },
  "sigv3-for-modules": { since: "7.2", what: "appraise_type=sigv3 for modules and kexec" },
} as const satisfies Readonly<Record<string, BehaviourRow>>;

export type Behaviour = keyof typeof table;
export const BEHAVIOURS: Readonly<Record<Behaviour, BehaviourRow>> = table;

export const behaves = (release: Release, name: Behaviour): boolean => release.atLeast(table[name].since);
