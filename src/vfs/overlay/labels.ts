// Changing xattrs and ACLs through an overlay: the file is copied up, and the change is made on the upper one with all hooks
// (fs/overlayfs/xattrs.c: ovl_xattr_set; inode.c: ovl_set_acl).
import type { Denial } from "../../errno/index.ts";
import type { PosixAcl } from "../acl.ts";
import type { Dentry } from "../dentry.ts";
import type { Inode } from "../inode.ts";
import type { Path } from "../path.ts";
import { inGroupOrCapable } from "../permission.ts";
import type { Subject } from "../task.ts";
import { S } from "../uapi.ts";
import type { Vfs } from "../vfs.ts";
import { setAclNode } from "../xattr/acl.ts";
import { ACL_ACCESS } from "../xattr/names.ts";
import { removeXattrNode, setXattrNode } from "../xattr/xattr.ts";
import { copyUp } from "./copy-up.ts";
import type { OverlayFs } from "./file-system.ts";
import { copyAttributesUp } from "./inode.ts";
import { nameInLayer } from "./xattr.ts";

/** @param value null removes it */
export function setOverlayXattr(
  vfs: Vfs,
  fs: OverlayFs,
  task: Subject,
  dentry: Dentry,
  inode: Inode,
  name: string,
  value: Uint8Array | null,
  flags: number,
): Denial {
  if (value === null && inode.overlay!.upper === null) {
    const present = fs.getXattr(vfs, inode, name);
    if (!present.ok) return present.errno;
  }
  const failed = copyUp(vfs, fs, task, dentry, 0) ?? fs.wantWrite();
  if (failed !== null) return failed;
  const path = fs.upperPath(inode.overlay!.upper!);
  const mounter = fs.mounter(task);
  const below = nameInLayer(name);
  const done =
    value === null ? removeXattrNode(vfs, mounter, path, below) : setXattrNode(vfs, mounter, path, below, value, flags);
  copyAttributesUp(inode);
  return done;
}

/** @param acl null removes it */
export function setOverlayAcl(
  vfs: Vfs,
  fs: OverlayFs,
  task: Subject,
  path: Path,
  name: string,
  acl: PosixAcl | null,
): Denial {
  const inode = path.dentry.inode!;
  if (!fs.hasAcl(inode)) return "EOPNOTSUPP";
  if (acl === null && inode.overlay!.upper === null && !fs.getXattr(vfs, inode, name).ok) return "ENODATA";
  // The set-group-ID bit that the caller may not keep goes first; the mounter could keep it.
  if ((inode.mode & S.ISGID) !== 0 && name === ACL_ACCESS && !inGroupOrCapable(task, inode)) {
    const cleared = fs.setattr(vfs, task, path.dentry, inode, { mode: inode.mode & ~S.ISGID, kill: true });
    if (cleared !== null) return cleared;
  }
  const failed = copyUp(vfs, fs, task, path.dentry, 0) ?? fs.wantWrite();
  if (failed !== null) return failed;
  const done = setAclNode(vfs, fs.mounter(task), fs.upperPath(inode.overlay!.upper!), name, acl);
  copyAttributesUp(inode);
  return done;
}
