// Whether the entries that a measure rule makes hold what the rule is about.
import { ACTION, RULE_FLAG } from "../actions.ts";
import type { PolicyDiagnostic } from "../diagnostic.ts";
import { FUNC, type Func, funcName } from "../funcs.ts";
import { has, hasField, type RuleTemplate } from "../rule.ts";
import { finding, type LintSubject, type RuleLine } from "./finding.ts";

const BUFFER_FUNCS: ReadonlySet<Func> = new Set([FUNC.KEY_CHECK, FUNC.CRITICAL_DATA, FUNC.KEXEC_CMDLINE]);
const MODSIG_FUNCS: ReadonlySet<Func> = new Set([
  FUNC.MODULE_CHECK,
  FUNC.KEXEC_KERNEL_CHECK,
  FUNC.KEXEC_INITRAMFS_CHECK,
]);

export function* templateFindings(subject: LintSubject): Generator<PolicyDiagnostic> {
  const { config, template } = subject.policy.target;
  const boot = template(config.text("IMA_DEFAULT_TEMPLATE") ?? "ima-ng");
  for (const line of subject.rules) {
    if (line.rule.action !== ACTION.MEASURE) continue;
    const used = line.rule.template ?? boot;
    const lack = used === undefined ? null : lacking(line, used);
    if (lack !== null) yield finding("template-lacks-field", line, lack, { token: "template=" });
  }
  yield* withoutSignature(subject);
}

function lacking({ rule }: RuleLine, template: RuleTemplate): string | null {
  const named = `the template ${template.name}`;
  if (has(rule, RULE_FLAG.VERITY_REQUIRED) && !hasField(template, "d-ngv2"))
    return `${named} has no d-ngv2, so entries do not tell fs-verity digests from hashes of the content`;
  // Without template= buffers are recorded with ima-buf.
  if (BUFFER_FUNCS.has(rule.func) && rule.template !== null && !hasField(template, "buf"))
    return `${named} has no buf, so entries of ${funcName(rule.func)} hold no data`;
  if (hasField(template, "modsig") && !hasField(template, "d-modsig"))
    return `${named} has modsig without d-modsig, the digest that the signature is over`;
  return null;
}

/** Where appended signatures are accepted and measured, the entry should hold them. */
function* withoutSignature({ rules, policy }: LintSubject): Generator<PolicyDiagnostic> {
  const { config, template } = policy.target;
  const boot = template(config.text("IMA_DEFAULT_TEMPLATE") ?? "ima-ng");
  for (const { rule } of rules) {
    if (!has(rule, RULE_FLAG.MODSIG_ALLOWED)) continue;
    const measured = rules.find((line) => line.rule.action === ACTION.MEASURE && line.rule.func === rule.func);
    const used = measured?.rule.template ?? boot;
    if (measured === undefined || used === undefined || !MODSIG_FUNCS.has(rule.func) || hasField(used, "modsig"))
      continue;
    const message = `${funcName(rule.func)} accepts appended signatures, which entries with the template ${used.name} do not hold; ima-modsig does`;
    yield finding("template-lacks-field", measured, message, { token: "template=" });
  }
}
