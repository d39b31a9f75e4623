// A whole policy text to rules and diagnostics, without a kernel: each line as ima_parse_add_rule would take it.
import { hashAvailable } from "../crypto/index.ts";
import { Kconfig, type KconfigValues, Release } from "../release/index.ts";
import { decideRules, type RuleDecision, ruleText } from "./decide.ts";
import { diagnoseRule } from "./diagnose.ts";
import { type KernelOutcome, NOTHING_LOADED, PolicyDiagnostic, UPDATE_FAILED } from "./diagnostic.ts";
import { anyLabels, type LabelSource } from "./labels.ts";
import { labelMatching, type MatchQuery, type MatchResult, type MatchSettings } from "./match.ts";
import { type ParsedRule, parseRule } from "./parse-rule.ts";
import type { RuleEnvironment } from "./parse-value.ts";
import { type Place, type PolicyLine, spanOf } from "./policy-line.ts";
import type { PolicyRule, RuleTemplate, TemplateLookup } from "./rule.ts";
import { RuleIndex } from "./rule-index.ts";
import { builtinTemplates } from "./template-names.ts";

/** The kernel that the policy is meant for. */
export interface PolicyTarget {
  readonly release: Release | string;
  /** Where left out, the default configuration. */
  readonly config?: Kconfig | KconfigValues;
  /** Where left out, the templates that every kernel of the release has. */
  readonly template?: TemplateLookup;
  /** null: the kernel has no security module with labels; where left out, any label counts as known. */
  readonly labels?: LabelSource | null;
  /** Whether a custom policy is active already when this one is loaded. */
  readonly customActive?: boolean;
}

/** The target with everything that it leaves out. */
export interface ResolvedTarget {
  readonly release: Release;
  readonly config: Kconfig;
  readonly template: TemplateLookup;
  readonly labels: LabelSource | null;
  readonly customActive: boolean;
}

/** @throws InputError `bad-release`, `bad-kconfig` */
function resolveTarget(target: PolicyTarget): ResolvedTarget {
  const release = typeof target.release === "string" ? Release.parse(target.release) : target.release;
  const config = target.config instanceof Kconfig ? target.config : Kconfig.withDefaults(target.config ?? {});
  const labels = target.labels === undefined ? anyLabels : target.labels;
  return {
    release,
    config,
    template: target.template ?? builtinTemplates(release),
    labels: config.enabled("IMA_LSM_RULES") ? labels : null,
    customActive: target.customActive ?? false,
  };
}

/** Bytes of a line, its newline aside, that go through one write (PAGE_SIZE less one). */
const LINE_MAX = 4095;
const utf8 = new TextEncoder();
const byteLength = (text: string): number => (text.length * 3 <= LINE_MAX ? text.length : utf8.encode(text).length);
const LEADING_BLANKS = /^[ \t]*/;

export class ParsedPolicy {
  readonly target: ResolvedTarget;
  readonly lines: readonly PolicyLine[];
  /** The rules that the kernel accepts, in order. */
  readonly rules: readonly PolicyRule[];
  readonly diagnostics: readonly PolicyDiagnostic[];
  readonly #settings: MatchSettings;
  #index: RuleIndex | null = null;
  #texts: readonly string[] | null = null;

  constructor(target: ResolvedTarget, lines: readonly PolicyLine[], diagnostics: readonly PolicyDiagnostic[]) {
    this.target = target;
    this.lines = lines;
    this.rules = lines.flatMap((line) => (line.rule === null ? [] : [line.rule]));
    this.diagnostics = diagnostics;
    this.#settings = {
      labels: labelMatching(target.release, target.labels, () => undefined),
      defaultPcr: target.config.number("IMA_MEASURE_PCR_IDX") ?? 10,
      failSecurely: false,
    };
  }

  /** Whether the kernel loads the text, written line by line. */
  get accepted(): boolean {
    return this.diagnostics.every((diagnostic) => diagnostic.severity !== "error");
  }
  /** What these rules alone would ask for. */
  match(query: MatchQuery): MatchResult {
    this.#index ??= new RuleIndex(this.rules, this.#settings);
    return this.#index.match(query);
  }
  /** The same, with the reason of each rule. */
  decide(query: MatchQuery): RuleDecision[] {
    this.#texts ??= this.rules.map((rule) => ruleText(rule, this.target.release));
    return decideRules(this.rules, this.#texts, query, this.#settings);
  }
}

