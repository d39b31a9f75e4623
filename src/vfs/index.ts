export { type AclEntry, encodeAcl, type PosixAcl, parseAcl } from "./acl.ts";
export { Content } from "./content.ts";
export { Dentry } from "./dentry.ts";
export { Disk, type DiskFile, type DiskInit } from "./disk.ts";
export { OpenFile } from "./file.ts";
export type { NewInodeHint } from "./filesystem.ts";
export { FS_TYPES, type FsType } from "./fstypes.ts";
export { Inode } from "./inode.ts";
export { changeCookie, hasIversion, metadataInode, queryIversion, readXattr, realInode } from "./inode-access.ts";
export { FileMapping } from "./mapping.ts";
export { Mount, type MountFlags } from "./mount.ts";
export { absolutePath, dentryPath, displayPath } from "./names.ts";
export type { Path } from "./path.ts";
export { addPseudoDirectory, addPseudoFile, addPseudoSymlink, type GeneratedFile, removePseudo } from "./pseudo.ts";
export {
  type AttributeChange,
  type Binprm,
  type CopyUpVerdict,
  type InitialXattr,
  type LoadId,
  MAY,
  type ReadId,
  type SecurityModule,
} from "./security.ts";
export type { Stat, StatFs } from "./stat.ts";
export { SuperBlock, type SuperBlockFlags } from "./superblock.ts";
export { CAPABILITIES, type Capability, type Credentials, capable, type Subject } from "./task.ts";
export { FALLOC, FS_FL, LIMIT, MNT, MS, O, PAGE_SIZE, PROT, RENAME, S, SEEK, XATTR } from "./uapi.ts";
export { VERITY_ALGORITHMS, type Verity, type VerityAlgorithm } from "./verity.ts";
export { type ProtectionSysctls, Vfs, type VfsOptions } from "./vfs.ts";
