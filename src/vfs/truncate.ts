// A file is cut or extended: truncate, ftruncate and O_TRUNC (fs/open.c: vfs_truncate, do_ftruncate, do_truncate).
import type { Denial } from "../errno/index.ts";
import type { OpenFile } from "./file.ts";
import { throughMount } from "./idmap.ts";
import { wantWrite } from "./mount/access.ts";
import { resolve } from "./namei.ts";
import { notifyChange } from "./notify-change.ts";
import type { Path } from "./path.ts";
import { inodePermission } from "./permission.ts";
import { MAY } from "./security.ts";
import { dropsOnWrite, hasFileCapabilities, type MutableChange } from "./setattr.ts";
import type { Subject } from "./task.ts";
import type { Vfs } from "./vfs.ts";

/**
 * Sets the length of a file that may be changed: asks the hook, takes set-ID bits and file capabilities away, and changes the size.
 * `file` is the open file it is done through, null for truncate(2); through a file the times change even if the length does not.
 * Other than a file opened for writing, a path and an O_TRUNC open must get write access first (ETXTBSY).
 */
export function truncateInode(
  vfs: Vfs,
  task: Subject,
  path: Path,
  size: number,
  file: OpenFile | null,
  opening = false,
): Denial {
  const inode = path.dentry.inode!;
  if (file !== null && !opening) return askTruncate(vfs, task, path, file) ?? changeSize(vfs, task, path, size, file);
  if (inode.writeCount < 0) return "ETXTBSY";
  inode.writeCount++;
  const done = askTruncate(vfs, task, path, file) ?? changeSize(vfs, task, path, size, file);
  inode.writeCount--;
  return done;
}

function askTruncate(vfs: Vfs, task: Subject, path: Path, file: OpenFile | null): Denial {
  if (file === null) {
    for (const hook of vfs.hooks.pathTruncate) {
      const refused = hook.pathTruncate(task, path);
      if (refused !== null) return refused;
    }
    return null;
  }
  for (const hook of vfs.hooks.fileTruncate) {
    const refused = hook.fileTruncate(task, file);
    if (refused !== null) return refused;
  }
  return null;
}

function changeSize(vfs: Vfs, task: Subject, path: Path, size: number, file: OpenFile | null): Denial {
  const inode = path.dentry.inode!;
  const change: MutableChange = { size };
  if (file !== null) {
    const now = vfs.clock();
    change.mtime = now;
    change.ctime = now;
    change.file = file;
  }
  const drops = dropsOnWrite(throughMount(task, path.mount), inode);
  const capabilities = hasFileCapabilities(inode);
  if (drops !== null || capabilities) {
    change.kill = true;
    change.killSuid = drops?.suid ?? false;
    change.killSgid = drops?.sgid ?? false;
    change.killPriv = capabilities;
  }
  return notifyChange(vfs, task, path, change);
}

/** truncate(2). */
export function truncate(vfs: Vfs, task: Subject, base: Path, text: string, size: number): Denial {
  if (size < 0) return "EINVAL";
  const path = resolve(vfs, task, base, text, { follow: true });
  if (!path.ok) return path.errno;
  const inode = path.value.dentry.inode!;
  if (inode.isDirectory) return "EISDIR";
  if (!inode.isRegular) return "EINVAL";
  const refused =
    wantWrite(path.value.mount) ?? inodePermission(vfs, throughMount(task, path.value.mount), inode, MAY.WRITE);
  if (refused !== null) return refused;
  if (inode.appendOnly) return "EPERM";
  return truncateInode(vfs, task, path.value, size, null);
}

/** ftruncate(2). */
export function ftruncate(vfs: Vfs, task: Subject, file: OpenFile, size: number): Denial {
  if (size < 0) return "EINVAL";
  if (file.isPath) return "EBADF";
  if (!file.inode.isRegular || !file.canWrite) return "EINVAL";
  if (file.inode.appendOnly) return "EPERM";
  return truncateInode(vfs, task, file.path, size, file);
}
