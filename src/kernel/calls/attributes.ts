// System calls on attributes (fs/open.c, fs/attr.c, fs/stat.c, fs/statfs.c, fs/ioctl.c, fs/verity).
import { type Denial, type Errno, fail, ok, type Result } from "../../errno/index.ts";
import {
  type AttributeName,
  chattr,
  chmod,
  chown,
  fchmod,
  fchown,
  type OpenFile,
  type Stat,
  stat,
  statFile,
  statfs,
  utimens,
  type VerityParameters,
  verityEnable,
  verityMeasure,
} from "../../vfs/index.ts";
import type { Caller } from "./caller.ts";

function on({ process }: Caller, fd: number): Result<OpenFile> {
  const file = process.file(fd);
  return file === undefined || file.isPath ? fail("EBADF") : ok(file);
}

export const ATTRIBUTE_CALLS = {
  chmod(this: Caller, path: string, mode: number): Denial {
    const { process, vfs } = this;
    return chmod(vfs, process, process.cwd, path, mode);
  },
  fchmod(this: Caller, fd: number, mode: number): Denial {
    const { process, vfs } = this;
    const file = on(this, fd);
    return file.ok ? fchmod(vfs, process, file.value, mode) : file.errno;
  },
  /** An id of null is left alone. */
  chown(this: Caller, path: string, uid: number | null, gid: number | null, follow: boolean): Denial {
    const { process, vfs } = this;
    return chown(vfs, process, process.cwd, path, uid, gid, follow);
  },
  fchown(this: Caller, fd: number, uid: number | null, gid: number | null): Denial {
    const { process, vfs } = this;
    const file = on(this, fd);
    return file.ok ? fchown(vfs, process, file.value, uid, gid) : file.errno;
  },
  /** Times in seconds. */
  utimens(this: Caller, path: string, atime: number, mtime: number, follow: boolean): Denial {
    const { process, vfs } = this;
    return utimens(vfs, process, process.cwd, path, { atime, mtime }, follow);
  },
  stat(this: Caller, path: string, follow: boolean): Result<Stat> {
    const { process, vfs } = this;
    return stat(vfs, process, process.cwd, path, follow);
  },
  fstat(this: Caller, fd: number): Result<Stat> {
    const { process, vfs } = this;
    const file = process.file(fd);
    return file === undefined ? fail("EBADF") : statFile(vfs, process, file);
  },
  statfs(this: Caller, path: string): Result<{ type: number; flags: number; name: string | null }> {
    const { process, vfs } = this;
    const found = statfs(vfs, process, process.cwd, path);
    return found.ok ? ok(found.value) : found;
  },
  /** FS_IOC_GETFLAGS, then FS_IOC_SETFLAGS. */
  chattr(
    this: Caller,
    fd: number,
    set: readonly AttributeName[],
    clear: readonly AttributeName[],
  ): { errno: Errno; at: string } | null {
    const { process, vfs } = this;
    const file = on(this, fd);
    return file.ok ? chattr(vfs, process, file.value, set, clear) : { errno: file.errno, at: "FS_IOC_GETFLAGS" };
  },
  enableVerity(this: Caller, fd: number, parameters: VerityParameters): Denial {
    const { process, vfs } = this;
    const file = on(this, fd);
    return file.ok ? verityEnable(vfs, process, file.value, parameters) : file.errno;
  },
  measureVerity(this: Caller, fd: number): Result<{ algorithm: number; digest: Uint8Array }> {
    const file = on(this, fd);
    return file.ok ? verityMeasure(file.value) : file;
  },
};
