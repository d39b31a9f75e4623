// New names: mkdir, mknod, symlink, link (fs/namei.c: filename_create, may_create, vfs_create, vfs_mknod, vfs_mkdir, vfs_symlink,
// vfs_link, may_linkat). Who calls and what the mount allows is checked in the kernel's order, so that the same errno wins.
import { type Denial, fail, ok, type Result } from "../errno/index.ts";
import type { Dentry } from "./dentry.ts";
import type { InodeHint, NewNode } from "./filesystem.ts";
import { diskGid, diskUid, throughMount } from "./idmap.ts";
import type { Inode } from "./inode.ts";
import { wantWrite } from "./mount/access.ts";
import { attachChild, lookupChild, lookupName, resolve, resolveParent } from "./namei.ts";
import type { Path } from "./path.ts";
import { inodePermission, newMode, ownerOrCapable } from "./permission.ts";
import { MAY } from "./security.ts";
import { capable, type Subject } from "./task.ts";
import { S } from "./uapi.ts";
import type { Vfs } from "./vfs.ts";

/** The directory for a new name: filename_create. EEXIST before EROFS, as the name is looked at first. */
function prepareName(
  vfs: Vfs,
  task: Subject,
  base: Path,
  text: string,
  wantsDirectory: boolean,
): Result<{ parent: Path; name: string }> {
  const last = resolveParent(vfs, task, base, text);
  if (!last.ok) return last;
  const { parent, name, kind, slash } = last.value;
  if (kind !== "name") return fail("EEXIST");
  if (name.length > 255) return fail("ENAMETOOLONG");
  const present = lookupName(vfs, parent.dentry, name);
  if (present !== null) return fail(typeof present === "string" ? present : "EEXIST");
  if (slash && !wantsDirectory) return fail("ENOENT");
  const refused = wantWrite(parent.mount);
  return refused === null ? ok({ parent, name }) : fail(refused);
}

/** may_create, where nothing has the name. */
export function mayCreate(vfs: Vfs, task: Subject, dir: Inode): Denial {
  if (dir.nlink === 0) return "ENOENT";
  if (diskUid(task) === null || diskGid(task) === null) return "EOVERFLOW";
  return inodePermission(vfs, task, dir, MAY.WRITE | MAY.EXEC);
}

export function askCreate(vfs: Vfs, task: Subject, dir: Inode, name: string, mode: number): Denial {
  for (const hook of vfs.hooks.inodeCreate) {
    const refused = hook.inodeCreate(task, dir, name, mode);
    if (refused !== null) return refused;
  }
  return null;
}

/** Makes an inode under a name, with the checks of vfs_create, vfs_mkdir, vfs_mknod and vfs_symlink. */
export function makeNode(vfs: Vfs, task: Subject, dir: Dentry, name: string, given: NewNode): Result<Dentry> {
  const parent = dir.inode!;
  const kind = given.mode & S.IFMT;
  // A link has no permissions of its own.
  const mode = kind === S.IFLNK ? S.IFLNK | 0o777 : newMode(task, parent, given.mode);
  let refused = lookupChild(vfs, dir, name) === null ? mayCreate(vfs, task, parent) : "EEXIST";
  if (refused !== null) return fail(refused);
  const device = kind === S.IFCHR || kind === S.IFBLK;
  const whiteout = kind === S.IFCHR && given.rdev?.major === 0 && given.rdev.minor === 0;
  if (device && !whiteout && !capable(task, "CAP_MKNOD")) return fail("EPERM");
  if (dir.sb.type.engine === "pseudo") return fail(kind === S.IFREG ? "EACCES" : "EPERM");
  refused = askCreate(vfs, task, parent, name, mode);
  if (refused !== null) return fail(refused);
  if (kind === S.IFDIR && parent.nlink >= dir.sb.type.maxLinks) return fail("EMLINK");
  const made = dir.sb.fs.make(vfs, task, dir, name, { ...given, mode });
  return made.ok ? ok(attachChild(dir, name, made.value)) : made;
}

/** mkdir(2). `mode` holds permission bits; the set-ID bits of it are ignored. */
export function mkdir(vfs: Vfs, task: Subject, base: Path, text: string, mode: number, hint?: InodeHint): Denial {
  const place = prepareName(vfs, task, base, text, true);
  if (!place.ok) return place.errno;
  const { parent, name } = place.value;
  const bits = mode & (0o777 | S.ISVTX);
  const made = makeNode(vfs, throughMount(task, parent.mount), parent.dentry, name, { mode: S.IFDIR | bits, hint });
  return made.ok ? null : made.errno;
}

