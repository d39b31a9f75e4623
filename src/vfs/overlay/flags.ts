// Setting file attributes through an overlay (fs/overlayfs/inode.c: ovl_fileattr_set; util.c: ovl_set_protattr).
import type { Denial } from "../../errno/index.ts";
import type { AttributeName } from "../chattr.ts";
import type { FsType } from "../fstype.ts";
import { countChange } from "../native/attr.ts";
import type { Path } from "../path.ts";
import type { Subject } from "../task.ts";
import type { Vfs } from "../vfs.ts";
import { removeXattrNode, setXattrNode } from "../xattr/xattr.ts";
import { copyUp } from "./copy-up.ts";
import type { OverlayFs } from "./file-system.ts";
import { copyAttributesUp, topInode } from "./inode.ts";
import { protection } from "./protection.ts";
import { OVERLAY_XATTR } from "./xattr.ts";

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
  const letters = protection(wanted.get("append") === true, wanted.get("immutable") === true);
  const { protattr } = OVERLAY_XATTR;
  let kept: Denial = null;
  if (letters.length > 0) kept = setXattrNode(vfs, mounter, upper, protattr, letters, 0);
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
