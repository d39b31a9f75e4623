// System calls on extended attributes (fs/xattr.c).
import { type Denial, fail, ok, type Result } from "../../errno/index.ts";
import { getxattr, listxattr, type Path, removexattr, resolve, setxattr } from "../../vfs/index.ts";
import type { Kernel } from "../kernel.ts";
import type { Process } from "../process.ts";

/** An open file, or a path. */
export type XattrTarget = { readonly fd: number } | { readonly path: string; readonly follow: boolean };

export function xattrCalls(kernel: Kernel, process: Process) {
  const { vfs } = kernel;
  const locate = (target: XattrTarget): Result<Path> => {
    if (!("fd" in target)) return resolve(vfs, process, process.cwd, target.path, { follow: target.follow });
    const file = process.file(target.fd);
    return file === undefined || file.isPath ? fail("EBADF") : ok(file.path);
  };
  return {
    setxattr(target: XattrTarget, name: string, value: Uint8Array, flags: number): Denial {
      const path = locate(target);
      return path.ok ? setxattr(vfs, process, path.value, name, value, flags) : path.errno;
    },
    getxattr(target: XattrTarget, name: string): Result<Uint8Array> {
      const path = locate(target);
      return path.ok ? getxattr(vfs, process, path.value, name) : path;
    },
    listxattr(target: XattrTarget): Result<readonly string[]> {
      const path = locate(target);
      return path.ok ? listxattr(vfs, process, path.value) : path;
    },
    removexattr(target: XattrTarget, name: string): Denial {
      const path = locate(target);
      return path.ok ? removexattr(vfs, process, path.value, name) : path.errno;
    },
  };
}
