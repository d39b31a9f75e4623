// System calls on extended attributes (fs/xattr.c).
import { type Denial, fail, ok, type Result } from "../../errno/index.ts";
import { getxattr, listxattr, type Path, removexattr, resolve, setxattr } from "../../vfs/index.ts";
import type { Caller } from "./caller.ts";

/** An open file, or a path. */
export type XattrTarget = { readonly fd: number } | { readonly path: string; readonly follow: boolean };

function locate({ vfs, process }: Caller, target: XattrTarget): Result<Path> {
  if (!("fd" in target)) return resolve(vfs, process, process.cwd, target.path, { follow: target.follow });
  const file = process.file(target.fd);
  return file === undefined || file.isPath ? fail("EBADF") : ok(file.path);
}

export const XATTR_CALLS = {
  setxattr(this: Caller, target: XattrTarget, name: string, value: Uint8Array, flags: number): Denial {
    const { process, vfs } = this;
    const path = locate(this, target);
    return path.ok ? setxattr(vfs, process, path.value, name, value, flags) : path.errno;
  },
  getxattr(this: Caller, target: XattrTarget, name: string): Result<Uint8Array> {
    const { process, vfs } = this;
    const path = locate(this, target);
    return path.ok ? getxattr(vfs, process, path.value, name) : path;
  },
  listxattr(this: Caller, target: XattrTarget): Result<readonly string[]> {
    const { process, vfs } = this;
    const path = locate(this, target);
    return path.ok ? listxattr(vfs, process, path.value) : path;
  },
  removexattr(this: Caller, target: XattrTarget, name: string): Denial {
    const { process, vfs } = this;
    const path = locate(this, target);
    return path.ok ? removexattr(vfs, process, path.value, name) : path.errno;
  },
};
