// Reading, writing and positioning (fs/read_write.c: vfs_read, vfs_write, rw_verify_area, generic_copy_file_checks; mm/filemap.c:
// generic_file_read_iter, generic_write_checks; fs/overlayfs/file.c; fs/ext4/file.c).
import { type Denial, type Errno, fail, ok, type Result } from "../errno/index.ts";
import { Content } from "./content.ts";
import { readDevice, writeDevice } from "./device.ts";
import type { OpenFile } from "./file.ts";
import { closeFile } from "./file-open.ts";
import type { Inode } from "./inode.ts";
import { touchAtime } from "./native/attr.ts";
import { topInode } from "./overlay/inode.ts";
import { MAY } from "./security.ts";
import type { Subject } from "./task.ts";
import { LIMIT, O, PAGE_SIZE, S, SEEK } from "./uapi.ts";
import type { Vfs } from "./vfs.ts";
import { fileModified, removePrivileges } from "./write-effects.ts";

const EMPTY = new Uint8Array(0);

/** security_file_permission. */
export function askFilePermission(vfs: Vfs, task: Subject, file: OpenFile, mask: number): Denial {
  const hooks = vfs.hooks.filePermission;
  for (let i = 0; i < hooks.length; i++) {
    const refused = hooks[i]!.filePermission(task, file, mask);
    if (refused !== null) return refused;
  }
  return null;
}

/** read(2): from the position of the file, which moves. The bytes are the caller's own. EBADF, EISDIR, EINVAL. */
export function read(vfs: Vfs, task: Subject, file: OpenFile, length: number): Result<Uint8Array> {
  const got = readAt(vfs, task, file, length, file.pos);
  if (got.ok) file.pos += got.value.length;
  return got;
}

/** pread(2). ESPIPE on what has no positions. */
export function pread(vfs: Vfs, task: Subject, file: OpenFile, length: number, offset: number): Result<Uint8Array> {
  if (offset < 0) return fail("EINVAL");
  if (file.isPath) return fail("EBADF");
  if (file.inode.isFifo) return fail("ESPIPE");
  return readAt(vfs, task, file, length, offset);
}

function readAt(vfs: Vfs, task: Subject, file: OpenFile, length: number, offset: number): Result<Uint8Array> {
  if (!file.canRead) return fail("EBADF");
  if (length < 0) return fail("EINVAL");
  const { inode } = file;
  if (inode.isDirectory) return fail("EISDIR");
  const refused = askFilePermission(vfs, task, file, MAY.READ);
  if (refused !== null) return fail(refused);
  if (inode.generated !== null) return readGenerated(task, file, length, offset);
  if (inode.isDevice || inode.isFifo) return readDevice(file, length);
  // At the end of the file there is nothing to transfer, aligned or not.
  if (offset < sizeOf(inode) && !aligned(file, offset, length)) return fail("EINVAL");
  const real = realFile(vfs, task, file);
  if (!real.ok) return real;
  const content = real.value.inode.sb.fs.content(real.value.inode);
  if (content !== null) accessed(vfs, file, real.value);
  releaseReal(vfs, task, file, real.value);
  return content === null ? fail("EINVAL") : ok(content.copy(offset, Math.min(length, LIMIT.RW_COUNT)));
}

function accessed(vfs: Vfs, file: OpenFile, real: OpenFile): void {
  if ((file.flags & O.NOATIME) === 0) touchAtime(vfs, file.path.mount, real.inode);
}

/** A pseudo file that cannot be read or cannot be written: proc has an answer of its own (fs/proc/inode.c: proc_reg_write). */
const missingCall = (inode: Inode): Errno => (inode.sb.type.name === "proc" ? "EIO" : "EINVAL");

/** A pseudo file makes its content when it is read from the beginning, and goes on with that. */
function readGenerated(task: Subject, file: OpenFile, length: number, offset: number): Result<Uint8Array> {
  const { generated } = file.inode;
  if (generated?.read === undefined) return fail(missingCall(file.inode));
  if (offset === 0 || file.content === null) {
    const made = generated.read(task, file);
    if (!made.ok) return made;
    file.content = made.value;
  }
  return ok(file.content.slice(offset, offset + length));
}

/** Where reads and writes of an open file go: on overlay the file of a layer. */
export function realFile(vfs: Vfs, task: Subject, file: OpenFile): Result<OpenFile> {
  const { overlay, sb } = file.inode;
  return overlay === null ? ok(file) : sb.fs.realFile!(vfs, task, file);
}

