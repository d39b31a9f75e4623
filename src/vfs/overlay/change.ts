// Names in an overlay come, go and move: what is done in the upper layer, and how a name that a lower layer still has is hidden
// (fs/overlayfs/dir.c: ovl_create_object, ovl_create_over_whiteout, ovl_link, ovl_do_remove, ovl_whiteout, ovl_rename).
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
import { copyUp, setImpure, setOpaque, setOverlayXattr, temporaryName } from "./copy-up.ts";
import type { OverlayFs } from "./file-system.ts";
import { copyAttributesUp, isWhiteout } from "./inode.ts";
import { lowerHas } from "./lookup.ts";
import { OVERLAY_XATTR } from "./xattr.ts";

/** A directory of the overlay that shows more than its upper directory. */
function isMerged(dir: Dentry): boolean {
  const { upper, lower } = dir.inode!.overlay!;
  return upper !== null && (lower.length > 0 || dir.isRoot);
}

/** The whiteout that hides a name, if there is one in the upper layer. */
function whiteoutAt(vfs: Vfs, dir: Dentry, name: string): Dentry | null {
  const upper = dir.inode!.overlay!.upper;
  const found = upper === null ? null : lookupChild(vfs, upper, name);
  return found !== null && isWhiteout(found.inode!) ? found : null;
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
  const hidden = whiteoutAt(vfs, dir, name);
  if (hidden === null && lookupChild(vfs, upperDir, name) !== null) return fail("ESTALE");
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
  return ok(fs.inodeFor(made.value, [], { opaque }));
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
  return ok(fs.inodeFor(made.value, [], {}));
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
  const marked = overlay.origin === null ? null : setImpure(vfs, fs, mounter, dir.inode!);
  if (marked !== null) return marked;
  const hidden = whiteoutAt(vfs, dir, name);
  if (hidden === null && lookupChild(vfs, upperDir, name) !== null) return "ESTALE";
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
  if (isDirectory && [...fs.list(vfs, dentry)].length > 0) return "ENOTEMPTY";
  const failed = copyUp(vfs, fs, task, dentry.parent, 0) ?? fs.wantWrite();
  if (failed !== null) return failed;
  const mounter = fs.mounter(task);
  const { upper } = inode.overlay!;
  const upperDir = dentry.parent.inode!.overlay!.upper!;
  // ovl_matches_upper: somebody took the name away, or gave it to another file, in the upper layer itself.
  if (upper !== null && lookupChild(vfs, upperDir, dentry.name)?.inode !== upper.inode) {
    dropDentry(dentry);
    return "ESTALE";
  }
  if (upper !== null && isDirectory) clearWhiteouts(vfs, mounter, upper);
  let done: Denial;
  // What has no upper file is in a lower layer, even if it was taken away there meanwhile.
  if (upper === null || lowerHas(vfs, fs, dentry.parent, dentry.name)) {
    done = putWhiteout(vfs, fs, mounter, upperDir, dentry.name);
    // A name that could not be hidden is forgotten, and its inode with it: the next lookup makes a new one.
    if (done !== null) {
      dropDentry(dentry);
      if (inode.dentries === 0 && inode.openFiles === 0 && inode.overlays === 0) fs.forget(vfs, inode);
    }
  } else
    done = isDirectory
      ? rmdirNode(vfs, mounter, upper!)
      : unlinkNode(vfs, mounter, lookupChild(vfs, upperDir, dentry.name)!);
  if (done !== null) return done;
  inode.nlink = isDirectory ? 0 : inode.nlink - 1;
  if (upper !== null) copyAttributesUp(inode);
  copyAttributesUp(dentry.parent.inode!);
  return null;
}

