// The names that user space gives to the flags of its system calls.
import { FALLOC, MNT, MS, O, PROT, RENAME, S, SEEK, XATTR } from "../vfs/index.ts";

const named = <P extends string, T extends Readonly<Record<string, number>>>(prefix: P, table: T) =>
  Object.fromEntries(Object.entries(table).map(([name, bit]) => [prefix + name, bit])) as {
    readonly [K in keyof T & string as `${P}${K}`]: number;
  };

export const OPEN = named("O_", O);
export const SEEK_FLAGS = named("SEEK_", SEEK);
export const PROT_FLAGS = named("PROT_", PROT);
export const XATTR_FLAGS = named("XATTR_", XATTR);
export const RENAME_FLAGS = named("RENAME_", RENAME);
export const FALLOC_FLAGS = named("FALLOC_FL_", FALLOC);
export const MOUNT_FLAGS = named("MS_", MS);
export const UMOUNT_FLAGS = named("MNT_", MNT);
export const TYPE_FLAGS = {
  S_IFREG: S.IFREG,
  S_IFIFO: S.IFIFO,
  S_IFCHR: S.IFCHR,
  S_IFBLK: S.IFBLK,
  S_IFSOCK: S.IFSOCK,
} as const;
/** Accepted by mmap and without a meaning here. */
export const MAP_FLAGS = {
  MAP_ANONYMOUS: 0x20,
  MAP_DENYWRITE: 0x800,
  MAP_EXECUTABLE: 0x1000,
  MAP_POPULATE: 0x8000,
} as const;
