// imasim policy: checks, explains, lints and formats policies, and says which rule decides an access.
import { writeFileSync } from "node:fs";
import { Command, Option } from "commander";
import { InputError } from "../errno/index.ts";
import {
  ACTIONS,
  actionKeyword,
  anyLabels,
  explainRule,
  formatPolicy,
  lintPolicy,
  type ParsedPolicy,
  type PolicyDiagnostic,
  type PolicyTarget,
  parsePolicy,
  type RuleDecision,
  smackLabels,
} from "../policy/index.ts";
import { Kconfig, type KconfigValues } from "../release/index.ts";
import { readText } from "./bytes.node.ts";
import { type QueryOptions, queryOf } from "./policy-query.ts";

const FINDINGS = 1;
const DEFAULT_RELEASE = "6.12";

interface TargetOptions {
  readonly release: string;
  readonly config: readonly string[];
  readonly labels: "any" | "smack" | "none";
  readonly active?: boolean;
  readonly json?: boolean;
}

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

/** The options that say which kernel the policy is for. */
function withTarget(command: Command): Command {
  return command
    .option("--release <release>", "the kernel's release", DEFAULT_RELEASE)
    .option("--config <symbol=value>", "a Kconfig symbol: y, n, a number or a text; may be repeated", collect, [])
    .addOption(
      new Option("--labels <module>", "which security module knows the labels")
        .choices(["any", "smack", "none"])
        .default("any"),
    )
    .option("--active", "a custom policy is active already")
    .option("--json", "one JSON object a file");
}

