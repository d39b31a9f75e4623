export { type AclEntry, encodeAcl, type PosixAcl, parseAcl } from "./acl.ts";
export { fallocate, fsync, sync } from "./allocate.ts";
export { chmod, chown, fchmod, fchown, type NewTimes, utimens } from "./attr.ts";
export { type AttributeName, chattr, setGeneration } from "./chattr.ts";
export { Content } from "./content.ts";
export { link, mkdir, mknod, symlink } from "./create.ts";
export { Dentry } from "./dentry.ts";
export { OpenFile } from "./file.ts";
export { closeFile } from "./file-open.ts";
export type { InodeHint } from "./filesystem.ts";
export type { FsType } from "./fstype.ts";
export { FS_TYPES, SYSFS_MAGIC, TMPFS_MAGIC } from "./fstypes.ts";
export { IdMap, INVALID_ID, ownersThrough, parseIdMap } from "./idmap.ts";
export { Inode } from "./inode.ts";
export {
  changeCookie,
  hasIversion,
  metadataInode,
  pathOf,
  queryIversion,
  readXattr,
  realInode,
} from "./inode-access.ts";
export { copyFileRange, lseek, pread, pwrite, read, readContent, readToEnd, write } from "./io.ts";
export { dropCaches, evictAll } from "./lifetime.ts";
export { FileMapping } from "./mapping.ts";
export { memfdCreate } from "./memfd.ts";
export { load, type MapRequest, type MemoryFault, mmap, mprotect, msync, munmap, store } from "./mmap.ts";
export { kernelMount } from "./mount/kernel-mount.ts";
export { Mount, type MountFlags } from "./mount/mount.ts";
export { type MountRequest, mount, moveMount, umount } from "./mount/mounting.ts";
export { lookupChild, type ResolveHow, resolve } from "./namei.ts";
export { absolutePath, dentryPath, displayPath, findAlias } from "./names.ts";
export { Disk, type DiskEntry, type DiskFile, type DiskInit } from "./native/disk.ts";
export { allowWriteAccess, denyWriteAccess, open, openByPath, openExec, openExecFile, openExecPath } from "./open.ts";
export type { Path } from "./path.ts";
export { genericPermission, inGroupOrCapable } from "./permission.ts";
export {
  addDeviceNode,
  addMagicLink,
  addPseudoDirectory,
  addPseudoFile,
  addPseudoPath,
  addPseudoSymlink,
  type GeneratedFile,
  removePseudo,
} from "./pseudo/file-system.ts";
export { getdents, readdir } from "./readdir.ts";
export { rmdir, unlink } from "./remove.ts";
export { rename } from "./rename.ts";
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
export { type Stat, type StatFs, stat, statFile, statfs } from "./stat.ts";
export { SuperBlock, type SuperBlockFlags } from "./superblock.ts";
export { CAPABILITIES, type Capability, type Credentials, capable, type Subject } from "./task.ts";
export { ftruncate, truncate } from "./truncate.ts";
export { FALLOC, FS_FL, LIMIT, MNT, MS, O, PAGE_SIZE, PROT, RENAME, S, SEEK, XATTR } from "./uapi.ts";
export { randomUuid } from "./uuid.ts";
export {
  merkleRoot,
  VERITY_ALGORITHMS,
  type Verity,
  type VerityAlgorithm,
  type VerityParameters,
  verityDigest,
  verityEnable,
  verityMeasure,
} from "./verity.ts";
export { type ProtectionSysctls, topOf, Vfs, type VfsOptions } from "./vfs.ts";
export { getxattr, listxattr, removeXattrNoPerm, removexattr, setXattrNoPerm, setxattr } from "./xattr/xattr.ts";
