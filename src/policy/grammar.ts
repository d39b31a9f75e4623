// How releases differ in reading, checking and showing rules, beyond the words that they know.
import type { Release } from "../release/index.ts";

interface BehaviourRow {
  readonly since: string;
  /** What says so: a commit title, or the trees in which it was seen. */
  readonly source: string;
  readonly what: string;
}

// biome-ignore format: a table reads better in columns
const table = {
  "policy-loads-repeat": { since: "4.5", what: "the policy file can be read and written again where that is built in; an empty load fails", source: "IMA: policy can be updated zero times; commit dates (2015-11 to 2016-01)" },
  "policy-by-path": { since: "4.6", what: "a path written to the policy file loads that file; signed policies can be demanded", source: "ima: load policy using path; ima: require signed IMA policy" },
  "id-operators": { since: "4.12", what: "uid, euid and fowner (later gid, egid, fgroup) compare with < and >", source: "commit dates (2017-03)" },
  "several-policy-names": { since: "4.13", what: "ima_policy= takes several names; secure_boot", source: "commit dates (2017-06); seen in 4.14" },
  "fail-securely": { since: "4.17", what: "ima_policy=fail_securely", source: "ima: fail signature verification based on policy" },
  "write-once-keeps-file": { since: "4.18", what: "a readable policy file that may be written once stays, read-only, instead of going", source: "ima: Reflect correct permissions for policy" },
  "policy-rule-record": { since: "4.19", what: "rules are audited as type 1807, before as 1805, with bare values, before as untrusted strings", source: "types 1806 and 1807 split in 4.19; untrusted strings seen in 4.14, bare values in 5.2" },
  "custom-copies": { since: "4.19", what: "build-time rules, also copied to the custom list", source: "ima: add build time policy" },
  "secure-boot-appraise-bits": { since: "4.19", what: "secure_boot rules set their bits of the appraise word, before only POLICY_CHECK of appraise_tcb did", source: "ima: add build time policy; not in 4.14, seen in 5.2" },
  "arch-rules": { since: "5.0", what: "rules of the architecture", source: "ima: add support for arch specific policies" },
  "appraise-bits-of-appraise": { since: "5.2", what: "only appraise rules set bits of the appraise word; before every rule for a module, firmware or policy did", source: "pull request for 5.2; not in 4.14, seen in 5.2" },
  "inmask-shown": { since: "5.2", what: "the read-back shows ^ where it was written; before, each MAY_ form without it", source: "pull request for 5.2" },
  "labels-reloaded": { since: "5.3", what: "labels are recompiled when the LSM reloads its policy, not at the first error of a match", source: "ima: use the lsm policy update notifier" },
  modsig: { since: "5.4", what: "appraise_type=imasig|modsig", source: "ima: Implement support for module-style appended signatures" },
  "labels-spaced": { since: "5.6", what: "the read-back leaves a blank after each label", source: "not in 5.2, seen in 5.6" },
  "undefined-label-tolerated": { since: "5.6", what: "a label that does not compile is accepted while a custom policy is active", source: "ima: ima/lsm policy rule loading logic bug fixes" },
  "strict-validation": { since: "5.9", what: "what may stand together is checked after the last token, for every hook; before, order counted and little else", source: "ima: Move comprehensive rule validation checks out of the token parser" },
  "policy-name-logged": { since: "5.10", what: "unknown names in ima_policy= are logged", source: "pull request for 5.10" },
  "no-empty-items": { since: "5.10", what: "empty items of keyrings= are refused", source: "pull request for 5.10" },
  "critical-data": { since: "5.12", what: "ima_policy=critical_data", source: "IMA: define a builtin critical data measurement policy" },
  "policy-flag-recomputed": { since: "5.13", what: "which actions any rule asks for is computed anew, not added to", source: "pull request for 5.13" },
  "dead-labels-hidden": { since: "5.17", what: "rules with a label that did not compile are not shown", source: "ima: Do not print policy rule with inactive LSM labels" },
  verity: { since: "5.19", what: "digest_type=verity, appraise_type=sigv3", source: "ima: support fs-verity file digest based version 3 signatures" },
  "stale-label-retried": { since: "6.2", what: "a match that finds its label stale compiles it once more", source: "ima: Handle -ESTALE returned by ima_filter_rule_match()" },
  "blacklist-implied": { since: "6.6", what: "every appraise_type checks the blacklist; appraise_flag means nothing", source: "6.1 and 6.12 compared; pull request for 6.6" },
  "trailing-comment": { since: "6.14", what: "a token that begins with # ends the rule", source: "ima: ignore suffixed policy rule comments" },
  "tmpfs-file-check-only": { since: "6.14", what: "the tcb set leaves out tmpfs for FILE_CHECK alone", source: "ima: limit the builtin 'tcb' dont_measure tmpfs policy rule" },
  "secure-boot-modsig": { since: "6.19", what: "the secure_boot rule for modules takes appended signatures", source: "pull request for 6.19" },
  "sigv3-flag": { since: "7.1", what: "appraise_type=sigv3 for any digest, in any order with digest_type", source: "ima: add support to require IMA sigv3 signatures" },
  "sigv3-for-modules": { since: "7.2", what: "appraise_type=sigv3 for modules and kexec", source: "patch of 2026-04: IMA_SIGV3_REQUIRED allowed for modules and kexec" },
} as const satisfies Readonly<Record<string, BehaviourRow>>;

export type Behaviour = keyof typeof table;

export const behaves = (release: Release, name: Behaviour): boolean => release.atLeast(table[name].since);
