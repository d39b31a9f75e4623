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
import type { Caller } from "./caller.ts";

/** A descriptor for reading or writing: an O_PATH one is none. */
function fileOf({ process }: Caller, fd: number): Result<OpenFile> {
  const found = process.file(fd);
  return found === undefined || found.isPath ? fail("EBADF") : ok(found);
}
function on<T>(caller: Caller, fd: number, body: (f: OpenFile) => Result<T>): Result<T> {
  const found = fileOf(caller, fd);
  return found.ok ? body(found.value) : found;
}
function doOn(caller: Caller, fd: number, body: (f: OpenFile) => Denial): Denial {
  const found = fileOf(caller, fd);
  return found.ok ? body(found.value) : found.errno;
}

export const FILE_CALLS = {
  open(this: Caller, path: string, flags: number, mode: number, hint?: InodeHint): Result<number> {
    const { process, vfs } = this;
    const opened = open(vfs, process, process.cwd, path, flags, mode & ~process.umask & S.IALLUGO, hint);
    if (!opened.ok) return opened;
    const fd = process.addFile(opened.value);
    if (!fd.ok) closeFile(vfs, process, opened.value);
    return fd;
  },
  close(this: Caller, fd: number): Denial {
    const { process, vfs } = this;
    const found = process.removeFile(fd);
    if (found === undefined) return "EBADF";
    closeFile(vfs, process, found);
    return null;
  },
  read(this: Caller, fd: number, length: number): Result<Uint8Array> {
    const { process, vfs } = this;
    return on(this, fd, (f) => read(vfs, process, f, length));
  },
  pread(this: Caller, fd: number, length: number, offset: number): Result<Uint8Array> {
    const { process, vfs } = this;
    return on(this, fd, (f) => pread(vfs, process, f, length, offset));
  },
  write(this: Caller, fd: number, bytes: Uint8Array): Result<number> {
    const { process, vfs } = this;
    return on(this, fd, (f) => write(vfs, process, f, bytes));
  },
  pwrite(this: Caller, fd: number, bytes: Uint8Array, offset: number): Result<number> {
    const { process, vfs } = this;
    return on(this, fd, (f) => pwrite(vfs, process, f, bytes, offset));
  },
  lseek(this: Caller, fd: number, offset: number, whence: number): Result<number> {
    const { process, vfs } = this;
    return on(this, fd, (f) => lseek(vfs, process, f, offset, whence));
  },
  truncate(this: Caller, path: string, length: number): Denial {
    const { process, vfs } = this;
    return truncate(vfs, process, process.cwd, path, length);
  },
  ftruncate(this: Caller, fd: number, length: number): Denial {
    const { process, vfs } = this;
    return doOn(this, fd, (f) => ftruncate(vfs, process, f, length));
  },
  fallocate(this: Caller, fd: number, mode: number, offset: number, length: number): Denial {
    const { process, vfs } = this;
    return doOn(this, fd, (f) => fallocate(vfs, process, f, mode, offset, length));
  },
  fsync(this: Caller, fd: number): Denial {
    const { process, vfs } = this;
    return doOn(this, fd, (f) => fsync(vfs, process, f));
  },
  /** Everything is always written. */
  sync(this: Caller): void {},
  /** fcntl(F_DUPFD, 3) */
  dup(this: Caller, fd: number): Result<number> {
    const { process } = this;
    const found = process.file(fd);
    if (found === undefined) return fail("EBADF");
    const copy = process.addFile(found, 3);
    if (copy.ok) found.refs++;
    return copy;
  },
  memfdCreate(this: Caller, name: string, flags: number): Result<number> {
    const { process, vfs } = this;
    const made = memfdCreate(vfs, process, name, flags);
    return made.ok ? process.addFile(made.value) : made;
  },
  copyFileRange(this: Caller, from: number, to: number, length: number): Result<number> {
    const { process, vfs } = this;
    const source = fileOf(this, from);
    const target = fileOf(this, to);
    if (!source.ok) return source;
    return target.ok ? copyFileRange(vfs, process, source.value, target.value, length) : target;
  },
  /** FS_IOC_SETVERSION */
  setGeneration(this: Caller, fd: number, generation: number): Denial {
    const { process, vfs } = this;
    return doOn(this, fd, (f) => setGeneration(vfs, process, f, generation));
  },
};
