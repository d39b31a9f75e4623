// Memory of inodes that is used again: the caches of the file systems set i_version only where a new inode is given one of its own.
// tmpfs gives none, so a new file starts with the counter of the inode that left last (mm/slub.c: freelists are last in, first out;
// mm/shmem.c: shmem_evict_inode counts the truncation of a regular file). All tmpfs of a kernel share one cache.
import type { Inode } from "./inode.ts";
import type { IVersion } from "./iversion.ts";
import type { SuperBlock } from "./superblock.ts";
import type { Vfs } from "./vfs.ts";

/** Which counter a new inode starts with, where memory is used again. */
export function usedMemory(vfs: Vfs, sb: SuperBlock): { readonly iversion?: IVersion } {
  const iversion = sb.type.inheritsIversion ? vfs.freedCounters.pop() : undefined;
  return iversion === undefined ? {} : { iversion };
}

/** An inode has left memory. */
export function freeMemory(vfs: Vfs, inode: Inode): void {
  if (!inode.sb.type.inheritsIversion) return;
  if (inode.isRegular) inode.iversion.maybeIncrement(true);
  vfs.freedCounters.push(inode.iversion);
}
