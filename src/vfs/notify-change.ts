// Every change of attributes goes through here, in this order: what immutable files forbid, the modules' permission, the file
// system, the modules' notification (fs/attr.c: notify_change, may_setattr).
import type { Denial } from "../errno/index.ts";
import { throughMount } from "./idmap.ts";
import type { Path } from "./path.ts";
import { inodePermission, ownerOrCapable } from "./permission.ts";
import { MAY } from "./security.ts";
import { hasFileCapabilities, type MutableChange } from "./setattr.ts";
import type { Subject } from "./task.ts";
import { S } from "./uapi.ts";
import type { Vfs } from "./vfs.ts";

export function notifyChange(vfs: Vfs, caller: Subject, path: Path, change: MutableChange): Denial {
  const inode = path.dentry.inode!;
  const { idmap } = path.mount;
  const task = throughMount(caller, path.mount);
  if (change.mode !== undefined || change.uid !== undefined || change.gid !== undefined || change.timesSet === true)
    if (inode.immutable || inode.appendOnly) return "EPERM";
  if (change.touch === true) {
    if (inode.immutable) return "EPERM";
    const denied = ownerOrCapable(task, inode) ? null : inodePermission(vfs, task, inode, MAY.WRITE);
    if (denied !== null) return denied;
  }
  if (change.mode !== undefined && inode.isSymlink) return "EOPNOTSUPP";
  if (change.killPriv === true && !hasFileCapabilities(inode)) change.killPriv = false;
  if (change.killSuid === true && (inode.mode & S.ISUID) !== 0) change.mode = inode.mode & ~S.ISUID;
  if (change.killSgid === true && (inode.mode & S.ISGID) !== 0) change.mode = (change.mode ?? inode.mode) & ~S.ISGID;
  if (!changesAnything(change)) return null;
  if (change.unmapped === true) return "EOVERFLOW";
  // A file whose owners have no counterpart is changed only by giving it such.
  if (idmap !== null && change.uid === undefined && idmap.toMount("uid", inode.uid) === null) return "EOVERFLOW";
  if (idmap !== null && change.gid === undefined && idmap.toMount("gid", inode.gid) === null) return "EOVERFLOW";
  const asked = vfs.hooks.inodeSetattr;
  for (let i = 0; i < asked.length; i++) {
    const refused = asked[i]!.inodeSetattr(task, path, change);
    if (refused !== null) return refused;
  }
  const failed = inode.sb.fs.setattr(vfs, task, path.dentry, inode, change);
  if (failed !== null) return failed;
  const told = vfs.hooks.inodePostSetattr;
  for (let i = 0; i < told.length; i++) told[i]!.inodePostSetattr(task, path, change);
  return null;
}

function changesAnything(change: MutableChange): boolean {
  const { mode, uid, gid, size, atime, mtime, ctime, killPriv } = change;
  return (
    mode !== undefined ||
    uid !== undefined ||
    gid !== undefined ||
    size !== undefined ||
    atime !== undefined ||
    mtime !== undefined ||
    ctime !== undefined ||
    killPriv === true ||
    change.unmapped === true
  );
}
