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
import type { Kernel } from "../kernel.ts";
import type { Process } from "../process.ts";

export function attributeCalls(kernel: Kernel, process: Process) {
  const { vfs } = kernel;
  const on = (fd: number): Result<OpenFile> => {
    const file = process.file(fd);
    return file === undefined || file.isPath ? fail("EBADF") : ok(file);
  };
  return {
    chmod: (path: string, mode: number): Denial => chmod(vfs, process, process.cwd, path, mode),
    fchmod(fd: number, mode: number): Denial {
      const file = on(fd);
      return file.ok ? fchmod(vfs, process, file.value, mode) : file.errno;
    },
    /** An id of null is left alone. */
    chown: (path: string, uid: number | null, gid: number | null, follow: boolean): Denial =>
      chown(vfs, process, process.cwd, path, uid, gid, follow),
    fchown(fd: number, uid: number | null, gid: number | null): Denial {
      const file = on(fd);
      return file.ok ? fchown(vfs, process, file.value, uid, gid) : file.errno;
    },
    /** Times in seconds. */
    utimens: (path: string, atime: number, mtime: number, follow: boolean): Denial =>
      utimens(vfs, process, process.cwd, path, { atime, mtime }, follow),
    stat: (path: string, follow: boolean): Result<Stat> => stat(vfs, process, process.cwd, path, follow),
    fstat(fd: number): Result<Stat> {
      const file = process.file(fd);
      return file === undefined ? fail("EBADF") : statFile(vfs, process, file);
    },
    statfs: (path: string): Result<{ type: number; flags: number; name: string | null }> => {
      const found = statfs(vfs, process, process.cwd, path);
      return found.ok ? ok(found.value) : found;
    },
    /** FS_IOC_GETFLAGS, then FS_IOC_SETFLAGS. */
    chattr(
      fd: number,
      set: readonly AttributeName[],
      clear: readonly AttributeName[],
    ): { errno: Errno; at: string } | null {
      const file = on(fd);
      return file.ok ? chattr(vfs, process, file.value, set, clear) : { errno: file.errno, at: "FS_IOC_GETFLAGS" };
    },
    enableVerity(fd: number, parameters: VerityParameters): Denial {
      const file = on(fd);
      return file.ok ? verityEnable(vfs, process, file.value, parameters) : file.errno;
    },
    measureVerity(fd: number): Result<{ algorithm: number; digest: Uint8Array }> {
      const file = on(fd);
      return file.ok ? verityMeasure(file.value) : file;
    },
  };
}
