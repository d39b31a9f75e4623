// Names in an overlay come and go: what is done in the upper layer, and how a name that a lower layer still has is hidden
// (fs/overlayfs/dir.c: ovl_create_object, ovl_create_over_whiteout, ovl_link, ovl_do_remove, ovl_whiteout).
import { type Denial, fail, ok, type Result } from "../../errno/index.ts";
import { encodeAcl, inheritAcl, type PosixAcl } from "../acl.ts";
import { linkNode, makeNode } from "../create.ts";
import type { Dentry } from "../dentry.ts";
import type { NewNode } from "../filesystem.ts";
import type { Inode } from "../inode.ts";
import { dropDentry } from "../lifetime.ts";
import { lookupChild } from "../namei.ts";
import { notifyChange } from "../notify-change.ts";
import { makeTmpfile } from "../open.ts";
import type { Path } from "../path.ts";
import { rmdirNode, unlinkNode } from "../remove.ts";
import { renameNode } from "../rename.ts";
import type { Subject } from "../task.ts";
import { RENAME, S, XATTR } from "../uapi.ts";
import type { Vfs } from "../vfs.ts";
import { setAclNode } from "../xattr/acl.ts";
import { ACL_ACCESS, ACL_DEFAULT } from "../xattr/names.ts";
import { setXattrNode } from "../xattr/xattr.ts";
import { copyUp, setImpure, setOpaque, temporaryName } from "./copy-up.ts";
import type { OverlayFs } from "./file-system.ts";
import { copyAttributesUp, isWhiteout } from "./inode.ts";
import { lowerHas } from "./lookup.ts";

/** A directory of the overlay that shows more than its upper directory. */
export function isMerged(dir: Dentry): boolean {
  const { upper, lower } = dir.inode!.overlay!;
  return upper !== null && (lower.length > 0 || dir.isRoot);
}

/**
 * What a new name takes the place of in the upper layer: the whiteout that was found there, or nothing. ESTALE if that has changed since the
 * name was looked up.
 */
function placeFor(vfs: Vfs, dir: Dentry, name: string): Result<Dentry | null> {
  const { upper, names } = dir.inode!.overlay!;
  const present = lookupChild(vfs, upper!, name);
  if (names.get(name) !== "hidden") return present === null ? ok(null) : fail("ESTALE");
  return present !== null && isWhiteout(present.inode!) ? ok(present) : fail("ESTALE");
}

/** inode_init_owner on the overlay: who owns the new file, and its mode. */
function ownerOf(task: Subject, dir: Inode, mode: number): { uid: number; gid: number; mode: number } {
  const inherit = (dir.mode & S.ISGID) !== 0;
  const isDirectory = (mode & S.IFMT) === S.IFDIR;
  return {
    uid: task.cred.fsuid,
    gid: inherit ? dir.gid : task.cred.fsgid,
    mode: inherit && isDirectory ? mode | S.ISGID : mode,
  };
}

export function makeOverlay(
  vfs: Vfs,
  fs: OverlayFs,
  task: Subject,
  dir: Dentry,
  name: string,
  node: NewNode,
): Result<Inode> {
  const kind = node.mode & S.IFMT;
  if (kind === S.IFCHR && node.rdev?.major === 0 && node.rdev.minor === 0) return fail("EPERM");
  const failed = copyUp(vfs, fs, task, dir, 0) ?? fs.wantWrite();
  if (failed !== null) return fail(failed);
  const { uid, gid, mode } = ownerOf(task, dir.inode!, node.mode);
  const creator = fs.mounter(task, { uid, gid });
  const upperDir = dir.inode!.overlay!.upper!;
  const place = placeFor(vfs, dir, name);
  if (!place.ok) return place;
  const hidden = place.value;
  // Over several file systems the number that a directory shows is not that of the upper one.
  const hint = fs.sameFs || kind !== S.IFDIR ? node.hint : undefined;
  const below = { ...node, mode, hint };
  const made =
    hidden === null
      ? makeNode(vfs, creator, upperDir, name, below)
      : makeOverWhiteout(vfs, fs, creator, dir.inode!, upperDir, hidden, name, below);
  if (!made.ok) return made;
  const opaque = kind === S.IFDIR && (hidden !== null || (isMerged(dir) && !fs.layers.offlineChanges));
  if (opaque && hidden === null) setOpaque(vfs, fs, creator, made.value);
  copyAttributesUp(dir.inode!);
  return ok(fs.inodes.add({ upper: made.value, lower: [], opaque }));
}