/** Lets go of what realFile opened for one call only. */
export function releaseReal(vfs: Vfs, task: Subject, file: OpenFile, real: OpenFile): void {
  if (real !== file && real !== file.backing) closeFile(vfs, task, real);
}

/** O_DIRECT wants whole sectors where the device decides; btrfs and memory fall back to the page cache. */
function aligned(file: OpenFile, offset: number, length: number): boolean {
  if ((file.flags & O.DIRECT) === 0) return true;
  const { layout } = (file.backing ?? file).inode.sb.type;
  return (layout !== "ext4" && layout !== "xfs") || (offset % 512 === 0 && length % 512 === 0);
}

/** write(2): at the position of the file, or at its end with O_APPEND. Yields the bytes taken. */
export function write(vfs: Vfs, task: Subject, file: OpenFile, bytes: Uint8Array): Result<number> {
  const append = (file.flags & O.APPEND) !== 0;
  const at = append && file.inode.generated === null ? sizeOf(file.inode) : file.pos;
  const done = writeAt(vfs, task, file, bytes, at);
  // Files that the kernel makes up take each write by itself; none of them moves the position.
  if (done.ok && file.inode.generated === null) file.pos = at + done.value;
  return done;
}

/** pwrite(2). With O_APPEND the bytes go to the end all the same. ESPIPE comes before EBADF. */
export function pwrite(vfs: Vfs, task: Subject, file: OpenFile, bytes: Uint8Array, offset: number): Result<number> {
  if (offset < 0) return fail("EINVAL");
  if (file.isPath) return fail("EBADF");
  if (file.inode.isFifo || !file.positionedWrite) return fail("ESPIPE");
  return writeAt(vfs, task, file, bytes, (file.flags & O.APPEND) !== 0 ? sizeOf(file.inode) : offset);
}

/** Length of a file as its data are: the real file's on overlay. */
function sizeOf(inode: Inode): number {
  return inode.sb.fs.content(inode)?.size ?? 0;
}

function writeAt(vfs: Vfs, task: Subject, file: OpenFile, bytes: Uint8Array, offset: number): Result<number> {
  if (!file.canWrite) return fail("EBADF");
  const { inode } = file;
  const refused = askFilePermission(vfs, task, file, MAY.WRITE);
  if (refused !== null) return fail(refused);
  if (inode.generated !== null) {
    const taken = inode.generated.write?.(task, file, bytes, offset) ?? fail(missingCall(inode));
    if (taken.ok) file.content = null;
    return taken;
  }
  if (inode.isDevice || inode.isFifo) return writeDevice(file, bytes);
  if (bytes.length === 0) return ok(0);
  const end = offset + bytes.length;
  if (end > inode.sb.type.maxBytes || !Content.fits(end)) return fail("EFBIG");
  const written =
    inode.overlay === null ? writeNative(vfs, task, file, bytes, offset) : writeOverlay(vfs, task, file, bytes, offset);
  return written === null ? ok(bytes.length) : fail(written);
}

function writeNative(vfs: Vfs, task: Subject, file: OpenFile, bytes: Uint8Array, offset: number): Denial {
  const { inode } = file;
  if (inode.content === null) return "EINVAL";
  const { immutableIsFinal, layout } = inode.sb.type;
  if (inode.immutable && immutableIsFinal) return "EPERM";
  // ext4 hears what the device cannot take only when the change has been noted and privileges are gone (ext4_dio_write_checks).
  const direct = aligned(file, offset, bytes.length);
  const refused = (direct || layout === "ext4" ? null : "EINVAL") ?? fileModified(vfs, task, file);
  if (refused !== null) return refused;
  if (!direct) return "EINVAL";
  inode.content.write(offset, bytes);
  inode.dirty = true;
  return null;
}

/** The overlay's own file loses its privileges with the writer's credentials, then the layer's file is written with the mounter's. */
function writeOverlay(vfs: Vfs, task: Subject, file: OpenFile, bytes: Uint8Array, offset: number): Denial {
  const { fs } = file.inode.sb;
  const refused = removePrivileges(vfs, task, file);
  if (refused !== null) return refused;
  const real = realFile(vfs, task, file);
  if (!real.ok) return real.errno;
  const mounter = fs.mounter?.(task) ?? task;
  const write = real.value.inode.overlay === null ? writeNative : writeOverlay;
  const failed =
    askFilePermission(vfs, mounter, real.value, MAY.WRITE) ?? write(vfs, mounter, real.value, bytes, offset);
  releaseReal(vfs, task, file, real.value);
  fs.afterWrite?.(file.inode);
  return failed;
}

