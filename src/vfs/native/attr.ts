// How an inode of a file system with state of its own takes a change of attributes, and when that counts as a change of the file
// (fs/ext4/inode.c: ext4_setattr; fs/xfs/xfs_iops.c: xfs_setattr_nonsize, xfs_setattr_size; fs/btrfs/inode.c: btrfs_setattr,
// btrfs_setsize; mm/shmem.c: shmem_setattr; fs/libfs.c: simple_setattr; fs/inode.c: inode_update_timestamps, touch_atime).
import type { Denial } from "../../errno/index.ts";
import { chmodAcl, encodeAcl } from "../acl.ts";
import type { Dentry } from "../dentry.ts";
import type { Inode } from "../inode.ts";
import type { Mount } from "../mount/mount.ts";
import type { AttributeChange } from "../security.ts";
import { copyAttributes, type MutableChange, prepareSetattr } from "../setattr.ts";
import type { Subject } from "../task.ts";
import type { Vfs } from "../vfs.ts";

/** Counts a change where the file system counts; see IVersion. */
export function countChange(inode: Inode, force: boolean): boolean {
  return inode.sb.flags.iversion && inode.iversion.maybeIncrement(force);
}

export function setNativeAttributes(
  vfs: Vfs,
  task: Subject,
  dentry: Dentry,
  inode: Inode,
  given: AttributeChange,
): Denial {
  const change: MutableChange = given;
  // ext4 lets nothing of an immutable file be changed, not even its change time by a chown that names nobody.
  if (inode.immutable && inode.sb.type.immutableIsFinal) return "EPERM";
  const denied = prepareSetattr(task, dentry, inode, change);
  if (denied !== null) return denied;
  const { type } = inode.sb;
  const { size } = change;
  // fsverity_prepare_setattr, which only some file systems ask: file capabilities are gone by then.
  if (size !== undefined && inode.verity !== null && type.verityKeepsSize === true) return "EPERM";
  let counts = true;
  if (size !== undefined && inode.content !== null) {
    const before = inode.content.size;
    if (size === before && change.ctime === undefined && type.iversionOnSetattr === "log" && size === 0) return null;
    // ext4 and tmpfs count a truncation only if the length changes; tmpfs counts the freeing of pages beside that.
    if (size === before && type.skipsSameSize) counts = type.inMemory && before > 0;
    if (size !== before) {
      inode.content.resize(size);
      if (size < before && inode.mappings !== null) for (const mapping of inode.mappings) mapping.cut(size);
      const now = vfs.clock();
      inode.mtime = now;
      inode.ctime = now;
    }
  }
  if (counts) countChange(inode, true);
  copyAttributes(task, inode, change);
  if (change.mode !== undefined && inode.accessAcl !== null && inode.sb.flags.posixAcl) {
    const acl = encodeAcl(chmodAcl(inode.accessAcl, inode.mode));
    return inode.sb.fs.setXattr(vfs, task, dentry, inode, "system.posix_acl_access", acl, 0);
  }
  return null;
}

/** file_update_time: modification and change time, and the counter if somebody looked at it or a time moved. */
export function updateTimes(vfs: Vfs, inode: Inode): void {
  const now = vfs.clock();
  const moved = inode.mtime !== now || inode.ctime !== now || inode.sb.type.iversionOnWrite;
  if (!moved && !(inode.sb.flags.iversion && inode.iversion.needsIncrement)) return;
  inode.mtime = now;
  inode.ctime = now;
  countChange(inode, moved);
}

const DAY = 24 * 60 * 60;

/** touch_atime, as relatime keeps it: at most once a day unless the file changed since the last access. */
export function touchAtime(vfs: Vfs, mount: Mount, inode: Inode): void {
  const { flags } = mount;
  const sb = inode.sb.flags;
  if (inode.noatime || flags.noatime || flags.readOnly || sb.noatime || sb.readOnly) return;
  if ((flags.nodiratime || sb.nodiratime) && inode.isDirectory) return;
  const now = vfs.clock();
  const { atime } = inode;
  if (flags.relatime && inode.mtime < atime && inode.ctime < atime && now - atime < DAY) return;
  if (atime === now) return;
  inode.atime = now;
  // On xfs the access time goes through the log, which counts a change if the counter was looked at.
  if (inode.sb.type.iversionOnSetattr === "log") countChange(inode, false);
}
