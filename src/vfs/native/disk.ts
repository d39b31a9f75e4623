// A disk: files that outlive a mount. In memory there are inodes only while it is mounted; what is stored here is what the next
// mount finds. i_version is stored as it stands, and counts as seen when it is loaded (fs/ext4/inode.c: ext4_inode_set_iversion_queried).
import { InputError } from "../../errno/index.ts";
import type { ArchiveEntry } from "../../formats/index.ts";
import { type PosixAcl, parseAcl } from "../acl.ts";
import { Content } from "../content.ts";
import type { FsType } from "../fstype.ts";
import { FS_TYPES } from "../fstypes.ts";
import { Inode } from "../inode.ts";
import { IVersion } from "../iversion.ts";
import type { SuperBlock } from "../superblock.ts";
import { S } from "../uapi.ts";
import type { Verity } from "../verity.ts";
import { placeOffline, type XattrPlaces } from "../xattr/layout.ts";
import { namespaceOf } from "../xattr/names.ts";

/** A regular file that a disk holds from the beginning. */
export interface DiskFile {
  /** From the root of the disk, `/f`; directories are made as needed. */
  readonly type?: "file";
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Permission bits; 0644 if not given. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly generation?: number;
  readonly xattrs?: Iterable<readonly [name: string, value: Uint8Array]>;
}

/** A file, or anything else that an archive may hold. */
export type DiskEntry = DiskFile | ArchiveEntry;

export interface DiskInit {
  readonly fstype: string;
  /** 16 bytes. */
  readonly uuid: Uint8Array;
  /** Name of the block device: `ubdc`. */
  readonly id: string;
  readonly dev: { readonly major: number; readonly minor: number };
  /** Made with fs-verity support (mkfs.ext4 -O verity). */
  readonly verity?: boolean;
  /** ext4's metadata_csum: inode generations cannot be chosen then. Off if not given. */
  readonly metadataChecksums?: boolean;
  /** Files in the order in which they are written; inode numbers follow it. */
  readonly files?: readonly DiskEntry[];
  /** Seconds since the epoch: the times of what is on it. */
  readonly time?: number;
}

interface StoredInode {
  readonly ino: number;
  readonly generation: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  readonly atime: number;
  readonly mtime: number;
  readonly ctime: number;
  readonly rdev: { readonly major: number; readonly minor: number };
  readonly iversion: number;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  readonly attributes: readonly [
    immutable: boolean,
    append: boolean,
    nodump: boolean,
    noatime: boolean,
    nocow: boolean,
  ];
  readonly places: XattrPlaces | null;
  readonly verity: Verity | null;
  readonly content: Content | null;
  readonly entries: Map<string, number> | null;
  readonly target: string | null;
}

export class Disk {
  readonly type: FsType;
  readonly uuid: Uint8Array;
  readonly id: string;
  readonly dev: { readonly major: number; readonly minor: number };
  readonly verity: boolean;
  readonly metadataChecksums: boolean;
  /** What is on it, by inode number. While mounted, inodes in memory are newer. */
  readonly inodes = new Map<number, StoredInode>();
  /** The superblock while it is mounted. */
  superblock: SuperBlock | null = null;
  /** Transactions so far (btrfs takes them as generations). */
  transaction: number;
  /** All inode numbers before this one are taken. */
  #free: number;

  /** @throws InputError `bad-disk` for an unknown file system, a UUID of the wrong length, and files that contradict each other. */
  constructor(init: DiskInit) {
    const type = FS_TYPES.get(init.fstype);
    if (type === undefined || !type.device)
      throw new InputError("bad-disk", `disk ${init.id}`, `${init.fstype} is not a file system that lies on a disk`);
    if (init.uuid.length !== 16) throw new InputError("bad-disk", `disk ${init.id}`, "a UUID has 16 bytes");
    this.type = type;
    this.uuid = init.uuid;
    this.id = init.id;
    this.dev = init.dev;
    this.verity = type.verity === "always" || (type.verity === "feature" && (init.verity ?? false));
    this.metadataChecksums = init.metadataChecksums ?? false;
    this.transaction = 7;
    this.#free = type.firstIno;
    const time = init.time ?? 0;
    this.#store(type.rootIno, { mode: S.IFDIR | 0o755, time, entries: new Map(), generation: type.rootGeneration });
    if (type.layout === "ext4") this.#directory(type.rootIno, "lost+found", 0o700, 11, time);
    for (const entry of init.files ?? []) this.#add(entry, time);
  }

