// Lockdown, as far as what is loaded is concerned: both of its levels forbid kernels without a signature (security/lockdown/lockdown.c).
import type { Kconfig } from "../release/index.ts";
import { type Parameter, valuesOf } from "./cmdline.ts";

/** Whether `lockdown=` locks the kernel down; other values than the two levels are refused, and a level is never left again. */
export function isLockedDown(config: Kconfig, parameters: readonly Parameter[]): boolean {
  if (!config.enabled("SECURITY_LOCKDOWN_LSM")) return false;
  return valuesOf(parameters, "lockdown").some((value) => value === "integrity" || value === "confidentiality");
}
