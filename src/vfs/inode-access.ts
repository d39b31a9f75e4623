// What security modules ask of inodes, without any permission check: attributes, change counters, the inode under an overlay's
// (fs/xattr.c: __vfs_getxattr; fs/stat.c: generic_fillattr with STATX_CHANGE_COOKIE; include/linux/fs.h: IS_I_VERSION, d_real_inode).
import { fail, type Result } from "../errno/index.ts";
import type { Dentry } from "./dentry.ts";
import type { OpenFile } from "./file.ts";
import type { Inode } from "./inode.ts";
import { topInode } from "./overlay/inode.ts";
import type { Path } from "./path.ts";
import { refuseXattr } from "./xattr/names.ts";

/** __vfs_getxattr. ENODATA where there is none, EOPNOTSUPP where the file system has no such attributes, EINVAL for a prefix alone. */
export function readXattr(_at: Path | Dentry, inode: Inode, name: string): Result<Uint8Array> {
  const unsupported = refuseXattr(inode, name);
  if (unsupported !== null) return fail(unsupported);
  return inode.sb.fs.getXattr(inode.sb.vfs, inode, name);
}

/** IS_I_VERSION. */
export function hasIversion(inode: Inode): boolean {
  return inode.sb.flags.iversion;
}

/** inode_query_iversion: the counter, which counts as seen from now on. */
export function queryIversion(inode: Inode): number {
  return inode.iversion.query();
}

/** STATX_CHANGE_COOKIE as getattr gives it; null where the file system gives none. An overlay passes on that of the real file. */
export function changeCookie(inode: Inode): number | null {
  const real = inode.overlay === null ? inode : topInode(inode.overlay);
  return real.sb.flags.iversion ? real.iversion.query() : null;
}

/** f_path: a file that an overlay opened below itself first went by the overlay's path, since then by its own. */
export function pathOf(file: OpenFile): Path {
  const { release } = file.inode.sb.vfs;
  return file.userPath === null || release.has("backing-files-own-path") ? file.path : file.userPath;
}

/** d_real_inode: where the data of a file are. */
export function realInode(dentry: Dentry): Inode {
  return dentry.sb.fs.realInode(dentry, dentry.inode!, false);
}

/** d_real_inode for metadata: where attributes and names are. */
export function metadataInode(dentry: Dentry): Inode {
  return dentry.sb.fs.realInode(dentry, dentry.inode!, true);
}
