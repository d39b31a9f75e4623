// Bringing security.evm up to date after a change that was allowed (security/integrity/evm/evm_crypto.c: evm_update_evmxattr, evm_is_immutable).
import type { Denial, Errno } from "../errno/index.ts";
import { IMA_XATTR, XATTR_NAME_EVM } from "../formats/index.ts";
import type { Inode, Path, Subject } from "../vfs/index.ts";
import { calculate, type GivenXattr, HMAC_SHA1 } from "./calculate.ts";
import type { EvmCore } from "./core.ts";
import type { EvmHashed, EvmRefresh } from "./observe.ts";

/**
 * Writes the HMAC of the file as it is now, or removes security.evm where nothing protected is left. A portable signature stays: EPERM.
 * Permission and read-only checks do not apply.
 */
export function refreshHmac(core: EvmCore, task: Subject, path: Path, given: GivenXattr | null): Denial {
  const inode = path.dentry.inode!;
  const tell = (outcome: EvmRefresh["outcome"], errno: Denial, hashed: EvmHashed | null = null): Denial => {
    core.observer?.({ kind: "refresh", path, inode, outcome, hashed, errno });
    return errno;
  };
  const kept = keepsSignature(core, path, inode);
  if (kept !== null) return tell(kept === "EPERM" ? "portable-signature" : "failed", kept);
  const made = calculate(core, path.dentry, inode, given, HMAC_SHA1);
  if (made.ok) {
    const value = new Uint8Array(1 + made.value.digest.length);
    value[0] = IMA_XATTR.EVM_HMAC;
    value.set(made.value.digest, 1);
    const denied = core.files.setXattr(task, path, XATTR_NAME_EVM, value);
    return tell(denied === null ? "written" : "failed", denied, made.value);
  }
  if (made.errno !== "ENODATA" || inode.noXattr) return tell("failed", made.errno);
  const denied = core.files.removeXattr(task, path, XATTR_NAME_EVM);
  return tell(denied === null ? "removed" : "failed", denied);
}

/** EPERM where security.evm is a portable signature, another errno where that cannot be told. */
function keepsSignature(core: EvmCore, path: Path, inode: Inode): Errno | null {
  if (core.inodes.find(inode)?.immutableSignature) return "EPERM";
  const label = core.files.readXattr(path.dentry, inode, XATTR_NAME_EVM);
  if (!label.ok) return label.errno === "ENODATA" ? null : label.errno;
  return label.value[0] === IMA_XATTR.EVM_PORTABLE_DIGSIG ? "EPERM" : null;
}
