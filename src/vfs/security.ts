// The hook points of the file system and what a security module may implement of them (include/linux/lsm_hook_defs.h).
// Modules stand in an ordered list; a deciding hook stops at the first refusal, a notifying hook reaches them all.
// The file system knows modules by this interface alone.
import type { Denial } from "../errno/index.ts";
import type { Dentry } from "./dentry.ts";
import type { OpenFile } from "./file.ts";
import type { Inode } from "./inode.ts";
import type { FileMapping } from "./mapping.ts";
import type { Path } from "./path.ts";
import type { Credentials, Subject } from "./task.ts";

/** A change of attributes, as notify_change receives it. Only the named ones change; ids are final values. */
export interface AttributeChange {
  /** The whole i_mode that it shall have, type bits included. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly atime?: number;
  readonly mtime?: number;
  readonly ctime?: number;
  /** utimens with both times "now": allowed to who may write. */
  readonly touch?: boolean;
  /** The times were given by the caller (ATTR_ATIME_SET, ATTR_MTIME_SET, ATTR_TIMES_SET): for the owner only. */
  readonly timesSet?: boolean;
  /** The file through which it is changed (ftruncate, fchmod), where there is one. */
  readonly file?: OpenFile;
  /** The kernel itself strips set-ID bits (ATTR_KILL_SUID, ATTR_KILL_SGID, ATTR_KILL_PRIV): no permission is asked. */
  readonly kill?: boolean;
}

/** A program on its way to run: struct linux_binprm. */
export interface Binprm {
  /** The file being looked at now: the script first, then its interpreter. */
  readonly file: OpenFile;
  /** The name given by the caller, and the one of the current file. */
  readonly filename: string;
  readonly interp: string;
  /** The credentials that the program will have, as far as they are computed at this point. */
  readonly cred: Credentials;
  /** The label that it will run with; a module may give it another one. null without labels. */
  label: string | null;
  /** execveat with AT_EXECVE_CHECK: nothing will run. */
  readonly checkOnly: boolean;
}

/** Why the kernel reads a whole file: enum kernel_read_file_id (include/linux/kernel_read_file.h). */
export type ReadId =
  | "unknown"
  | "firmware"
  | "kernel-module"
  | "kexec-image"
  | "kexec-initramfs"
  | "security-policy"
  | "x509-certificate";
/** Why data is loaded: enum kernel_load_data_id. */
export type LoadId = ReadId;

/** An xattr that a module gives a new inode; the name is complete. */
export interface InitialXattr {
  readonly name: string;
  readonly value: Uint8Array;
}

/** Access bits of mask arguments: MAY_* of include/linux/fs.h. */
export const MAY = {
  EXEC: 1,
  WRITE: 2,
  READ: 4,
  APPEND: 8,
  ACCESS: 0x10,
  OPEN: 0x20,
  CHDIR: 0x40,
  NOT_BLOCK: 0x80,
} as const;

/** What becomes of an xattr when an overlay copies its file up. */
export type CopyUpVerdict = "copy" | "discard";

export interface SecurityModule {
  /** As it stands in /sys/kernel/security/lsm. */
  readonly name: string;

  // Names and permission
  inodePermission?(task: Subject, inode: Inode, mask: number): Denial;
  inodeCreate?(task: Subject, dir: Inode, name: string, mode: number): Denial;
  inodeLink?(task: Subject, from: Dentry, dir: Inode, name: string): Denial;
  inodeUnlink?(task: Subject, dir: Inode, dentry: Dentry): Denial;
  /** `target`: what has the new name now. */
  inodeRename?(
    task: Subject,
    fromDir: Inode,
    from: Dentry,
    toDir: Inode,
    toName: string,
    target: Dentry | null,
  ): Denial;
  inodeGetattr?(task: Subject, path: Path): Denial;

  // New inodes
  /** May add xattrs to `xattrs`; sees those of the modules before it. */
  inodeInitSecurity?(task: Subject, inode: Inode, dir: Inode, name: string, xattrs: InitialXattr[]): Denial;
  inodePostCreateTmpfile?(task: Subject, inode: Inode): void;
  pathPostMknod?(task: Subject, path: Path): void;
  /** The inode leaves memory: deleted, evicted, or its file system unmounted. Drop what hangs on it. */
  inodeFree?(inode: Inode): void;

