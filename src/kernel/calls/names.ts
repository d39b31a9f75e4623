// System calls on names (fs/namei.c).
import type { Denial, Result } from "../../errno/index.ts";
import {
  type InodeHint,
  link,
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
import type { Caller } from "./caller.ts";

export const NAME_CALLS = {
  link(this: Caller, target: string, path: string): Denial {
    const { process, vfs } = this;
    return link(vfs, process, process.cwd, target, path);
  },
  /** linkat of /proc/self/fd/N with AT_SYMLINK_FOLLOW: gives an O_TMPFILE file its name. */
  linkFd(this: Caller, fd: number, path: string): Denial {
    const { process, vfs } = this;
    return link(vfs, process, process.cwd, `/proc/self/fd/${fd}`, path, true);
  },
  symlink(this: Caller, target: string, path: string, hint?: InodeHint): Denial {
    const { process, vfs } = this;
    return symlink(vfs, process, process.cwd, target, path, hint);
  },
  unlink(this: Caller, path: string): Denial {
    const { process, vfs } = this;
    return unlink(vfs, process, process.cwd, path);
  },
  rename(this: Caller, from: string, to: string, flags: number): Denial {
    const { process, vfs } = this;
    return rename(vfs, process, process.cwd, from, to, flags);
  },
  mkdir(this: Caller, path: string, mode: number, hint?: InodeHint): Denial {
    const { process, vfs } = this;
    return mkdir(vfs, process, process.cwd, path, mode & ~process.umask & S.IALLUGO, hint);
  },
  rmdir(this: Caller, path: string): Denial {
    const { process, vfs } = this;
    return rmdir(vfs, process, process.cwd, path);
  },
  mknod(this: Caller, path: string, mode: number, rdev: { major: number; minor: number }, hint?: InodeHint): Denial {
    const { process, vfs } = this;
    return mknod(vfs, process, process.cwd, path, mode & ~process.umask, rdev, hint);
  },
  readdir(this: Caller, path: string): Result<readonly string[]> {
    const { process, vfs } = this;
    return readdir(vfs, process, process.cwd, path);
  },
  chdir(this: Caller, path: string): Denial {
    const { process, vfs } = this;
    const found = resolve(vfs, process, process.cwd, path, { follow: true, directory: true });
    if (!found.ok) return found.errno;
    process.cwd = found.value;
    return null;
  },
};
