// Which security modules a kernel has, as /sys/kernel/security/lsm lists them, and what labels they give
// (security/security.c: ordered_lsm_init; lsm= and CONFIG_LSM).
import { apparmorLabels } from "../policy/index.ts";
import type { Kconfig, Release } from "../release/index.ts";
import type { KernelLabels } from "./options.ts";

/** AppArmor without a profile: processes are unconfined, files have no labels. */
export function apparmorKernelLabels(): KernelLabels {
  return { source: apparmorLabels(), subject: () => "unconfined", object: () => null };
}

/** The list for `/sys/kernel/security/lsm`. */
export function lsmList(release: Release, config: Kconfig, others: readonly string[]): string {
  const names = ["capability", ...others];
  if (release.has("lsm-hooks")) {
    if (config.enabled("IMA")) names.push("ima");
    if (config.enabled("EVM")) names.push("evm");
  }
  return names.join(",");
}
