// Who may do what to a file: mode bits, ACLs, capabilities, immutable files, read-only mounts, then the modules' opinion
// (fs/namei.c: generic_permission, inode_permission; fs/inode.c: inode_owner_or_capable, in_group_or_capable).
import type { Denial } from "../errno/index.ts";
import { aclPermits } from "./acl.ts";
import { capableOver, diskUid, inGroup } from "./idmap.ts";
import type { Inode } from "./inode.ts";
import { MAY } from "./security.ts";
import type { Subject } from "./task.ts";
import { S } from "./uapi.ts";
import type { Vfs } from "./vfs.ts";

export function ownerOrCapable(task: Subject, inode: Inode): boolean {
  return diskUid(task) === inode.uid || capableOver(task, inode, "CAP_FOWNER");
}
/** in_group_or_capable; `gid` is the group of the file, or the one that it is about to get. */
export function inGroupOrCapable(task: Subject, inode: Inode, gid = inode.gid): boolean {
  return inGroup(task, gid) || capableOver(task, inode, "CAP_FSETID");
}

/** Mode bits and ACL alone: acl_permission_check. */
function modePermits(task: Subject, inode: Inode, want: number): boolean {
  const { mode } = inode;
  const uid = diskUid(task);
  if (uid === inode.uid) return ((mode >> 6) & want) === want;
  if (inode.accessAcl !== null && inode.sb.flags.posixAcl && (mode & 0o070) !== 0)
    return aclPermits(inode.accessAcl, inode, uid, (gid) => inGroup(task, gid), want);
  // Where group and others have the same bits there is no need to look at the groups.
  const bits = (want & (mode ^ (mode >> 3))) !== 0 && inGroup(task, inode.gid) ? mode >> 3 : mode;
  return (bits & want) === want;
}

/** DAC: mode bits, ACL, and the capabilities that override them. */
export function genericPermission(task: Subject, inode: Inode, mask: number): Denial {
  const want = mask & (MAY.READ | MAY.WRITE | MAY.EXEC);
  if (modePermits(task, inode, want)) return null;
  if (inode.isDirectory) {
    if ((want & MAY.WRITE) === 0 && capableOver(task, inode, "CAP_DAC_READ_SEARCH")) return null;
    return capableOver(task, inode, "CAP_DAC_OVERRIDE") ? null : "EACCES";
  }
  if (want === MAY.READ && capableOver(task, inode, "CAP_DAC_READ_SEARCH")) return null;
  // Running needs an executable bit for somebody, whoever asks.
  if ((want & MAY.EXEC) === 0 || (inode.mode & 0o111) !== 0) {
    if (capableOver(task, inode, "CAP_DAC_OVERRIDE")) return null;
  }
  return "EACCES";
}

/** inode_permission: everything about the file itself; the mount's own flags are the caller's business. */
export function inodePermission(vfs: Vfs, task: Subject, inode: Inode, mask: number): Denial {
  if ((mask & MAY.WRITE) !== 0) {
    const kind = inode.mode & S.IFMT;
    if (inode.sb.flags.readOnly && (kind === S.IFREG || kind === S.IFDIR || kind === S.IFLNK)) return "EROFS";
    if (inode.immutable) return "EPERM";
    if (task.idmap != null && !task.idmap.shows(inode)) return "EACCES";
  }
  const { overlay, permission } = inode;
  let denied: Denial;
  if (permission !== null) denied = permission(task, mask);
  else if (overlay === null) denied = genericPermission(task, inode, mask);
  else denied = inode.sb.fs.permission!(vfs, task, inode, mask);
  if (denied !== null) return denied;
  const hooks = vfs.hooks.inodePermission;
  for (let i = 0; i < hooks.length; i++) {
    const refused = hooks[i]!.inodePermission(task, inode, mask);
    if (refused !== null) return refused;
  }
  return null;
}

/** The mode that a new file starts with: group bit of the directory, and no set-group-ID for who may not give it. */
export function newMode(task: Subject, dir: Inode, mode: number): number {
  if ((mode & (S.ISGID | S.IXGRP)) !== (S.ISGID | S.IXGRP)) return mode;
  if ((mode & S.IFMT) === S.IFDIR || (dir.mode & S.ISGID) === 0) return mode;
  return inGroupOrCapable(task, dir) ? mode : mode & ~S.ISGID;
}
