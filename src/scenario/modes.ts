// One scenario under each mode of appraisal and each state of EVM: what the same steps come to.
// Which mode a kernel takes from its command line: security/integrity/ima/ima_appraise.c: ima_appraise_parse_cmdline; evm/evm_main.c: evm_set_fixmode.
import { type AppraiseMode, appraiseParameterIgnored } from "../appraise/index.ts";
import type { Kernel } from "../kernel/index.ts";
import type { FileReader } from "./arguments.ts";
import { type Played, type PlayedStep, playScenarios } from "./run.ts";
import type { Scenario } from "./schema.ts";
import type { Step } from "./step-schema.ts";

/** EVM as the scenario's steps switch it on, never switched on, or under evm=fix. */
export type EvmState = "as-written" | "off" | "fix";

export interface ModeColumn {
  /** Such as `enforce` or `fix evm=fix`. */
  readonly name: string;
  readonly appraise: AppraiseMode;
  readonly evm: EvmState;
  readonly cmdline: string;
  /** Why this kernel cannot be booted into that mode; what it does instead is played. null where it can. */
  readonly impossible: string | null;
  readonly boot: Played["boot"];
}

export interface ModeOutcome {
  /** The errno, or how the program ended; `ok` where the step went through. */
  readonly result: string;
  /** What appraisals failed for, in order: with a result of `ok` the mode let it pass. */
  readonly causes: readonly string[];
  /** Whether fix mode wrote a label. */
  readonly labelled: boolean;
  /** Entries that the step added to the measurement list. */
  readonly measured: number;
  /** The step was left out, because it would have switched EVM on. */
  readonly skipped: boolean;
}

export interface ModeRow {
  readonly step: Step;
  /** One for each column. */
  readonly outcomes: readonly ModeOutcome[];
  /** Whether the columns do not all come to the same. */
  readonly differs: boolean;
}

export interface ModeComparison {
  readonly columns: readonly ModeColumn[];
  readonly rows: readonly ModeRow[];
}

export interface CompareModesOptions {
  /** Gives the bytes of `@file`. */
  readonly read?: FileReader;
  /** Earlier boots of the same machine, played as they are written. */
  readonly before?: readonly Scenario[];
}

interface Variant {
  readonly name: string;
  readonly appraise: AppraiseMode;
  readonly evm: EvmState;
}

const variant = (appraise: AppraiseMode, evm: EvmState = "as-written"): Variant => ({
  name: evm === "as-written" ? appraise : `${appraise} evm=${evm}`,
  appraise,
  evm,
});

const APPRAISE_MODES: readonly Variant[] = [variant("off"), variant("log"), variant("fix"), variant("enforce")];
/** Only where a step or a certificate switches EVM on: without it they would repeat the columns above. */
const EVM_STATES: readonly Variant[] = [variant("fix", "fix"), variant("enforce", "off"), variant("enforce", "fix")];

const EVM_FILES = ["evm", "integrity/evm/evm"];
const SECURITYFS = "/sys/kernel/security/";

/** A write to securityfs/evm: what switches EVM on. */
function switchesEvm(step: Step): boolean {
  if (step.op === "securityfsWrite") return EVM_FILES.includes(String(step["file"]));
  return step.op === "writefile" && EVM_FILES.some((file) => step["path"] === SECURITYFS + file);
}

/** The certificate that switches EVM on as soon as the kernel loads it. */
function evmCertificate({ config }: Kernel): string | undefined {
  return config.enabled("EVM_LOAD_X509") ? config.text("EVM_X509_PATH") : undefined;
}

/** Words of a command line: spaces within double quotes do not part them. */
const WORD = /(?:"[^"]*"?|[^\s"])+/g;

function cmdlineFor(written: string, { appraise, evm }: Variant): string {
  const words = (written.match(WORD) ?? []).filter((word) => {
    const name = word.split("=")[0]!.replaceAll("-", "_");
    return name !== "ima_appraise" && name !== "evm";
  });
  // In front, because what follows a `--` is for init.
  return [`ima_appraise=${appraise}`, ...(evm === "fix" ? ["evm=fix"] : []), ...words].join(" ");
}

