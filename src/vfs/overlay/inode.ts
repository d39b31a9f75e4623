// What an overlay keeps for each of its files: which files of which layers it stands for (fs/overlayfs/ovl_entry.h: struct ovl_inode).
import type { Dentry } from "../dentry.ts";
import type { Inode } from "../inode.ts";
import type { Path } from "../path.ts";

/**
 * What a dentry of the overlay remembers of its lookup: nothing has the name, a whiteout hides it, or only lower layers have it. What is done
 * in a layer afterwards is not seen.
 */
export type NameBelow = "absent" | "hidden" | "lower";

export interface OverlayInode {
  /** The file in the upper layer; null until it is copied up. */
  upper: Dentry | null;
  /** The files of the lower layers, topmost first: one for a file, several for a merged directory, none for a pure upper file. */
  readonly lower: readonly Path[];
  /** The lower file that this one is or was copied from; null for a pure upper file. */
  readonly origin: Inode | null;
  /** It is known by that lower file, which gives the inode number before a copy and after it (OVL_CONST_INO). */
  readonly byLower: boolean;
  /** i_size as it was when attributes were last taken over: a change made directly in a layer is not seen in it. */
  size: number;
  /** What was found when a name of this directory was looked up, where that was not a file of the upper layer. */
  readonly names: Map<string, NameBelow>;
  /** An upper directory that hides what is below. */
  opaque: boolean;
  /** trusted.overlay.impure is set on the upper directory. */
  impure: boolean;
}

/** The inode that an overlay's file shows now: the upper one where there is one. */
export function topInode(overlay: OverlayInode): Inode {
  return overlay.upper !== null ? overlay.upper.inode! : overlay.lower[0]!.dentry.inode!;
}

/** ovl_copyattr: takes over what the real file's attributes are now. */
export function copyAttributesUp(inode: Inode): void {
  const overlay = inode.overlay!;
  const real = topInode(overlay);
  inode.mode = real.mode;
  inode.uid = real.uid;
  inode.gid = real.gid;
  inode.atime = real.atime;
  inode.mtime = real.mtime;
  inode.ctime = real.ctime;
  inode.accessAcl = real.accessAcl;
  inode.defaultAcl = real.defaultAcl;
  overlay.size = real.size;
}

/** A whiteout: a character device 0:0 hides the name in the layers below. */
export function isWhiteout(inode: Inode): boolean {
  return (inode.mode & 0o170000) === 0o020000 && inode.rdev.major === 0 && inode.rdev.minor === 0;
}
