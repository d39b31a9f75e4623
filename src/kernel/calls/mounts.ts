// mount(2) and umount2(2) (fs/namespace.c).
import { type Denial, fail, ok, type Result } from "../../errno/index.ts";
import { type IdMap, mount, umount } from "../../vfs/index.ts";
import type { Caller } from "./caller.ts";

export const MOUNT_CALLS = {
  /** @param source the id of a disk (`ubdc`), a path for MS_BIND, or any word */
  mount(
    this: Caller,
    source: string,
    path: string,
    fstype: string | null,
    flags: number,
    options: string,
    idmap: IdMap | null = null,
  ): Result<null> {
    const { kernel, process, vfs } = this;
    const device = kernel.disks.get(source);
    const denied = mount(vfs, process, process.cwd, {
      ...(device !== undefined && { device }),
      source,
      path,
      fstype,
      flags,
      options,
      idmap,
    });
    return denied === null ? ok(null) : fail(denied);
  },
  umount(this: Caller, path: string, flags: number): Denial {
    const { process, vfs } = this;
    return umount(vfs, process, process.cwd, path, flags);
  },
};
