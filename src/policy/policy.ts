// The policy of one kernel: the built-in and the custom list, rules on their way in, and what is derived from the active list
// (security/integrity/ima/ima_policy.c: ima_init_policy, ima_parse_add_rule, ima_update_policy, ima_update_policy_flags).
import { AUDIT_TYPE, type AuditSubject, type IntegrityAudit } from "../audit/index.ts";
import { hashAvailable } from "../crypto/index.ts";
import { fail, ok, type Result } from "../errno/index.ts";
import type { Kconfig, Release } from "../release/index.ts";
import { ACTION, APPRAISE_SETTING, POSITIVE_ACTIONS, RULE_FLAG } from "./actions.ts";
import type { BootChoices } from "./boot-choices.ts";
import {
  appraiseTcbRules,
  buildAppraiseRules,
  criticalDataRules,
  defaultMeasureRules,
  dontMeasureRules,
  originalMeasureRules,
  secureBootRules,
} from "./builtin.ts";
import { CONDITION, LABEL_KINDS } from "./conditions.ts";
import { decideRules, type RuleDecision, ruleText } from "./decide.ts";
import { FUNC, type Func } from "./funcs.ts";
import { behaves } from "./grammar.ts";
import type { LabelSource } from "./labels.ts";
import { labelMatching, type MatchQuery, type MatchResult, type MatchSettings } from "./match.ts";
import { parseRule, ruleRecordType } from "./parse-rule.ts";
import type { RuleEnvironment } from "./parse-value.ts";
import { has, hasField, type PolicyRule, type RuleTemplate, type TemplateLookup } from "./rule.ts";
import { RuleIndex } from "./rule-index.ts";
import { showRule } from "./show.ts";

export interface ImaPolicyOptions<T extends RuleTemplate> {
  readonly release: Release;
  readonly config: Kconfig;
  /** The templates that template= can name. */
  readonly template: TemplateLookup<T>;
  /** The template that rules without template= use. */
  readonly bootTemplate: () => T;
  readonly labels: LabelSource | null;
  readonly audit: IntegrityAudit;
  /** The mode bits of the appraise word, of APPRAISE_SETTING; rules add theirs. */
  readonly appraiseMode: number;
  /** A custom policy has been loaded: keys that waited for one are looked at. */
  readonly onUpdated?: () => void;
}

/** Why the kernel reads a file or gets a buffer, as far as it asks whether IMA will appraise that (enum kernel_read_file_id). */
export type SignedRead =
  | "unknown"
  | "firmware"
  | "kernel-module"
  | "kexec-image"
  | "kexec-initramfs"
  | "security-policy"
  | "x509-certificate";

// biome-ignore format: a table reads better in columns
const FUNC_OF_READ: Readonly<Record<SignedRead, Func>> = {
  "unknown": FUNC.FILE_CHECK, "firmware": FUNC.FIRMWARE_CHECK, "kernel-module": FUNC.MODULE_CHECK, "kexec-image": FUNC.KEXEC_KERNEL_CHECK,
  "kexec-initramfs": FUNC.KEXEC_INITRAMFS_CHECK, "security-policy": FUNC.POLICY_CHECK, "x509-certificate": FUNC.FILE_CHECK,
};

/** ima_appraise_flag: what an appraise rule for the hook sets in the appraise word. */
function appraiseBit(func: Func): number {
  switch (func) {
    case FUNC.MODULE_CHECK:
      return APPRAISE_SETTING.MODULES;
    case FUNC.FIRMWARE_CHECK:
      return APPRAISE_SETTING.FIRMWARE;
    case FUNC.POLICY_CHECK:
      return APPRAISE_SETTING.POLICY;
    case FUNC.KEXEC_KERNEL_CHECK:
      return APPRAISE_SETTING.KEXEC;
    default:
      return 0;
  }
}

const utf8 = new TextEncoder();

