// Room and durability: fallocate, fsync, sync (fs/open.c: vfs_fallocate; fs/sync.c: vfs_fsync_range; fs/ext4/extents.c: ext4_fallocate).
import type { Denial } from "../errno/index.ts";
import { Content } from "./content.ts";
import type { OpenFile } from "./file.ts";
import type { Inode } from "./inode.ts";
import { askFilePermission, realFile, releaseReal } from "./io.ts";
import { countChange } from "./native/attr.ts";
import { MAY } from "./security.ts";
import type { Subject } from "./task.ts";
import { FALLOC, PAGE_SIZE } from "./uapi.ts";
import type { Vfs } from "./vfs.ts";
import { fileModified } from "./write-effects.ts";

const { KEEP_SIZE, PUNCH_HOLE, COLLAPSE_RANGE, ZERO_RANGE, INSERT_RANGE } = FALLOC;
const KNOWN = KEEP_SIZE | PUNCH_HOLE | COLLAPSE_RANGE | ZERO_RANGE | INSERT_RANGE;

/** fallocate(2). `mode`: FALLOC.*. EBADF, EINVAL, EOPNOTSUPP, EPERM, ESPIPE, EISDIR, ENODEV, EFBIG. */
export function fallocate(
  vfs: Vfs,
  task: Subject,
  file: OpenFile,
  mode: number,
  offset: number,
  length: number,
): Denial {
  if (file.isPath) return "EBADF";
  const refused = refuseMode(file, mode, offset, length) ?? askFilePermission(vfs, task, file, MAY.WRITE);
  if (refused !== null) return refused;
  const { inode } = file;
  if (inode.isFifo) return "ESPIPE";
  if (inode.isDirectory) return "EISDIR";
  if (!inode.isRegular) return "ENODEV";
  if (offset + length > inode.sb.type.maxBytes) return "EFBIG";
  const real = realFile(vfs, task, file);
  if (!real.ok) return real.errno;
  const mounter = inode.sb.fs.mounter?.(task) ?? task;
  const failed = allocate(vfs, mounter, real.value, mode, offset, length);
  releaseReal(vfs, task, file, real.value);
  inode.sb.fs.afterWrite?.(inode);
  return failed;
}

function refuseMode(file: OpenFile, mode: number, offset: number, length: number): Denial {
  if (offset < 0 || length <= 0) return "EINVAL";
  if ((mode & ~KNOWN) !== 0) return "EOPNOTSUPP";
  if ((mode & (PUNCH_HOLE | ZERO_RANGE)) === (PUNCH_HOLE | ZERO_RANGE)) return "EOPNOTSUPP";
  if ((mode & PUNCH_HOLE) !== 0 && (mode & KEEP_SIZE) === 0) return "EOPNOTSUPP";
  if ((mode & COLLAPSE_RANGE) !== 0 && (mode & ~COLLAPSE_RANGE) !== 0) return "EINVAL";
  if ((mode & INSERT_RANGE) !== 0 && (mode & ~INSERT_RANGE) !== 0) return "EINVAL";
  if (!file.canWrite) return "EBADF";
  if ((mode & ~KEEP_SIZE) !== 0 && file.inode.appendOnly) return "EPERM";
  return file.inode.immutable ? "EPERM" : null;
}

function allocate(vfs: Vfs, task: Subject, file: OpenFile, mode: number, offset: number, length: number): Denial {
  const { type } = file.inode.sb;
  const { content } = file.inode;
  if (type.fallocate === null || content === null) return "EOPNOTSUPP";
  if (type.fallocate === "holes" && (mode & PUNCH_HOLE) === 0) return "EOPNOTSUPP";
  if (type.fallocate === "plain" && (mode & ~(KEEP_SIZE | PUNCH_HOLE | ZERO_RANGE)) !== 0) return "EOPNOTSUPP";
  if (type.layout === "memory" && (mode & ~(KEEP_SIZE | PUNCH_HOLE)) !== 0) return "EOPNOTSUPP";
  const { size } = content;
  if ((mode & (COLLAPSE_RANGE | INSERT_RANGE)) !== 0) {
    if (offset % PAGE_SIZE !== 0 || length % PAGE_SIZE !== 0) return "EINVAL";
    if ((mode & COLLAPSE_RANGE) !== 0 ? offset + length >= size : offset >= size) return "EINVAL";
    if ((mode & INSERT_RANGE) !== 0 && !Content.fits(size + length)) return "EFBIG";
  }
  const failed = fileModified(vfs, task, file);
  if (failed !== null) return failed;
  file.inode.dirty = true;
  if ((mode & COLLAPSE_RANGE) !== 0) content.collapse(offset, length);
  else if ((mode & INSERT_RANGE) !== 0) content.insert(offset, length);
  else {
    if ((mode & (PUNCH_HOLE | ZERO_RANGE)) !== 0) content.punch(offset, length);
    if ((mode & (KEEP_SIZE | PUNCH_HOLE)) === 0 && offset + length > size) content.resize(offset + length);
  }
  return null;
}

/** What is dirty reaches the disk; pages that were stored to fault again at the next store. */
export function writeBack(inode: Inode): void {
  if (inode.mappings !== null)
    for (const mapping of inode.mappings) if (inode.sb.type.tracksDirtyPages) mapping.dirty.clear();
  if (!inode.dirty) return;
  inode.dirty = false;
  if (inode.sb.type.tracksDirtyPages) inode.beyondEnd = null;
  // Delayed allocation becomes real on xfs: the inode goes through the log.
  if (inode.sb.type.iversionOnSetattr === "log") countChange(inode, true);
}

/** fsync(2). EINVAL for what cannot be synchronised. */
export function fsync(_vfs: Vfs, _task: Subject, file: OpenFile): Denial {
  if (file.isPath) return "EBADF";
  if (!file.inode.isRegular && !file.inode.isDirectory) return "EINVAL";
  if (file.inode.generated !== null) return "EINVAL";
  if (!file.inode.isRegular) return null;
  writeBack(file.inode.sb.fs.realInode(file.path.dentry, file.inode, false));
  return null;
}

/** sync(2). */
export function sync(vfs: Vfs): void {
  for (const sb of vfs.superblocks) for (const inode of sb.inodes.values()) writeBack(inode);
}
