// ima_appraise=: whether a failed appraisal is denied, fixed or only logged (security/integrity/ima/ima_appraise.c: ima_appraise_parse_cmdline).
import type { KernelLog } from "../audit/index.ts";
import { APPRAISE_SETTING } from "../policy/index.ts";

export type AppraiseMode = "off" | "log" | "fix" | "enforce";

/** What each mode sets in the appraise word; the other bits of it come from rules. Compared as prefixes, in this order. */
const MODES: readonly (readonly [AppraiseMode, number])[] = [
  ["off", 0],
  ["log", APPRAISE_SETTING.LOG],
  ["fix", APPRAISE_SETTING.FIX],
  ["enforce", APPRAISE_SETTING.ENFORCE],
];

export interface AppraiseModeContext {
  /** CONFIG_IMA_APPRAISE */
  readonly built: boolean;
  /** CONFIG_IMA_APPRAISE_BOOTPARAM */
  readonly bootParameter: boolean;
  readonly secureBoot: boolean;
  readonly log: KernelLog;
}

/** Why this kernel does not follow ima_appraise=, so that it enforces whatever is asked of it; null where it follows. */
export function appraiseParameterIgnored(
  context: Pick<AppraiseModeContext, "built" | "bootParameter" | "secureBoot">,
): string | null {
  if (!context.built) return "CONFIG_IMA_APPRAISE is not set: nothing is appraised";
  if (!context.bootParameter) return "CONFIG_IMA_APPRAISE_BOOTPARAM is not set: ima_appraise= is ignored";
  return context.secureBoot ? "secure boot: ima_appraise= is ignored" : null;
}

/** @param value of the last `ima_appraise=` on the command line; undefined where there was none */
export function parseAppraiseMode(value: string | undefined, context: AppraiseModeContext): number {
  if (!context.built) return 0;
  if (value === undefined || !context.bootParameter) return APPRAISE_SETTING.ENFORCE;
  const found = MODES.find(([name]) => value.startsWith(name));
  if (found === undefined) context.log.printk(`ima: invalid "${value}" appraise option`);
  const bits = found === undefined ? APPRAISE_SETTING.ENFORCE : found[1];
  if (!context.secureBoot) return bits;
  if ((bits & APPRAISE_SETTING.ENFORCE) === 0)
    context.log.printk(`ima: Secure boot enabled: ignoring ima_appraise=${value} option`);
  return APPRAISE_SETTING.ENFORCE;
}
