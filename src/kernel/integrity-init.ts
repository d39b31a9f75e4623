// IMA and EVM come up: from the first look at the command line to their late initialisation, with what they log on the way
// (security/integrity/ima/ima_main.c: init_ima; ima_init.c: ima_init; evm/evm_main.c: init_evm).
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { Ima, type ImaEvm, measureCriticalData, parseAppraiseMode } from "../appraise/index.ts";
import type { IntegrityAudit, KernelLog } from "../audit/index.ts";
import { hashAvailable, hashByName } from "../crypto/index.ts";
import { InputError } from "../errno/index.ts";
import { Evm } from "../evm/index.ts";
import {
  type BootParameter,
  chooseTemplateAndHash,
  lookupTemplate,
  MeasurementList,
  type SimulatedTpm,
  type TemplateDescriptor,
} from "../measure/index.ts";
import { archRules, type BootChoices, ImaPolicy, noBootChoices, parsePolicyParameter } from "../policy/index.ts";
import type { Kconfig, Release } from "../release/index.ts";
import {
  hasIversion,
  metadataInode,
  queryIversion,
  readXattr,
  removeXattrNoPerm,
  type Subject,
  setXattrNoPerm,
  type Vfs,
} from "../vfs/index.ts";
import { type Parameter, sameParameter, valuesOf } from "./cmdline.ts";
import type { KeyBridge } from "./key-bridge.ts";
import { integrityAllocated } from "./lsm.ts";
import type { KernelLabels } from "./options.ts";
import { bootTask } from "./process.ts";

export interface IntegrityBoot {
  readonly release: Release;
  readonly config: Kconfig;
  readonly parameters: readonly Parameter[];
  readonly log: KernelLog;
  readonly audit: IntegrityAudit;
  readonly tpm: SimulatedTpm | null;
  readonly labels: KernelLabels | null;
  readonly secureBoot: boolean;
  readonly keyBridge: KeyBridge;
  /** The file systems, once they stand: they are made with their modules. */
  readonly files: { readonly vfs: Vfs | null };
  readonly clock: () => number;
  readonly bootAggregate?: { readonly algo: string; readonly bytes: Uint8Array };
  readonly onSecurityInit: () => void;
}

export interface Integrity {
  /** null where it is not built in or could not start. */
  readonly ima: Ima | null;
  readonly evm: Evm | null;
}

const POLICY_PARAMETERS = ["ima_tcb", "ima_policy", "ima_appraise_tcb"] as const;
const MEASURE_PARAMETERS = ["ima_hash", "ima_template", "ima_template_fmt", "ima_canonical_fmt"] as const;

/** Registered without a "=": whatever begins like one of these is taken for it (init/main.c: obsolete_checksetup). */
const BARE_PARAMETERS: ReadonlySet<string> = new Set(["ima_tcb", "ima_appraise_tcb", "ima_canonical_fmt"]);

const isParameter = (name: string, known: string): boolean =>
  sameParameter(BARE_PARAMETERS.has(known) ? name.slice(0, known.length) : name, known);

function readEvmParameter({ name, value }: Parameter, evm: Evm | null): void {
  if (sameParameter(name, "evm") && value !== undefined) evm?.bootParameter(value);
}

/** What follows the early parameters, before IMA starts. */
function settle({ onSecurityInit, keyBridge }: IntegrityBoot): void {
  onSecurityInit();
  keyBridge.makeSystemKeyrings();
}

/**
 * Parameters that are looked at early, in the order of the command line: those of the policy and of EVM here, those of measuring by who asks for them.
 * A generator of its own: one made anew in each boot would keep each boot's kernel in memory until the next full garbage collection.
 */
function* earlyParameters(boot: IntegrityBoot, choices: BootChoices, evm: Evm | null): Generator<BootParameter> {
  const { release, log } = boot;
  for (const { name, value } of boot.parameters) {
    const policy = POLICY_PARAMETERS.find((known) => isParameter(name, known));
    // Those that take a value are registered with their "=": without one they are passed to init.
    if (policy !== undefined && (value !== undefined || policy !== "ima_policy"))
      parsePolicyParameter(choices, policy, value ?? "", { release, log });
    const measure = MEASURE_PARAMETERS.find((known) => isParameter(name, known));
    if (measure !== undefined && (value !== undefined || measure === "ima_canonical_fmt"))
      yield { name: measure, value: value ?? "" };
    readEvmParameter({ name, value }, evm);
  }
  settle(boot);
}

