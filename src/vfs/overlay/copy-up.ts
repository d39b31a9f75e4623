// Copy-up: a file of a lower layer that is about to change is made anew in the upper layer, with its data, attributes and metadata
// (fs/overlayfs/copy_up.c: ovl_copy_up_flags, ovl_copy_up_one, ovl_copy_up_tmpfile, ovl_copy_up_workdir, ovl_copy_xattr, ovl_set_attr).
// Everything is done as the mounter through the ordinary calls, so that modules see and may refuse each step.
import { type Denial, type Errno, fail, ok, type Result } from "../../errno/index.ts";
import { parseAcl } from "../acl.ts";
import { linkNode, makeNode } from "../create.ts";
import type { Dentry } from "../dentry.ts";
import { OpenFile } from "../file.ts";
import { closeFile, openDentry } from "../file-open.ts";
import type { Inode } from "../inode.ts";
import { askFilePermission } from "../io.ts";
import { lookupChild } from "../namei.ts";
import { notifyChange } from "../notify-change.ts";
import { makeTmpfile } from "../open.ts";
import type { Path } from "../path.ts";
import { inodePermission } from "../permission.ts";
import { unlinkNode } from "../remove.ts";
import { renameNode } from "../rename.ts";
import { MAY } from "../security.ts";
import { SECURITY_CAPABILITY } from "../setattr.ts";
import type { Subject } from "../task.ts";
import { O } from "../uapi.ts";
import type { Vfs } from "../vfs.ts";
import { fileModified } from "../write-effects.ts";
import { setAclNode } from "../xattr/acl.ts";
import { namespaceOf } from "../xattr/names.ts";
import { getxattr, setXattrNode } from "../xattr/xattr.ts";
import type { OverlayFs } from "./file-system.ts";
import { copyFlags } from "./protection.ts";
import { encodeOrigin, isPrivateXattr, OVERLAY_XATTR } from "./xattr.ts";

/**
 * Brings a file and the directories above it into the upper layer; `flags` with O_TRUNC copies no data. EROFS without an upper layer.
 * The file that the copy was made through stays open in `fs.copied`.
 */
export function copyUp(vfs: Vfs, fs: OverlayFs, task: Subject, dentry: Dentry, flags: number): Denial {
  if (hasUpperName(dentry)) return null;
  if (fs.layers.upper === null || fs.layers.work === null) return "EROFS";
  const mounter = fs.mounter(task);
  const failed =
    copyUp(vfs, fs, task, dentry.parent, 0) ??
    (dentry.inode!.overlay!.upper === null
      ? copyUpOne(vfs, fs, mounter, dentry, (flags & O.TRUNC) !== 0)
      : linkUp(vfs, fs, mounter, dentry));
  if (failed === null) dentry.parent.inode!.overlay!.names.delete(dentry.name);
  return failed;
}

/** ovl_already_copied_up: the file is in the upper layer, under this name too. */
function hasUpperName({ inode, isRoot, unhashed, parent, name }: Dentry): boolean {
  if (inode!.overlay!.upper === null) return false;
  return isRoot || unhashed || parent.inode!.overlay!.names.get(name) !== "lower";
}

/** ovl_link_up: a second lower name of a file that was copied up under another one. */
function linkUp(vfs: Vfs, fs: OverlayFs, mounter: Subject, dentry: Dentry): Denial {
  const { nlink, overlay } = dentry.inode!;
  const parent = dentry.parent.inode!;
  const upper = overlay!.upper!;
  const destination = parent.overlay!.upper!;
  const { atime, mtime } = destination.inode!;
  const count = (base: string, real: Inode): Denial => {
    const difference = nlink - real.nlink;
    const bytes = Uint8Array.from(`${base}${difference < 0 ? "" : "+"}${difference}`, (c) => c.charCodeAt(0));
    return setXattrNode(vfs, mounter, fs.upperPath(upper), OVERLAY_XATTR.nlink, bytes, 0);
  };
  const failed =
    setImpure(vfs, fs, mounter, parent) ??
    count("L", overlay!.origin!) ??
    linkNode(vfs, mounter, upper, destination, dentry.name);
  if (failed !== null) return failed;
  notifyChange(vfs, mounter, fs.upperPath(destination), { atime, mtime, ctime: vfs.clock(), timesSet: true });
  return count("U", upper.inode!);
}