  #store(ino: number, init: Partial<StoredInode> & { readonly mode: number; readonly time: number }): StoredInode {
    const { time } = init;
    const stored: StoredInode = {
      ino,
      generation: 0,
      uid: 0,
      gid: 0,
      nlink: (init.mode & S.IFMT) === S.IFDIR && this.type.name !== "btrfs" ? 2 : 1,
      atime: time,
      mtime: time,
      ctime: time,
      rdev: { major: 0, minor: 0 },
      iversion: 0,
      xattrs: new Map(),
      attributes: [false, false, false, false, false],
      places: null,
      verity: null,
      content: null,
      entries: null,
      target: null,
      ...init,
    };
    this.inodes.set(ino, stored);
    return stored;
  }

  #nextIno(): number {
    while (this.inodes.has(this.#free)) this.#free++;
    return this.#free;
  }

  #directory(parent: number, name: string, mode: number, ino: number, time: number): StoredInode {
    const stored = this.#store(ino, { mode: S.IFDIR | mode, time, entries: new Map() });
    const above = this.inodes.get(parent)!;
    above.entries!.set(name, ino);
    if (this.type.name !== "btrfs") this.inodes.set(parent, { ...above, nlink: above.nlink + 1 });
    return stored;
  }

  /** The directory that holds a path, made as needed, and the last name; null for the root itself. */
  #parent(path: string, time: number): { readonly dir: StoredInode; readonly last: string } | null {
    const names = path.split("/").filter((name) => name !== "");
    const last = names.pop();
    if (last === undefined) return null;
    let dir = this.inodes.get(this.type.rootIno)!;
    for (const name of names) {
      const ino = dir.entries!.get(name);
      const next =
        ino === undefined ? this.#directory(dir.ino, name, 0o755, this.#nextIno(), time) : this.inodes.get(ino)!;
      if (next.entries === null) throw this.#wrong(path, `${name} is not a directory`);
      dir = next;
    }
    return { dir, last };
  }

  #wrong(path: string, why: string): InputError {
    return new InputError("bad-disk", `disk ${this.id}, file ${path}`, why);
  }

  #add(entry: DiskEntry, time: number): void {
    const { path, uid = 0, gid = 0 } = entry;
    const place = this.#parent(path, time);
    const there = place === null ? this.type.rootIno : place.dir.entries!.get(place.last);
    const stored = there === undefined ? undefined : this.inodes.get(there)!;
    const xattrs = new Map(entry.xattrs);
    for (const name of xattrs.keys())
      if (namespaceOf(name) === null) throw this.#wrong(path, `no file system stores an xattr called '${name}'`);
    const common = { uid, gid, xattrs };
    if (entry.type === "directory" && (stored === undefined || stored.entries !== null)) {
      const made = stored ?? this.#directory(place!.dir.ino, place!.last, 0, this.#nextIno(), time);
      this.inodes.set(made.ino, { ...made, ...common, mode: S.IFDIR | (entry.mode & S.IALLUGO) });
      return;
    }
    if (place === null) throw this.#wrong(path, "a file needs a name");
    if (stored !== undefined) throw this.#wrong(path, "it is there twice");
    if (entry.type === "link") {
      place.dir.entries!.set(place.last, this.#link(entry.target, path));
      return;
    }
    const mode = FORMATS[entry.type ?? "file"] | ((entry.mode ?? 0o644) & S.IALLUGO);
    const ino = this.#nextIno();
    this.#store(ino, { mode, time, ...common, ...contentOf(entry) });
    place.dir.entries!.set(place.last, ino);
  }

  /** The inode of an earlier entry, which gets one more name. */
  #link(target: string, path: string): number {
    const names = target.split("/").filter((name) => name !== "");
    let ino: number | undefined = this.type.rootIno;
    for (const name of names) ino = ino === undefined ? undefined : this.inodes.get(ino)!.entries?.get(name);
    const stored = ino === undefined ? undefined : this.inodes.get(ino);
    if (stored === undefined || stored.entries !== null)
      throw this.#wrong(path, `it is a further name of ${target}, and there is no such file before it`);
    this.inodes.set(stored.ino, { ...stored, nlink: stored.nlink + 1 });
    return stored.ino;
  }

  /** Brings a file into memory; null if there is none of that number. */
  load(sb: SuperBlock, ino: number): Inode | null {
    const stored = this.inodes.get(ino);
    if (stored === undefined) return null;
    const inode = new Inode(sb, { ...stored, time: stored.ctime, iversion: new IVersion(stored.iversion, true) });
    inode.atime = stored.atime;
    inode.mtime = stored.mtime;
    for (const [name, value] of stored.xattrs) inode.xattrs.set(name, value);
    inode.accessAcl = storedAcl(inode, "system.posix_acl_access");
    inode.defaultAcl = storedAcl(inode, "system.posix_acl_default");
    [inode.immutable, inode.appendOnly, inode.nodump, inode.noatime, inode.nocow] = stored.attributes;
    inode.xattrPlaces = stored.places;
    if (stored.places === null) placeOffline(inode);
    inode.verity = stored.verity;
    inode.content = stored.content;
    inode.entries = stored.entries;
    inode.target = stored.target;
    sb.inodes.set(ino, inode);
    return inode;
  }

  /** Writes a file back from memory. */
  save(inode: Inode): void {
    const { ino, generation, mode, uid, gid, nlink, atime, mtime, ctime, rdev, verity, content, entries, target } =
      inode;
    this.inodes.set(ino, {
      ino,
      generation,
      mode,
      uid,
      gid,
      nlink,
      atime,
      mtime,
      ctime,
      rdev,
      verity,
      content,
      entries,
      target,
      iversion: inode.iversion.peek(),
      xattrs: new Map(inode.xattrs),
      places: inode.xattrPlaces,
      attributes: [inode.immutable, inode.appendOnly, inode.nodump, inode.noatime, inode.nocow],
    });
  }
}

const FORMATS = {
  file: S.IFREG,
  directory: S.IFDIR,
  symlink: S.IFLNK,
  character: S.IFCHR,
  block: S.IFBLK,
  fifo: S.IFIFO,
  socket: S.IFSOCK,
} as const;

function contentOf(entry: Exclude<DiskEntry, { type: "link" }>): Partial<StoredInode> {
  switch (entry.type) {
    case "symlink":
      return { target: entry.target };
    case "character":
    case "block":
      return { rdev: { major: entry.major, minor: entry.minor } };
    case "directory":
    case "fifo":
    case "socket":
      return {};
    default:
      return { content: Content.of(entry.bytes), generation: "generation" in entry ? (entry.generation ?? 0) : 0 };
  }
}

function storedAcl(inode: Inode, name: string): PosixAcl | null {
  const value = inode.xattrs.get(name);
  const parsed = value === undefined ? null : parseAcl(value);
  return parsed?.ok ? parsed.value : null;
}