/** Whiteouts in a directory that is to go: to the upper layer they are entries. */
function clearWhiteouts(vfs: Vfs, mounter: Subject, upper: Dentry): void {
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

export function renameOverlay(
  vfs: Vfs,
  fs: OverlayFs,
  task: Subject,
  from: Dentry,
  toDir: Dentry,
  toName: string,
  target: Dentry | null,
  given: number,
): Denial {
  if ((given & ~(RENAME.EXCHANGE | RENAME.NOREPLACE)) !== 0) return "EINVAL";
  let flags = given & ~RENAME.NOREPLACE;
  const exchange = flags !== 0;
  const isDirectory = from.inode!.isDirectory;
  if (!canMove(fs, from) || (exchange && !canMove(fs, target!))) return "EXDEV";
  if (!exchange && target !== null && target.inode!.isDirectory && [...fs.list(vfs, target)].length > 0)
    return "ENOTEMPTY";
  const hidden = target === null ? whiteoutAt(vfs, toDir, toName) : null;
  let cleanup = false;
  if (!exchange) {
    if (lowerHas(vfs, fs, from.parent, from.name)) flags |= hidden === null ? RENAME.WHITEOUT : RENAME.EXCHANGE;
    else if (isDirectory && hidden !== null) {
      flags |= RENAME.EXCHANGE;
      cleanup = true;
    }
  }
  const failed =
    copyUp(vfs, fs, task, from, 0) ??
    copyUp(vfs, fs, task, toDir, 0) ??
    (exchange ? copyUp(vfs, fs, task, target!, 0) : null) ??
    fs.wantWrite();
  if (failed !== null) return failed;
  const mounter = fs.mounter(task);
  const upperTo = toDir.inode!.overlay!.upper!;
  const upperFrom = from.parent.inode!.overlay!.upper!;
  const source = lookupChild(vfs, upperFrom, from.name);
  if (source === null || source.inode !== from.inode!.overlay!.upper!.inode) return "ESTALE";
  const present = lookupChild(vfs, upperTo, toName);
  if (toDir !== from.parent) {
    const marked =
      (from.inode!.overlay!.origin !== null ? setImpure(vfs, fs, mounter, toDir.inode!) : null) ??
      (exchange && target!.inode!.overlay!.origin !== null ? setImpure(vfs, fs, mounter, from.parent.inode!) : null);
    if (marked !== null) return marked;
  }
  if (present !== null && !exchange && present.inode!.isDirectory) clearWhiteouts(vfs, mounter, present);
  const marked =
    markMoved(vfs, fs, mounter, from, toDir) ?? (exchange ? markMoved(vfs, fs, mounter, target!, from.parent) : null);
  if (marked !== null) return marked;
  const done = renameNode(vfs, mounter, source, upperTo, toName, present, flags);
  if (done !== null) return done;
  if (cleanup) unlinkNode(vfs, mounter, present!);
  if (!exchange && target !== null) target.inode!.nlink = target.inode!.isDirectory ? 0 : target.inode!.nlink - 1;
  copyAttributesUp(from.inode!);
  copyAttributesUp(from.parent.inode!);
  copyAttributesUp(toDir.inode!);
  return null;
}

/** A directory of a lower layer cannot be renamed without redirects. */
function canMove(fs: OverlayFs, dentry: Dentry): boolean {
  const { upper, lower } = dentry.inode!.overlay!;
  return fs.layers.redirect || !dentry.inode!.isDirectory || (upper !== null && lower.length === 0);
}

/** A moved directory says where its lower part is; a pure upper one says that it has none. */
function markMoved(vfs: Vfs, fs: OverlayFs, mounter: Subject, dentry: Dentry, into: Dentry): Denial {
  const inode = dentry.inode!;
  if (!inode.isDirectory) return null;
  const { upper, lower, opaque } = inode.overlay!;
  if (lower.length > 0) {
    const redirect = into === dentry.parent ? dentry.name : pathOf(dentry);
    const bytes = Uint8Array.from(redirect, (c) => c.charCodeAt(0));
    return setOverlayXattr(vfs, mounter, fs.upperPath(upper!), OVERLAY_XATTR.redirect, bytes);
  }
  if (opaque || !isMerged(into)) return null;
  inode.overlay!.opaque = true;
  return setOpaque(vfs, fs, mounter, upper!);
}

function pathOf(dentry: Dentry): string {
  let path = "";
  for (let at = dentry; !at.isRoot; at = at.parent) path = `/${at.name}${path}`;
  return path;
}
