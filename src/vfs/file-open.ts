// A file becomes open and is closed again: the counts of readers and writers, and the hooks around them (fs/open.c: do_dentry_open;
// fs/file_table.c: __fput). Counts are taken before the hook fileOpen and given back after the hook fileRelease.
import type { Denial } from "../errno/index.ts";
import type { OpenFile } from "./file.ts";
import type { Inode } from "./inode.ts";
import { pathOf } from "./inode-access.ts";
import { dropInode, releaseMount } from "./lifetime.ts";
import type { Path } from "./path.ts";
import type { GeneratedFile } from "./pseudo/file-system.ts";
import type { Subject } from "./task.ts";
import { O, S } from "./uapi.ts";
import type { Vfs } from "./vfs.ts";

/** Flags that mean something only while opening. */
const CREATION = O.CREAT | O.EXCL | O.NOCTTY | O.TRUNC;

/** i_readcount or i_writecount, as the file's mode says. ETXTBSY, EROFS. */
function takeCounts(file: OpenFile): Denial {
  const { inode } = file;
  if (file.canWrite) {
    if (isSpecial(inode.mode)) return null;
    if (inode.writeCount < 0) return "ETXTBSY";
    if (file.path.mount.flags.readOnly || inode.sb.flags.readOnly) return "EROFS";
    inode.writeCount++;
    countWriter(file, 1);
  } else if (file.canRead) inode.readCount++;
  file.counted = true;
  return null;
}

/** mnt_get_write_access: the mount that the file's path names. */
function countWriter(file: OpenFile, by: 1 | -1): void {
  const { mount } = pathOf(file);
  mount.writers += by;
  mount.sb.writers += by;
}

function dropCounts(file: OpenFile): void {
  if (!file.counted) return;
  file.counted = false;
  const { inode } = file;
  if (file.canWrite) {
    inode.writeCount--;
    countWriter(file, -1);
  } else if (file.canRead) inode.readCount--;
}

/** special_file: devices, FIFOs and sockets have no writers in this sense. */
function isSpecial(mode: number): boolean {
  const kind = mode & S.IFMT;
  return kind !== S.IFREG && kind !== S.IFDIR && kind !== S.IFLNK;
}

/** do_dentry_open. A file whose open failed after the file system's part is `opened` all the same and must be closed. */
export function openDentry(vfs: Vfs, task: Subject, file: OpenFile): Denial {
  if (file.isPath) {
    hold(file);
    return null;
  }
  const refused = takeCounts(file);
  if (refused !== null) return refused;
  const hooks = vfs.hooks.fileOpen;
  for (let i = 0; i < hooks.length; i++) {
    const denied = hooks[i]!.fileOpen(task, file);
    if (denied !== null) {
      dropCounts(file);
      return denied;
    }
  }
  const failed = openByType(vfs, task, file);
  if (failed !== null) {
    dropCounts(file);
    return failed;
  }
  hold(file);
  file.flags &= ~CREATION;
  if ((file.flags & O.DIRECT) !== 0 && !acceptsDirect(vfs, file)) return "EINVAL";
  return null;
}

function openByType(vfs: Vfs, task: Subject, file: OpenFile): Denial {
  const { inode } = file;
  if (inode.isSocket) return "ENXIO";
  if (inode.isDevice && inode.generated === null) return openDevice(file);
  if (inode.isFifo) return file.canWrite && !file.canRead && (file.flags & O.NONBLOCK) !== 0 ? "ENXIO" : null;
  if (inode.generated !== null) return openGenerated(task, file, inode.generated);
  return inode.sb.fs.open(vfs, task, file);
}

const ANY_READ = 0o444;
const ANY_WRITE = 0o222;

/** kernfs_fop_open looks at the bits, and whether there is anything behind them; then the file itself is asked. */
function openGenerated(task: Subject, file: OpenFile, generated: GeneratedFile): Denial {
  const { inode } = file;
  if (inode.sb.type.modeBindsAll) {
    if (file.canWrite && ((inode.mode & ANY_WRITE) === 0 || generated.write === undefined)) return "EACCES";
    if (file.canRead && ((inode.mode & ANY_READ) === 0 || generated.read === undefined)) return "EACCES";
  }
  if (generated.sequence === true) file.positionedWrite = false;
  return generated.open?.(task, file) ?? null;
}

/** Character devices that are always there (drivers/char/mem.c): null, zero, full, random, urandom, kmsg; tty and console. */
const DEVICES: ReadonlySet<string> = new Set(["1:3", "1:5", "1:7", "1:8", "1:9", "1:11", "5:0", "5:1", "5:2"]);

function openDevice({ inode }: OpenFile): Denial {
  if ((inode.mode & S.IFMT) !== S.IFCHR) return "ENXIO";
  return DEVICES.has(`${inode.rdev.major}:${inode.rdev.minor}`) ? null : "ENXIO";
}

/** FMODE_CAN_ODIRECT. */
function acceptsDirect(vfs: Vfs, file: OpenFile): boolean {
  const { inode } = file;
  if (inode.isFifo) return true;
  const since = file.backing === null ? inode.sb.type.directIo : file.backing.inode.sb.type.directIo;
  return inode.isRegular && since !== null && vfs.release.atLeast(since);
}

function hold(file: OpenFile): void {
  file.opened = true;
  pin(file.path, file.inode);
  if (file.userPath !== null) pin(file.userPath, file.userInode!);
}

function pin({ mount, dentry }: Path, inode: Inode): void {
  inode.openFiles++;
  dentry.pins++;
  mount.pins++;
}

function unpin(vfs: Vfs, { mount, dentry }: Path, inode: Inode): void {
  inode.openFiles--;
  dentry.pins--;
  mount.pins--;
  if (inode.nlink === 0) dropInode(vfs, inode);
  if (mount.detached && mount.pins === 0) releaseMount(vfs, mount);
}

/** close(2) of one descriptor, or the end of a mapping: the last one closes the file. */
export function closeFile(vfs: Vfs, task: Subject, file: OpenFile): void {
  if (file.refs > 1) {
    file.refs--;
    return;
  }
  if (file.refs === 0) return;
  file.refs = 0;
  if (!file.opened) return;
  file.opened = false;
  const { inode, path } = file;
  if (!file.isPath) {
    if (file.exec) inode.writeCount++;
    const hooks = vfs.hooks.fileRelease;
    for (let i = 0; i < hooks.length; i++) hooks[i]!.fileRelease(task, file);
    if (inode.generated !== null) inode.generated.release?.(task, file);
    else inode.sb.fs.release(vfs, task, file);
    dropCounts(file);
  }
  unpin(vfs, path, inode);
  if (file.userPath !== null) unpin(vfs, file.userPath, file.userInode!);
}
