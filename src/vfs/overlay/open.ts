// Opening a file through an overlay: what is written to is copied up first, and the real file is opened by the mounter
// (fs/overlayfs/file.c: ovl_open, ovl_open_realfile; copy_up.c: ovl_maybe_copy_up).
import { type Denial, fail, ok, type Result } from "../../errno/index.ts";
import { OpenFile } from "../file.ts";
import { closeFile, openDentry } from "../file-open.ts";
import { inodePermission, ownerOrCapable } from "../permission.ts";
import { MAY } from "../security.ts";
import type { Subject } from "../task.ts";
import { O } from "../uapi.ts";
import type { Vfs } from "../vfs.ts";
import { copyUp } from "./copy-up.ts";
import type { OverlayFs } from "./file-system.ts";

export function openOverlay(vfs: Vfs, fs: OverlayFs, task: Subject, file: OpenFile): Denial {
  const { inode, flags, path } = file;
  if (inode.isDirectory) return null;
  const failed = file.canWrite || (flags & O.TRUNC) !== 0 ? copyUp(vfs, fs, task, path.dentry, flags) : null;
  if (failed !== null) return failed;
  const real = openReal(vfs, fs, task, file);
  if (!real.ok) return real.errno;
  file.backing = real.value;
  return null;
}

/** Opened by the mounter; the hook fileOpen is asked, the one after opening is not. */
export function openReal(vfs: Vfs, fs: OverlayFs, task: Subject, file: OpenFile): Result<OpenFile> {
  const path = fs.topPath(file.inode.overlay!);
  const inode = path.dentry.inode!;
  const mounter = fs.mounter(task);
  const access =
    (file.canRead ? MAY.READ : 0) | (file.canWrite ? MAY.WRITE : 0) | ((file.flags & O.APPEND) !== 0 ? MAY.APPEND : 0);
  const denied = inodePermission(vfs, mounter, inode, MAY.OPEN | access);
  if (denied !== null) return fail(denied);
  const flags = file.flags & ~(O.CREAT | O.EXCL | O.NOCTTY | O.TRUNC);
  const real = new OpenFile(path, inode, ownerOrCapable(mounter, inode) ? flags | O.NOATIME : flags, mounter.cred);
  real.userPath = file.userPath ?? file.path;
  real.userInode = file.userInode ?? file.inode;
  const failed = openDentry(vfs, mounter, real);
  if (failed === null) return ok(real);
  closeFile(vfs, mounter, real);
  return fail(failed);
}