/** may_mknod: the types of files that mknod makes. */
const MKNOD_TYPES: ReadonlySet<number> = new Set([S.IFREG, S.IFCHR, S.IFBLK, S.IFIFO, S.IFSOCK]);

/** mknod(2). `mode` holds type and permission bits; no type means a regular file. */
export function mknod(
  vfs: Vfs,
  task: Subject,
  base: Path,
  text: string,
  mode: number,
  rdev: { readonly major: number; readonly minor: number },
  hint?: InodeHint,
): Denial {
  const kind = (mode & S.IFMT) === 0 ? S.IFREG : mode & S.IFMT;
  if (kind === S.IFDIR) return "EPERM";
  if (!MKNOD_TYPES.has(kind)) return "EINVAL";
  const place = prepareName(vfs, task, base, text, false);
  if (!place.ok) return place.errno;
  const { parent, name } = place.value;
  const node = { mode: kind | (mode & S.IALLUGO), hint, ...(kind === S.IFREG ? {} : { rdev }) };
  const made = makeNode(vfs, throughMount(task, parent.mount), parent.dentry, name, node);
  if (!made.ok) return made.errno;
  if (kind === S.IFREG) {
    const path = { mount: parent.mount, dentry: made.value };
    for (const hook of vfs.hooks.pathPostMknod) hook.pathPostMknod(throughMount(task, parent.mount), path);
  }
  return null;
}

/** symlink(2). */
export function symlink(vfs: Vfs, task: Subject, base: Path, target: string, text: string, hint?: InodeHint): Denial {
  if (target === "") return "ENOENT";
  if (target.length >= 4096) return "ENAMETOOLONG";
  const place = prepareName(vfs, task, base, text, false);
  if (!place.ok) return place.errno;
  const { parent, name } = place.value;
  const made = makeNode(vfs, throughMount(task, parent.mount), parent.dentry, name, {
    mode: S.IFLNK | 0o777,
    target,
    hint,
  });
  return made.ok ? null : made.errno;
}

/** link(2): a second name. A link at the end of `from`, as that of a descriptor in /proc, is followed with AT_SYMLINK_FOLLOW. */
export function link(vfs: Vfs, task: Subject, base: Path, from: string, text: string, follow = false): Denial {
  const old = resolve(vfs, task, base, from, { follow });
  return old.ok ? linkPath(vfs, task, base, old.value, text) : old.errno;
}

function linkPath(vfs: Vfs, caller: Subject, base: Path, old: Path, text: string): Denial {
  const place = prepareName(vfs, caller, base, text, false);
  if (!place.ok) return place.errno;
  const { parent, name } = place.value;
  if (old.mount !== parent.mount) return "EXDEV";
  const inode = old.dentry.inode!;
  const task = throughMount(caller, parent.mount);
  if (task.idmap?.shows(inode) === false) return "EOVERFLOW";
  if (vfs.sysctl.hardlinks !== 0 && !safeHardlinkSource(vfs, task, inode) && !ownerOrCapable(task, inode))
    return "EPERM";
  return linkNode(vfs, task, old.dentry, parent.dentry, name);
}

/** protected_hardlinks: only what one could also write to, and no set-ID programs. */
function safeHardlinkSource(vfs: Vfs, task: Subject, inode: Inode): boolean {
  if (!inode.isRegular || (inode.mode & S.ISUID) !== 0) return false;
  if ((inode.mode & (S.ISGID | S.IXGRP)) === (S.ISGID | S.IXGRP)) return false;
  return inodePermission(vfs, task, inode, MAY.READ | MAY.WRITE) === null;
}

/** vfs_link. */
export function linkNode(vfs: Vfs, task: Subject, old: Dentry, dir: Dentry, name: string): Denial {
  const inode = old.inode!;
  const parent = dir.inode!;
  const denied = lookupChild(vfs, dir, name) === null ? mayCreate(vfs, task, parent) : "EEXIST";
  if (denied !== null) return denied;
  if (dir.sb !== old.sb) return "EXDEV";
  if (inode.appendOnly || inode.immutable) return "EPERM";
  if (inode.isDirectory || dir.sb.type.engine === "pseudo") return "EPERM";
  for (const hook of vfs.hooks.inodeLink) {
    const refused = hook.inodeLink(task, old, parent, name);
    if (refused !== null) return refused;
  }
  if (inode.nlink === 0 && !inode.linkable) return "ENOENT";
  const refused = dir.sb.fs.link(vfs, task, old, inode, dir, name);
  if (refused !== null) return refused;
  inode.linkable = false;
  if (dir.sb.fs.forgetsLinks !== true) attachChild(dir, name, inode);
  return null;
}
