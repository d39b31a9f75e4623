// Which hash algorithm and which template a boot ends up with: ima_hash=, ima_template= and ima_template_fmt= in the order of the
// command line, then the build's defaults (security/integrity/ima/ima_main.c: hash_setup, init_ima; ima_template.c:
// ima_template_setup, ima_template_fmt_setup, ima_init_template; ima_init.c: ima_init).
import type { KernelLog } from "../audit/index.ts";
import { canDigest } from "../crypto/digest.ts";
import { HASH_ALGORITHMS, type HashName, hashByName, hashNameOf } from "../crypto/hash.ts";
import { InputError } from "../errno/index.ts";
import type { Kconfig, Release } from "../release/index.ts";
import { allocateSlots, type Slot } from "./slot.ts";
import { isOldIma, lookupTemplate, parseTemplateFormat, type TemplateDescriptor, templatesOf } from "./template.ts";
import type { SimulatedTpm } from "./tpm.ts";

/** A parameter of the kernel command line, as `name=value`. */
export interface BootParameter {
  readonly name: string;
  readonly value: string;
}

export interface MeasureEnvironment {
  readonly release: Release;
  readonly config: Kconfig;
  readonly log: KernelLog;
  /** null: no TPM, "TPM-bypass". */
  readonly tpm: SimulatedTpm | null;
  /** Whether the kernel can allocate a hash algorithm at boot; what can be computed here, where left out. */
  readonly hashAvailable?: (algo: HashName) => boolean;
  /** Byte order of the machine; little-endian where left out. */
  readonly bigEndian?: boolean;
  /** What else happens at boot between the lines logged here: first in init_ima, and after the TPM was looked for. */
  readonly onStart?: () => void;
  readonly onKeyrings?: () => void;
}

/** What measuring is set up with for the whole boot. */
export interface MeasureSetup {
  readonly release: Release;
  /** ima_hash */
  readonly hash: HashName;
  /** The default template, and the one of buffer events (undefined before 5.3). */
  readonly template: TemplateDescriptor;
  readonly bufferTemplate: TemplateDescriptor | undefined;
  /** Where `template=` of a rule and a kexec list look names up. */
  readonly templates: readonly TemplateDescriptor[];
  readonly slots: readonly Slot[];
  readonly tpm: SimulatedTpm | null;
  readonly log: KernelLog;
  /** CONFIG_IMA_MEASURE_PCR_IDX */
  readonly pcr: number;
  readonly deduplicate: boolean;
  /** ima_flush_htable: deleting staged entries forgets their digests. */
  readonly flushSeen: boolean;
  /** CONFIG_IMA_STAGING, where the release has it. */
  readonly staging: boolean;
  readonly kexec: boolean;
  /** CONFIG_IMA_KEXEC_EXTRA_MEMORY_KB in bytes; 0 stands for half a page. */
  readonly kexecExtra: number;
  readonly littleEndian: boolean;
}

class Choice {
  /** The variable starts as SHA1, before any parameter or default was looked at. */
  hash: HashName = "sha1";
  hashDone = false;
  template: TemplateDescriptor | null = null;
  templateDone = false;
  templates: readonly TemplateDescriptor[];
  /** ima_canonical_fmt: without effect on a little-endian machine. */
  canonical = false;
  flushSeen = false;
  readonly #environment: MeasureEnvironment;
  readonly #defaultTemplate: string;

  constructor(environment: MeasureEnvironment) {
    this.#environment = environment;
    this.#defaultTemplate = environment.config.text("IMA_DEFAULT_TEMPLATE") ?? "ima-ng";
    this.templates = templatesOf(environment.release);
  }

