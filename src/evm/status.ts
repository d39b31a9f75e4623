// The verdicts of EVM on the metadata of a file, by the words that audit records print
// (include/linux/integrity.h: enum integrity_status; security/integrity/evm/evm_main.c: integrity_status_msg).
import { IMA_XATTR } from "../formats/index.ts";

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

/** How a value of security.evm protects: an HMAC, a signature over this very inode, or one that travels with the file. */
export type EvmType = "hmac" | "signature" | "portable";

export function evmTypeOf(byte: number | undefined): EvmType | null {
  if (byte === IMA_XATTR.EVM_HMAC) return "hmac";
  if (byte === IMA_XATTR.DIGSIG) return "signature";
  return byte === IMA_XATTR.EVM_PORTABLE_DIGSIG ? "portable" : null;
}

/** evm_posix_acl.c: posix_xattr_acl. They are not hashed, but setting one may change the mode, which is. */
export function isPosixAclName(name: string): boolean {
  return name === "system.posix_acl_access" || name === "system.posix_acl_default";
}
