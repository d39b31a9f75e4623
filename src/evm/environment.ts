// What EVM needs from the rest of the kernel, narrow enough to be put in its place by whoever builds one.
import type { Denial, Errno, Result } from "../errno/index.ts";
import type { Dentry, Inode, Path, Subject } from "../vfs/index.ts";
import type { EvmStatus } from "./status.ts";

export interface EvmKeys {
  /**
   * request_key("encrypted", "evm-key") in the writer's keyrings. The bytes are the key's own decrypted payload: EVM overwrites them
   * with zeros once it has copied them. Whatever fails, user space sees ENOENT.
   */
  requestEvmKey(task: Subject): Result<Uint8Array>;
  /** integrity_digsig_verify with the EVM keyring. `signature` is all of security.evm, type byte included. */
  verifySignature(task: Subject, signature: Uint8Array, digest: Uint8Array): Denial;
  /** The same for diagnosis: it leaves no line in the log and changes nothing. Without it signatures are not diagnosed. */
  signatureFits?(task: Subject, signature: Uint8Array, digest: Uint8Array): boolean;
  /**
   * Why verifySignature refused with `errno`: called right after it, for what the keyrings hold then; what it gives says it in words, any
   * time later. It leaves no line in the log and changes nothing.
   */
  explainSignature?(task: Subject, signature: Uint8Array, digest: Uint8Array, errno: Errno): () => string;
}

/** The file system below, without permission checks. */
export interface EvmFiles {
  /** vfs_getxattr_alloc: ENODATA, EOPNOTSUPP. */
  readXattr(dentry: Dentry, inode: Inode, name: string): Result<Uint8Array>;
  /** __vfs_setxattr_noperm: the post hooks run. */
  setXattr(task: Subject, path: Path, name: string, value: Uint8Array): Denial;
  /** __vfs_removexattr: no hook runs. */
  removeXattr(task: Subject, path: Path, name: string): Denial;
  /** The inode that holds the metadata: the file's own but on overlay. */
  metadataInode(dentry: Dentry): Inode;
  /** IS_I_VERSION, inode_query_iversion, inode_peek_iversion. */
  hasIversion(inode: Inode): boolean;
  queryIversion(inode: Inode): number;
  peekIversion(inode: Inode): number;
}

/** What EVM remembers of an inode while it is in memory (evm.h: struct evm_iint_cache). */
export interface EvmInodeState {
  status: EvmStatus;
  /** Made by mknod and not yet closed by a writer; before "lsm-hooks" IMA's mark for new files. */
  newFile: boolean;
  /** A portable signature was found good: security.evm is never rewritten. */
  immutableSignature: boolean;
}