/** posix_acl_create on the overlay's directory: the work directory, where the file is made first, has no ACL to pass on. */
function inheritInto(
  dir: Inode,
  creator: Subject,
  mode: number,
): { readonly mode: number; readonly access: PosixAcl | null; readonly inherited: PosixAcl | null } {
  if ((mode & S.IFMT) === S.IFLNK) return { mode, access: null, inherited: null };
  const { defaultAcl } = dir;
  if (defaultAcl === null) return { mode: mode & ~(creator.umask ?? 0), access: null, inherited: null };
  const own = inheritAcl(defaultAcl, mode);
  return { mode: own.mode, access: own.acl, inherited: (mode & S.IFMT) === S.IFDIR ? defaultAcl : null };
}

/** ovl_set_upper_acl. */
function setUpperAcl(vfs: Vfs, creator: Subject, path: Path, name: string, acl: PosixAcl): Denial {
  if (vfs.aclHooks) return setAclNode(vfs, creator, path, name, acl);
  return setXattrNode(vfs, creator, path, name, encodeAcl(acl), XATTR.CREATE);
}

/** ovl_create_over_whiteout: made in the work directory and put in the whiteout's place. */
function makeOverWhiteout(
  vfs: Vfs,
  fs: OverlayFs,
  creator: Subject,
  dir: Inode,
  upperDir: Dentry,
  hidden: Dentry,
  name: string,
  node: NewNode,
): Result<Dentry> {
  const { mode, access, inherited } = inheritInto(dir, creator, node.mode);
  const made = makeNode(vfs, creator, fs.layers.work!, temporaryName(fs), { ...node, mode });
  if (!made.ok) return made;
  const inode = made.value.inode!;
  const isDirectory = inode.isDirectory;
  const path = fs.upperPath(made.value);
  const done =
    (!inode.isSymlink && inode.mode !== mode ? notifyChange(vfs, creator, path, { mode }) : null) ??
    (access === null ? null : setUpperAcl(vfs, creator, path, ACL_ACCESS, access)) ??
    (inherited === null ? null : setUpperAcl(vfs, creator, path, ACL_DEFAULT, inherited)) ??
    (isDirectory ? setOpaque(vfs, fs, creator, made.value) : null) ??
    renameNode(vfs, creator, made.value, upperDir, name, hidden, isDirectory ? RENAME.EXCHANGE : 0);
  if (done === null) {
    // Exchanged with the directory, the whiteout lies in the work directory now.
    if (isDirectory) unlinkNode(vfs, creator, hidden);
    return made;
  }
  if (isDirectory) rmdirNode(vfs, creator, made.value);
  else unlinkNode(vfs, creator, made.value);
  return fail(done);
}

export function tmpfileOverlay(vfs: Vfs, fs: OverlayFs, task: Subject, dir: Dentry, node: NewNode): Result<Inode> {
  const failed = copyUp(vfs, fs, task, dir, 0) ?? fs.wantWrite();
  if (failed !== null) return fail(failed);
  const { uid, gid, mode } = ownerOf(task, dir.inode!, node.mode);
  const creator = fs.mounter(task, { uid, gid });
  const made = makeTmpfile(vfs, creator, dir.inode!.overlay!.upper!, mode, node.hint);
  if (!made.ok) return made;
  const inode = made.value.inode!;
  inode.linkable = true;
  for (const hook of vfs.hooks.inodePostCreateTmpfile) hook.inodePostCreateTmpfile(creator, inode);
  return ok(fs.inodes.add({ upper: made.value, lower: [] }));
}

export function linkOverlay(
  vfs: Vfs,
  fs: OverlayFs,
  task: Subject,
  from: Dentry,
  inode: Inode,
  dir: Dentry,
  name: string,
): Denial {
  const failed = copyUp(vfs, fs, task, from, 0) ?? copyUp(vfs, fs, task, dir, 0) ?? fs.wantWrite();
  if (failed !== null) return failed;
  const mounter = fs.mounter(task);
  const overlay = inode.overlay!;
  const upperDir = dir.inode!.overlay!.upper!;
  const marked = !overlay.byLower ? null : setImpure(vfs, fs, mounter, dir.inode!);
  if (marked !== null) return marked;
  const place = placeFor(vfs, dir, name);
  if (!place.ok) return place.errno;
  const hidden = place.value;
  const done =
    hidden === null
      ? linkNode(vfs, mounter, overlay.upper!, upperDir, name)
      : linkOverWhiteout(vfs, fs, mounter, overlay.upper!, upperDir, hidden, name);
  if (done !== null) return done;
  inode.nlink++;
  copyAttributesUp(dir.inode!);
  return null;
}

