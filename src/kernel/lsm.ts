// Which security modules a kernel has, as /sys/kernel/security/lsm lists them, and what labels they give
// (security/security.c: ordered_lsm_init; lsm= and CONFIG_LSM).
import { apparmorLabels } from "../policy/index.ts";
import type { Kconfig, Release } from "../release/index.ts";
import { type Parameter, valuesOf } from "./cmdline.ts";
import type { KernelLabels } from "./options.ts";

/** AppArmor without a profile: processes are unconfined, files have no labels. */
export function apparmorKernelLabels(): KernelLabels {
  return { source: apparmorLabels(), subject: () => "unconfined", object: () => null };
}

/** The last lsm= of the command line; undefined where there is none. */
const named = (parameters: readonly Parameter[]): readonly string[] | undefined =>
  valuesOf(parameters, "lsm")
    .findLast((value) => value !== undefined)
    ?.split(",");

/** The one with labels that the command line asks for, where it asks: by lsm=, or by security=, which lsm= makes ignored (security.c: ordered_lsm_init). */
export function labelsAskedFor(config: Kconfig, parameters: readonly Parameter[]): "smack" | "apparmor" | null {
  const major = valuesOf(parameters, "security").findLast((value) => value !== undefined);
  const asked = named(parameters) ?? [major];
  if (asked.includes("smack") && config.enabled("SECURITY_SMACK")) return "smack";
  return asked.includes("apparmor") && config.enabled("SECURITY_APPARMOR") ? "apparmor" : null;
}

/** Whether integrity starts as a security module of its own, where it is one. */
export function integrityAllocated(release: Release, config: Kconfig, parameters: readonly Parameter[]): boolean {
  if (!release.has("integrity-named-by-lsm")) return true;
  return (named(parameters) ?? config.text("LSM")?.split(",") ?? ["integrity"]).includes("integrity");
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