/**
 * Reads a policy as a kernel of the target would, and says what is wrong with each line that it would refuse.
 * Never throws for a text, whatever it holds.
 * @throws InputError for a target that names an unknown release or configuration.
 */
export function parsePolicy(text: string, target: PolicyTarget): ParsedPolicy {
  const resolved = resolveTarget(target);
  const said: string[] = [];
  const environment: RuleEnvironment = {
    ...resolved,
    hashAvailable: (name) => hashAvailable(resolved.config, name),
    say: (message) => said.push(`ima: ${message}`),
  };
  const lines: PolicyLine[] = [];
  const diagnostics: PolicyDiagnostic[] = [];
  let offset = 0;
  for (const line of text.split("\n")) {
    said.length = 0;
    lines.push(readLine({ number: lines.length + 1, offset, text: line }, environment, said, diagnostics));
    offset += line.length + 1;
  }
  // What follows the last newline is no line.
  if (lines.length > 1 && lines.at(-1)!.text === "") lines.pop();
  diagnoseText(text, lines, diagnostics);
  return new ParsedPolicy(resolved, lines, diagnostics);
}

function readLine(
  place: Place,
  environment: RuleEnvironment,
  said: readonly string[],
  diagnostics: PolicyDiagnostic[],
): PolicyLine {
  const nul = place.text.indexOf("\0");
  if (nul >= 0) diagnostics.push(nulDiagnostic(place, nul));
  const whole = nul < 0 ? place.text : place.text.slice(0, nul);
  const indent = LEADING_BLANKS.exec(whole)![0].length;
  const text = whole.slice(indent);
  if (byteLength(place.text) > LINE_MAX) diagnostics.push(longLineDiagnostic(place));
  if (text === "") return { ...place, kind: "blank", rule: null, comment: "" };
  if (text.startsWith("#")) return { ...place, kind: "comment", rule: null, comment: "" };
  const parsed: ParsedRule<RuleTemplate> = parseRule(text, environment);
  if (parsed.fault === null)
    return { ...place, kind: "rule", rule: parsed.rule, comment: trailingComment(text, parsed) };
  diagnostics.push(diagnoseRule(text, { ...place, column: indent }, parsed, said, environment));
  return { ...place, kind: "fault", rule: null, comment: "" };
}

function trailingComment(text: string, parsed: ParsedRule): string {
  const last = parsed.tokens.at(-1)!;
  return text.slice(last.start + last.text.length).trim();
}

function nulDiagnostic(place: Place, at: number): PolicyDiagnostic {
  return new PolicyDiagnostic({
    code: "nul-byte",
    severity: "error",
    message: "a NUL ends the text: nothing after it is read, and a load by path fails",
    span: spanOf(place, at, at + 1),
    token: "\0",
    kernel: { errno: "EINVAL", log: UPDATE_FAILED, loaded: NOTHING_LOADED },
  });
}

function longLineDiagnostic(place: Place): PolicyDiagnostic {
  return new PolicyDiagnostic({
    code: "line-too-long",
    severity: "warning",
    message: `longer than the ${LINE_MAX} bytes that one write takes: what follows counts as a line of its own, but in a load by path`,
    span: spanOf(place, LINE_MAX, place.text.length),
    token: place.text.slice(LINE_MAX),
  });
}

function diagnoseText(text: string, lines: readonly PolicyLine[], diagnostics: PolicyDiagnostic[]): void {
  const last = lines.at(-1)!;
  if (lines.every((line) => line.kind === "blank" || line.kind === "comment")) {
    const kernel: KernelOutcome = { errno: null, log: UPDATE_FAILED, loaded: NOTHING_LOADED };
    const message = "no rule in it: every write goes through, and the load fails when the file is closed";
    const span = spanOf(last, 0, last.text.length);
    diagnostics.push(
      new PolicyDiagnostic({ code: "empty-policy", severity: "error", message, span, token: last.text, kernel }),
    );
  } else if (!text.endsWith("\n")) {
    const message = "the last line has no newline: a load by path fails with EINVAL, though all rules are read";
    const span = spanOf(last, last.text.length, last.text.length);
    diagnostics.push(
      new PolicyDiagnostic({
        code: "no-final-newline",
        severity: "warning",
        message,
        span,
        token: "",
      }),
    );
  }
}
