// The rules compiled into the kernel (security/integrity/ima/ima_policy.c: dont_measure_rules … critical_data_rules). They are no text there:
// none is audited, and none checks the blacklist, which only parsed rules do.
import type { Kconfig, Release } from "../release/index.ts";
import { ACTION, RULE_FLAG } from "./actions.ts";
import { CONDITION } from "./conditions.ts";
import { FUNC, type Func } from "./funcs.ts";
import { behaves } from "./grammar.ts";
import { type FileSystemName, magicOf } from "./magic.ts";
import { newRule, type PolicyRule, type RuleDraft } from "./rule.ts";

/** First release whose sets name the file system, where they did not always. */
const NAMED_SINCE: Partial<Record<FileSystemName, string>> = { smackfs: "4.17", cgroup2: "4.13", efivarfs: "5.2" };

// biome-ignore format: a table reads better in columns
export const NOT_MEASURED: readonly FileSystemName[] = [
  "proc", "sysfs", "debugfs", "tmpfs", "devpts", "binfmt_misc", "securityfs", "selinuxfs", "smackfs", "cgroup", "cgroup2", "nsfs", "efivarfs",
];
// biome-ignore format: a table reads better in columns
export const NOT_APPRAISED: readonly FileSystemName[] = [
  "proc", "sysfs", "debugfs", "tmpfs", "ramfs", "devpts", "binfmt_misc", "securityfs", "selinuxfs", "smackfs", "nsfs", "efivarfs", "cgroup", "cgroup2",
];

function rule(action: number, set: Partial<RuleDraft>, conditions = 0): PolicyRule {
  const flags = conditions | (set.flags ?? 0) | (set.func === undefined ? 0 : CONDITION.FUNC);
  return { ...newRule(), ...set, action, flags };
}

const onFileSystem = (action: number, name: FileSystemName): PolicyRule =>
  rule(action, { fsmagic: BigInt(magicOf(name)), magic: magicOf(name) }, CONDITION.FSMAGIC);
const named = (names: readonly FileSystemName[], release: Release): readonly FileSystemName[] =>
  names.filter((name) => release.atLeast(NAMED_SINCE[name] ?? "4.4"));
const MAY_EXEC = 1;
const MAY_READ = 4;
const measureFunc = (func: Func): PolicyRule => rule(ACTION.MEASURE, { func });
const measureExec = (func: Func): PolicyRule => rule(ACTION.MEASURE, { func, mask: MAY_EXEC }, CONDITION.MASK);
const appraiseSigned = (func: Func, flags = 0): PolicyRule =>
  rule(ACTION.APPRAISE, { func, flags: RULE_FLAG.DIGSIG_REQUIRED | flags });

/** What every measurement set begins with. */
export function dontMeasureRules(release: Release): PolicyRule[] {
  return named(NOT_MEASURED, release).map((name) => {
    const exempt = onFileSystem(ACTION.DONT_MEASURE, name);
    return name === "tmpfs" && behaves(release, "tmpfs-file-check-only")
      ? { ...exempt, func: FUNC.FILE_CHECK, flags: exempt.flags | CONDITION.FUNC }
      : exempt;
  });
}

/** ima_tcb */
export const originalMeasureRules = (): PolicyRule[] => [
  measureExec(FUNC.MMAP_CHECK),
  measureExec(FUNC.BPRM_CHECK),
  rule(ACTION.MEASURE, { func: FUNC.FILE_CHECK, mask: MAY_READ, uid: 0 }, CONDITION.MASK | CONDITION.UID),
  measureFunc(FUNC.MODULE_CHECK),
  measureFunc(FUNC.FIRMWARE_CHECK),
];

/** ima_policy=tcb */
export const defaultMeasureRules = (release: Release): PolicyRule[] => [
  measureExec(FUNC.MMAP_CHECK),
  measureExec(FUNC.BPRM_CHECK),
  rule(ACTION.MEASURE, { func: FUNC.FILE_CHECK, mask: MAY_READ, uid: 0 }, CONDITION.INMASK | CONDITION.EUID),
  rule(ACTION.MEASURE, { func: FUNC.FILE_CHECK, mask: MAY_READ, uid: 0 }, CONDITION.INMASK | CONDITION.UID),
  measureFunc(FUNC.MODULE_CHECK),
  measureFunc(FUNC.FIRMWARE_CHECK),
  ...(release.atLeast("4.6") ? [measureFunc(FUNC.POLICY_CHECK)] : []),
];

/** ima_policy=appraise_tcb, ima_appraise_tcb */
export function appraiseTcbRules(release: Release, config: Kconfig): PolicyRule[] {
  const signed = config.enabled("IMA_APPRAISE_SIGNED_INIT") ? RULE_FLAG.DIGSIG_REQUIRED : 0;
  const ofPolicy = release.atLeast("4.6") && config.enabled("IMA_WRITE_POLICY");
  return [
    ...named(NOT_APPRAISED, release).map((name) => onFileSystem(ACTION.DONT_APPRAISE, name)),
    ...(ofPolicy ? [appraiseSigned(FUNC.POLICY_CHECK)] : []),
    rule(ACTION.APPRAISE, { fowner: 0, flags: signed }, CONDITION.FOWNER),
  ];
}

/** ima_policy=secure_boot */
export const secureBootRules = (release: Release): PolicyRule[] => [
  appraiseSigned(FUNC.MODULE_CHECK, behaves(release, "secure-boot-modsig") ? RULE_FLAG.MODSIG_ALLOWED : 0),
  appraiseSigned(FUNC.FIRMWARE_CHECK),
  appraiseSigned(FUNC.KEXEC_KERNEL_CHECK),
  appraiseSigned(FUNC.POLICY_CHECK),
];

/** CONFIG_IMA_APPRAISE_REQUIRE_*_SIGS */
export function buildAppraiseRules(release: Release, config: Kconfig): PolicyRule[] {
  if (!behaves(release, "custom-copies")) return [];
  const required = [
    ["IMA_APPRAISE_REQUIRE_MODULE_SIGS", FUNC.MODULE_CHECK],
    ["IMA_APPRAISE_REQUIRE_FIRMWARE_SIGS", FUNC.FIRMWARE_CHECK],
    ["IMA_APPRAISE_REQUIRE_KEXEC_SIGS", FUNC.KEXEC_KERNEL_CHECK],
    ["IMA_APPRAISE_REQUIRE_POLICY_SIGS", FUNC.POLICY_CHECK],
  ] as const;
  return required.filter(([symbol]) => config.enabled(symbol)).map(([, func]) => appraiseSigned(func));
}

/** ima_policy=critical_data */
export const criticalDataRules = (): PolicyRule[] => [measureFunc(FUNC.CRITICAL_DATA)];