/** lseek(2). ESPIPE, EINVAL, ENXIO beyond the end for SEEK_DATA and SEEK_HOLE. */
export function lseek(_vfs: Vfs, _task: Subject, file: OpenFile, offset: number, whence: number): Result<number> {
  if (file.isPath) return fail("EBADF");
  const { inode } = file;
  if (inode.isFifo || inode.isSocket) return fail("ESPIPE");
  const size = inode.isRegular ? sizeOf(inode) : inode.size;
  let at: number;
  switch (whence) {
    case SEEK.SET:
      at = offset;
      break;
    case SEEK.CUR:
      at = file.pos + offset;
      break;
    case SEEK.END:
      at = size + offset;
      break;
    case SEEK.DATA:
    case SEEK.HOLE:
      if (offset < 0 || offset >= size) return fail("ENXIO");
      at = whence === SEEK.DATA ? offset : size;
      break;
    default:
      return fail("EINVAL");
  }
  if (at < 0 || at > inode.sb.type.maxBytes) return fail("EINVAL");
  file.pos = at;
  return ok(at);
}

/** copy_file_range(2) from position to position; both move. EBADF, EISDIR, EINVAL, EXDEV. */
export function copyFileRange(vfs: Vfs, task: Subject, from: OpenFile, to: OpenFile, length: number): Result<number> {
  if (from.isPath || to.isPath) return fail("EBADF");
  const [source, sink] = [from.inode, to.inode];
  if (source.isDirectory || sink.isDirectory) return fail("EISDIR");
  if (!source.isRegular || !sink.isRegular) return fail("EINVAL");
  if (!from.canRead || !to.canWrite || (to.flags & O.APPEND) !== 0) return fail("EBADF");
  const overlays = source.overlay !== null && sink.overlay !== null;
  const across = vfs.release.has("copy-across-file-systems");
  if (source.sb !== sink.sb && !overlays && !across) return fail("EXDEV");
  if (sink.immutable) return fail("EPERM");
  // The length is i_size, which on overlay may be that of an earlier time.
  const available = Math.max(0, Math.min(length, LIMIT.RW_COUNT, source.size - from.pos));
  if (source === sink && to.pos + available > from.pos && to.pos < from.pos + available) return fail("EINVAL");
  const refused = askFilePermission(vfs, task, from, MAY.READ);
  if (refused !== null) return fail(refused);
  if (available === 0) return ok(0);
  // ovl_copyfile passes the call on to the files of the layers.
  if (overlays && !across && topInode(source.overlay!).sb !== topInode(sink.overlay!).sb) return fail("EXDEV");
  const real = realFile(vfs, task, from);
  if (!real.ok) return real;
  const bytes = source.sb.fs.content(source)?.read(from.pos, available) ?? EMPTY;
  if (bytes.length > 0) accessed(vfs, from, real.value);
  releaseReal(vfs, task, from, real.value);
  if (bytes.length === 0) return ok(0);
  const done = writeAt(vfs, task, to, bytes, to.pos);
  if (!done.ok) return done;
  from.pos += done.value;
  to.pos += done.value;
  return done;
}

/**
 * The whole content of an open file as the kernel reads it for hashing: a view, valid until the file changes.
 * Reading counts as an access. EBADF for a file not open for reading, EINVAL for what is no regular file or shrank under an overlay,
 * ENOMEM for what is too large for one buffer.
 */
export function readContent(file: OpenFile): Result<Uint8Array> {
  const { inode } = file;
  const read = readToEnd(file);
  if (!read.ok) return read;
  const bytes = read.value;
  // Whole pages are read until i_size is reached, which on overlay may be that of an earlier time. That of an attribute of sysfs is said to
  // be a page, and is not.
  const { size } = inode;
  if (bytes.length < size) return fail("EINVAL");
  const end = Math.ceil(size / PAGE_SIZE) * PAGE_SIZE;
  return ok(end < bytes.length ? bytes.subarray(0, end) : bytes);
}

/** What reading an open file from its beginning gives until there is no more, whatever its i_size says. EBADF, EINVAL, ENOMEM. */
export function readToEnd(file: OpenFile): Result<Uint8Array> {
  const { inode } = file;
  if (!file.canRead) return fail("EBADF");
  if ((inode.mode & S.IFMT) !== S.IFREG) return fail("EINVAL");
  const { vfs, fs } = inode.sb;
  const content = fs.content(inode);
  if (content === null) return ok(inode.generated?.fixed ?? EMPTY);
  if ((file.flags & O.NOATIME) === 0) touchAtime(vfs, file.path.mount, fs.realInode(file.path.dentry, inode, false));
  const bytes = content.bytes();
  return bytes === null ? fail("ENOMEM") : ok(bytes);
}
