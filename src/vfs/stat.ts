// What stat and statfs answer (fs/stat.c: vfs_getattr; fs/statfs.c: calculate_f_flags, flags_by_sb).
import { type Denial, fail, ok, type Result } from "../errno/index.ts";
import type { OpenFile } from "./file.ts";
import { INVALID_ID, OVERFLOW_ID, ownersThrough } from "./idmap.ts";
import { resolve } from "./namei.ts";
import type { Path } from "./path.ts";
import type { Subject } from "./task.ts";
import type { Vfs } from "./vfs.ts";

export interface Stat {
  readonly ino: number;
  /** Type and permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly nlink: number;
  readonly dev: { readonly major: number; readonly minor: number };
  readonly rdev: { readonly major: number; readonly minor: number };
  /** Seconds since the epoch, fractions allowed. */
  readonly atime: number;
  readonly mtime: number;
  readonly ctime: number;
  /** As a file handle shows it; null where handles show none. */
  readonly generation: number | null;
}

export interface StatFs {
  /** f_type: the magic number. */
  readonly type: number;
  /** f_flags: ST_* of <sys/statvfs.h>, with ST_VALID. */
  readonly flags: number;
  /** Name of the file system. */
  readonly name: string;
}

/** stat(2); with `follow` false lstat(2). */
export function stat(vfs: Vfs, task: Subject, base: Path, text: string, follow = true): Result<Stat> {
  const path = resolve(vfs, task, base, text, { follow });
  return path.ok ? statPath(vfs, task, path.value) : path;
}

/** fstat(2), of an O_PATH file too. */
export function statFile(vfs: Vfs, task: Subject, file: OpenFile): Result<Stat> {
  return statPath(vfs, task, file.path);
}

function statPath(vfs: Vfs, task: Subject, path: Path): Result<Stat> {
  for (const hook of vfs.hooks.inodeGetattr) {
    const refused: Denial = hook.inodeGetattr(task, path);
    if (refused !== null) return fail(refused);
  }
  const found = path.dentry.sb.fs.getattr(vfs, path.dentry, path.dentry.inode!);
  if (path.mount.idmap === null) return ok(found);
  const { uid, gid } = ownersThrough(path.dentry.inode!, path.mount.idmap);
  const shown = (id: number) => (id === INVALID_ID ? OVERFLOW_ID : id);
  return ok({ ...found, uid: shown(uid), gid: shown(gid) });
}

/** ST_* flags of statfs. */
const ST = {
  RDONLY: 0x1,
  NOSUID: 0x2,
  NODEV: 0x4,
  NOEXEC: 0x8,
  SYNCHRONOUS: 0x10,
  VALID: 0x20,
  MANDLOCK: 0x40,
  NOATIME: 0x400,
  NODIRATIME: 0x800,
  RELATIME: 0x1000,
  NOSYMFOLLOW: 0x2000,
} as const;

/** statfs(2). */
export function statfs(vfs: Vfs, task: Subject, base: Path, text: string): Result<StatFs> {
  const path = resolve(vfs, task, base, text, { follow: true });
  if (!path.ok) return path;
  const { flags: mount, sb } = path.value.mount;
  const bits: readonly (readonly [boolean, number])[] = [
    [sb.flags.readOnly || mount.readOnly, ST.RDONLY],
    [mount.nosuid, ST.NOSUID],
    [mount.nodev, ST.NODEV],
    [mount.noexec, ST.NOEXEC],
    [sb.flags.synchronous, ST.SYNCHRONOUS],
    [sb.flags.mandlock, ST.MANDLOCK],
    [mount.noatime, ST.NOATIME],
    [mount.nodiratime, ST.NODIRATIME],
    [mount.relatime, ST.RELATIME],
    [mount.nosymfollow, ST.NOSYMFOLLOW],
  ];
  let flags: number = ST.VALID;
  for (const [on, bit] of bits) if (on) flags |= bit;
  return ok({ type: sb.magic, flags, name: sb.type.name });
}
