// mount(2) and umount2(2) (fs/namespace.c).
import { type Denial, fail, ok, type Result } from "../../errno/index.ts";
import { mount, umount } from "../../vfs/index.ts";
import type { Kernel } from "../kernel.ts";
import type { Process } from "../process.ts";

export function mountCalls(kernel: Kernel, process: Process) {
  const { vfs } = kernel;
  return {
    /** @param source the id of a disk (`ubdc`), a path for MS_BIND, or any word */
    mount(source: string, path: string, fstype: string | null, flags: number, options: string): Result<null> {
      const device = kernel.disks.get(source);
      const denied = mount(vfs, process, process.cwd, {
        ...(device !== undefined && { device }),
        source,
        path,
        fstype,
        flags,
        options,
      });
      return denied === null ? ok(null) : fail(denied);
    },
    umount: (path: string, flags: number): Denial => umount(vfs, process, process.cwd, path, flags),
  };
}
