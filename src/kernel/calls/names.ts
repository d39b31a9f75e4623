// System calls on names (fs/namei.c).
import type { Denial, Result } from "../../errno/index.ts";
import {
  type InodeHint,
  link,
  linkFile,
  mkdir,
  mknod,
  readdir,
  rename,
  resolve,
  rmdir,
  S,
  symlink,
  unlink,
} from "../../vfs/index.ts";
import type { Kernel } from "../kernel.ts";
import type { Process } from "../process.ts";

export function nameCalls(kernel: Kernel, process: Process) {
  const { vfs } = kernel;
  return {
    link: (target: string, path: string): Denial => link(vfs, process, process.cwd, target, path),
    /** linkat of /proc/self/fd/N: gives an O_TMPFILE file its name. */
    linkFd(fd: number, path: string): Denial {
      const file = process.file(fd);
      return file === undefined ? "ENOENT" : linkFile(vfs, process, file, process.cwd, path);
    },
    symlink: (target: string, path: string, hint?: InodeHint): Denial =>
      symlink(vfs, process, process.cwd, target, path, hint),
    unlink: (path: string): Denial => unlink(vfs, process, process.cwd, path),
    rename: (from: string, to: string, flags: number): Denial => rename(vfs, process, process.cwd, from, to, flags),
    mkdir: (path: string, mode: number, hint?: InodeHint): Denial =>
      mkdir(vfs, process, process.cwd, path, mode & ~process.umask & S.IALLUGO, hint),
    rmdir: (path: string): Denial => rmdir(vfs, process, process.cwd, path),
    mknod: (path: string, mode: number, rdev: { major: number; minor: number }, hint?: InodeHint): Denial =>
      mknod(vfs, process, process.cwd, path, mode & ~process.umask, rdev, hint),
    readdir: (path: string): Result<readonly string[]> => readdir(vfs, process, process.cwd, path),
    chdir(path: string): Denial {
      const found = resolve(vfs, process, process.cwd, path, { follow: true, directory: true });
      if (!found.ok) return found.errno;
      process.cwd = found.value;
      return null;
    },
  };
}
