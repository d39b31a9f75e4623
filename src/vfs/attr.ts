// chmod, chown, utimens (fs/open.c: chmod_common, chown_common; fs/utimes.c: vfs_utimes).
import type { Denial } from "../errno/index.ts";
import type { OpenFile } from "./file.ts";
import { throughMount } from "./idmap.ts";
import { wantWrite } from "./mount/access.ts";
import { resolve } from "./namei.ts";
import { notifyChange } from "./notify-change.ts";
import type { Path } from "./path.ts";
import { dropsSgid, type MutableChange } from "./setattr.ts";
import type { Subject } from "./task.ts";
import { S } from "./uapi.ts";
import type { Vfs } from "./vfs.ts";

/** chmod(2). `mode` holds permission bits. */
export function chmod(vfs: Vfs, task: Subject, base: Path, text: string, mode: number): Denial {
  const path = resolve(vfs, task, base, text, { follow: true });
  return path.ok ? chmodPath(vfs, task, path.value, mode) : path.errno;
}

/** fchmod(2). */
export function fchmod(vfs: Vfs, task: Subject, file: OpenFile, mode: number): Denial {
  return file.isPath ? "EBADF" : chmodPath(vfs, task, file.path, mode);
}

function chmodPath(vfs: Vfs, task: Subject, path: Path, mode: number): Denial {
  const refused = wantWrite(path.mount);
  if (refused !== null) return refused;
  const { mode: now } = path.dentry.inode!;
  return notifyChange(vfs, task, path, { mode: (mode & S.IALLUGO) | (now & S.IFMT), ctime: vfs.clock() });
}

/** (uid_t)-1: an id that is to stay. */
const KEEP = 0xffffffff;

/** chown(2); with `follow` false lchown(2). null or 4294967295 keeps an id. Takes set-ID bits and file capabilities away. */
export function chown(
  vfs: Vfs,
  task: Subject,
  base: Path,
  text: string,
  uid: number | null,
  gid: number | null,
  follow = true,
): Denial {
  const path = resolve(vfs, task, base, text, { follow });
  return path.ok ? chownPath(vfs, task, path.value, uid, gid) : path.errno;
}

/** fchown(2). */
export function fchown(vfs: Vfs, task: Subject, file: OpenFile, uid: number | null, gid: number | null): Denial {
  return file.isPath ? "EBADF" : chownPath(vfs, task, file.path, uid, gid);
}

function chownPath(vfs: Vfs, task: Subject, path: Path, uid: number | null, gid: number | null): Denial {
  const refused = wantWrite(path.mount);
  if (refused !== null) return refused;
  const inode = path.dentry.inode!;
  const change: MutableChange = { ctime: vfs.clock() };
  const { idmap } = path.mount;
  for (const [kind, id] of [
    ["uid", uid],
    ["gid", gid],
  ] as const) {
    if (id === null || id === KEEP) continue;
    const own = idmap === null ? id : idmap.toDisk(kind, id);
    if (own === null) change.unmapped = true;
    else change[kind] = own;
  }
  if (!inode.isDirectory) {
    change.killSuid = true;
    change.killSgid = dropsSgid(throughMount(task, path.mount), inode);
    change.killPriv = true;
  }
  return notifyChange(vfs, task, path, change);
}

/** Times for utimens: seconds since the epoch; "now" takes the clock, null keeps the time. */
export interface NewTimes {
  readonly atime: number | "now" | null;
  readonly mtime: number | "now" | null;
}

/** utimensat(2). */
export function utimens(vfs: Vfs, task: Subject, base: Path, text: string, times: NewTimes, follow = true): Denial {
  const { atime, mtime } = times;
  if (atime === null && mtime === null) return null;
  const path = resolve(vfs, task, base, text, { follow });
  if (!path.ok) return path.errno;
  const refused = wantWrite(path.value.mount);
  if (refused !== null) return refused;
  const now = vfs.clock();
  const change: MutableChange = { ctime: now };
  if (atime !== null) change.atime = atime === "now" ? now : atime;
  if (mtime !== null) change.mtime = mtime === "now" ? now : mtime;
  // Setting both to now is for everybody who may write; anything else is for the owner.
  if (atime === "now" && mtime === "now") change.touch = true;
  else change.timesSet = true;
  return notifyChange(vfs, task, path.value, change);
}