export function initialiseIntegrity(boot: IntegrityBoot): Integrity {
  const { release, config, log, tpm, keyBridge } = boot;
  const choices = noBootChoices();
  const late: { ima: Ima | null } = { ima: null };
  const evm = config.enabled("EVM") ? makeEvm(boot, late) : null;
  let appraiseMode = 0;
  let ima: Ima | null = null;
  if (config.enabled("IMA")) {
    const setup = chooseTemplateAndHash(earlyParameters(boot, choices, evm), {
      release,
      config,
      log,
      tpm,
      hashAvailable: (algo) => hashAvailable(config, algo),
      onStart: () => {
        appraiseMode = parseAppraiseMode(appraiseParameter(boot), {
          built: config.enabled("IMA_APPRAISE"),
          bootParameter: config.enabled("IMA_APPRAISE_BOOTPARAM"),
          secureBoot: boot.secureBoot && release.has("ignore-mode-under-secure-boot"),
          log,
        });
      },
      onKeyrings: () => keyBridge.makeImaKeyring(),
    });
    if (setup !== null) {
      const list = new MeasurementList(setup, boot.audit);
      ima = startIma(boot, { list, choices, appraiseMode, evm });
    }
  } else {
    for (const parameter of boot.parameters) readEvmParameter(parameter, evm);
    settle(boot);
  }
  late.ima = ima;
  if (evm !== null) {
    keyBridge.makeEvmKeyring();
    evm.start();
  }
  return { ima, evm };
}

/** Only the last ima_appraise= counts; one without a value is complained about, and changes nothing. */
function appraiseParameter({ parameters, log }: IntegrityBoot): string | undefined {
  const values = valuesOf(parameters, "ima_appraise");
  for (const value of values)
    if (value === undefined) log.printk("Booting kernel: `' invalid for parameter `ima_appraise'");
  return values.filter((value) => value !== undefined).at(-1);
}

function makeEvm(
  { release, config, log, audit, keyBridge, files, secureBoot }: IntegrityBoot,
  late: { readonly ima: Ima | null },
): Evm {
  return new Evm({
    release,
    config,
    log,
    audit,
    keys: keyBridge.evmKeys,
    files: {
      readXattr,
      setXattr: (task, path, name, value) => setXattrNoPerm(files.vfs!, task, path, name, value, 0),
      removeXattr: (task, path, name) => removeXattrNoPerm(files.vfs!, task, path, name),
      metadataInode,
      hasIversion,
      queryIversion,
      peekIversion: (inode) => inode.iversion.peek(),
    },
    secureBoot,
    imaInodeState: (inode) => late.ima?.iints.find(inode)?.evm ?? null,
  });
}

/** What IMA hears where EVM is not built in. */
const NO_EVM: ImaEvm = {
  verifyXattr: () => "unknown",
  revalidateStatus: () => false,
  fixHmac: () => "EPERM",
  metadataChanged: () => false,
  readProtectedXattrs: () => ({ ok: true, value: [] }),
};

function startIma(
  boot: IntegrityBoot,
  {
    list,
    choices,
    appraiseMode,
    evm,
  }: { list: MeasurementList; choices: BootChoices; appraiseMode: number; evm: Evm | null },
): Ima | null {
  const { release, config, log, audit, keyBridge, labels, secureBoot } = boot;
  const task: Subject = bootTask(config, labels);
  if (!list.addBootAggregate(task, givenAggregate(boot))) return null;
  let ima: Ima | null = null;
  const policy = new ImaPolicy<TemplateDescriptor>({
    release,
    config,
    template: (text) => lookupTemplate(text, list.setup.templates),
    bootTemplate: () => list.setup.template,
    labels: labels?.source ?? null,
    audit,
    appraiseMode,
    onUpdated: () => ima?.keyQueue.flush(ima.updater ?? task),
  });
  policy.initialise(choices, archRules({ arch: "x86", secureBoot }, release, config));
  ima = new Ima({
    release,
    config,
    log,
    audit,
    policy,
    list,
    evm: evm ?? NO_EVM,
    keys: keyBridge.imaKeys,
    objectLabel: (inode, asker) => labels?.object(inode, asker) ?? null,
    clock: boot.clock,
    secureBoot,
    moduleSignatureEnforced: () => keyBridge.moduleSignatureEnforced,
    iintsAllocated: integrityAllocated(release, config, boot.parameters),
  });
  keyBridge.onKeyChange(task, (changer, keyring, payload) => ima.keyQueue.keyChanged(changer, keyring, payload));
  if (release.has("kernel-version-measured"))
    measureCriticalData(ima, task, "kernel_info", "kernel_version", utf8ToBytes(release.text), false);
  return ima;
}

function givenAggregate({ bootAggregate }: IntegrityBoot) {
  if (bootAggregate === undefined) return undefined;
  const algorithm = hashByName(bootAggregate.algo);
  if (algorithm === undefined)
    throw new InputError(
      "bad-boot-aggregate",
      "environment.bootAggregate",
      `there is no hash algorithm ${bootAggregate.algo}`,
    );
  return { algo: algorithm.name, bytes: bootAggregate.bytes };
}
