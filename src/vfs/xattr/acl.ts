// system.posix_acl_access and system.posix_acl_default: setting an ACL sets the mode too, and an ACL that says no more than a mode is
// not kept (fs/posix_acl.c: vfs_set_acl, vfs_get_acl, vfs_remove_acl, set_posix_acl, posix_acl_update_mode, simple_set_acl).
import { type Denial, fail, ok, type Result } from "../../errno/index.ts";
import { ACL_TAG, aclMode, checkAcl, encodeAcl, type PosixAcl, parseAcl } from "../acl.ts";
import { INVALID_ID, throughMount } from "../idmap.ts";
import type { Inode } from "../inode.ts";
import type { Mount } from "../mount/mount.ts";
import type { Path } from "../path.ts";
import { inGroupOrCapable, ownerOrCapable } from "../permission.ts";
import type { Subject } from "../task.ts";
import { S } from "../uapi.ts";
import type { Vfs } from "../vfs.ts";
import { ACL_ACCESS, ACL_DEFAULT, mayWriteXattr } from "./names.ts";

const EMPTY = new Uint8Array(0);

/** The value of setxattr as an ACL; null removes it. */
export function setAcl(vfs: Vfs, task: Subject, path: Path, name: string, value: Uint8Array): Denial {
  let acl: PosixAcl | null = null;
  // Before "acl-hooks" an empty value was parsed like any other.
  if (value.length > 0 || !vfs.aclHooks) {
    const parsed = parseAcl(value);
    if (!parsed.ok) return parsed.errno;
    acl = parsed.value === null ? null : withIds(parsed.value, path.mount, "toDisk");
  }
  return setAclNode(vfs, task, path, name, acl);
}

/** The users and groups that an ACL names, on the other side of an idmapped mount. */
function withIds(acl: PosixAcl, { idmap }: Mount, to: "toDisk" | "toMount"): PosixAcl {
  if (idmap === null) return acl;
  return acl.map((entry) => {
    const kind = entry.tag === ACL_TAG.USER ? "uid" : entry.tag === ACL_TAG.GROUP ? "gid" : null;
    return kind === null ? entry : { ...entry, id: idmap[to](kind, entry.id) ?? INVALID_ID };
  });
}

/** vfs_set_acl. Before "acl-hooks" the hooks of setxattr have been called by then. */
export function setAclNode(vfs: Vfs, caller: Subject, path: Path, name: string, acl: PosixAcl | null): Denial {
  const inode = path.dentry.inode!;
  const task = throughMount(caller, path.mount);
  if (!vfs.aclHooks) return storeAcl(vfs, task, path, name, acl);
  const kept = mayWriteXattr(task, inode);
  if (kept !== null) return kept;
  const value = acl === null ? EMPTY : encodeAcl(acl);
  for (const hook of vfs.hooks.inodeSetAcl) {
    const refused = hook.inodeSetAcl(task, path, name, value);
    if (refused !== null) return refused;
  }
  const failed = storeAcl(vfs, task, path, name, acl);
  if (failed !== null) return failed;
  for (const hook of vfs.hooks.inodePostSetAcl) hook.inodePostSetAcl(task, path, name, value);
  return null;
}

/** vfs_remove_acl. */
export function removeAcl(vfs: Vfs, caller: Subject, path: Path, name: string): Denial {
  const inode = path.dentry.inode!;
  const task = throughMount(caller, path.mount);
  if (!vfs.aclHooks) return storeAcl(vfs, task, path, name, null);
  const kept = mayWriteXattr(task, inode);
  if (kept !== null) return kept;
  for (const hook of vfs.hooks.inodeRemoveAcl) {
    const refused = hook.inodeRemoveAcl(task, path, name);
    if (refused !== null) return refused;
  }
  const failed = storeAcl(vfs, task, path, name, null);
  if (failed !== null) return failed;
  for (const hook of vfs.hooks.inodePostRemoveAcl) hook.inodePostRemoveAcl(task, path, name);
  return null;
}

function canHaveAcl(inode: Inode): boolean {
  const { type, flags } = inode.sb;
  return type.acl && flags.posixAcl && !inode.isSymlink;
}

/** set_posix_acl: the owner's right, a valid ACL, then the file system. */
function storeAcl(vfs: Vfs, task: Subject, path: Path, name: string, acl: PosixAcl | null): Denial {
  const inode = path.dentry.inode!;
  if (!canHaveAcl(inode)) return "EOPNOTSUPP";
  // Before "acl-hooks" an overlay looked at its layers first.
  if (!vfs.aclHooks && inode.sb.fs.hasAcl?.(inode) === false) return "EOPNOTSUPP";
  if (name === ACL_DEFAULT && !inode.isDirectory) return acl === null ? null : "EACCES";
  if (!ownerOrCapable(task, inode)) return "EPERM";
  const invalid = acl === null ? null : checkAcl(acl);
  if (invalid !== null) return invalid;
  const { fs } = inode.sb;
  return fs.setAcl === undefined
    ? setNativeAcl(vfs, task, path, inode, name, acl)
    : fs.setAcl(vfs, task, path, name, acl);
}

/** The set_acl of ext4, xfs, btrfs and tmpfs. */
function setNativeAcl(vfs: Vfs, task: Subject, path: Path, inode: Inode, name: string, acl: PosixAcl | null): Denial {
  let kept = acl;
  let { mode } = inode;
  if (name === ACL_ACCESS && acl !== null) {
    const { bits, equivalent } = aclMode(acl);
    mode = (mode & ~0o777) | bits;
    if (equivalent) kept = null;
    if (!inGroupOrCapable(task, inode)) mode &= ~S.ISGID;
  }
  const value = kept === null ? null : encodeAcl(kept);
  const failed = inode.sb.fs.setXattr(vfs, task, path.dentry, inode, name, value, 0);
  if (failed !== null) return failed;
  if (mode !== inode.mode) {
    inode.mode = mode;
    inode.ctime = vfs.clock();
  }
  return null;
}

/** vfs_get_acl. Before "acl-hooks" the hook of getxattr has been called by then. */
export function getAcl(vfs: Vfs, task: Subject, path: Path, name: string): Result<Uint8Array> {
  const inode = path.dentry.inode!;
  for (const hook of vfs.aclHooks ? vfs.hooks.inodeGetAcl : []) {
    const refused = hook.inodeGetAcl(task, path, name);
    if (refused !== null) return fail(refused);
  }
  if (!canHaveAcl(inode)) return fail("EOPNOTSUPP");
  const stored = inode.sb.fs.getXattr(vfs, inode, name);
  if (!stored.ok || path.mount.idmap === null) return stored;
  const acl = parseAcl(stored.value);
  return acl.ok && acl.value !== null ? ok(encodeAcl(withIds(acl.value, path.mount, "toMount"))) : stored;
}