function targetOf(options: TargetOptions): PolicyTarget {
  const values: Record<string, KconfigValues[string]> = {};
  for (const setting of options.config) {
    const [symbol, value] = setting.split(/=(.*)/s);
    if (symbol === undefined || value === undefined)
      throw new InputError("bad-kconfig", "--config", `'${setting}' is not of the form SYMBOL=VALUE`);
    values[symbol] = value === "y" || value === "n" ? value === "y" : /^\d+$/.test(value) ? Number(value) : value;
  }
  return {
    release: options.release,
    config: Kconfig.withDefaults(values),
    labels: { any: anyLabels, smack: smackLabels, none: null }[options.labels],
    customActive: options.active === true,
  };
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function report(file: string, findings: readonly PolicyDiagnostic[], json: boolean | undefined): void {
  if (json === true) say(JSON.stringify({ file, findings }));
  else for (const finding of findings) say(finding.format(file));
  if (findings.length > 0) process.exitCode = FINDINGS;
}

/** Says what is wrong on the error output; whether the policy can be used. */
function usable(file: string, policy: ParsedPolicy): boolean {
  const errors = policy.diagnostics.filter((diagnostic) => diagnostic.severity === "error");
  for (const error of errors) process.stderr.write(`${error.format(file)}\n`);
  if (errors.length > 0) process.exitCode = FINDINGS;
  return errors.length === 0;
}

const STATUS_HELP = "\nA file named - is the standard input. Exit status: 0 clean, 1 findings, 2 unusable input.";

function checkCommand(): Command {
  return withTarget(new Command("check"))
    .description("say what a kernel would refuse, where, why, and what was probably meant")
    .argument("<file...>", "policies")
    .addHelpText("after", STATUS_HELP)
    .action((files: readonly string[], options: TargetOptions) => {
      for (const file of files) report(file, parsePolicy(readText(file), targetOf(options)).diagnostics, options.json);
    });
}

function lintCommand(): Command {
  return withTarget(new Command("lint"))
    .description("say what a kernel would accept and was probably not meant; docs/lint has a page for each finding")
    .argument("<file...>", "policies")
    .option("--also <release>", "another release that the policy should load on; may be repeated", collect, [])
    .option("--keys", "the machine gets keys on .ima without CONFIG_IMA_LOAD_X509")
    .addHelpText("after", STATUS_HELP)
    .action((files: readonly string[], options: TargetOptions & { also: string[]; keys?: boolean }) => {
      for (const file of files) {
        const policy = parsePolicy(readText(file), targetOf(options));
        const lint = lintPolicy(policy, { releases: options.also, keysProvided: options.keys === true });
        const findings = [...policy.diagnostics, ...lint].sort((a, b) => a.span.offset - b.span.offset);
        report(file, findings, options.json);
      }
    });
}

function explainCommand(): Command {
  return withTarget(new Command("explain"))
    .description("say each rule in plain English")
    .argument("<file...>", "policies")
    .addHelpText("after", STATUS_HELP)
    .action((files: readonly string[], options: TargetOptions) => {
      for (const file of files) {
        const policy = parsePolicy(readText(file), targetOf(options));
        const rules = policy.lines.flatMap(({ rule, number, text }) =>
          rule === null ? [] : [{ line: number, rule: text, meaning: explainRule(rule, policy.target.release) }],
        );
        if (options.json === true) say(JSON.stringify({ file, rules }));
        else for (const { line, meaning } of rules) say(`${file}:${line} ${meaning}`);
        usable(file, policy);
      }
    });
}

function formatCommand(): Command {
  return withTarget(new Command("format"))
    .description("print a policy in its canonical form: one order of conditions, today's names, comments kept")
    .argument("<file...>", "policies")
    .option("--write", "write the files instead")
    .addHelpText("after", `${STATUS_HELP} Files with refused lines are left alone.`)
    .action((files: readonly string[], options: TargetOptions & { write?: boolean }) => {
      for (const file of files) {
        const policy = parsePolicy(readText(file), targetOf(options));
        if (!usable(file, policy)) continue;
        const text = formatPolicy(policy);
        if (options.json === true) say(JSON.stringify({ file, text }));
        else if (options.write === true && file !== "-") writeFileSync(file, text);
        else process.stdout.write(text);
      }
    });
}

function decideCommand(): Command {
  return withTarget(new Command("decide"))
    .description("say what the rules of a policy decide for one access, and why each did or did not match")
    .argument("<file>", "a policy")
    .requiredOption("--func <hook>", "the hook that asks, such as BPRM_CHECK")
    .option("--mask <bits>", "the access, such as MAY_READ|MAY_WRITE; where left out, what the hook asks with")
    .option("--action <list>", "the actions in question, of measure,appraise,audit,hash; where left out, all")
    .option("--uid <id>", "the process's real user", "0")
    .option("--euid <id>", "its effective user; where left out, the real one")
    .option("--suid <id>", "its saved user; where left out, the effective one")
    .option("--gid <id>", "its real group", "0")
    .option("--egid <id>", "its effective group; where left out, the real one")
    .option("--sgid <id>", "its saved group; where left out, the effective one")
    .option("--cap-setuid", "it may change its user; where left out, if its effective user is 0")
    .option("--no-cap-setuid", "it may not")
    .option("--cap-setgid", "it may change its group; where left out, if its effective user is 0")
    .option("--no-cap-setgid", "it may not")
    .option("--fowner <id>", "the file's owner", "0")
    .option("--fgroup <id>", "the file's group", "0")
    .option("--fstype <type>", "its file system", "ext4")
    .option("--fsmagic <hex>", "the magic number of it; where left out, by the type")
    .option("--fsuuid <uuid>", "the UUID of it; where left out, zero")
    .option("--fs-subtype <text>", "the subtype of it")
    .option("--obj-label <label>", "the file's label")
    .option("--subj-label <label>", "the process's label")
    .option("--data <name>", "the keyring of a KEY_CHECK, the label of CRITICAL_DATA")
    .addHelpText("after", STATUS_HELP)
    .action((file: string, options: TargetOptions & QueryOptions) => {
      const query = queryOf(options);
      const policy = parsePolicy(readText(file), targetOf(options));
      if (!usable(file, policy)) return;
      const { action, pcr, template } = policy.match(query);
      const actions = ACTIONS.filter((row) => (action & row.bit) !== 0).map((row) => row.keyword);
      const rules = policy.decide(query);
      const result = { file, actions, pcr, template: template?.name ?? null };
      if (options.json === true) return say(JSON.stringify({ ...result, rules: rules.map(decisionJson) }));
      for (const rule of rules) say(decisionText(file, policy, rule));
      const where = actions.includes("measure") ? ` (PCR ${pcr}${template === null ? "" : `, ${template.name}`})` : "";
      say(actions.length === 0 ? "nothing is done" : `result: ${actions.join(", ")}${where}`);
    });
}

const decisionJson = ({ number, text, outcome, failed }: RuleDecision) => ({ number, text, outcome, failed });

function decisionText(
  file: string,
  policy: ParsedPolicy,
  { number, rule, text, outcome, failed }: RuleDecision,
): string {
  const { number: line } = policy.lines.filter((l) => l.rule !== null)[number - 1]!;
  const why = {
    matched: `matches: ${actionKeyword(rule.action)}`,
    failed: `no: ${failed?.condition}${failed?.wanted}, but it is ${failed?.actual}`,
    "not-wanted": `no: ${actionKeyword(rule.action)} is not in question`,
    decided: `no: an earlier rule has decided ${actionKeyword(rule.action).replace("dont_", "")}`,
    "not-reached": "no: all is decided",
  }[outcome];
  return `${file}:${line} ${text}\n    ${why}`;
}

export function policyCommand(): Command {
  const command = new Command("policy").description("check, explain, lint and format policies; say which rule decides");
  for (const make of [checkCommand, explainCommand, lintCommand, formatCommand, decideCommand])
    command.addCommand(make());
  return command;
}