function impossible({ config, release, secureBoot, evm }: Kernel, wanted: Variant): string | null {
  if (!config.enabled("IMA")) return "CONFIG_IMA is not set: there is no IMA";
  const ignored = appraiseParameterIgnored({
    built: config.enabled("IMA_APPRAISE"),
    bootParameter: config.enabled("IMA_APPRAISE_BOOTPARAM"),
    secureBoot: secureBoot && release.has("ignore-mode-under-secure-boot"),
  });
  const same = config.enabled("IMA_APPRAISE") ? "enforce" : "off";
  if (ignored !== null && wanted.appraise !== same) return ignored;
  return wanted.evm === "fix" && evm?.fixMode !== true ? "secure boot: evm=fix is ignored" : null;
}

function outcomeOf(played: PlayedStep, skipped: boolean): ModeOutcome {
  const { outcome, decisions, measured } = played;
  const failed = decisions.filter((decision) => decision.appraisal === "failed");
  const result =
    outcome["error"] !== undefined
      ? "not possible"
      : outcome["errno"] !== undefined
        ? String(outcome["errno"])
        : outcome["signal"] !== undefined
          ? String(outcome["signal"])
          : outcome["exit"] !== undefined && outcome["exit"] !== 0
            ? `exit ${outcome["exit"]}`
            : "ok";
  return {
    result,
    causes: [...new Set(failed.map((decision) => decision.cause ?? "not appraised"))],
    labelled: decisions.some((d) => d.steps.some((s) => s.kind === "fix" && s.errno === null)),
    measured: measured.length,
    skipped,
  };
}

/**
 * Plays a scenario under ima_appraise=off, log, fix and enforce, whatever its command line asks for; where a step or a certificate of the
 * initramfs switches EVM on, also with EVM left off (without that step, without that certificate) and under evm=fix.
 * @throws InputError for a scenario that no kernel could be booted for
 */
export function compareModes(scenario: Scenario, options: CompareModesOptions = {}): ModeComparison {
  const { before = [], read } = options;
  const run = (wanted: Variant, certificate: string | undefined) => {
    const cmdline = cmdlineFor(scenario.kernel?.cmdline ?? "", wanted);
    const off = wanted.evm === "off";
    const skips = scenario.steps.map((step) => off && switchesEvm(step));
    const steps = scenario.steps.map((step, i): Step => (skips[i] === true ? { op: "nop" } : step));
    const files = Object.fromEntries(
      Object.entries(scenario.files ?? {}).filter(([path]) => !off || path !== certificate),
    );
    const varied: Scenario = { ...scenario, kernel: { ...scenario.kernel, cmdline }, files, steps };
    return { wanted, cmdline, skips, run: playScenarios([...before, varied], read).at(-1)! };
  };
  const modes = APPRAISE_MODES.map((wanted) => run(wanted, undefined));
  const certificate = evmCertificate(modes[0]!.run.kernel);
  const switches =
    scenario.steps.some(switchesEvm) || (certificate !== undefined && Object.hasOwn(scenario.files ?? {}, certificate));
  const played = [...modes, ...(switches ? EVM_STATES : []).map((wanted) => run(wanted, certificate))];
  // A kernel without EVM has no states of it to compare.
  const columns = played.filter(({ wanted, run }) => wanted.evm === "as-written" || run.kernel.evm !== null);
  return {
    columns: columns.map(({ wanted, cmdline, run }) => ({
      ...wanted,
      cmdline,
      impossible: impossible(run.kernel, wanted),
      boot: run.boot,
    })),
    rows: scenario.steps.map((step, i) => {
      const outcomes = columns.map(({ run, skips }) => outcomeOf(run.steps[i]!, skips[i]!));
      return { step, outcomes, differs: new Set(outcomes.map((each) => JSON.stringify(each))).size > 1 };
    }),
  };
}
