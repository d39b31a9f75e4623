// What a file system supports, as a row says it (include/linux/fs.h: struct file_system_type, and what fill_super sets of a superblock).

/** Name spaces of extended attributes; "acl" stands for system.posix_acl_*. */
export type XattrNamespace = "user" | "trusted" | "security" | "acl";

/** Where attributes are kept, which decides their order in listxattr and how many fit (src/vfs/xattr/layout.ts). */
export type XattrLayout = "ext4" | "xfs" | "btrfs" | "memory" | "none";

/** How inode numbers are given out. */
export type InodeNumbers = "lowest-free" | "counter" | "global-counter" | "xfs";

export interface FsType {
  /** As in /proc/filesystems and as a policy's fsname= compares it. */
  readonly name: string;
  readonly magic: number;
  /** FS_REQUIRES_DEV: mounted from a disk, whose name is the s_id. */
  readonly device: boolean;
  /** Which engine carries it: bytes and names of its own, generated content, or layers of other file systems. */
  readonly engine: "native" | "pseudo" | "overlay";
  /** Whether it has xattr handlers at all (IOP_XATTR), and for which name spaces. */
  readonly xattr: boolean;
  readonly namespaces: readonly XattrNamespace[];
  readonly layout: XattrLayout;
  /** Handles user.* since this release only. */
  readonly userXattrSince?: string;
  /** SB_I_VERSION: counts changes of its inodes; always, or before a release only with the mount option `i_version`. */
  readonly iversion: boolean;
  readonly iversionAlwaysSince?: string;
  readonly acl: boolean;
  /** Kconfig symbols without which it has no ACLs, or no attributes at all. */
  readonly aclSymbol?: string;
  readonly xattrSymbol?: string;
  /** fs-verity: "feature" where the disk must be made for it. */
  readonly verity: "feature" | "always" | null;
  /** Asks by itself whether fs-verity forbids a new length (fsverity_prepare_setattr). */
  readonly verityKeepsSize?: boolean;
  readonly generation: "random" | "transaction" | "none";
  readonly uuid: "disk" | "random" | "none";
  readonly inodeNumbers: InodeNumbers;
  /** Generation of the root that mkfs makes. */
  readonly rootGeneration: number;
  /** Number of the root and of the first file made. */
  readonly rootIno: number;
  readonly firstIno: number;
  /** What stat shows as the size of an empty directory, and what one name adds: "per-name" counts bytes. */
  readonly dirSize: { readonly empty: number; readonly name: number; readonly perByte: number };
  /** SB_I_NOEXEC. */
  readonly noexec: boolean;
  /** SB_I_NODEV. */
  readonly nodev: boolean;
  /** One instance for all mounts (get_tree_single, kernfs). */
  readonly single: boolean;
  /** O_DIRECT opens are accepted (FMODE_CAN_ODIRECT), since which release. */
  readonly directIo: string | null;
  /** O_TMPFILE, and since which release. */
  readonly tmpfile: boolean;
  readonly tmpfileSince?: string;
  readonly hardLinks: boolean;
  readonly symlinks: boolean;
  readonly specialFiles: boolean;
  /** RENAME_EXCHANGE, and since which release. */
  readonly renameExchange: string | null;
  /** RENAME_WHITEOUT; NOREPLACE is everywhere. */
  readonly renameWhiteout: boolean;
  /** What rename answers where the directory to be replaced is not empty. */
  readonly fullTarget: "ENOTEMPTY" | "EEXIST";
  /** "holes": only those can be made, as in files without extents. */
  readonly fallocate: "full" | "plain" | "holes" | null;
  /** FS_IOC_SETFLAGS: which attributes can be set. */
  readonly attributes: readonly ("immutable" | "append" | "noatime" | "nodump" | "nocow")[];
  /** FS_IOC_SETVERSION. */
  readonly setVersion: boolean;
  /** Its pages are write-protected until a store faults (page_mkwrite or dirty accounting), so that msync re-arms the fault. */
  readonly tracksDirtyPages: boolean;
  /** A change of the whole inode's record counts: when attributes are written, and which ones. See notes in setattr. */
  readonly iversionOnSetattr: "always" | "log" | "none";
  /** i_version of a new inode. */
  readonly firstIversion: number;
  /** A new inode keeps the i_version of whatever inode was in its memory before. */
  readonly inheritsIversion: boolean;
  /** Every write counts, seen or not. */
  readonly iversionOnWrite: boolean;
  /** A truncation to the present length counts as no change. */
  readonly skipsSameSize: boolean;
  /** FS_ALLOW_IDMAP, and since when; null: its mounts cannot be idmapped. */
  readonly idmapSince: string | null;
  /** FS_IOC_GETFLAGS shows FS_EXTENT_FL, which no other file system takes. */
  readonly extentsFlag: boolean;
  /** An immutable file takes no change at all, not even of its flags while it stays immutable (ext4_ioctl_check_immutable). */
  readonly immutableIsFinal: boolean;
  /** The flags of a file with fs-verity are read with one that cannot be set, so that chattr is refused (btrfs_fileattr_get). */
  readonly verityBarsFlags: boolean;
  /** Linking, unlinking and renaming count as changes of the file itself. */
  readonly iversionOnNames: boolean;
  readonly unverifiableSignature: boolean;
  readonly evmHmacUnsupported: boolean;
  readonly maxBytes: number;
  readonly maxLinks: number;
  /** Inodes stay in memory for as long as the file exists. */
  readonly inMemory: boolean;
  /** i_size of files whose content the kernel makes up (sysfs: one page). */
  readonly generatedSize: number;
  /** KERNFS_ROOT_EXTRA_OPEN_PERM_CHECK: permission bits hold for everybody, CAP_DAC_OVERRIDE or not. */
  readonly modeBindsAll: boolean;
  /** A name that is not there cannot be made: looking it up is an error of its own (proc_lookup_de, proc_sys_lookup). */
  readonly missingForGood: boolean;
}
