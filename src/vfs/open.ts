// Opening: what a path and flags lead to, which permission is asked, and in which order the hooks are called
// (fs/open.c: build_open_flags; fs/namei.c: do_tmpfile, do_o_path, lookup_open, do_open, may_open, handle_truncate; fs/exec.c:
// do_open_execat).
import { type Denial, fail, ok, type Result } from "../errno/index.ts";
import { OLDEST_RELEASE } from "../release/index.ts";
import { askCreate } from "./create.ts";
import { Dentry } from "./dentry.ts";
import { OpenFile } from "./file.ts";
import { closeFile, openDentry } from "./file-open.ts";
import type { InodeHint } from "./filesystem.ts";
import { diskGid, diskUid, throughMount } from "./idmap.ts";
import type { Inode } from "./inode.ts";
import { dropInode } from "./lifetime.ts";
import { noExec, wantWrite } from "./mount/access.ts";
import { attachChild, resolve, resolveForOpen } from "./namei.ts";
import type { Path } from "./path.ts";
import { inodePermission, newMode, ownerOrCapable } from "./permission.ts";
import { MAY } from "./security.ts";
import type { Subject } from "./task.ts";
import { truncateInode } from "./truncate.ts";
import { O, S } from "./uapi.ts";
import type { Vfs } from "./vfs.ts";

/** ACC_MODE: what the access mode asks for. */
const ACCESS = [MAY.READ, MAY.WRITE, MAY.READ | MAY.WRITE, MAY.READ | MAY.WRITE] as const;
/** What O_PATH leaves of the flags. */
const PATH_FLAGS = O.DIRECTORY | O.NOFOLLOW | O.PATH | O.CLOEXEC;
const TMPFILE_BIT = O.TMPFILE & ~O.DIRECTORY;

/**
 * open(2). `mode` holds the permission bits of a file that is made (the umask of the task applies);
 * `hint` its inode number and generation.
 */
export function open(
  vfs: Vfs,
  task: Subject,
  base: Path,
  text: string,
  flags: number,
  mode = 0,
  hint?: InodeHint,
): Result<OpenFile> {
  if ((flags & O.PATH) !== 0) return openPath(vfs, task, base, text, flags & PATH_FLAGS);
  let mask = ACCESS[flags & O.ACCMODE]!;
  if ((flags & TMPFILE_BIT) !== 0) {
    if ((flags & O.TMPFILE) !== O.TMPFILE || (flags & O.CREAT) !== 0 || (mask & MAY.WRITE) === 0) return fail("EINVAL");
    return openTmpfile(vfs, task, base, text, flags, mode, hint);
  }
  const create = (flags & O.CREAT) !== 0;
  const exclusive = create && (flags & O.EXCL) !== 0;
  if (create && (flags & O.DIRECTORY) !== 0 && vfs.release.has("creat-directory-refused")) return fail("EINVAL");
  if ((flags & O.TRUNC) !== 0) mask |= MAY.WRITE;
  if ((flags & O.APPEND) !== 0) mask |= MAY.APPEND;
  const follow = (flags & O.NOFOLLOW) === 0 && !exclusive;
  const target = resolveForOpen(vfs, task, base, text, follow, create);
  if (!target.ok) return target;
  if ("missing" in target.value) {
    const { parent, name } = target.value.missing;
    const made = createForOpen(vfs, task, parent, name, mode, hint);
    if (!made.ok) return made;
    return openFound(vfs, task, { mount: parent.mount, dentry: made.value }, flags, mask, true, null, false);
  }
  const { found, dir, slash } = target.value;
  return openFound(vfs, task, found, flags, mask, false, dir, slash);
}

/** lookup_open, where there is nothing of that name: may_o_create, then the file system. */
function createForOpen(
  vfs: Vfs,
  caller: Subject,
  parent: Path,
  name: string,
  given: number,
  hint: InodeHint | undefined,
): Result<Dentry> {
  const dir = parent.dentry.inode!;
  if (dir.nlink === 0) return fail("ENOENT");
  const task = throughMount(caller, parent.mount);
  const mode = newMode(task, dir, S.IFREG | (given & S.IALLUGO));
  const refused =
    wantWrite(parent.mount) ??
    (diskUid(task) === null || diskGid(task) === null ? "EOVERFLOW" : null) ??
    inodePermission(vfs, task, dir, MAY.WRITE | MAY.EXEC) ??
    (dir.sb.type.engine === "pseudo" ? "EACCES" : null) ??
    askCreate(vfs, task, dir, name, mode);
  if (refused !== null) return fail(refused);
  const made = dir.sb.fs.make(vfs, task, parent.dentry, name, { mode, hint });
  return made.ok ? ok(attachChild(parent.dentry, name, made.value)) : made;
}

