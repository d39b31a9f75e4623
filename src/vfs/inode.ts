// A file in memory: attributes, counts of who has it open, and what its file system keeps for it (include/linux/fs.h: struct inode).
import type { Denial } from "../errno/index.ts";
import type { PosixAcl } from "./acl.ts";
import type { Content } from "./content.ts";
import type { Dentry } from "./dentry.ts";
import { IVersion } from "./iversion.ts";
import type { FileMapping } from "./mapping.ts";
import type { OverlayInode } from "./overlay/inode.ts";
import type { Path } from "./path.ts";
import type { GeneratedFile } from "./pseudo/file-system.ts";
import type { SuperBlock } from "./superblock.ts";
import type { Subject } from "./task.ts";
import { S } from "./uapi.ts";
import type { Verity } from "./verity.ts";
import type { XattrPlaces } from "./xattr/layout.ts";

/** What a new inode starts as. */
export interface InodeInit {
  readonly ino: number;
  readonly generation: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  /** Seconds since the epoch, fractions allowed, for atime, mtime and ctime. */
  readonly time: number;
  readonly iversion?: IVersion;
  readonly rdev?: { readonly major: number; readonly minor: number };
}

const NO_DEVICE = { major: 0, minor: 0 } as const;

export class Inode {
  readonly sb: SuperBlock;
  readonly ino: number;
  /** Under which it stands among the inodes of its superblock: its number, but on overlay. */
  key: number;
  generation: number;
  /** Type and permission bits, as in st_mode. */
  mode: number;
  uid: number;
  gid: number;
  nlink: number;
  /** Seconds since the epoch, fractions allowed. */
  atime: number;
  mtime: number;
  ctime: number;
  /** Device number of a device node. */
  readonly rdev: { readonly major: number; readonly minor: number };
  readonly iversion: IVersion;

  /** Extended attributes by full name, POSIX ACLs included, in the order in which the file system lists them. */
  readonly xattrs = new Map<string, Uint8Array>();
  /** Where the file system keeps them, once it had to decide. */
  xattrPlaces: XattrPlaces | null = null;
  /** The parsed ACLs; null where there is none. */
  accessAcl: PosixAcl | null = null;
  defaultAcl: PosixAcl | null = null;

  /** FS_IMMUTABLE_FL, FS_APPEND_FL, FS_NODUMP_FL, FS_NOATIME_FL, FS_NOCOW_FL. */
  immutable = false;
  appendOnly = false;
  nodump = false;
  noatime = false;
  nocow = false;

  /** i_readcount: files open for reading only. */
  readCount = 0;
  /** i_writecount: above zero writers, below zero holders of a write denial (running programs). */
  writeCount = 0;
  /** i_mmap_writable: shared mappings that may be written to, now or after mprotect. */
  sharedWritableMaps = 0;
  /** Mappings of it; null if there has been none. */
  mappings: Set<FileMapping> | null = null;
  /** What was stored to the last page beyond the end of the file: seen by mappings until the page is written or the file grows. */
  beyondEnd: { readonly size: number; readonly bytes: Uint8Array } | null = null;
  /** Written to since the last writeback. */
  dirty = false;
  /** Cut short since the last close of a writer (XFS_ITRUNCATED). */
  truncated = false;
  /** Open files, O_PATH included. */
  openFiles = 0;
  /** Names of it in memory. */
  dentries = 0;
  /** Files of overlays that stand on it. */
  overlays = 0;
  /** I_LINKABLE: has no name, but linkat may give it one (O_TMPFILE without O_EXCL). */
  linkable = false;
  /** Out of memory: evicted or deleted, the object is not to be used any more. */
  freed = false;

  /** fs-verity, where it is enabled. */
  verity: Verity | null = null;

  /** Bytes of a regular file that has bytes of its own. */
  content: Content | null = null;
  /** Names in a directory that has names of its own: numbers of inodes of the same superblock. */
  entries: Map<string, number> | null = null;
  /** Target of a symbolic link. */
  target: string | null = null;
  /** Where a link of /proc leads a task: to a file whatever its name says (fs/namei.c: nd_jump_link), to a name, or nowhere. */
  jump: ((task: Subject) => Path | string | null) | null = null;
  /** Who may do what, where a pseudo file decides that by itself. */
  permission: ((task: Subject, mask: number) => Denial) | null = null;
  /** Adds the name of a pseudo directory whose names come into being when they are looked up, as /proc/<pid>/fd. */
  findName: ((directory: Dentry, name: string) => void) | null = null;
  /** What waits in a named pipe. */
  queue: Uint8Array | null = null;
  /** What a pseudo file answers with. */
  generated: GeneratedFile | null = null;
  /** The files under an overlay's file. */
  overlay: OverlayInode | null = null;

  constructor(sb: SuperBlock, init: InodeInit) {
    this.sb = sb;
    this.ino = init.ino;
    this.key = init.ino;
    this.generation = init.generation;
    this.mode = init.mode;
    this.uid = init.uid;
    this.gid = init.gid;
    this.nlink = init.nlink;
    this.atime = init.time;
    this.mtime = init.time;
    this.ctime = init.time;
    this.iversion = init.iversion ?? new IVersion(sb.type.firstIversion, false);
    this.rdev = init.rdev ?? NO_DEVICE;
  }

  get type(): number {
    return this.mode & S.IFMT;
  }
  get isRegular(): boolean {
    return (this.mode & S.IFMT) === S.IFREG;
  }
  get isDirectory(): boolean {
    return (this.mode & S.IFMT) === S.IFDIR;
  }
  get isSymlink(): boolean {
    return (this.mode & S.IFMT) === S.IFLNK;
  }
  get isFifo(): boolean {
    return (this.mode & S.IFMT) === S.IFIFO;
  }
  get isSocket(): boolean {
    return (this.mode & S.IFMT) === S.IFSOCK;
  }
  /** A character or block device node. */
  get isDevice(): boolean {
    const type = this.mode & S.IFMT;
    return type === S.IFCHR || type === S.IFBLK;
  }

  /** i_size in bytes. */
  get size(): number {
    if (this.content !== null) return this.content.size;
    return this.sb.fs.size(this);
  }

  /** !(i_opflags & IOP_XATTR): the file system has no xattr handlers at all. */
  get noXattr(): boolean {
    return !this.sb.xattr;
  }

  /** The bytes of a regular file: a view, valid until the next change; empty for everything else. */
  bytes(): Uint8Array {
    return this.sb.fs.content(this)?.bytes() ?? EMPTY;
  }
}

const EMPTY = new Uint8Array(0);
