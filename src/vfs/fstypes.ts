// The file systems that exist here and what each supports: one row a type (fs/*/super.c: struct file_system_type and what fill_super
// sets; magic numbers of include/uapi/linux/magic.h). Behaviour that differs is read from the row, never decided by a name.

/** Name spaces of extended attributes; "acl" stands for system.posix_acl_*. */
export type XattrNamespace = "user" | "trusted" | "security" | "acl";

/** Where attributes are kept, which decides their order in listxattr and how many fit (src/vfs/xattr-layout.ts). */
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
  /** RENAME_EXCHANGE and RENAME_WHITEOUT; NOREPLACE is everywhere. */
  readonly renameFlags: boolean;
  readonly fallocate: "full" | "plain" | null;
  /** FS_IOC_SETFLAGS: which attributes can be set. */
  readonly attributes: readonly ("immutable" | "append" | "noatime" | "nodump" | "nocow")[];
  /** FS_IOC_SETVERSION. */
  readonly setVersion: boolean;
  /** Its pages are write-protected until a store faults (page_mkwrite or dirty accounting), so that msync re-arms the fault. */
  readonly tracksDirtyPages: boolean;
  /** A change of the whole inode's record counts: when attributes are written, and which ones. See notes in setattr. */
  readonly iversionOnSetattr: "always" | "log" | "none";
  /** A truncation to the present length counts as no change. */
  readonly skipsSameSize: boolean;
  /** Linking, unlinking and renaming count as changes of the file itself. */
  readonly iversionOnNames: boolean;
  readonly unverifiableSignature: boolean;
  readonly evmHmacUnsupported: boolean;
  readonly maxBytes: number;
  readonly maxLinks: number;
  /** Inodes stay in memory for as long as the file exists. */
  readonly inMemory: boolean;
}

const MEMORY_XATTR = { xattr: true, namespaces: ["security", "trusted", "user", "acl"], layout: "memory" } as const;
const NO_XATTR = { xattr: false, namespaces: [], layout: "none" } as const;

const BASE: Omit<FsType, "name" | "magic"> = {
  device: false,
  engine: "native",
  ...NO_XATTR,
  iversion: false,
  acl: false,
  verity: null,
  generation: "none",
  uuid: "none",
  inodeNumbers: "counter",
  rootGeneration: 0,
  rootIno: 1,
  firstIno: 2,
  dirSize: { empty: 0, name: 0, perByte: 0 },
  noexec: false,
  nodev: false,
  single: false,
  directIo: null,
  tmpfile: false,
  hardLinks: true,
  symlinks: true,
  specialFiles: true,
  renameFlags: false,
  fallocate: null,
  attributes: [],
  setVersion: false,
  tracksDirtyPages: true,
  iversionOnSetattr: "none",
  skipsSameSize: false,
  iversionOnNames: false,
  unverifiableSignature: false,
  evmHmacUnsupported: false,
  maxBytes: 2 ** 53 - 1,
  maxLinks: 2 ** 32 - 1,
  inMemory: true,
};

/** A file system on a disk. */
const DISK = { device: true, uuid: "disk", directIo: "4.4", inMemory: false } as const;
/** A file system whose files are made up by the kernel. */
const PSEUDO = { engine: "pseudo", hardLinks: false, symlinks: true, specialFiles: false, single: true } as const;
/** One built on kernfs. */
const KERNFS = {
  ...PSEUDO,
  noexec: true,
  nodev: true,
  xattr: true,
  namespaces: ["trusted", "security"],
  layout: "memory",
} as const;

const EXT4: Omit<FsType, "name"> = {
  ...BASE,
  ...DISK,
  magic: 0xef53,
  xattr: true,
  namespaces: ["user", "trusted", "security", "acl"],
  layout: "ext4",
  iversion: true,
  acl: true,
  aclSymbol: "EXT4_FS_POSIX_ACL",
  verity: "feature",
  iversionAlwaysSince: "6.1",
  generation: "random",
  inodeNumbers: "lowest-free",
  rootIno: 2,
  firstIno: 12,
  dirSize: { empty: 4096, name: 0, perByte: 0 },
  tmpfile: true,
  renameFlags: true,
  fallocate: "full",
  attributes: ["immutable", "append", "noatime", "nodump"],
  setVersion: true,
  iversionOnSetattr: "always",
  skipsSameSize: true,
  maxBytes: 2 ** 44 - 2 ** 12,
  maxLinks: 65000,
};