/** do_open: the file is there, or was just made. */
function openFound(
  vfs: Vfs,
  task: Subject,
  path: Path,
  flags: number,
  mask: number,
  created: boolean,
  dir: Inode | null,
  slash: boolean,
): Result<OpenFile> {
  const inode = path.dentry.inode!;
  const isDirectory = inode.isDirectory;
  if ((flags & O.CREAT) !== 0) {
    if ((flags & O.EXCL) !== 0 && !created) return fail("EEXIST");
    if (isDirectory) return fail("EISDIR");
    const refused = created || dir === null ? null : stickyCreate(vfs, throughMount(task, path.mount), dir, inode);
    if (refused !== null) return fail(refused);
  }
  if ((slash || (flags & O.DIRECTORY) !== 0) && !isDirectory) return fail("ENOTDIR");
  const truncate = !created && (flags & O.TRUNC) !== 0 && inode.isRegular;
  if (truncate) {
    const refused = wantWrite(path.mount);
    if (refused !== null) return fail(refused);
  }
  const refused = mayOpen(vfs, task, path, inode, created ? 0 : mask, created ? flags & ~O.TRUNC : flags);
  if (refused !== null) return fail(refused);
  const file = new OpenFile(path, inode, flags, task.cred);
  file.created = created;
  const failed = openDentry(vfs, task, file) ?? askPostOpen(vfs, task, file, mask);
  if (failed !== null) {
    closeFile(vfs, task, file);
    return fail(failed);
  }
  if (truncate) {
    const refusal = truncateInode(vfs, task, path, 0, file, true);
    if (refusal !== null) {
      closeFile(vfs, task, file);
      return fail(refusal);
    }
  }
  return ok(file);
}

function askPostOpen(vfs: Vfs, task: Subject, file: OpenFile, mask: number): Denial {
  const hooks = vfs.hooks.filePostOpen;
  for (let i = 0; i < hooks.length; i++) {
    const refused = hooks[i]!.filePostOpen(task, file, mask);
    if (refused !== null) return refused;
  }
  return null;
}

/** may_open: what kind of file can be opened like that, then permission. */
export function mayOpen(vfs: Vfs, task: Subject, path: Path, inode: Inode, mask: number, flags: number): Denial {
  switch (inode.mode & S.IFMT) {
    case S.IFLNK:
      return "ELOOP";
    case S.IFDIR:
      if ((mask & MAY.WRITE) !== 0) return "EISDIR";
      if ((mask & MAY.EXEC) !== 0) return "EACCES";
      break;
    case S.IFBLK:
    case S.IFCHR:
      if (path.mount.flags.nodev || inode.sb.type.nodev) return "EACCES";
      if ((mask & MAY.EXEC) !== 0) return "EACCES";
      break;
    case S.IFIFO:
    case S.IFSOCK:
      if ((mask & MAY.EXEC) !== 0) return "EACCES";
      break;
    default:
      if ((mask & MAY.EXEC) !== 0 && noExec(path)) return "EACCES";
  }
  const shown = throughMount(task, path.mount);
  const denied = inodePermission(vfs, shown, inode, MAY.OPEN | mask);
  if (denied !== null) return denied;
  if (inode.appendOnly) {
    if ((flags & O.ACCMODE) !== O.RDONLY && (flags & O.APPEND) === 0) return "EPERM";
    if ((flags & O.TRUNC) !== 0) return "EPERM";
  }
  return (flags & O.NOATIME) !== 0 && !ownerOrCapable(shown, inode) ? "EPERM" : null;
}

/** may_create_in_sticky: O_CREAT of what somebody else put into a sticky directory (protected_regular, protected_fifos). */
function stickyCreate(vfs: Vfs, task: Subject, dir: Inode, inode: Inode): Denial {
  if ((dir.mode & S.ISVTX) === 0) return null;
  const level = inode.isRegular ? vfs.sysctl.regular : inode.isFifo ? vfs.sysctl.fifos : 1;
  if (level === 0 || inode.uid === dir.uid || inode.uid === diskUid(task)) return null;
  if ((dir.mode & 0o002) !== 0) return "EACCES";
  return (dir.mode & 0o020) !== 0 && level >= 2 && (inode.isRegular || inode.isFifo) ? "EACCES" : null;
}

