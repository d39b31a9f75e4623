// File attributes through an overlay: what protects a file stays with the overlay's own inode, on record in an attribute of the upper
// file, so that the overlay itself can go on working with that (fs/overlayfs/inode.c: ovl_fileattr_set; util.c: ovl_set_protattr,
// ovl_check_protattr).
import type { Denial } from "../../errno/index.ts";
import type { AttributeName } from "../chattr.ts";
import type { FsType } from "../fstype.ts";
import type { Inode } from "../inode.ts";
import { countChange } from "../native/attr.ts";
import type { Path } from "../path.ts";
import type { Subject } from "../task.ts";
import type { Vfs } from "../vfs.ts";
import { removeXattrNode, setXattrNode } from "../xattr/xattr.ts";
import { copyUp } from "./copy-up.ts";
import type { OverlayFs } from "./file-system.ts";
import { copyAttributesUp, topInode } from "./inode.ts";
import { OVERLAY_XATTR } from "./xattr.ts";

/** The letters of trusted.overlay.protattr: "a" and "i". */
const APPEND = 0x61;
const IMMUTABLE = 0x69;

/** What protects a file of the overlay as it comes into memory. */
export function takeProtection(inode: Inode, real: Inode, isUpper: boolean): void {
  const kept = isUpper ? real.xattrs.get(OVERLAY_XATTR.protattr) : undefined;
  inode.immutable = real.immutable || kept?.includes(IMMUTABLE) === true;
  inode.appendOnly = real.appendOnly || kept?.includes(APPEND) === true;
}

export function setOverlayFlags(
  vfs: Vfs,
  fs: OverlayFs,
  task: Subject,
  path: Path,
  wanted: ReadonlyMap<AttributeName, boolean>,
): Denial {
  const shown = topInode(path.dentry.inode!.overlay!).sb.type;
  const failed = copyUp(vfs, fs, task, path.dentry, 0) ?? fs.wantWrite();
  if (failed !== null) return failed;
  const upper = fs.upperPath(path.dentry.inode!.overlay!.upper!);
  const done = setUpperFlags(vfs, fs.mounter(task), upper, shown, wanted);
  copyAttributesUp(path.dentry.inode!);
  return done;
}

/** ovl_set_protattr and ovl_real_fileattr_set. `shown`: the file system whose flags were read. */
function setUpperFlags(
  vfs: Vfs,
  mounter: Subject,
  upper: Path,
  shown: FsType,
  wanted: ReadonlyMap<AttributeName, boolean>,
): Denial {
  const real = upper.dentry.inode!;
  if (real.sb.type.attributes.length === 0) return "ENOTTY";
  const letters = [...(wanted.get("append") ? [APPEND] : []), ...(wanted.get("immutable") ? [IMMUTABLE] : [])];
  const { protattr } = OVERLAY_XATTR;
  let kept: Denial = null;
  if (letters.length > 0) kept = setXattrNode(vfs, mounter, upper, protattr, Uint8Array.from(letters), 0);
  else if (real.xattrs.has(protattr)) kept = removeXattrNode(vfs, mounter, upper, protattr);
  if (kept !== null) return kept === "EOPNOTSUPP" ? "EPERM" : kept;
  // The flags that were read of the lower file are written to the upper one, with those that only the lower file system knows.
  if (shown.extentsFlag && !real.sb.type.extentsFlag) return "EOPNOTSUPP";
  real.noatime = wanted.get("noatime") === true;
  real.nodump = wanted.get("nodump") === true;
  real.ctime = vfs.clock();
  countChange(real, true);
  return null;
}
