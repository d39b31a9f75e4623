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
export { FUNC, FUNCS, type Func, type FuncName, funcName, measuredName } from "./funcs.ts";
export { type LabelRule, type LabelSource, type SelinuxNames, selinuxLabels, smackLabels } from "./labels.ts";
export type { ConditionName, MatchedFile, MatchQuery, MatchResult } from "./match.ts";
export { ImaPolicy, type ImaPolicyOptions, type SignedRead } from "./policy.ts";
export {
  ACCESS_MODE,
  PolicyFile,
  type PolicyFileFate,
  type PolicyFileOptions,
  type PolicyFileSession,
  policyFileMode,
} from "./policy-file.ts";
export type { PolicyRule, RuleTemplate, TemplateLookup } from "./rule.ts";
