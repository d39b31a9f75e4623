// A change of attributes once it is on its way: what may be changed by whom, and how an inode takes it over
// (fs/attr.c: setattr_prepare, chown_ok, chgrp_ok, setattr_should_drop_suidgid, setattr_copy; security/commoncap.c: cap_inode_killpriv).
import type { Denial } from "../errno/index.ts";
import type { Dentry } from "./dentry.ts";
import { capableOver, diskUid, inGroup } from "./idmap.ts";
import type { Inode } from "./inode.ts";
import { inGroupOrCapable, ownerOrCapable } from "./permission.ts";
import type { AttributeChange } from "./security.ts";
import { capable, type Subject } from "./task.ts";
import { S } from "./uapi.ts";

/** A change while it is being worked out. `mode` is a whole i_mode, type included. */
export type MutableChange = { -readonly [K in keyof AttributeChange]: AttributeChange[K] } & {
  /** ATTR_KILL_SUID, ATTR_KILL_SGID, ATTR_KILL_PRIV. */
  killSuid?: boolean;
  killSgid?: boolean;
  killPriv?: boolean;
  /** The owner or group that was given has no counterpart on the file system. */
  unmapped?: boolean;
};

export const SECURITY_CAPABILITY = "security.capability";

/** ATTR_KILL_SGID applies: setattr_should_drop_sgid. */
export function dropsSgid(task: Subject, inode: Inode): boolean {
  const { mode } = inode;
  if ((mode & S.ISGID) === 0) return false;
  return (mode & S.IXGRP) !== 0 || !inGroupOrCapable(task, inode);
}

/** What a write or truncation takes from the file: setattr_should_drop_suidgid. */
export function dropsOnWrite(task: Subject, inode: Inode): { readonly suid: boolean; readonly sgid: boolean } | null {
  if ((inode.mode & (S.ISUID | S.ISGID)) === 0 || !inode.isRegular) return null;
  const suid = (inode.mode & S.ISUID) !== 0;
  const sgid = dropsSgid(task, inode);
  return (suid || sgid) && !capable(task, "CAP_FSETID") ? { suid, sgid } : null;
}

/** Whether it has file capabilities that a change would strip: cap_inode_need_killpriv. */
export function hasFileCapabilities(inode: Inode): boolean {
  if (inode.noXattr) return false;
  const stored = inode.sb.fs.getXattr(inode.sb.vfs, inode, SECURITY_CAPABILITY);
  // An empty value is none.
  return stored.ok && stored.value.length > 0;
}

/**
 * Checks a change against size limits, ownership and capabilities, and takes set-group-ID from a mode that may not have it.
 * EPERM, EINVAL, EFBIG.
 */
export function prepareSetattr(task: Subject, dentry: Dentry, inode: Inode, change: MutableChange): Denial {
  if (change.size !== undefined) {
    if (inode.verity !== null && inode.sb.vfs.release.has("verity-size-kept")) return "EPERM";
    if (change.size < 0) return "EINVAL";
    if (change.size > inode.size && change.size > inode.sb.type.maxBytes) return "EFBIG";
  }
  if (change.kill !== true) {
    if (change.uid !== undefined && !mayChown(task, inode, change.uid)) return "EPERM";
    if (change.gid !== undefined && !mayChgrp(task, inode, change.gid)) return "EPERM";
    if (change.mode !== undefined) {
      if (!ownerOrCapable(task, inode)) return "EPERM";
      if (!inGroupOrCapable(task, inode, change.gid ?? inode.gid)) change.mode &= ~S.ISGID;
    }
    if (change.timesSet === true && !ownerOrCapable(task, inode)) return "EPERM";
  }
  if (change.killPriv === true) {
    // cap_inode_killpriv: no hook of setting or removing attributes is asked.
    const removed = inode.sb.fs.setXattr(inode.sb.vfs, task, dentry, inode, SECURITY_CAPABILITY, null, 0);
    if (removed !== null && removed !== "EOPNOTSUPP") return removed;
  }
  return null;
}

function mayChown(task: Subject, inode: Inode, uid: number): boolean {
  return (diskUid(task) === inode.uid && uid === inode.uid) || capableOver(task, inode, "CAP_CHOWN");
}
function mayChgrp(task: Subject, inode: Inode, gid: number): boolean {
  if (diskUid(task) === inode.uid && (gid === inode.gid || inGroup(task, gid))) return true;
  return capableOver(task, inode, "CAP_CHOWN");
}

/** Takes the change over: setattr_copy. Size is the file system's business. */
export function copyAttributes(task: Subject, inode: Inode, change: AttributeChange): void {
  if (change.uid !== undefined) inode.uid = change.uid;
  if (change.gid !== undefined) inode.gid = change.gid;
  if (change.atime !== undefined) inode.atime = change.atime;
  if (change.mtime !== undefined) inode.mtime = change.mtime;
  if (change.ctime !== undefined) inode.ctime = change.ctime;
  if (change.mode !== undefined) inode.mode = inGroupOrCapable(task, inode) ? change.mode : change.mode & ~S.ISGID;
}
