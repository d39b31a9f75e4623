export { splitFields } from "./fields.ts";
export { type AuditSubject, IntegrityAudit, type IntegrityRecord } from "./integrity.ts";
export { KernelLog, type LogLine, OLD_PRINTK_MAX } from "./log.ts";
export {
  type AuditField,
  type AuditLog,
  type AuditRecord,
  auditField,
  auditSucceeded,
  parseAuditLog,
} from "./parse.ts";
export { AUDIT_TYPE, type AuditType } from "./record-type.ts";
export { untrusted } from "./untrusted.ts";
