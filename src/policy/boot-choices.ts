// What the kernel command line chooses of the built-in rules (security/integrity/ima/ima_policy.c: policy_setup,
// default_measure_policy_setup, default_appraise_policy_setup), and the rules of the architecture (ima_efi.c; arch/powerpc/kernel/ima_arch.c).
import type { KernelLog } from "../audit/index.ts";
import type { Kconfig, Release } from "../release/index.ts";
import { behaves } from "./grammar.ts";

export interface BootChoices {
  /** `original`: ima_tcb; `default`: ima_policy=tcb. Whichever comes first. */
  measure: "none" | "original" | "default";
  appraiseTcb: boolean;
  secureBoot: boolean;
  criticalData: boolean;
  failSecurely: boolean;
}

export const noBootChoices = (): BootChoices => ({
  measure: "none",
  appraiseTcb: false,
  secureBoot: false,
  criticalData: false,
  failSecurely: false,
});

/** The parameters that are read here. `ima_tcb` and `ima_appraise_tcb` take no value. */
export type PolicyParameter = "ima_tcb" | "ima_policy" | "ima_appraise_tcb";

/**
 * Reads one parameter into `choices`, in the order of the command line. Effects add up; a name that means nothing, or a second
 * measurement set, is logged where the release does that.
 */
export function parsePolicyParameter(
  choices: BootChoices,
  parameter: PolicyParameter,
  value: string,
  kernel: { readonly release: Release; readonly log: KernelLog },
): void {
  if (parameter === "ima_tcb") {
    if (choices.measure === "none") choices.measure = "original";
  } else if (parameter === "ima_appraise_tcb") choices.appraiseTcb = true;
  else if (behaves(kernel.release, "several-policy-names"))
    for (const name of value.split(/[ |\n]/)) choose(choices, name, kernel);
  else if (choices.measure === "none" && value === "tcb") choices.measure = "default";
}

function choose(choices: BootChoices, name: string, { release, log }: { release: Release; log: KernelLog }): void {
  if (name === "tcb" && choices.measure === "none") choices.measure = "default";
  else if (name === "appraise_tcb") choices.appraiseTcb = true;
  else if (name === "secure_boot") choices.secureBoot = true;
  else if (name === "critical_data" && behaves(release, "critical-data")) choices.criticalData = true;
  else if (name === "fail_securely" && behaves(release, "fail-securely")) choices.failSecurely = true;
  else if (behaves(release, "policy-name-logged")) log.printk(`ima: policy "${name}" not found`);
}

/** What the firmware vouches for. */
export interface ArchState {
  readonly arch: "x86" | "arm64" | "powerpc";
  readonly secureBoot: boolean;
  /** powerpc: the boot was measured. */
  readonly trustedBoot?: boolean;
}

/** The rules, as texts, that the architecture adds on a machine in this state; empty where it adds none. */
export function archRules(state: ArchState, release: Release, config: Kconfig): string[] {
  if (!behaves(release, "arch-rules") || !config.enabled("IMA_ARCH_POLICY")) return [];
  if (state.arch === "powerpc") return release.atLeast("5.5") ? powerpcRules(state, release, config) : [];
  return state.secureBoot ? efiRules(release, config) : [];
}

function efiRules(release: Release, config: Kconfig): string[] {
  const rules: string[] = [];
  if (!config.enabled("KEXEC_SIG")) rules.push("appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig");
  rules.push("measure func=KEXEC_KERNEL_CHECK");
  if (!config.enabled("MODULE_SIG")) rules.push("appraise func=MODULE_CHECK appraise_type=imasig");
  if (
    release.has("arch-policy-check-rule") &&
    config.enabled("INTEGRITY_MACHINE_KEYRING") &&
    config.enabled("IMA_KEYRINGS_PERMIT_SIGNED_BY_BUILTIN_OR_SECONDARY")
  )
    rules.push("appraise func=POLICY_CHECK appraise_type=imasig");
  rules.push("measure func=MODULE_CHECK");
  return rules;
}

function powerpcRules({ secureBoot, trustedBoot = false }: ArchState, release: Release, config: Kconfig): string[] {
  const type = `${behaves(release, "blacklist-implied") ? "" : "appraise_flag=check_blacklist "}appraise_type=imasig|modsig`;
  const appraise = [`appraise func=KEXEC_KERNEL_CHECK ${type}`];
  const checkedElsewhere = release.atLeast("5.7") ? "MODULE_SIG" : "MODULE_SIG_FORCE";
  if (!config.enabled(checkedElsewhere)) appraise.push(`appraise func=MODULE_CHECK ${type}`);
  const template = secureBoot ? " template=ima-modsig" : "";
  const measure = [`measure func=KEXEC_KERNEL_CHECK${template}`, `measure func=MODULE_CHECK${template}`];
  return [...(trustedBoot ? measure : []), ...(secureBoot ? appraise : [])];
}
