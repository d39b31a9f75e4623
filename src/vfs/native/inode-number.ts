// Which number a new inode gets (fs/ext4/ialloc.c: find_inode_bit takes the lowest free bit; fs/inode.c: get_next_ino; mm/shmem.c,
// fs/btrfs: counters; fs/xfs/libxfs/xfs_ialloc.c: xfs_dialloc spreads directories over the allocation groups and puts files beside
// their directory).
import type { SuperBlock } from "../superblock.ts";
import type { Vfs } from "../vfs.ts";

/** Where the inode will lie. */
export interface Place {
  /** Number of the directory. */
  readonly parent: number;
  readonly isDirectory: boolean;
}

/** Allocation groups of an xfs of 300 MB, each with room for 2^18 numbers: the first number in each; the log lies in the third. */
const GROUP_SIZE = 2 ** 18;
const GROUPS = [131, GROUP_SIZE + 128, 2 * GROUP_SIZE + 131072 + 128, 3 * GROUP_SIZE + 128] as const;

/** The number the environment asks for if it is free, else the one the file system would choose. */
export function newIno(vfs: Vfs, sb: SuperBlock, wanted?: number, place?: Place): number {
  const taken = (ino: number): boolean => sb.inodes.has(ino) || (sb.disk?.inodes.has(ino) ?? false);
  const group = sb.type.inodeNumbers === "xfs" ? groupFor(sb, place) : 0;
  if (wanted !== undefined && !taken(wanted)) {
    if (sb.type.inodeNumbers === "counter" && wanted >= sb.nextIno) sb.nextIno = wanted + 1;
    if (sb.type.inodeNumbers === "global-counter" && wanted >= vfs.nextIno) vfs.nextIno = wanted + 1;
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
    case "lowest-free": {
      let ino = sb.lowestFree;
      while (taken(ino)) ino++;
      sb.lowestFree = ino + 1;
      return ino;
    }
    case "xfs": {
      let ino = GROUPS[group] ?? group * GROUP_SIZE;
      while (taken(ino)) ino++;
      return ino;
    }
  }
}

/** Directories take the groups in turn, anything else that of its directory. */
function groupFor(sb: SuperBlock, place: Place | undefined): number {
  if (place === undefined) return 0;
  if (!place.isDirectory) return Math.floor(place.parent / GROUP_SIZE);
  return sb.directoryGroup++ % GROUPS.length;
}

/** A number is free again. */
export function releaseIno(sb: SuperBlock, ino: number): void {
  if (ino < sb.lowestFree && ino >= sb.type.firstIno) sb.lowestFree = ino;
}