function copyUpOne(vfs: Vfs, fs: OverlayFs, mounter: Subject, dentry: Dentry, truncate: boolean): Denial {
  const inode = dentry.inode!;
  const overlay = inode.overlay!;
  const from = overlay.lower[0]!;
  const lower = from.dentry.inode!;
  const parent = dentry.parent.inode!;
  const destination = parent.overlay!.upper!;
  const { atime, mtime } = destination.inode!;
  // A lower file with several names is copied for this one alone and loses its number.
  const keepsOrigin = lower.isDirectory || lower.nlink === 1;
  const marked = setImpure(vfs, fs, mounter, parent);
  if (marked !== null) return marked;
  const size = truncate ? 0 : lower.size;
  const copy = { vfs, fs, mounter, inode, from, lower, size, keepsOrigin };
  const made =
    lower.isRegular && destination.sb.type.tmpfile
      ? byTmpfile(copy, dentry.name, destination)
      : byWorkdir(copy, dentry.name, destination);
  if (!made.ok) return made.errno;
  fs.inodes.setUpper(inode, made.value);
  // The directory shall not show that something was put in.
  notifyChange(vfs, mounter, fs.upperPath(destination), { atime, mtime, ctime: vfs.clock(), timesSet: true });
  return null;
}

interface Copy {
  readonly vfs: Vfs;
  readonly fs: OverlayFs;
  readonly mounter: Subject;
  /** The overlay's own. */
  readonly inode: Inode;
  readonly from: Path;
  readonly lower: Inode;
  readonly size: number;
  readonly keepsOrigin: boolean;
}

/** A regular file: made without a name, filled, and given its name at last. */
function byTmpfile(copy: Copy, name: string, destination: Dentry): Result<Dentry> {
  const { vfs, fs, mounter, lower, size } = copy;
  const made = makeTmpfile(vfs, mounter, fs.layers.work!, lower.mode);
  if (!made.ok) return made;
  const path = fs.upperPath(made.value);
  const inode = made.value.inode!;
  const file = new OpenFile(path, inode, O.RDWR | O.LARGEFILE, mounter.cred);
  const failed = openDentry(vfs, mounter, file);
  if (failed !== null) {
    closeFile(vfs, mounter, file);
    return fail(failed);
  }
  inode.linkable = true;
  for (const hook of vfs.hooks.inodePostCreateTmpfile) hook.inodePostCreateTmpfile(mounter, inode);
  const done =
    (size > 0 ? copyData(copy, file) : null) ??
    copyMetadata(copy, path) ??
    (lookupChild(vfs, destination, name) === null ? linkNode(vfs, mounter, made.value, destination, name) : "EEXIST");
  const named = done === null ? lookupChild(vfs, destination, name) : null;
  fs.copied.push(file);
  return named === null ? fail(done ?? "EIO") : ok(named);
}

/** Anything else: made in the work directory and moved into place. */
function byWorkdir(copy: Copy, name: string, destination: Dentry): Result<Dentry> {
  const { vfs, fs, mounter, lower, size } = copy;
  const work = fs.layers.work!;
  const target = lower.isSymlink ? { target: lower.sb.fs.readlink(lower) } : {};
  const node = { mode: lower.mode & 0o170000, rdev: lower.rdev, ...target };
  const made = makeNode(vfs, mounter, work, temporaryName(fs), node);
  if (!made.ok) return made;
  const path = fs.upperPath(made.value);
  const done =
    (lower.isRegular && size > 0 ? copyDataTo(copy, path) : null) ??
    copyMetadata(copy, path) ??
    intoPlace(copy, made.value, destination, name);
  if (done === null) return ok(made.value);
  if (!lower.isDirectory) unlinkNode(vfs, mounter, made.value);
  return fail(done);
}

/** Someone may have made a file of that name in the upper layer, behind the overlay's back. */
function intoPlace({ vfs, mounter }: Copy, made: Dentry, destination: Dentry, name: string): Denial {
  const taken = lookupChild(vfs, destination, name);
  if (taken !== null && vfs.release.has("copy-up-never-replaces")) return "EEXIST";
  return renameNode(vfs, mounter, made, destination, name, taken, 0);
}

/** ovl_lookup_temp. */
export function temporaryName(fs: OverlayFs): string {
  fs.temporary++;
  return `#${fs.temporary.toString(16)}`;
}

function copyDataTo(copy: Copy, path: Path): Denial {
  const { vfs, mounter } = copy;
  const denied = inodePermission(vfs, mounter, path.dentry.inode!, MAY.WRITE | MAY.OPEN);
  if (denied !== null) return denied;
  const file = new OpenFile(path, path.dentry.inode!, O.WRONLY | O.LARGEFILE | O.NOATIME, mounter.cred);
  const done = openDentry(vfs, mounter, file) ?? copyData(copy, file);
  closeFile(vfs, mounter, file);
  return done;
}