function linkOverWhiteout(
  vfs: Vfs,
  fs: OverlayFs,
  mounter: Subject,
  from: Dentry,
  upperDir: Dentry,
  hidden: Dentry,
  name: string,
): Denial {
  const work = fs.layers.work!;
  const temporary = temporaryName(fs);
  const linked = linkNode(vfs, mounter, from, work, temporary);
  return linked ?? renameNode(vfs, mounter, lookupChild(vfs, work, temporary)!, upperDir, name, hidden, 0);
}

/** unlink and rmdir: the upper file goes; where a lower layer has the name too, a whiteout takes its place. */
export function removeOverlay(vfs: Vfs, fs: OverlayFs, task: Subject, dentry: Dentry): Denial {
  const inode = dentry.inode!;
  const isDirectory = inode.isDirectory;
  const lowerPositive = lowerHas(vfs, fs, dentry);
  if (isDirectory && [...fs.list(vfs, dentry)].length > 0) return "ENOTEMPTY";
  const failed = copyUp(vfs, fs, task, dentry.parent, 0) ?? fs.wantWrite();
  if (failed !== null) return failed;
  const mounter = fs.mounter(task);
  const { upper } = inode.overlay!;
  const upperDir = dentry.parent.inode!.overlay!.upper!;
  // ovl_matches_upper: somebody took the name away, or gave it to another file, in the upper layer itself.
  if (upper !== null && lookupChild(vfs, upperDir, dentry.name)?.inode !== upper.inode) return "ESTALE";
  if (upper !== null && isDirectory) clearWhiteouts(vfs, mounter, upper);
  let done: Denial;
  if (lowerPositive) {
    done = putWhiteout(vfs, fs, mounter, upperDir, dentry.name);
    // A name that could not be hidden is forgotten, and its inode with it: the next lookup makes a new one.
    if (done !== null) {
      dropDentry(dentry);
      dentry.parent.inode!.overlay!.names.delete(dentry.name);
      if (inode.dentries === 0 && inode.openFiles === 0 && inode.overlays === 0) fs.forget(vfs, inode);
    }
  } else
    done = isDirectory
      ? rmdirNode(vfs, mounter, upper!)
      : unlinkNode(vfs, mounter, lookupChild(vfs, upperDir, dentry.name)!);
  if (done !== null) return done;
  dentry.parent.inode!.overlay!.names.delete(dentry.name);
  dropLink(inode);
  if (upper !== null) copyAttributesUp(inode);
  copyAttributesUp(dentry.parent.inode!);
  return null;
}

/** ovl_drop_nlink: one name less, but none only with the last that is known: layers that change make the count a guess. */
export function dropLink(inode: Inode): void {
  if (inode.isDirectory) inode.nlink = 0;
  else if (inode.nlink > (inode.dentries > 1 ? 1 : 0)) inode.nlink--;
}

/** Whiteouts in a directory that is to go: to the upper layer they are entries. */
export function clearWhiteouts(vfs: Vfs, mounter: Subject, upper: Dentry): void {
  for (const name of [...upper.sb.fs.list(vfs, upper)]) {
    const child = lookupChild(vfs, upper, name);
    if (child !== null && isWhiteout(child.inode!)) unlinkNode(vfs, mounter, child);
  }
}

/** ovl_cleanup_and_whiteout: one device node serves for all whiteouts, by hard links. */
function putWhiteout(vfs: Vfs, fs: OverlayFs, mounter: Subject, upperDir: Dentry, name: string): Denial {
  const work = fs.layers.work!;
  if (fs.whiteout === null) {
    const made = makeNode(vfs, mounter, work, temporaryName(fs), { mode: S.IFCHR, rdev: { major: 0, minor: 0 } });
    if (!made.ok) return made.errno;
    fs.whiteout = made.value;
    made.value.pins++;
  }
  const temporary = temporaryName(fs);
  const linked = linkNode(vfs, mounter, fs.whiteout, work, temporary);
  if (linked !== null) return linked;
  const whiteout = lookupChild(vfs, work, temporary)!;
  const present = lookupChild(vfs, upperDir, name);
  const exchange = present !== null && present.inode!.isDirectory;
  const moved = renameNode(vfs, mounter, whiteout, upperDir, name, present, exchange ? RENAME.EXCHANGE : 0);
  if (moved === null && exchange) return rmdirNode(vfs, mounter, present!);
  return moved;
}
