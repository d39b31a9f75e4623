// What a file system does for the layer above it: the calls of inode_operations, file_operations and xattr handlers
// (include/linux/fs.h) as far as file systems differ. Permission, hooks and read-only checks are done before these are called.
import type { Denial, Result } from "../errno/index.ts";
import type { PosixAcl } from "./acl.ts";
import type { AttributeName } from "./chattr.ts";
import type { Content } from "./content.ts";
import type { Dentry } from "./dentry.ts";
import type { OpenFile } from "./file.ts";
import type { Inode } from "./inode.ts";
import type { Path } from "./path.ts";
import type { AttributeChange } from "./security.ts";
import type { Stat } from "./stat.ts";
import type { Subject } from "./task.ts";
import type { Vfs } from "./vfs.ts";

/** Numbers that the environment chooses for a new inode: a replay takes them from its recording. */
export interface InodeHint {
  readonly ino?: number;
  readonly generation?: number;
}

/** A file to be made. */
export interface NewNode {
  /** Type and permission bits. */
  readonly mode: number;
  readonly rdev?: { readonly major: number; readonly minor: number };
  /** Target of a symbolic link. */
  readonly target?: string;
  readonly hint?: InodeHint | undefined;
}

export interface FileSystem {
  /**
   * The file of that name; null if there is none, and one could be made. ESTALE: what is known of it and what is there do not go together
   * (overlay). ENOENT: there is none and never will be (proc).
   */
  lookup(vfs: Vfs, dir: Dentry, name: string): Inode | "ESTALE" | "ENOENT" | null;
  /** Names in a directory, in the order of getdents, without `.` and `..`. */
  list(vfs: Vfs, dir: Dentry): Iterable<string>;
  make(vfs: Vfs, task: Subject, dir: Dentry, name: string, node: NewNode): Result<Inode>;
  /** A file without a name: O_TMPFILE. */
  tmpfile(vfs: Vfs, task: Subject, dir: Dentry, node: NewNode): Result<Inode>;
  link(vfs: Vfs, task: Subject, from: Dentry, inode: Inode, dir: Dentry, name: string): Denial;
  /** A name made by link is looked up before it is used (overlay: it may turn out to be another inode). */
  readonly forgetsLinks?: boolean;
  unlink(vfs: Vfs, task: Subject, dentry: Dentry): Denial;
  rmdir(vfs: Vfs, task: Subject, dentry: Dentry): Denial;
  /** `target` is what the new name shows now, null if nothing. */
  rename(
    vfs: Vfs,
    task: Subject,
    from: Dentry,
    toDir: Dentry,
    toName: string,
    target: Dentry | null,
    flags: number,
  ): Denial;
  setattr(vfs: Vfs, task: Subject, dentry: Dentry, inode: Inode, change: AttributeChange): Denial;
  getattr(vfs: Vfs, dentry: Dentry, inode: Inode): Stat;
  /** Set-ID, xattr or ACL values as stored. ENODATA, EOPNOTSUPP. */
  getXattr(vfs: Vfs, inode: Inode, name: string): Result<Uint8Array>;
  /** `null` removes; flags are XATTR.CREATE and XATTR.REPLACE. */
  setXattr(
    vfs: Vfs,
    task: Subject,
    dentry: Dentry,
    inode: Inode,
    name: string,
    value: Uint8Array | null,
    flags: number,
  ): Denial;
  /** Where ACLs belong to more than one inode (overlay); missing: they are kept as attributes. */
  setAcl?(vfs: Vfs, task: Subject, path: Path, name: string, acl: PosixAcl | null): Denial;
  /** Whether this file can have an ACL, where that differs from file to file (overlay). */
  hasAcl?(inode: Inode): boolean;
  /** Where file attributes belong to more than one inode (overlay). */
  setFlags?(vfs: Vfs, task: Subject, path: Path, wanted: ReadonlyMap<AttributeName, boolean>): Denial;
  /** Names as listxattr gives them, unfiltered by permission. */
  listXattr(vfs: Vfs, inode: Inode): string[];
  /** Target of a symbolic link. */
  readlink(inode: Inode): string;
  /** Where access is decided by more than one inode (overlay); missing: mode bits, ACL and capabilities. */
  permission?(vfs: Vfs, task: Subject, inode: Inode, mask: number): Denial;
  /** The file system's own part of open, after the hook fileOpen. */
  open(vfs: Vfs, task: Subject, file: OpenFile): Denial;
  /** Last close, after the hook fileRelease. */
  release(vfs: Vfs, task: Subject, file: OpenFile): void;
  /** The open file of a layer that reads and writes go to (overlay); missing: the file itself. */
  realFile?(vfs: Vfs, task: Subject, file: OpenFile): Result<OpenFile>;
  /** Who acts on the layers (overlay): the task with the credentials of the mounter. */
  mounter?(task: Subject): Subject;
  /** After a write to the real file: take its attributes over. */
  afterWrite?(inode: Inode): void;
  /** Where the bytes of a regular file are; null if it has none of its own (generated). */
  content(inode: Inode): Content | null;
  /** i_size of what has no content: directories, links, pseudo files. */
  size(inode: Inode): number;
  /** The inode that holds data, or metadata, of this one: itself but on overlay. */
  realInode(dentry: Dentry, inode: Inode, metadata: boolean): Inode;
  /** An inode left memory (overlay: its layers' files are let go). */
  evicted?(inode: Inode): void;
  /** The last mount is gone (overlay: the layers are let go). */
  shutdown?(vfs: Vfs): void;
  /** An inode has no name, no holder and no place on a disk any more. */
  forget(vfs: Vfs, inode: Inode): void;
}