/** The active list at one time. */
interface StandingRules<T extends RuleTemplate> {
  readonly rules: readonly PolicyRule<T>[];
  /** Whether a rule looks at labels. */
  readonly labelled: boolean;
  /** The rules as text, once a decision was told with them. */
  texts: readonly string[] | null;
}

export class ImaPolicy<T extends RuleTemplate = RuleTemplate> {
  readonly release: Release;
  readonly config: Kconfig;
  readonly audit: IntegrityAudit;
  readonly #template: TemplateLookup<T>;
  readonly #bootTemplate: () => T;
  readonly #labels: LabelSource | null;
  readonly #onUpdated: () => void;
  readonly #audited: boolean;

  readonly #default: PolicyRule<T>[] = [];
  readonly #custom: PolicyRule<T>[] = [];
  #temp: PolicyRule<T>[] = [];
  #customActive = false;
  #settings: MatchSettings;
  #index: RuleIndex<T>;
  #standing: StandingRules<T> = { rules: [], labelled: false, texts: null };

  #policyFlag = 0;
  #appraise: number;
  #tempAppraise = 0;
  #buildAppraise = 0;
  #setxattrAlgos = 0;
  #modsigNoticed = false;

  constructor(options: ImaPolicyOptions<T>) {
    this.release = options.release;
    this.config = options.config;
    this.audit = options.audit;
    this.#template = options.template;
    this.#bootTemplate = options.bootTemplate;
    this.#labels = options.config.enabled("IMA_LSM_RULES") ? options.labels : null;
    this.#onUpdated = options.onUpdated ?? (() => undefined);
    this.#audited = options.config.enabled("AUDIT") && options.config.enabled("INTEGRITY_AUDIT");
    this.#appraise = options.appraiseMode;
    this.#settings = this.#settingsWith(false);
    this.#index = new RuleIndex([], this.#settings);
  }

  #settingsWith(failSecurely: boolean): MatchSettings {
    const labels = labelMatching(this.release, this.#labels, () => this.labelsReloaded());
    return { labels, defaultPcr: this.config.number("IMA_MEASURE_PCR_IDX") ?? 10, failSecurely };
  }

  /** The active list. */
  get rules(): readonly PolicyRule<T>[] {
    return this.#customActive ? this.#custom : this.#default;
  }
  get customActive(): boolean {
    return this.#customActive;
  }
  /** ima_policy_flag: the actions that some active rule asks for. */
  get policyFlag(): number {
    return this.#policyFlag;
  }
  /** ima_appraise: the mode and the bits of rules, of APPRAISE_SETTING. Rules' bits are never taken away again. */
  get appraise(): number {
    return this.#appraise;
  }
  /** Whether further policies must be loaded as a file, by path. */
  get requiresSignedPolicy(): boolean {
    return (this.#appraise & APPRAISE_SETTING.POLICY) !== 0;
  }
  /** Which algorithms security.ima may be written with, one bit each; 0: any. */
  get setxattrAlgos(): number {
    return this.#setxattrAlgos;
  }

  /** Builds the lists of the boot. `arch` holds the texts of the architecture's rules. */
  initialise(choices: BootChoices, arch: readonly string[]): void {
    const { release, config } = this;
    this.#settings = this.#settingsWith(choices.failSecurely);
    if (choices.measure !== "none") this.#addBuiltin(dontMeasureRules(release), "default");
    if (choices.measure === "original") this.#addBuiltin(originalMeasureRules(), "default");
    if (choices.measure === "default") this.#addBuiltin(defaultMeasureRules(release), "default");

    if (behaves(release, "arch-rules")) {
      const parsed = this.#parseArch(arch);
      if (parsed.length === 0) this.audit.log.printk("ima: No architecture policies found");
      this.#addBuiltin(parsed, "both");
    }

    const signedBoot = behaves(release, "secure-boot-appraise-bits");
    if (choices.secureBoot) this.#addBuiltin(secureBootRules(release), "default", signedBoot ? "temp" : "none");
    this.#addBuiltin(buildAppraiseRules(release, config), choices.secureBoot ? "custom" : "both", "build");
    if (choices.appraiseTcb) this.#addBuiltin(appraiseTcbRules(release, config), "default");
    if (choices.criticalData) this.#addBuiltin(criticalDataRules(), "default");
    this.#updateFlags();
  }

  #addBuiltin(
    rules: readonly PolicyRule[],
    list: "default" | "custom" | "both",
    bits: "temp" | "build" | "none" = "temp",
  ): void {
    for (const rule of rules as readonly PolicyRule<T>[]) {
      if (list !== "custom") this.#default.push(rule);
      if (list !== "default") this.#custom.push({ ...rule });
      if (rule.action !== ACTION.APPRAISE) continue;
      if (bits === "temp") this.#tempAppraise |= appraiseBit(rule.func);
      if (bits === "build") this.#buildAppraise |= appraiseBit(rule.func);
    }
  }

