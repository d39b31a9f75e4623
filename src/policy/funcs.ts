// The hooks that a rule can name (security/integrity/ima/ima.h: __ima_hooks; ima_policy.c: ima_parse_rule, Opt_func).
import type { Kconfig, Release } from "../release/index.ts";

/** enum ima_hooks, as of the newest release. */
export const FUNC = {
  NONE: 0,
  FILE_CHECK: 1,
  MMAP_CHECK: 2,
  MMAP_CHECK_REQPROT: 3,
  BPRM_CHECK: 4,
  CREDS_CHECK: 5,
  POST_SETATTR: 6,
  MODULE_CHECK: 7,
  FIRMWARE_CHECK: 8,
  KEXEC_KERNEL_CHECK: 9,
  KEXEC_INITRAMFS_CHECK: 10,
  POLICY_CHECK: 11,
  KEXEC_CMDLINE: 12,
  KEY_CHECK: 13,
  CRITICAL_DATA: 14,
  SETXATTR_CHECK: 15,
} as const;

export type FuncName = keyof typeof FUNC;
/** A hook by its number. */
export type Func = (typeof FUNC)[FuncName];

interface FuncRow {
  readonly func: Func;
  readonly name: FuncName;
  readonly since: string;
  /** What says so: a commit title, or how the release was established. */
  readonly source: string;
  /** The word in the causes of buffer measurements: `measuring_<word>`. */
  readonly measured: string;
  /** Older names that rules may still use. */
  readonly aliases?: readonly string[];
  /** Only accepted where this is built in. */
  readonly kconfig?: string;
  /** Not accepted in a rule: the kernel asks with it. */
  readonly internal?: boolean;
  /** For people: when the hook is called. */
  readonly when: string;
}

const firstKnown = "in every release known here";
// biome-ignore format: a table reads better in columns
export const FUNCS: readonly FuncRow[] = [
  { func: 0, name: "NONE", since: "4.4", source: firstKnown, measured: "none", internal: true, when: "at no hook" },
  { func: 1, name: "FILE_CHECK", since: "4.4", source: firstKnown, measured: "file", aliases: ["PATH_CHECK"], when: "when a file is opened" },
  { func: 2, name: "MMAP_CHECK", since: "4.4", source: firstKnown, measured: "mmap", aliases: ["FILE_MMAP"], when: "when a file is mapped executable" },
  { func: 3, name: "MMAP_CHECK_REQPROT", since: "6.3", source: "ima: Introduce MMAP_CHECK_REQPROT hook", measured: "mmap_reqprot", when: "when a process asks for an executable mapping of a file" },
  { func: 4, name: "BPRM_CHECK", since: "4.4", source: firstKnown, measured: "bprm", when: "when a program is executed" },
  { func: 5, name: "CREDS_CHECK", since: "4.17", source: "IMA: Support using new creds in appraisal policy", measured: "creds", when: "when a program is executed, with the credentials it will have" },
  { func: 6, name: "POST_SETATTR", since: "4.4", source: firstKnown, measured: "post_setattr", internal: true, when: "after a change of owner or mode" },
  { func: 7, name: "MODULE_CHECK", since: "4.4", source: firstKnown, measured: "module", when: "when a kernel module is loaded" },
  { func: 8, name: "FIRMWARE_CHECK", since: "4.4", source: firstKnown, measured: "firmware", when: "when firmware is loaded" },
  { func: 9, name: "KEXEC_KERNEL_CHECK", since: "4.6", source: "ima: support for kexec image and initramfs", measured: "kexec_kernel", when: "when a kernel is loaded by kexec" },
  { func: 10, name: "KEXEC_INITRAMFS_CHECK", since: "4.6", source: "ima: support for kexec image and initramfs", measured: "kexec_initramfs", when: "when an initramfs is loaded by kexec" },
  { func: 11, name: "POLICY_CHECK", since: "4.6", source: "ima: measure and appraise the IMA policy itself", measured: "policy", when: "when an IMA policy is loaded by path" },
  { func: 12, name: "KEXEC_CMDLINE", since: "5.3", source: "IMA: Define a new hook to measure the kexec boot command line arguments", measured: "kexec_cmdline", when: "when a command line is given to kexec" },
  { func: 13, name: "KEY_CHECK", since: "5.6", source: "IMA: Add KEY_CHECK func to measure keys", measured: "key", kconfig: "IMA_MEASURE_ASYMMETRIC_KEYS", when: "when a key is added to a keyring" },
  { func: 14, name: "CRITICAL_DATA", since: "5.12", source: "IMA: define a hook to measure kernel integrity critical data", measured: "critical_data", when: "when the kernel measures its own critical data" },
  { func: 15, name: "SETXATTR_CHECK", since: "5.15", source: "IMA: introduce a new policy option func=SETXATTR_CHECK", measured: "setxattr_check", when: "when security.ima is written" },
];

const BY_NAME: ReadonlyMap<string, FuncRow> = new Map(
  FUNCS.filter((row) => !row.internal).flatMap((row) => [row.name, ...(row.aliases ?? [])].map((name) => [name, row])),
);

/** The row that func= means by `name`, of whatever release; none for the hooks that no rule can name. */
export const funcNamed = (name: string): FuncRow | undefined => BY_NAME.get(name);

/** All that may stand after func= somewhere. */
export const FUNC_NAMES: readonly string[] = [...BY_NAME.keys()];

export const funcName = (func: Func): FuncName => FUNCS[func]!.name;
/** As in `measuring_kexec_cmdline`. */
export const measuredName = (func: Func): string => FUNCS[func]!.measured;

/** Whether rules for the hook are accepted by a kernel of this release and configuration. */
export const funcAccepted = (row: FuncRow, release: Release, config: Kconfig): boolean =>
  release.atLeast(row.since) && (row.kconfig === undefined || config.enabled(row.kconfig));
