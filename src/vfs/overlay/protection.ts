// What protects a file of an overlay: that stays with the overlay's own inode, on record in an attribute of the upper file, so that the
// overlay itself can go on working with that (fs/overlayfs/util.c: ovl_check_protattr; copy_up.c: ovl_copy_fileattr).
import type { Denial } from "../../errno/index.ts";
import type { Inode } from "../inode.ts";
import type { Path } from "../path.ts";
import type { Subject } from "../task.ts";
import type { Vfs } from "../vfs.ts";
import { setXattrNode } from "../xattr/xattr.ts";
import { OVERLAY_XATTR } from "./xattr.ts";

/** The letters of trusted.overlay.protattr: "a" and "i". */
const APPEND = 0x61;
const IMMUTABLE = 0x69;

/** What protects a file of the overlay as it comes into memory. */
export function takeProtection(inode: Inode, real: Inode, isUpper: boolean): void {
  const kept = isUpper ? real.xattrs.get(OVERLAY_XATTR.protattr) : undefined;
  inode.immutable = real.immutable || kept?.includes(IMMUTABLE) === true;
  inode.appendOnly = real.appendOnly || kept?.includes(APPEND) === true;
  inode.noatime = real.noatime;
}

/** What protects a file, on record: one letter each. */
export function protection(append: boolean, immutable: boolean): Uint8Array {
  return Uint8Array.from([...(append ? [APPEND] : []), ...(immutable ? [IMMUTABLE] : [])]);
}

/**
 * ovl_copy_fileattr: what protects the lower file is put on record for the copy, as `inode`, the overlay's own, took it over; and a copy
 * keeps still when read if the lower file does.
 */
export function copyFlags(vfs: Vfs, mounter: Subject, inode: Inode, lower: Inode, to: Path): Denial {
  if (!inode.immutable && !inode.appendOnly && !inode.noatime) return null;
  const letters = protection(lower.appendOnly, lower.immutable);
  const failed = letters.length === 0 ? null : setXattrNode(vfs, mounter, to, OVERLAY_XATTR.protattr, letters, 0);
  if (failed !== null && failed !== "EOPNOTSUPP") return failed;
  if (!lower.noatime) return null;
  const upper = to.dentry.inode!;
  if (upper.sb.type.attributes.length === 0) return "ENOTTY";
  upper.noatime = true;
  return null;
}
