// Who may change protected metadata, given what EVM thinks of it now (security/integrity/evm/evm_main.c: evm_inode_setxattr,
// evm_inode_removexattr, evm_protect_xattr, evm_inode_set_acl, evm_inode_setattr).
// Each function only decides; `Guarded.records` says which records a refusal leaves.
import type { Denial } from "../errno/index.ts";
import { IMA_XATTR, XATTR_NAME_EVM } from "../formats/index.ts";
import { type AttributeChange, capable, type Path, type Subject, SYSFS_MAGIC, TMPFS_MAGIC } from "../vfs/index.ts";
import { modeAfterAcl } from "./acl-mode.ts";
import { type EvmCore, hmacUnsupported } from "./core.ts";
import type { EvmGuardReason } from "./observe.ts";
import { type EvmStatus, isPosixAclName } from "./status.ts";
import { verifyForChange } from "./verify.ts";

export interface Guarded {
  readonly errno: Denial;
  readonly reason: EvmGuardReason;
  readonly status: EvmStatus | null;
  /** The `op=` of each record, in order. */
  readonly records: readonly ("update_metadata" | "appraise_metadata")[];
}

const allowed = (reason: EvmGuardReason, status: EvmStatus | null = null): Guarded => ({
  errno: null,
  reason,
  status,
  records: [],
});
const refused = (reason: EvmGuardReason, errno: Denial = "EPERM"): Guarded => ({
  errno,
  reason,
  status: null,
  records: [],
});

/** @param value what is to be set; null for a removal */
export function guardXattr(core: EvmCore, task: Subject, path: Path, name: string, value: Uint8Array | null): Guarded {
  if (core.setup.metadataWrites) return allowed("metadata-writes");
  const inode = path.dentry.inode!;
  if (name === XATTR_NAME_EVM) {
    if (value !== null) {
      if (value.length === 0) return refused("empty-value", "EINVAL");
      if (!userMayWriteType(core, value[0])) return refused("hmac-from-user-space");
    }
    if (!capable(task, "CAP_SYS_ADMIN")) return refused("no-capability");
    if (hmacUnsupported(core, inode)) return refused("overlay-label");
  } else if (!core.names.protects(name)) {
    if (!isPosixAclName(name)) return allowed("not-protected");
    if (hmacUnsupported(core, inode)) return allowed("unsupported-fs");
    const status = verifyForChange(core, task, path);
    if (status === "pass" || status === "no_xattrs") return allowed(status === "pass" ? "pass" : "no-xattrs", status);
    return judge(core, status, () => value !== null && modeAfterAcl(task, inode, value) === inode.mode, []);
  } else if (hmacUnsupported(core, inode)) return allowed("unsupported-fs");

  const status = verifyForChange(core, task, path);
  if (status !== "no_xattrs") return judge(core, status, () => isSameValue(core, path, name, value), []);
  const exempt = firstLabelExemption(core, path);
  return exempt === null ? judge(core, status, () => false, ["update_metadata"]) : allowed(exempt, status);
}

/** HMACs are the kernel's to write. */
function userMayWriteType(core: EvmCore, type: number | undefined): boolean {
  if (type === IMA_XATTR.EVM_PORTABLE_DIGSIG) return core.release.has("evm-portable-signatures");
  return type === IMA_XATTR.DIGSIG;
}

/** Where a file without any protected xattr may get its first one. */
function firstLabelExemption(core: EvmCore, path: Path): EvmGuardReason | null {
  if (core.setup.hmacDisabled) return "hmac-disabled";
  if (core.inodes.find(path.dentry.inode!)?.newFile) return "new-file";
  const { magic } = path.dentry.sb;
  return magic === TMPFS_MAGIC || magic === SYSFS_MAGIC ? "memory-fs" : null;
}

/** The rules that xattrs and ACLs share once the status is known. */
function judge(core: EvmCore, status: EvmStatus, unchanged: () => boolean, records: Guarded["records"]): Guarded {
  if (core.setup.hmacDisabled && (status === "no_label" || status === "unknown"))
    return allowed("hmac-disabled", status);
  if (core.release.has("evm-portable-metadata")) {
    if (status === "fail_immutable") return allowed("invalid-portable", status);
    if (status === "pass_immutable")
      return unchanged() ? allowed("same-value", status) : { errno: "EPERM", reason: "portable", status, records };
  }
  if (status === "pass") return allowed("pass", status);
  return { errno: "EPERM", reason: "invalid", status, records: [...records, "appraise_metadata"] };
}

function isSameValue(core: EvmCore, path: Path, name: string, value: Uint8Array | null): boolean {
  if (value === null) return false;
  const stored = core.files.readXattr(path.dentry, path.dentry.inode!, name);
  return stored.ok && stored.value.length === value.length && stored.value.every((byte, i) => byte === value[i]);
}

/** @param acl in xattr form; null for a removal */
export function guardAcl(core: EvmCore, task: Subject, path: Path, acl: Uint8Array | null): Guarded {
  if (core.setup.metadataWrites) return allowed("metadata-writes");
  const inode = path.dentry.inode!;
  const status = verifyForChange(core, task, path);
  if (status === "pass") return allowed("pass", status);
  if (status === "no_xattrs") return allowed("no-xattrs", status);
  return judge(core, status, () => acl !== null && modeAfterAcl(task, inode, acl) === inode.mode, []);
}

export function guardAttributes(core: EvmCore, task: Subject, path: Path, change: AttributeChange): Guarded {
  const { setup, release } = core;
  if (setup.metadataWrites) return allowed("metadata-writes");
  const inode = path.dentry.inode!;
  if (hmacUnsupported(core, inode)) return allowed("unsupported-fs");
  if (!coversChange(change)) return allowed("not-covered");
  const status = verifyForChange(core, task, path);
  if (status === "pass") return allowed("pass", status);
  if (status === "no_xattrs") return allowed("no-xattrs", status);
  if (setup.hmacDisabled && (status === "no_label" || status === "unknown")) return allowed("hmac-disabled", status);
  if (release.has("evm-portable-metadata")) {
    if (status === "fail_immutable") return allowed("invalid-portable", status);
    const { uid = inode.uid, gid = inode.gid, mode = inode.mode } = change;
    if (status === "pass_immutable" && uid === inode.uid && gid === inode.gid && mode === inode.mode)
      return allowed("same-value", status);
  }
  const reason = status === "pass_immutable" ? "portable" : "invalid";
  return { errno: "EPERM", reason, status, records: ["appraise_metadata"] };
}

/** Whether mode, owner or group are named, changed or not. */
export function coversChange(change: AttributeChange): boolean {
  return change.mode !== undefined || change.uid !== undefined || change.gid !== undefined;
}