/** ovl_copy_up_file: the lower file is opened for reading by the mounter, without any hook after opening. */
function copyData({ vfs, mounter, from, lower, size }: Copy, to: OpenFile): Denial {
  const denied = inodePermission(vfs, mounter, lower, MAY.READ | MAY.OPEN);
  if (denied !== null) return denied;
  const file = new OpenFile(from, lower, O.RDONLY | O.LARGEFILE | O.NOATIME, mounter.cred);
  const done =
    openDentry(vfs, mounter, file) ??
    askFilePermission(vfs, mounter, file, MAY.READ) ??
    askFilePermission(vfs, mounter, to, MAY.WRITE) ??
    fileModified(vfs, mounter, to);
  if (done === null) {
    const bytes = lower.sb.fs.content(lower)?.read(0, size);
    if (bytes !== undefined) to.inode.content?.write(0, bytes);
    to.inode.dirty = true;
  }
  closeFile(vfs, mounter, file);
  return done;
}

/** ovl_copy_up_metadata: attributes, the mark of the origin, then mode, owner and times. */
function copyMetadata(copy: Copy, to: Path): Denial {
  const { vfs, mounter, lower, size, keepsOrigin } = copy;
  const failed =
    copyXattrs(copy, to) ??
    (lower.isRegular || lower.isDirectory ? copyFlags(vfs, mounter, copy.inode, lower, to) : null) ??
    (keepsOrigin ? setOverlayXattr(vfs, mounter, to, OVERLAY_XATTR.origin, encodeOrigin(lower)) : null);
  if (failed !== null) return failed;
  if (lower.isRegular) {
    const sized = notifyChange(vfs, mounter, to, { size });
    if (sized !== null) return sized;
  }
  const { mode, uid, gid, atime, mtime } = lower;
  const done =
    (lower.isSymlink ? null : notifyChange(vfs, mounter, to, { mode })) ?? notifyChange(vfs, mounter, to, { uid, gid });
  if (done !== null) return done;
  notifyChange(vfs, mounter, to, { atime, mtime, ctime: vfs.clock(), timesSet: true });
  return null;
}

/** ovl_copy_xattr: each attribute is put to the modules, which may drop it or stop the copy-up. */
function copyXattrs({ vfs, mounter, from, lower }: Copy, to: Path): Denial {
  if (lower.noXattr || to.dentry.inode!.noXattr) return null;
  for (const name of lower.sb.fs.listXattr(vfs, lower)) {
    if (isPrivateXattr(name)) continue;
    const verdict = copyVerdict(vfs, mounter, from, name);
    if (verdict === "discard") continue;
    if (verdict !== "copy") return verdict.errno;
    const value = getxattr(vfs, mounter, from, name);
    if (!value.ok) {
      if (name === SECURITY_CAPABILITY && vfs.release.has("overlay-odd-capability-dropped")) continue;
      return value.errno;
    }
    const failed =
      namespaceOf(name) === "acl"
        ? copyAcl(vfs, mounter, to, name, value.value)
        : setXattrNode(vfs, mounter, to, name, value.value, 0);
    if (failed !== null && !(failed === "EOPNOTSUPP" && !mustCopy(name))) return failed;
  }
  return null;
}

/** ovl_must_copy_xattr: what decides access cannot be left behind. */
function mustCopy(name: string): boolean {
  return name.startsWith("security.") || namespaceOf(name) === "acl";
}

function copyAcl(vfs: Vfs, mounter: Subject, to: Path, name: string, value: Uint8Array): Denial {
  const acl = parseAcl(value);
  return acl.ok ? setAclNode(vfs, mounter, to, name, acl.value) : acl.errno;
}

function copyVerdict(
  vfs: Vfs,
  mounter: Subject,
  from: Path,
  name: string,
): "copy" | "discard" | { readonly errno: Errno } {
  for (const hook of vfs.hooks.inodeCopyUpXattr) {
    const verdict = hook.inodeCopyUpXattr(mounter, from, name);
    if (verdict !== null) return verdict;
  }
  return "copy";
}

/** ovl_check_setxattr: an upper layer without attributes is no reason to fail. */
export function setOverlayXattr(vfs: Vfs, mounter: Subject, path: Path, name: string, value: Uint8Array): Denial {
  const failed = setXattrNode(vfs, mounter, path, name, value, 0);
  return failed === "EOPNOTSUPP" ? null : failed;
}

const YES = Uint8Array.of(0x79);

/** ovl_set_impure: a directory that may hold files copied from below says so. */
export function setImpure(vfs: Vfs, fs: OverlayFs, mounter: Subject, dir: Inode): Denial {
  const overlay = dir.overlay!;
  if (overlay.impure) return null;
  const failed = setOverlayXattr(vfs, mounter, fs.upperPath(overlay.upper!), OVERLAY_XATTR.impure, YES);
  if (failed === null) overlay.impure = true;
  return failed;
}

/** ovl_set_opaque: a directory that hides what is below. */
export function setOpaque(vfs: Vfs, fs: OverlayFs, mounter: Subject, upper: Dentry): Denial {
  return setOverlayXattr(vfs, mounter, fs.upperPath(upper), OVERLAY_XATTR.opaque, YES);
}