const TMPFS: Omit<FsType, "name"> = {
  ...BASE,
  ...MEMORY_XATTR,
  magic: 0x01021994,
  userXattrSince: "6.6",
  iversion: true,
  iversionAlwaysSince: "6.1",
  acl: true,
  aclSymbol: "TMPFS_POSIX_ACL",
  xattrSymbol: "TMPFS_XATTR",
  generation: "random",
  uuid: "random",
  dirSize: { empty: 40, name: 20, perByte: 0 },
  directIo: "6.6",
  tmpfile: true,
  renameFlags: true,
  fallocate: "full",
  attributes: ["immutable", "append", "nodump", "noatime"],
  tracksDirtyPages: false,
  iversionOnSetattr: "always",
  skipsSameSize: true,
};

const RAMFS: Omit<FsType, "name"> = {
  ...BASE,
  magic: 0x858458f6,
  inodeNumbers: "global-counter",
  tmpfile: true,
  tracksDirtyPages: false,
};

const rows: readonly FsType[] = [
  { name: "ext4", ...EXT4 },
  { name: "ext3", ...EXT4, verity: null },
  { name: "ext2", ...EXT4, verity: null, iversion: false, fallocate: null, renameFlags: false, maxLinks: 32000 },
  {
    name: "xfs",
    ...BASE,
    ...DISK,
    magic: 0x58465342,
    xattr: true,
    namespaces: ["user", "trusted", "security", "acl"],
    layout: "xfs",
    iversion: true,
    acl: true,
    aclSymbol: "XFS_POSIX_ACL",
    generation: "random",
    inodeNumbers: "xfs",
    rootIno: 128,
    firstIno: 131,
    dirSize: { empty: 6, name: 8, perByte: 1 },
    tmpfile: true,
    renameFlags: true,
    fallocate: "full",
    attributes: ["immutable", "append", "noatime", "nodump"],
    iversionOnSetattr: "log",
    maxBytes: 2 ** 53 - 1,
    maxLinks: 2 ** 31 - 1,
  },
  {
    name: "btrfs",
    ...BASE,
    ...DISK,
    magic: 0x9123683e,
    xattr: true,
    namespaces: ["user", "trusted", "security", "acl"],
    layout: "btrfs",
    iversion: true,
    acl: true,
    aclSymbol: "BTRFS_FS_POSIX_ACL",
    verity: "always",
    generation: "transaction",
    rootGeneration: 3,
    rootIno: 256,
    firstIno: 257,
    dirSize: { empty: 0, name: 0, perByte: 2 },
    tmpfile: true,
    renameFlags: true,
    fallocate: "plain",
    attributes: ["immutable", "append", "noatime", "nodump", "nocow"],
    iversionOnSetattr: "always",
    maxLinks: 65535,
  },
  {
    name: "f2fs",
    ...BASE,
    ...DISK,
    magic: 0xf2f52010,
    xattr: true,
    namespaces: ["user", "trusted", "security", "acl"],
    layout: "memory",
    acl: true,
    verity: "feature",
    generation: "random",
    rootIno: 3,
    firstIno: 4,
    dirSize: { empty: 3488, name: 0, perByte: 0 },
    tmpfile: true,
    renameFlags: true,
    fallocate: "full",
    attributes: ["immutable", "append", "noatime", "nodump"],
  },
  {
    name: "vfat",
    ...BASE,
    ...DISK,
    magic: 0x4d44,
    uuid: "none",
    rootIno: 1,
    firstIno: 2,
    dirSize: { empty: 2048, name: 0, perByte: 0 },
    hardLinks: false,
    symlinks: false,
    specialFiles: false,
    fallocate: null,
    maxBytes: 2 ** 32 - 1,
  },
  {
    name: "exfat",
    ...BASE,
    ...DISK,
    magic: 0x2011bab0,
    uuid: "disk",
    hardLinks: false,
    symlinks: false,
    specialFiles: false,
    dirSize: { empty: 4096, name: 0, perByte: 0 },
  },
  {
    name: "iso9660",
    ...BASE,
    ...DISK,
    magic: 0x9660,
    uuid: "none",
    dirSize: { empty: 2048, name: 0, perByte: 0 },
  },
  {
    name: "squashfs",
    ...BASE,
    ...DISK,
    magic: 0x73717368,
    uuid: "none",
    xattr: true,
    namespaces: ["user", "trusted", "security"],
    layout: "memory",
    dirSize: { empty: 3, name: 0, perByte: 0 },
  },
  {
    name: "erofs",
    ...BASE,
    ...DISK,
    magic: 0xe0f5e1e2,
    xattr: true,
    namespaces: ["user", "trusted", "security", "acl"],
    layout: "memory",
    acl: true,
    dirSize: { empty: 4096, name: 0, perByte: 0 },
  },
  { name: "tmpfs", ...TMPFS },
  { name: "devtmpfs", ...TMPFS, single: true },
  { name: "ramfs", ...RAMFS },
  {
    name: "hugetlbfs",
    ...BASE,
    magic: 0x958458f6,
    inodeNumbers: "global-counter",
    tmpfile: true,
    tracksDirtyPages: false,
    fallocate: "plain",
  },
  {
    name: "overlay",
    ...BASE,
    engine: "overlay",
    magic: 0x794c7630,
    xattr: true,
    namespaces: ["user", "trusted", "security", "acl"],
    acl: true,
    directIo: "4.4",
    tmpfile: true,
    tmpfileSince: "6.10",
    renameFlags: true,
    fallocate: "full",
    attributes: ["immutable", "append", "noatime", "nodump"],
    evmHmacUnsupported: true,
    inMemory: false,
  },
  {
    name: "fuse",
    ...BASE,
    magic: 0x65735546,
    xattr: true,
    namespaces: ["user", "trusted", "security", "acl"],
    layout: "memory",
    acl: true,
    directIo: "4.4",
    tmpfile: true,
    renameFlags: true,
    unverifiableSignature: true,
    fallocate: "plain",
  },
  {
    name: "nfs",
    ...BASE,
    magic: 0x6969,
    xattr: true,
    namespaces: ["user", "security"],
    layout: "memory",
    directIo: "4.4",
    dirSize: { empty: 4096, name: 0, perByte: 0 },
  },
  {
    name: "cifs",
    ...BASE,
    magic: 0xff534d42,
    xattr: true,
    namespaces: ["user", "security"],
    layout: "memory",
    directIo: "4.4",
  },
  {
    name: "9p",
    ...BASE,
    magic: 0x01021997,
    xattr: true,
    namespaces: ["user", "trusted", "security"],
    layout: "memory",
  },
  {
    name: "proc",
    ...BASE,
    ...PSEUDO,
    magic: 0x9fa0,
    inodeNumbers: "global-counter",
    noexec: true,
    nodev: true,
  },
  { name: "sysfs", ...BASE, ...KERNFS, magic: 0x62656572 },
  { name: "cgroup", ...BASE, ...KERNFS, magic: 0x27e0eb, namespaces: ["trusted", "security"] },
  { name: "cgroup2", ...BASE, ...KERNFS, magic: 0x63677270, namespaces: ["trusted", "security", "user"] },
  { name: "securityfs", ...BASE, ...PSEUDO, magic: 0x73636673, inodeNumbers: "global-counter" },
  { name: "debugfs", ...BASE, ...PSEUDO, magic: 0x64626720, inodeNumbers: "global-counter" },
  { name: "tracefs", ...BASE, ...PSEUDO, magic: 0x74726163, inodeNumbers: "global-counter" },
  { name: "selinuxfs", ...BASE, ...PSEUDO, magic: 0xf97cff8c, inodeNumbers: "global-counter" },
  { name: "smackfs", ...BASE, ...PSEUDO, magic: 0x43415d53, inodeNumbers: "global-counter" },
  { name: "efivarfs", ...BASE, ...PSEUDO, magic: 0xde5e81e4, uuid: "none" },
  { name: "pstore", ...BASE, ...PSEUDO, magic: 0x6165676c, inodeNumbers: "global-counter" },
  { name: "configfs", ...BASE, ...PSEUDO, magic: 0x62656570, inodeNumbers: "global-counter" },
  { name: "bpf", ...BASE, ...PSEUDO, magic: 0xcafe4a11, single: false, inodeNumbers: "global-counter" },
  { name: "mqueue", ...BASE, ...PSEUDO, magic: 0x19800202, inodeNumbers: "global-counter" },
  { name: "binfmt_misc", ...BASE, ...PSEUDO, magic: 0x42494e4d, noexec: true, nodev: true },
  { name: "devpts", ...BASE, ...PSEUDO, magic: 0x1cd1, single: false },
  { name: "nsfs", ...BASE, ...PSEUDO, magic: 0x6e736673, rootIno: 0xf000_0000, firstIno: 0xf000_0001 },
  { name: "pipefs", ...BASE, ...PSEUDO, magic: 0x50495045, inodeNumbers: "global-counter" },
  { name: "sockfs", ...BASE, ...PSEUDO, magic: 0x534f434b, inodeNumbers: "global-counter" },
];

export const FS_TYPES: ReadonlyMap<string, FsType> = new Map(rows.map((row) => [row.name, row]));

/** The first root: tmpfs or ramfs under a name of its own (init/do_mounts.c: rootfs_fs_type). */
export function rootfsType(kind: "tmpfs" | "ramfs"): FsType {
  return { ...FS_TYPES.get(kind)!, name: "rootfs" };
}
