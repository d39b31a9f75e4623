export { type AuditSubject, IntegrityAudit, type IntegrityRecord } from "./integrity.ts";
export { KernelLog, type LogLine } from "./log.ts";
export { AUDIT_TYPE, type AuditType } from "./record-type.ts";
export { untrusted } from "./untrusted.ts";
