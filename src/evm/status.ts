// The verdicts of EVM on the metadata of a file, by the words that audit records print
// (include/linux/integrity.h: enum integrity_status; security/integrity/evm/evm_main.c: integrity_status_msg).

/** In the order of the kernel's enum. */
export const EVM_STATUSES = [
  "pass",
  "pass_immutable",
  "fail",
  "fail_immutable",
  "no_label",
  "no_xattrs",
  "unknown",
] as const;
export type EvmStatus = (typeof EVM_STATUSES)[number];

/** The type byte that security.evm starts with (security/integrity/integrity.h: enum evm_ima_xattr_type). */
export const EVM_XATTR_TYPE = { HMAC: 0x02, SIGNATURE: 0x03, PORTABLE: 0x05 } as const;

/** How a value of security.evm protects: an HMAC, a signature over this very inode, or one that travels with the file. */
export type EvmType = "hmac" | "signature" | "portable";

export function evmTypeOf(byte: number | undefined): EvmType | null {
  if (byte === EVM_XATTR_TYPE.HMAC) return "hmac";
  if (byte === EVM_XATTR_TYPE.SIGNATURE) return "signature";
  return byte === EVM_XATTR_TYPE.PORTABLE ? "portable" : null;
}

export const XATTR_EVM = "security.evm";
export const XATTR_IMA = "security.ima";

/** evm_posix_acl.c: posix_xattr_acl. They are not hashed, but setting one may change the mode, which is. */
export function isPosixAclName(name: string): boolean {
  return name === "system.posix_acl_access" || name === "system.posix_acl_default";
}
