// System calls on open files (fs/open.c, fs/read_write.c, fs/file.c).
import { type Denial, fail, ok, type Result } from "../../errno/index.ts";
import {
  closeFile,
  copyFileRange,
  fallocate,
  fsync,
  ftruncate,
  type InodeHint,
  lseek,
  memfdCreate,
  type OpenFile,
  open,
  pread,
  pwrite,
  read,
  S,
  setGeneration,
  truncate,
  write,
} from "../../vfs/index.ts";
import type { Kernel } from "../kernel.ts";
import type { Process } from "../process.ts";

export function fileCalls(kernel: Kernel, process: Process) {
  const { vfs } = kernel;
  /** A descriptor for reading or writing: an O_PATH one is none. */
  const file = (fd: number): Result<OpenFile> => {
    const found = process.file(fd);
    return found === undefined || found.isPath ? fail("EBADF") : ok(found);
  };
  const on = <T>(fd: number, body: (f: OpenFile) => Result<T>): Result<T> => {
    const found = file(fd);
    return found.ok ? body(found.value) : found;
  };
  const doOn = (fd: number, body: (f: OpenFile) => Denial): Denial => {
    const found = file(fd);
    return found.ok ? body(found.value) : found.errno;
  };
  return {
    open(path: string, flags: number, mode: number, hint?: InodeHint): Result<number> {
      const opened = open(vfs, process, process.cwd, path, flags, mode & ~process.umask & S.IALLUGO, hint);
      if (!opened.ok) return opened;
      const fd = process.addFile(opened.value);
      if (!fd.ok) closeFile(vfs, process, opened.value);
      return fd;
    },
    close(fd: number): Denial {
      const found = process.removeFile(fd);
      if (found === undefined) return "EBADF";
      closeFile(vfs, process, found);
      return null;
    },
    read: (fd: number, length: number): Result<Uint8Array> => on(fd, (f) => read(vfs, process, f, length)),
    pread: (fd: number, length: number, offset: number): Result<Uint8Array> =>
      on(fd, (f) => pread(vfs, process, f, length, offset)),
    write: (fd: number, bytes: Uint8Array): Result<number> => on(fd, (f) => write(vfs, process, f, bytes)),
    pwrite: (fd: number, bytes: Uint8Array, offset: number): Result<number> =>
      on(fd, (f) => pwrite(vfs, process, f, bytes, offset)),
    lseek: (fd: number, offset: number, whence: number): Result<number> =>
      on(fd, (f) => lseek(vfs, process, f, offset, whence)),
    truncate: (path: string, length: number): Denial => truncate(vfs, process, process.cwd, path, length),
    ftruncate: (fd: number, length: number): Denial => doOn(fd, (f) => ftruncate(vfs, process, f, length)),
    fallocate: (fd: number, mode: number, offset: number, length: number): Denial =>
      doOn(fd, (f) => fallocate(vfs, process, f, mode, offset, length)),
    fsync: (fd: number): Denial => doOn(fd, (f) => fsync(vfs, process, f)),
    /** Everything is always written. */
    sync(): void {},
    /** fcntl(F_DUPFD, 3) */
    dup(fd: number): Result<number> {
      const found = process.file(fd);
      if (found === undefined) return fail("EBADF");
      const copy = process.addFile(found, 3);
      if (copy.ok) found.refs++;
      return copy;
    },
    memfdCreate(name: string, flags: number): Result<number> {
      const made = memfdCreate(vfs, process, name, flags);
      return made.ok ? process.addFile(made.value) : made;
    },
    copyFileRange(from: number, to: number, length: number): Result<number> {
      const source = file(from);
      const target = file(to);
      if (!source.ok) return source;
      return target.ok ? copyFileRange(vfs, process, source.value, target.value, length) : target;
    },
    /** FS_IOC_SETVERSION */
    setGeneration: (fd: number, generation: number): Denial =>
      doOn(fd, (f) => setGeneration(vfs, process, f, generation)),
  };
}