  current(): TemplateDescriptor {
    if (this.template === null) {
      const found = lookupTemplate(this.#defaultTemplate, this.templates);
      if (found === undefined)
        throw new InputError(
          "bad-kconfig",
          "config.IMA_DEFAULT_TEMPLATE",
          `${this.#environment.release} has no template ${this.#defaultTemplate}`,
        );
      this.template = found;
    }
    return this.template;
  }

  /** A second template parameter is not looked at; before 5.17 neither is the first one behind an ima_hash=. */
  #templateSettled(): boolean {
    return this.templateDone || (this.template !== null && !this.#environment.release.has("template-after-hash"));
  }

  /** ima_hash=, and the default behind it. Returns what the kernel logs. */
  setHash(value: string): readonly string[] {
    const template = this.current();
    if (this.hashDone) return [];
    if (isOldIma(template)) {
      // Only a prefix is compared here.
      if (value.startsWith("sha1")) this.hash = "sha1";
      else if (value.startsWith("md5")) this.hash = "md5";
      else return [`invalid hash algorithm "${value}" for template "ima"`];
    } else {
      const found = hashByName(value, this.#environment.release);
      if (found === undefined) return [`invalid hash algorithm "${value}"`];
      this.hash = found.name;
    }
    this.hashDone = true;
    return [];
  }

  /** ima_template= */
  setTemplate(value: string): readonly string[] {
    if (this.#templateSettled()) return [];
    const found = lookupTemplate(value, this.templates);
    if (found === undefined) return [`template ${value} not found, using ${this.#defaultTemplate}`];
    if (value === "ima" && this.hash !== "sha1" && this.hash !== "md5") return ["template does not support hash alg"];
    this.template = found;
    this.templateDone = true;
    return [];
  }

  /** ima_template_fmt= */
  setFormat(value: string): readonly string[] {
    if (this.#templateSettled()) return [];
    const parsed = parseTemplateFormat(value, this.#environment.release);
    if (!parsed.ok)
      return [parsed.message, `format string '${value}' not valid, using template ${this.#defaultTemplate}`];
    this.templates = templatesOf(this.#environment.release, value);
    this.template = this.templates.at(-1)!;
    this.templateDone = true;
    return [];
  }
}

/** One run of ima_init as far as measuring goes; null where it stops. */
function initialise(choice: Choice, environment: MeasureEnvironment): MeasureSetup | null {
  const { release, config, log, tpm } = environment;
  if (tpm === null) log.printk("ima: No TPM chip found, activating TPM-bypass!");
  environment.onKeyrings?.();
  const slots = allocateSlots(choice.hash, { ...environment, hashAvailable: environment.hashAvailable ?? canDigest });
  if (slots === null) return null;
  const template = choice.current();
  if (template.problem !== null) {
    log.printk(`ima: ${template.problem}`);
    log.printk(`ima: template ${template.title} init failed, result: -22`);
    return null;
  }
  const { templates } = choice;
  return {
    release,
    hash: choice.hash,
    template,
    bufferTemplate: lookupTemplate("ima-buf", templates),
    templates,
    slots,
    tpm,
    log,
    pcr: config.number("IMA_MEASURE_PCR_IDX") ?? 10,
    deduplicate: !config.enabled("IMA_DISABLE_HTABLE"),
    flushSeen: choice.flushSeen && release.has("list-staging"),
    staging: release.has("list-staging") && config.enabled("IMA_STAGING"),
    kexec: config.enabled("IMA_KEXEC"),
    kexecExtra: (config.number("IMA_KEXEC_EXTRA_MEMORY_KB") ?? 0) * 1024,
    littleEndian: environment.bigEndian !== true || choice.canonical,
  };
}

/**
 * Goes through the parameters in the order of the command line (others than IMA's are passed over) and initialises measuring, with the
 * kernel's log lines.
 * @returns null where IMA fails to initialise: it then does nothing for the whole boot.
 * @throws InputError `bad-kconfig` where the build's default template or hash is unknown to the release.
 */
export function chooseTemplateAndHash(
  parameters: Iterable<BootParameter>,
  environment: MeasureEnvironment,
): MeasureSetup | null {
  const choice = new Choice(environment);
  const say = (lines: readonly string[]): void => {
    for (const line of lines) environment.log.printk(`ima: ${line}`);
  };
  for (const { name, value } of parameters) {
    if (name === "ima_hash") say(choice.setHash(value));
    else if (name === "ima_template") say(choice.setTemplate(value));
    else if (name === "ima_template_fmt") say(choice.setFormat(value));
    else if (name === "ima_canonical_fmt") choice.canonical = true;
    else if (name === "ima_flush_htable") choice.flushSeen = true;
  }
  environment.onStart?.();
  const { config, release, log } = environment;
  const defaultHash = config.text("IMA_DEFAULT_HASH") ?? "sha1";
  if (hashByName(defaultHash, release) === undefined)
    throw new InputError("bad-kconfig", "config.IMA_DEFAULT_HASH", `${release} has no hash algorithm ${defaultHash}`);
  say(choice.setHash(defaultHash));
  const setup = initialise(choice, environment);
  const chosen = hashNameOf(HASH_ALGORITHMS.find((row) => row.name === choice.hash)!, release);
  if (setup !== null || chosen === defaultHash) return setup;
  log.printk(`ima: Allocating ${chosen} failed, going to use default hash algorithm ${defaultHash}`);
  choice.hashDone = false;
  say(choice.setHash(defaultHash));
  return initialise(choice, environment);
}
