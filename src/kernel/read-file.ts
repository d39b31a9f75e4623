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

/** Denies writers while it reads. EINVAL for what is no regular file or empty, ETXTBSY while somebody writes. */
export function kernelReadFile(vfs: Vfs, task: Subject, file: OpenFile, id: ReadId): Result<Uint8Array> {
  const { inode } = file;
  if (!inode.isRegular) return fail("EINVAL");
  if (inode.writeCount > 0) return fail("ETXTBSY");
  inode.writeCount--;
  try {
    if (inode.size <= 0) return fail("EINVAL");
    for (const module of vfs.hooks.kernelReadFile) {
      const denied = module.kernelReadFile(task, file, id, true);
      if (denied !== null) return fail(denied);
    }
    const content = readContent(file);
    if (!content.ok) return content;
    // What the hooks see is what the caller gets, whatever happens to the file afterwards.
    const bytes = content.value.slice();
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
export function kernelReadPath(vfs: Vfs, task: Subject, root: Path, path: string, id: ReadId): Result<Uint8Array> {
  if (path === "") return fail("EINVAL");
  const file = open(vfs, task, root, path, O.RDONLY | O.LARGEFILE, 0);
  if (!file.ok) return file;
  const bytes = kernelReadFile(vfs, task, file.value, id);
  closeFile(vfs, task, file.value);
  return bytes;
}