/** O_PATH: names a file; neither its permission nor any hook of opening is asked. */
function openPath(vfs: Vfs, task: Subject, base: Path, text: string, flags: number): Result<OpenFile> {
  const directory = (flags & O.DIRECTORY) !== 0;
  const path = resolve(vfs, task, base, text, { follow: (flags & O.NOFOLLOW) === 0, directory });
  if (!path.ok) return path;
  const file = new OpenFile(path.value, path.value.dentry.inode!, flags, task.cred);
  const failed = openDentry(vfs, task, file);
  return failed === null ? ok(file) : fail(failed);
}

/** O_TMPFILE: a file without a name in the directory that the path names. */
function openTmpfile(
  vfs: Vfs,
  task: Subject,
  base: Path,
  text: string,
  flags: number,
  mode: number,
  hint: InodeHint | undefined,
): Result<OpenFile> {
  const place = resolve(vfs, task, base, text, { follow: (flags & O.NOFOLLOW) === 0, directory: true });
  if (!place.ok) return place;
  const { mount, dentry: dir } = place.value;
  const refused = wantWrite(mount);
  if (refused !== null) return fail(refused);
  const made = makeTmpfile(vfs, throughMount(task, mount), dir, S.IFREG | (mode & S.IALLUGO), hint);
  if (!made.ok) return made;
  const inode = made.value.inode!;
  const path = { mount, dentry: made.value };
  const file = new OpenFile(path, inode, flags & ~O.TMPFILE, task.cred);
  file.created = false;
  const failed = openDentry(vfs, task, file) ?? mayOpen(vfs, task, path, inode, 0, flags);
  if (failed !== null) {
    closeFile(vfs, task, file);
    if (!file.opened) dropInode(vfs, inode);
    return fail(failed);
  }
  inode.linkable = (flags & O.EXCL) === 0;
  for (const hook of vfs.hooks.inodePostCreateTmpfile) hook.inodePostCreateTmpfile(throughMount(task, mount), inode);
  return ok(file);
}

/** The inode of vfs_tmpfile, under a name that no directory holds. */
export function makeTmpfile(vfs: Vfs, task: Subject, dir: Dentry, given: number, hint?: InodeHint): Result<Dentry> {
  const parent = dir.inode!;
  const denied = inodePermission(vfs, task, parent, MAY.WRITE | MAY.EXEC);
  if (denied !== null) return fail(denied);
  if (diskUid(task) === null || diskGid(task) === null) return fail("EOVERFLOW");
  const { type } = dir.sb;
  if (!type.tmpfile || !vfs.release.atLeast(type.tmpfileSince ?? OLDEST_RELEASE)) return fail("EOPNOTSUPP");
  const made = dir.sb.fs.tmpfile(vfs, task, dir, { mode: newMode(task, parent, given), hint });
  return made.ok ? ok(Dentry.anonymous(dir.sb, `#${made.value.ino}`, dir, made.value)) : made;
}

/** dentry_open: a file that is at hand already. Only the hook fileOpen is asked, no permission. */
export function openByPath(vfs: Vfs, task: Subject, path: Path, flags: number): Result<OpenFile> {
  const file = new OpenFile(path, path.dentry.inode!, flags, task.cred);
  const failed = openDentry(vfs, task, file);
  if (failed === null) return ok(file);
  closeFile(vfs, task, file);
  return fail(failed);
}

/**
 * A file to be run: regular, executable, on a mount that allows it, and nobody may write to it from now on until it is closed
 * (ETXTBSY if somebody has it open for writing).
 */
export function openExec(vfs: Vfs, task: Subject, base: Path, text: string, follow = true): Result<OpenFile> {
  const target = resolve(vfs, task, base, text, { follow });
  return target.ok ? openExecPath(vfs, task, target.value) : target;
}

/** The same for a file that is open already: execveat with AT_EMPTY_PATH. */
export function openExecFile(vfs: Vfs, task: Subject, file: OpenFile): Result<OpenFile> {
  return openExecPath(vfs, task, file.path);
}

export function openExecPath(vfs: Vfs, task: Subject, path: Path): Result<OpenFile> {
  const file = openFound(vfs, task, path, O.RDONLY | O.LARGEFILE, MAY.EXEC, false, null, false);
  if (!file.ok) return file;
  const { inode } = file.value;
  const refused = !inode.isRegular || noExec(path) ? "EACCES" : denyWriteAccess(inode);
  if (refused === null) {
    file.value.exec = true;
    return file;
  }
  closeFile(vfs, task, file.value);
  return fail(refused);
}

/** deny_write_access: no writer from now on. ETXTBSY if there is one. */
export function denyWriteAccess(inode: Inode): Denial {
  if (inode.writeCount > 0) return "ETXTBSY";
  inode.writeCount--;
  return null;
}
/** Takes one denial back. */
export function allowWriteAccess(inode: Inode): void {
  inode.writeCount++;
}
