// Which number a new inode gets (fs/ext4/ialloc.c: find_inode_bit takes the lowest free bit; fs/inode.c: get_next_ino; mm/shmem.c,
// fs/btrfs: counters; fs/xfs/libxfs/xfs_ialloc.c: the lowest free slot of a chunk of 64).
import type { SuperBlock } from "./superblock.ts";
import type { Vfs } from "./vfs.ts";

/** The number the environment asks for if it is free, else the one the file system would choose. */
export function newIno(vfs: Vfs, sb: SuperBlock, wanted?: number): number {
  const taken = (ino: number): boolean => sb.inodes.has(ino) || (sb.disk?.inodes.has(ino) ?? false);
  if (wanted !== undefined && !taken(wanted)) {
    if (sb.type.inodeNumbers === "counter" && wanted >= sb.nextIno) sb.nextIno = wanted + 1;
    return wanted;
  }
  switch (sb.type.inodeNumbers) {
    case "global-counter": {
      while (taken(vfs.nextIno)) vfs.nextIno++;
      return vfs.nextIno++;
    }
    case "counter": {
      while (taken(sb.nextIno)) sb.nextIno++;
      return sb.nextIno++;
    }
    case "lowest-free":
    case "xfs": {
      let ino = sb.lowestFree;
      while (taken(ino)) ino++;
      sb.lowestFree = ino + 1;
      return ino;
    }
  }
}

/** A number is free again. */
export function releaseIno(sb: SuperBlock, ino: number): void {
  if (ino < sb.lowestFree && ino >= sb.type.firstIno) sb.lowestFree = ino;
}