  // Open files
  /** do_dentry_open, after DAC, before the file system's own open. */
  fileOpen?(task: Subject, file: OpenFile): Denial;
  /** After the file system's own open, before truncation. `mask` is the access asked for, as MAY bits. */
  filePostOpen?(task: Subject, file: OpenFile, mask: number): Denial;
  /** Last close, before write access is dropped. */
  fileRelease?(task: Subject, file: OpenFile): void;
  filePermission?(task: Subject, file: OpenFile, mask: number): Denial;
  fileTruncate?(task: Subject, file: OpenFile): Denial;
  pathTruncate?(task: Subject, path: Path): Denial;

  // Mappings. `reqprot` is what was asked for, `prot` what READ_IMPLIES_EXEC makes of it (PROT bits).
  mmapFile?(task: Subject, file: OpenFile | null, reqprot: number, prot: number, shared: boolean): Denial;
  fileMprotect?(task: Subject, mapping: FileMapping, reqprot: number, prot: number): Denial;

  // Programs
  bprmCredsForExec?(task: Subject, bprm: Binprm): Denial;
  bprmCheck?(task: Subject, bprm: Binprm): Denial;
  bprmCredsFromFile?(task: Subject, bprm: Binprm): Denial;

  // Attributes
  inodeSetattr?(task: Subject, path: Path, change: AttributeChange): Denial;
  inodePostSetattr?(task: Subject, path: Path, change: AttributeChange): void;
  inodeSetxattr?(task: Subject, path: Path, name: string, value: Uint8Array, flags: number): Denial;
  inodePostSetxattr?(task: Subject, path: Path, name: string, value: Uint8Array): void;
  inodeGetxattr?(task: Subject, path: Path, name: string): Denial;
  /** What the module itself answers for a security attribute, whatever is stored. null: nothing, so that the stored value counts. */
  inodeGetsecurity?(inode: Inode, name: string): Uint8Array | null;
  /** A security attribute is set on a file whose file system has none. null: taken, in memory; EOPNOTSUPP: not the module's name. */
  inodeSetsecurity?(inode: Inode, name: string, value: Uint8Array): Denial;
  /** Names of labels that the module keeps for every file, stored or not: for file systems that leave their listing to it. null: none. */
  inodeListsecurity?(): readonly string[] | null;
  inodeRemovexattr?(task: Subject, path: Path, name: string): Denial;
  inodePostRemovexattr?(task: Subject, path: Path, name: string): void;
  /** POSIX ACLs, on releases with "acl-hooks"; earlier ones use the xattr hooks. `value` is the xattr form. */
  inodeSetAcl?(task: Subject, path: Path, name: string, value: Uint8Array): Denial;
  inodePostSetAcl?(task: Subject, path: Path, name: string, value: Uint8Array): void;
  inodeGetAcl?(task: Subject, path: Path, name: string): Denial;
  inodeRemoveAcl?(task: Subject, path: Path, name: string): Denial;
  inodePostRemoveAcl?(task: Subject, path: Path, name: string): void;
  /** Overlay copy-up of one xattr of `source` (a file of a lower layer). null: no opinion; an errno aborts the copy-up. */
  inodeCopyUpXattr?(
    task: Subject,
    source: Path,
    name: string,
  ): CopyUpVerdict | { readonly errno: NonNullable<Denial> } | null;

  // Whole-file reads and loads by the kernel
  /** `whole`: the caller reads all of it into one buffer, so kernelPostReadFile follows. */
  kernelReadFile?(task: Subject, file: OpenFile | null, id: ReadId, whole: boolean): Denial;
  kernelPostReadFile?(task: Subject, file: OpenFile | null, bytes: Uint8Array, id: ReadId): Denial;
  kernelLoadData?(task: Subject, id: LoadId, contents: boolean): Denial;
  kernelPostLoadData?(task: Subject, bytes: Uint8Array, id: LoadId, description: string): Denial;
}
