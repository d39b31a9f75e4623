// A name in an overlay becomes another one: moved in the upper layer, with a whiteout left where a lower layer still has the old name
// (fs/overlayfs/dir.c: ovl_rename, ovl_can_move, ovl_set_redirect).
import type { Denial } from "../../errno/index.ts";
import type { Dentry } from "../dentry.ts";
import { lookupChild } from "../namei.ts";
import { unlinkNode } from "../remove.ts";
import { renameNode } from "../rename.ts";
import type { Subject } from "../task.ts";
import { RENAME } from "../uapi.ts";
import type { Vfs } from "../vfs.ts";
import { clearWhiteouts, dropLink, isMerged } from "./change.ts";
import { copyUp, setImpure, setOpaque, setOverlayXattr } from "./copy-up.ts";
import type { OverlayFs } from "./file-system.ts";
import { copyAttributesUp, isWhiteout } from "./inode.ts";
import { lowerHas } from "./lookup.ts";
import { OVERLAY_XATTR } from "./xattr.ts";

export function renameOverlay(
  vfs: Vfs,
  fs: OverlayFs,
  task: Subject,
  from: Dentry,
  toDir: Dentry,
  toName: string,
  target: Dentry | null,
  given: number,
): Denial {
  if ((given & ~(RENAME.EXCHANGE | RENAME.NOREPLACE)) !== 0) return "EINVAL";
  let flags = given & ~RENAME.NOREPLACE;
  const exchange = flags !== 0;
  const isDirectory = from.inode!.isDirectory;
  if (!canMove(fs, from) || (exchange && !canMove(fs, target!))) return "EXDEV";
  if (!exchange && target !== null && target.inode!.isDirectory && [...fs.list(vfs, target)].length > 0)
    return "ENOTEMPTY";
  const hidden = target === null && toDir.inode!.overlay!.names.get(toName) === "hidden";
  let cleanup = false;
  if (!exchange) {
    if (lowerHas(vfs, fs, from)) flags |= hidden ? RENAME.EXCHANGE : RENAME.WHITEOUT;
    else if (isDirectory && hidden) {
      flags |= RENAME.EXCHANGE;
      cleanup = true;
    }
  }
  const failed =
    copyUp(vfs, fs, task, from, 0) ??
    copyUp(vfs, fs, task, toDir, 0) ??
    (exchange ? copyUp(vfs, fs, task, target!, 0) : null) ??
    fs.wantWrite();
  if (failed !== null) return failed;
  const mounter = fs.mounter(task);
  const upperTo = toDir.inode!.overlay!.upper!;
  const upperFrom = from.parent.inode!.overlay!.upper!;
  if (toDir !== from.parent) {
    const marked =
      (from.inode!.overlay!.byLower ? setImpure(vfs, fs, mounter, toDir.inode!) : null) ??
      (exchange && target!.inode!.overlay!.byLower ? setImpure(vfs, fs, mounter, from.parent.inode!) : null);
    if (marked !== null) return marked;
  }
  const source = lookupChild(vfs, upperFrom, from.name);
  if (source?.inode !== from.inode!.overlay!.upper!.inode) return "ESTALE";
  const present = lookupChild(vfs, upperTo, toName);
  if (!isAsFound(target, hidden, present) || (present === null && (flags & RENAME.EXCHANGE) !== 0)) return "ESTALE";
  if (source.inode === present?.inode) return "ESTALE";
  if (present !== null && !exchange && present.inode!.isDirectory) clearWhiteouts(vfs, mounter, present);
  const marked =
    markMoved(vfs, fs, mounter, from, toDir) ?? (exchange ? markMoved(vfs, fs, mounter, target!, from.parent) : null);
  if (marked !== null) return marked;
  const done = renameNode(vfs, mounter, source, upperTo, toName, present, flags);
  if (done !== null) return done;
  if (cleanup) unlinkNode(vfs, mounter, present!);
  if (!exchange && target !== null) dropLink(target.inode!);
  copyAttributesUp(from.inode!);
  if (target !== null && target.inode!.overlay!.upper !== null) copyAttributesUp(target.inode!);
  copyAttributesUp(from.parent.inode!);
  copyAttributesUp(toDir.inode!);
  return null;
}

/** Whether the upper layer has at the new name what the overlay found there: somebody may have changed it directly. */
function isAsFound(target: Dentry | null, hidden: boolean, present: Dentry | null): boolean {
  const upper = target?.inode?.overlay?.upper ?? null;
  if (upper !== null) return present?.inode === upper.inode;
  return present === null || (hidden && isWhiteout(present.inode!));
}

/** A directory of a lower layer cannot be renamed without redirects. */
function canMove(fs: OverlayFs, dentry: Dentry): boolean {
  const { upper, lower } = dentry.inode!.overlay!;
  return fs.layers.redirect || !dentry.inode!.isDirectory || (upper !== null && lower.length === 0);
}

/** A moved directory says where its lower part is; a pure upper one says that it has none. */
function markMoved(vfs: Vfs, fs: OverlayFs, mounter: Subject, dentry: Dentry, into: Dentry): Denial {
  const inode = dentry.inode!;
  if (!inode.isDirectory) return null;
  const { upper, lower, opaque } = inode.overlay!;
  if (lower.length > 0) {
    const redirect = into === dentry.parent ? dentry.name : pathOf(dentry);
    const bytes = Uint8Array.from(redirect, (c) => c.charCodeAt(0));
    return setOverlayXattr(vfs, mounter, fs.upperPath(upper!), OVERLAY_XATTR.redirect, bytes);
  }
  if (opaque || !isMerged(into)) return null;
  inode.overlay!.opaque = true;
  return setOpaque(vfs, fs, mounter, upper!);
}

function pathOf(dentry: Dentry): string {
  let path = "";
  for (let at = dentry; !at.isRoot; at = at.parent) path = `/${at.name}${path}`;
  return path;
}
