// EVM among the security modules: which hook leads to what (security/integrity/evm/evm_main.c: evm_hooks).
import { AUDIT_TYPE } from "../audit/index.ts";
import type { Denial } from "../errno/index.ts";
import { IMA_XATTR, XATTR_NAME_EVM } from "../formats/index.ts";
import type { CopyUpVerdict, Path, SecurityModule, Subject } from "../vfs/index.ts";
import { type EvmCore, hmacUnsupported } from "./core.ts";
import { coversChange, type Guarded, guardAcl, guardAttributes, guardXattr } from "./guard.ts";
import { labelNewInode } from "./new-inode.ts";
import type { EvmGuardDecision } from "./observe.ts";
import { refreshHmac } from "./refresh.ts";
import { isPosixAclName } from "./status.ts";

export function evmSecurityModule(core: EvmCore): SecurityModule {
  const { release, setup, inodes } = core;
  const ownState = release.has("lsm-hooks");

  const settle = (
    task: Subject,
    path: Path,
    change: EvmGuardDecision["change"],
    name: string | null,
    guarded: Guarded,
  ): Denial => {
    const { errno, reason, status, records } = guarded;
    for (const op of records)
      core.audit.record(task, {
        type: AUDIT_TYPE.INTEGRITY_METADATA,
        inode: path.dentry.inode,
        name: path.dentry.name,
        op,
        cause: status!,
        result: -1,
      });
    if (errno !== null || core.observer !== null) {
      const decision: EvmGuardDecision = { kind: "guard", change, path, name, status, reason, errno };
      if (errno !== null) core.lastRefusal = decision;
      core.observer?.(decision);
    }
    return errno;
  };

  /** A change went through: the cached verdict is void, and the HMAC follows. */
  const changed = (task: Subject, path: Path, name: string, value: Uint8Array | null, removed: boolean) => {
    if (!revalidates(core, name)) return;
    const inode = path.dentry.inode!;
    inodes.reset(inode);
    if (name === XATTR_NAME_EVM || !setup.hmacOn) return;
    // Removals lack this test in the kernel.
    if (!removed && hmacUnsupported(core, inode)) return;
    refreshHmac(core, task, path, value === null ? null : { name, value });
  };

  return {
    name: "evm",

    inodeSetxattr: (task, path, name, value) =>
      settle(task, path, "setxattr", name, guardXattr(core, task, path, name, value)),
    inodePostSetxattr: (task, path, name, value) => changed(task, path, name, value, false),
    inodeRemovexattr: (task, path, name) =>
      settle(task, path, "removexattr", name, guardXattr(core, task, path, name, null)),
    inodePostRemovexattr: (task, path, name) => changed(task, path, name, null, true),

    inodeSetAcl: (task, path, name, value) => settle(task, path, "set-acl", name, guardAcl(core, task, path, value)),
    inodePostSetAcl: (task, path, name) => changed(task, path, name, null, false),
    inodeRemoveAcl: (task, path, name) => settle(task, path, "remove-acl", name, guardAcl(core, task, path, null)),
    inodePostRemoveAcl: (task, path, name) => changed(task, path, name, null, true),

    inodeSetattr: (task, path, change) =>
      settle(task, path, "setattr", null, guardAttributes(core, task, path, change)),
    inodePostSetattr(task, path, change) {
      if (!setup.keyLoaded) return;
      const inode = path.dentry.inode!;
      inodes.reset(inode);
      if (setup.hmacOn && !hmacUnsupported(core, inode) && coversChange(change)) refreshHmac(core, task, path, null);
    },

    inodeInitSecurity: (_task, inode, _dir, _name, xattrs) => labelNewInode(core, inode, xattrs),
    inodeCopyUpXattr: (_task, source, name) => copyUp(core, source, name),
    pathPostMknod(_task, path) {
      const inode = path.dentry.inode!;
      if (ownState && inode.isRegular) inodes.own(inode).newFile = true;
    },
    fileRelease(_task, file) {
      const { inode } = file;
      if (ownState && inode.isRegular && file.canWrite && inode.writeCount === 1) inodes.own(inode).newFile = false;
    },
    inodeFree: (inode) => inodes.free(inode),
  };
}

/** evm_revalidate_status: whether a change of this xattr (null: of attributes) may change EVM's verdict. */
export function revalidates(core: EvmCore, name: string | null): boolean {
  if (!core.setup.keyLoaded) return false;
  return name === null || core.names.protects(name) || isPosixAclName(name) || name === XATTR_NAME_EVM;
}

/** evm_inode_copy_up_xattr: which security.evm follows its file to the upper layer of an overlay. */
function copyUp(
  core: EvmCore,
  source: Path,
  name: string,
): CopyUpVerdict | { readonly errno: NonNullable<Denial> } | null {
  if (name !== XATTR_NAME_EVM || !core.release.has("evm-overlay-unsupported")) return null;
  if (!core.release.has("evm-overlay-portable")) return "discard";
  const label = core.files.readXattr(source.dentry, source.dentry.inode!, XATTR_NAME_EVM);
  if (!label.ok || label.value.length === 0) return { errno: "EPERM" };
  return label.value[0] === IMA_XATTR.EVM_PORTABLE_DIGSIG ? "copy" : "discard";
}
