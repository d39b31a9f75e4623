// Who may do what to a file: mode bits, ACLs, capabilities, immutable files, read-only mounts, then the modules' opinion
// (fs/namei.c: generic_permission, inode_permission; fs/inode.c: inode_owner_or_capable, in_group_or_capable).
import type { Denial } from "../errno/index.ts";
import { aclPermits } from "./acl.ts";
import type { Inode } from "./inode.ts";
import { MAY } from "./security.ts";
import { type Credentials, capable, type Subject } from "./task.ts";
import { S } from "./uapi.ts";
import type { Vfs } from "./vfs.ts";

/** in_group_p: the filesystem group or one of the supplementary ones. */
export function inGroup(cred: Credentials, gid: number): boolean {
  return cred.fsgid === gid || cred.groups.includes(gid);
}
export function ownerOrCapable(task: Subject, inode: Inode): boolean {
  return task.cred.fsuid === inode.uid || capable(task, "CAP_FOWNER");
}
export function inGroupOrCapable(task: Subject, gid: number): boolean {
  return inGroup(task.cred, gid) || capable(task, "CAP_FSETID");
}

/** Mode bits and ACL alone: acl_permission_check. */
function modePermits(cred: Credentials, inode: Inode, want: number): boolean {
  const { mode } = inode;
  if (cred.fsuid === inode.uid) return ((mode >> 6) & want) === want;
  if (inode.accessAcl !== null && inode.sb.flags.posixAcl && (mode & 0o070) !== 0)
    return aclPermits(inode.accessAcl, inode, cred.fsuid, (gid) => inGroup(cred, gid), want);
  // Where group and others have the same bits there is no need to look at the groups.
  const bits = (want & (mode ^ (mode >> 3))) !== 0 && inGroup(cred, inode.gid) ? mode >> 3 : mode;
  return (bits & want) === want;
}

/** DAC: mode bits, ACL, and the capabilities that override them. */
export function genericPermission(task: Subject, inode: Inode, mask: number): Denial {
  const want = mask & (MAY.READ | MAY.WRITE | MAY.EXEC);
  if (modePermits(task.cred, inode, want)) return null;
  if (inode.isDirectory) {
    if ((want & MAY.WRITE) === 0 && capable(task, "CAP_DAC_READ_SEARCH")) return null;
    return capable(task, "CAP_DAC_OVERRIDE") ? null : "EACCES";
  }
  if (want === MAY.READ && capable(task, "CAP_DAC_READ_SEARCH")) return null;
  // Running needs an executable bit for somebody, whoever asks.
  if ((want & MAY.EXEC) === 0 || (inode.mode & 0o111) !== 0) {
    if (capable(task, "CAP_DAC_OVERRIDE")) return null;
  }
  return "EACCES";
}

/** inode_permission: everything about the file itself; the mount's own flags are the caller's business. */
export function inodePermission(vfs: Vfs, task: Subject, inode: Inode, mask: number): Denial {
  if ((mask & MAY.WRITE) !== 0) {
    const kind = inode.mode & S.IFMT;
    if (inode.sb.flags.readOnly && (kind === S.IFREG || kind === S.IFDIR || kind === S.IFLNK)) return "EROFS";
    if (inode.immutable) return "EPERM";
  }
  const denied =
    inode.overlay === null ? genericPermission(task, inode, mask) : inode.sb.fs.permission!(vfs, task, inode, mask);
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
  return inGroupOrCapable(task, dir.gid) ? mode : mode & ~S.ISGID;
}
