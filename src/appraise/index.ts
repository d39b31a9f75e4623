// IMA: the cache of each inode, the pipeline of each hook, appraisal, violations, guards of the label.
export { measureBuffer, measureCriticalData } from "./buffer.ts";
export { CAUSES, type Cause, causeNamed } from "./causes.ts";
export type { CacheSnapshot, Decision, DecisionStep } from "./decision.ts";
export { type AuditFinding, auditFindings, type FindingKind } from "./denials.ts";
export { explain } from "./explain.ts";
export { imaSecurityModule } from "./hooks.ts";
export { Ima, type ImaEnvironment, type ImaEvm } from "./ima.ts";
export type { ImaKeys, Modsig } from "./keys.ts";
export { type AppraiseMode, appraiseParameterIgnored, parseAppraiseMode } from "./mode.ts";
