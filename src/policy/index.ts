// The policy engine: reading, checking, explaining and matching rules, with a kernel (ImaPolicy, PolicyFile) or without one (parsePolicy).
export {
  ACTION,
  ACTIONS,
  type ActionKeyword,
  APPRAISE_SETTING,
  APPRAISE_SUBMASK,
  actionKeyword,
  POSITIVE_ACTIONS,
  RULE_FLAG,
  RULE_FLAGS_MASK,
  SUBACTION,
} from "./actions.ts";
export {
  type ArchState,
  archRules,
  type BootChoices,
  noBootChoices,
  type PolicyParameter,
  parsePolicyParameter,
} from "./boot-choices.ts";
export { CONDITION, LABEL_KINDS, type LabelKind, MASKS } from "./conditions.ts";
export type { FailedCondition, RuleDecision } from "./decide.ts";
export { type DiagnosticCode, type KernelOutcome, PolicyDiagnostic, type Span, type Suggestion } from "./diagnostic.ts";
export { explainRule } from "./explain.ts";
export { FAULTS, type FaultCode } from "./fault.ts";
export { formatPolicy, formatRule } from "./format.ts";
export { FUNC, FUNCS, type Func, type FuncName, funcName, measuredName } from "./funcs.ts";
export {
  anyLabels,
  apparmorLabels,
  type LabelRule,
  type LabelSource,
  type SelinuxNames,
  selinuxLabels,
  smackLabels,
} from "./labels.ts";
export type { LintOptions } from "./lint/finding.ts";
export { LINTS, type LintId } from "./lint/ids.ts";
export { lintPolicy } from "./lint/lint.ts";
export { fileSystemNamed, fileSystemOf } from "./magic.ts";
export type { ConditionName, MatchedFile, MatchQuery, MatchResult } from "./match.ts";
export { checkOverlap, type OverlapCheck } from "./overlap.ts";
export { ParsedPolicy, type PolicyTarget, parsePolicy } from "./parse-policy.ts";
export { ImaPolicy, type ImaPolicyOptions, type SignedRead } from "./policy.ts";
export {
  PolicyFile,
  type PolicyFileFate,
  type PolicyFileOptions,
  type PolicyFileSession,
  policyFileMode,
} from "./policy-file.ts";
export type { PolicyLine } from "./policy-line.ts";
export type { PolicyRule, RuleTemplate, TemplateLookup } from "./rule.ts";