  #parseArch(texts: readonly string[]): PolicyRule<T>[] {
    const rules: PolicyRule<T>[] = [];
    for (const text of texts) {
      const parsed = this.#parse(text);
      if (parsed.fault === null) rules.push(parsed.rule);
      else this.audit.log.printk(`ima: Skipping unknown architecture policy rule: ${text}`);
    }
    return rules;
  }

  #environment(): RuleEnvironment<T> {
    return {
      release: this.release,
      config: this.config,
      template: this.#template,
      labels: this.#labels,
      hashAvailable: (name) => hashAvailable(this.config, name),
      customActive: this.#customActive,
      say: (message) => this.audit.log.printk(`ima: ${message}`),
    };
  }

  #parse(text: string): ReturnType<typeof parseRule<T>> {
    const parsed = parseRule(text, this.#environment());
    const { rule, fault } = parsed;
    // A rule whose tokens do not even parse sets its bit all the same; a failed session takes it back.
    const counts = !behaves(this.release, "appraise-bits-of-appraise") || rule.action === ACTION.APPRAISE;
    if (counts && parsed.refusal === null) this.#tempAppraise |= appraiseBit(rule.func);
    if (fault === null) this.#noticeTemplate(rule);
    if (this.#audited) this.audit.log.audit(ruleRecordType(this.release), parsed.record);
    return parsed;
  }

  /** Each notice is given once, the one about modsig at the first rule that could need it, whatever it finds there. */
  #noticeTemplate(rule: PolicyRule<T>): void {
    const { log } = this.audit;
    const template = rule.template ?? this.#bootTemplate();
    if (has(rule, RULE_FLAG.MODSIG_ALLOWED) && !this.#modsigNoticed) {
      this.#modsigNoticed = true;
      if (hasField(template, "modsig") && !hasField(template, "d-modsig"))
        log.printk("ima: template with 'modsig' field also needs 'd-modsig' field");
    }
    if (rule.action === ACTION.MEASURE && has(rule, RULE_FLAG.VERITY_REQUIRED) && !hasField(template, "d-ngv2"))
      log.printkOnce("ima-verity-template", "ima: verity rules should include d-ngv2");
  }

  /**
   * Parses the first line of `text`, which ends at its first newline or NUL, and puts the rule on the temporary list.
   * @returns the bytes of that line and one more; the errno of the first fault.
   */
  addRule(task: AuditSubject, text: string): Result<number> {
    const end = text.search(/[\n\0]/);
    const line = end < 0 ? text : text.slice(0, end);
    const length = utf8.encode(line).length + 1;
    const rule = line.replace(/^[ \t]+/, "");
    if (rule === "" || rule.startsWith("#")) return ok(length);
    const parsed = this.#parse(rule);
    if (parsed.fault !== null) {
      const { INTEGRITY_STATUS } = AUDIT_TYPE;
      this.audit.record(task, { type: INTEGRITY_STATUS, op: "update_policy", cause: "invalid-policy", result: 1 });
      return fail(parsed.fault.errno);
    }
    this.#temp.push(parsed.rule);
    return ok(length);
  }

  /** Whether there are rules to commit. */
  checkUpdate(): boolean {
    return this.#temp.length > 0;
  }

  /** Appends the rules that came in to the custom list. With the first of them that list becomes the active one, for good. */
  commitUpdate(): void {
    this.#custom.push(...this.#temp);
    this.#temp = [];
    if (!this.#customActive) this.#policyFlag = 0;
    this.#customActive = true;
    this.#updateFlags();
    this.#onUpdated();
  }

  /** Forgets the rules that came in. */
  discardUpdate(): void {
    this.#temp = [];
    this.#tempAppraise = 0;
  }

  #updateFlags(): void {
    let flag = behaves(this.release, "policy-flag-recomputed") ? 0 : this.#policyFlag;
    for (const rule of this.rules) {
      if (rule.func === FUNC.SETXATTR_CHECK) {
        if (this.#setxattrAlgos === 0) this.#setxattrAlgos = rule.allowedAlgos;
      } else flag |= rule.action & POSITIVE_ACTIONS;
    }
    this.#appraise |= this.#buildAppraise | this.#tempAppraise;
    this.#policyFlag = this.#appraise === 0 ? flag & ~ACTION.APPRAISE : flag;
    this.#reindex();
  }

  #reindex(): void {
    const rules = [...this.rules];
    this.#index = new RuleIndex(rules, this.#settings);
    this.#standing = { rules, labelled: rules.some((rule) => rule.labels !== null), texts: null };
  }

  /** The LSM has reloaded its policy: the labels of custom rules are compiled anew. */
  labelsReloaded(): void {
    for (const rule of this.#custom)
      rule.labels?.forEach((label, at) => {
        if (label === null) return;
        label.compiled = this.#labels?.compile(LABEL_KINDS[at]!, label.text) ?? null;
        if (label.compiled === null) this.audit.log.printk(`ima: rule for LSM '${label.text}' is undefined`);
      });
    this.#reindex();
  }

  /** ima_match_policy: what the active rules ask for. `query.wanted` is taken as it is, whether or not any rule asks for it. */
  match(query: MatchQuery): MatchResult<T> {
    return this.#index.match(query);
  }

  /** The same walk, with the reason of each rule. */
  decide(query: MatchQuery): RuleDecision<T>[] {
    return this.decideLater(query)();
  }

  /**
   * The walk through the rules that are active now, taken when its result is first asked for: reasons cost far more than a match, and are
   * seldom read. `query` must not change until then.
   */
  decideLater(query: MatchQuery): () => RuleDecision<T>[] {
    const standing = this.#standing;
    const settings = this.#settings;
    let decided: RuleDecision<T>[] | null = null;
    const later = () => {
      standing.texts ??= standing.rules.map((rule) => ruleText(rule, this.release));
      decided ??= decideRules(standing.rules, standing.texts, query, settings);
      return decided;
    };
    // What labels mean changes with the LSM's policy.
    if (standing.labelled) later();
    return later;
  }

  /** ima_appraise_signature: whether such a read will be appraised by signature; conditions other than func= are not looked at. */
  appraiseSignatureRequired(id: SignedRead): boolean {
    const func = FUNC_OF_READ[id];
    const rule = this.rules.find((r) => r.action === ACTION.APPRAISE && (!has(r, CONDITION.FUNC) || r.func === func));
    return rule !== undefined && has(rule, RULE_FLAG.DIGSIG_REQUIRED);
  }

  /** One item for each rule of the active list, as reading the policy file gives them; empty for one that is not shown. */
  showRules(): string[] {
    return this.rules.map((rule) => showRule(rule, this.release));
  }
  show(): string {
    return this.showRules().join("");
  }
}
