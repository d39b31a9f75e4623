// What an overlay keeps for each of its files: which files of which layers it stands for (fs/overlayfs/ovl_entry.h: struct ovl_inode).
import type { Dentry } from "./dentry.ts";
import type { Inode } from "./inode.ts";
import type { Path } from "./path.ts";

export interface OverlayInode {
  /** The file in the upper layer; null until it is copied up. */
  upper: Dentry | null;
  /** The files of the lower layers, topmost first: one for a file, several for a merged directory. */
  readonly lower: readonly Path[];
}

/** The inode that an overlay's file shows now: the upper one where there is one. */
export function topInode(overlay: OverlayInode): Inode {
  return overlay.upper !== null ? overlay.upper.inode! : overlay.lower[0]!.dentry.inode!;
}
