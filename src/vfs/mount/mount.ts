// A superblock, or a part of it, at a place in the tree (fs/mount.h: struct mount; include/linux/mount.h: struct vfsmount).
import type { Dentry } from "../dentry.ts";
import type { IdMap } from "../idmap.ts";
import type { Path } from "../path.ts";
import type { SuperBlock } from "../superblock.ts";

/** What a mount forbids, beside what its superblock forbids: MNT_READONLY and the like. */
export interface MountFlags {
  readOnly: boolean;
  noexec: boolean;
  nosuid: boolean;
  nodev: boolean;
  noatime: boolean;
  nodiratime: boolean;
  relatime: boolean;
  nosymfollow: boolean;
}

export class Mount {
  readonly sb: SuperBlock;
  readonly root: Dentry;
  /** Where it is mounted: null for the first root, for kernel-internal mounts and after a lazy umount. */
  mountpoint: Path | null;
  readonly flags: MountFlags;
  /** Owners show as others through it: see IdMap. null: as they are. */
  readonly idmap: IdMap | null;
  /** Whether it is part of the tree that processes see. Private mounts of the kernel (overlay layers) are not. */
  attached: boolean;
  /** Mounts on dentries of this mount; the last one on a dentry is the one that shows. */
  readonly children = new Map<Dentry, Mount>();
  /** Taken out of the tree by a lazy umount; it ends with its last holder. */
  detached = false;
  /** Open files, mappings and working directories that keep it busy. */
  pins = 0;
  /** Files open for writing through this mount (mnt_writers). */
  writers = 0;

  constructor(
    sb: SuperBlock,
    root: Dentry,
    mountpoint: Path | null,
    flags: MountFlags,
    attached = true,
    idmap: IdMap | null = null,
  ) {
    this.sb = sb;
    this.root = root;
    this.mountpoint = mountpoint;
    this.flags = flags;
    this.attached = attached;
    this.idmap = idmap;
  }
}
