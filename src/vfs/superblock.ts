// A mounted instance of a file system (include/linux/fs.h: struct super_block).
import type { Dentry } from "./dentry.ts";
import type { FileSystem } from "./filesystem.ts";
import type { FsType } from "./fstype.ts";
import type { Inode } from "./inode.ts";
import type { Disk } from "./native/disk.ts";
import type { Vfs } from "./vfs.ts";

export interface SuperBlockFlags {
  /** SB_RDONLY. */
  readOnly: boolean;
  /** SB_I_VERSION: changes of inodes are counted. */
  iversion: boolean;
  /** SB_I_NOEXEC: nothing in it can be run (proc, sysfs, securityfs…). */
  noexec: boolean;
  /** SB_NOSUID, where the file system itself refuses set-ID programs. */
  nosuid: boolean;
  /** SB_I_IMA_UNVERIFIABLE_SIGNATURE. */
  unverifiableSignature: boolean;
  /** SB_I_UNTRUSTED_MOUNTER. */
  untrustedMounter: boolean;
  /** FS_IOC_ENABLE_VERITY is offered (on ext4: a feature of the disk). */
  verity: boolean;
  /** SB_I_EVM_HMAC_UNSUPPORTED (6.10), SB_I_EVM_UNSUPPORTED (6.8, 6.9). */
  evmHmacUnsupported: boolean;
  /** SB_POSIXACL. */
  posixAcl: boolean;
  /** SB_LAZYTIME, SB_NOATIME, SB_NODIRATIME. */
  lazytime: boolean;
  noatime: boolean;
  nodiratime: boolean;
  /** SB_SYNCHRONOUS, SB_DIRSYNC, SB_MANDLOCK: shown by statfs only. */
  synchronous: boolean;
  mandlock: boolean;
}

export interface SuperBlockInit {
  readonly type: FsType;
  readonly uuid: Uint8Array;
  readonly id: string;
  readonly dev: { readonly major: number; readonly minor: number };
  readonly subtype?: string | null;
  readonly flags: SuperBlockFlags;
  readonly initialUserNs?: boolean;
  readonly disk?: Disk | null;
  /** Its inodes have extended attributes. */
  readonly xattr: boolean;
  readonly fs: FileSystem;
  /** Device number that stat shows, where it is not that of the superblock (btrfs). */
  readonly statDev?: { readonly major: number; readonly minor: number };
}

export class SuperBlock {
  readonly vfs: Vfs;
  readonly type: FsType;
  readonly magic: number;
  /** 16 bytes, all zero where the file system has none. */
  readonly uuid: Uint8Array;
  /** s_id, as audit's dev= prints it. */
  readonly id: string;
  readonly dev: { readonly major: number; readonly minor: number };
  readonly statDev: { readonly major: number; readonly minor: number };
  readonly subtype: string | null;
  readonly flags: SuperBlockFlags;
  /** Whether the superblock belongs to the initial user namespace. */
  readonly initialUserNs: boolean;
  readonly disk: Disk | null;
  /** Its inodes have extended attributes (s_xattr). */
  readonly xattr: boolean;
  /** How this file system carries out operations. */
  readonly fs: FileSystem;
  /** Inodes in memory, by number. */
  readonly inodes = new Map<number, Inode>();
  /** The next number of a file system that counts up; the lowest number that may be free of one that reuses them. */
  nextIno: number;
  /** Files open for writing through any of its mounts. */
  writers = 0;
  lowestFree: number;
  /** The allocation group of xfs for the next directory (m_agirotor). */
  directoryGroup = 0;
  /** Minor numbers that it holds beside its own (an overlay: one for each file system of its layers). */
  reservedMinors: readonly number[] = [];
  /** Mounts that show it, private ones included. */
  mounts = 0;
  /** Set right after construction: a superblock is never seen without its root. */
  root!: Dentry;

  constructor(vfs: Vfs, init: SuperBlockInit) {
    this.vfs = vfs;
    this.type = init.type;
    this.magic = init.type.magic;
    this.uuid = init.uuid;
    this.id = init.id;
    this.dev = init.dev;
    this.statDev = init.statDev ?? init.dev;
    this.subtype = init.subtype ?? null;
    this.flags = init.flags;
    this.initialUserNs = init.initialUserNs ?? true;
    this.disk = init.disk ?? null;
    this.xattr = init.xattr;
    this.fs = init.fs;
    this.nextIno = init.type.firstIno;
    this.lowestFree = init.type.firstIno;
  }
}
