// A whole file read by the kernel for its own use, with its hooks (fs/kernel_read_file.c: kernel_read_file).
import { fail, ok, type Result } from "../errno/index.ts";
import {
  closeFile,
  O,
  type OpenFile,
  open,
  type Path,
  type ReadId,
  readContent,
  type Subject,
  type Vfs,
} from "../vfs/index.ts";

/** INT_MAX: what a caller without a buffer of its own takes. */
const LARGEST = 0x7fff_ffff;

/** Reading into a buffer that the caller brings along. */
export interface ReadInto {
  /** Bytes that the buffer holds. */
  readonly size: number;
  /** Where a caller begins that also takes a part of the file; without it the file has to fit. */
  readonly offset?: number;
}

/**
 * Denies writers while it reads. EINVAL for what is no regular file or empty, ETXTBSY while somebody writes, EFBIG for what does not fit.
 * A part of a file never was in one buffer: it is checked by itself, before it is read.
 */
export function kernelReadFile(
  vfs: Vfs,
  task: Subject,
  file: OpenFile,
  id: ReadId,
  { size: room, offset }: ReadInto = { size: LARGEST },
): Result<Uint8Array> {
  const { inode } = file;
  if (!inode.isRegular) return fail("EINVAL");
  if (inode.writeCount > 0) return fail("ETXTBSY");
  inode.writeCount--;
  try {
    if (inode.size <= 0) return fail("EINVAL");
    if (offset === undefined && inode.size > room) return fail("EFBIG");
    const from = offset ?? 0;
    const whole = from === 0 && inode.size <= room;
    for (const module of vfs.hooks.kernelReadFile) {
      const denied = module.kernelReadFile(task, file, id, whole);
      if (denied !== null) return fail(denied);
    }
    const content = readContent(file);
    // A file that is shorter than its size, as an overlay's may be, is not read to its end.
    if (!content.ok) return content.errno === "EINVAL" ? fail("EIO") : content;
    // What the hooks see is what the caller gets, whatever happens to the file afterwards.
    const bytes = content.value.slice(from, from + room);
    if (!whole) return ok(bytes);
    for (const module of vfs.hooks.kernelPostReadFile) {
      const denied = module.kernelPostReadFile(task, file, bytes, id);
      if (denied !== null) return fail(denied);
    }
    return ok(bytes);
  } finally {
    inode.writeCount++;
  }
}

/** filp_open and kernel_read_file: the open is a FILE_CHECK like any other. */
export function kernelReadPath(
  vfs: Vfs,
  task: Subject,
  root: Path,
  path: string,
  id: ReadId,
  into?: ReadInto,
): Result<Uint8Array> {
  if (path === "") return fail("EINVAL");
  const file = open(vfs, task, root, path, O.RDONLY | O.LARGEFILE, 0);
  if (!file.ok) return file;
  const bytes = kernelReadFile(vfs, task, file.value, id, into);
  closeFile(vfs, task, file.value);
  return bytes;
}
