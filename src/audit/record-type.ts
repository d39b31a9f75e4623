// The audit record types of the integrity subsystem (include/uapi/linux/audit.h).
export const AUDIT_TYPE = {
  INTEGRITY_DATA: 1800,
  INTEGRITY_METADATA: 1801,
  INTEGRITY_STATUS: 1802,
  INTEGRITY_HASH: 1803,
  INTEGRITY_PCR: 1804,
  INTEGRITY_RULE: 1805,
  INTEGRITY_EVM_XATTR: 1806,
  INTEGRITY_POLICY_RULE: 1807,
  INTEGRITY_USERSPACE: 1808,
} as const;

export type AuditType = (typeof AUDIT_TYPE)[keyof typeof AUDIT_TYPE];
