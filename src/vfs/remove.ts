// Names go away: unlink and rmdir (fs/namei.c: do_unlinkat, do_rmdir, may_delete, __check_sticky, vfs_unlink, vfs_rmdir).
import type { Denial } from "../errno/index.ts";
import type { Dentry } from "./dentry.ts";
import { capableOver, diskUid, throughMount } from "./idmap.ts";
import type { Inode } from "./inode.ts";
import { dropDentry, dropInode } from "./lifetime.ts";
import { wantWrite } from "./mount/access.ts";
import { lookupName, resolveParent } from "./namei.ts";
import type { Path } from "./path.ts";
import { inodePermission } from "./permission.ts";
import { MAY } from "./security.ts";
import type { Subject } from "./task.ts";
import { S } from "./uapi.ts";
import type { Vfs } from "./vfs.ts";

/** Whether a sticky directory keeps this task from removing the file. */
function sticky(task: Subject, dir: Inode, inode: Inode): boolean {
  if ((dir.mode & S.ISVTX) === 0) return false;
  const uid = diskUid(task);
  return inode.uid !== uid && dir.uid !== uid && !capableOver(task, inode, "CAP_FOWNER");
}

/** may_delete: whether the name may be taken out of its directory. */
export function mayDelete(vfs: Vfs, task: Subject, dir: Inode, victim: Dentry, asDirectory: boolean): Denial {
  const inode = victim.inode;
  if (inode === null) return "ENOENT";
  if (task.idmap?.shows(inode) === false) return "EOVERFLOW";
  const denied = inodePermission(vfs, task, dir, MAY.WRITE | MAY.EXEC);
  if (denied !== null) return denied;
  if (dir.appendOnly) return "EPERM";
  if (sticky(task, dir, inode) || inode.appendOnly || inode.immutable) return "EPERM";
  if (asDirectory) {
    if (!inode.isDirectory) return "ENOTDIR";
    if (victim.isRoot) return "EBUSY";
  } else if (inode.isDirectory) return "EISDIR";
  return dir.nlink === 0 ? "ENOENT" : null;
}

function askUnlink(vfs: Vfs, task: Subject, dentry: Dentry): Denial {
  for (const hook of vfs.hooks.inodeUnlink) {
    const refused = hook.inodeUnlink(task, dentry.parent.inode!, dentry);
    if (refused !== null) return refused;
  }
  return null;
}

/** unlink(2). An open file keeps its inode until the last close. */
export function unlink(vfs: Vfs, task: Subject, base: Path, text: string): Denial {
  const last = resolveParent(vfs, task, base, text);
  if (!last.ok) return last.errno;
  const { parent, name, kind, slash } = last.value;
  if (kind !== "name") return "EISDIR";
  const readOnly = wantWrite(parent.mount);
  if (readOnly !== null) return readOnly;
  const victim = lookupName(vfs, parent.dentry, name);
  if (victim === null) return "ENOENT";
  if (typeof victim === "string") return victim;
  if (slash) return victim.inode!.isDirectory ? "EISDIR" : "ENOTDIR";
  return unlinkNode(vfs, throughMount(task, parent.mount), victim);
}

/** vfs_unlink. */
export function unlinkNode(vfs: Vfs, task: Subject, victim: Dentry): Denial {
  const dir = victim.parent.inode!;
  const denied = mayDelete(vfs, task, dir, victim, false);
  if (denied !== null) return denied;
  if (victim.sb.type.engine === "pseudo") return "EPERM";
  if (victim.mounts > 0) return "EBUSY";
  const refused = askUnlink(vfs, task, victim) ?? victim.sb.fs.unlink(vfs, task, victim);
  if (refused !== null) return refused;
  dropDentry(victim);
  dropInode(vfs, victim.inode!);
  return null;
}

/** rmdir(2). */
export function rmdir(vfs: Vfs, task: Subject, base: Path, text: string): Denial {
  const last = resolveParent(vfs, task, base, text);
  if (!last.ok) return last.errno;
  const { parent, name, kind } = last.value;
  if (kind !== "name") return kind === "dotdot" ? "ENOTEMPTY" : kind === "dot" ? "EINVAL" : "EBUSY";
  const readOnly = wantWrite(parent.mount);
  if (readOnly !== null) return readOnly;
  const victim = lookupName(vfs, parent.dentry, name);
  if (typeof victim === "string") return victim;
  return victim === null ? "ENOENT" : rmdirNode(vfs, throughMount(task, parent.mount), victim);
}

/** vfs_rmdir. */
export function rmdirNode(vfs: Vfs, task: Subject, victim: Dentry): Denial {
  const dir = victim.parent.inode!;
  const denied = mayDelete(vfs, task, dir, victim, true);
  if (denied !== null) return denied;
  if (victim.sb.type.engine === "pseudo") return "EPERM";
  if (victim.mounts > 0) return "EBUSY";
  const refused = askUnlink(vfs, task, victim) ?? victim.sb.fs.rmdir(vfs, task, victim);
  if (refused !== null) return refused;
  dropDentry(victim);
  dropInode(vfs, victim.inode!);
  return null;
}
