// What a mount forbids (fs/namespace.c: mnt_want_write; fs/exec.c: path_noexec; fs/namei.c: may_open_dev).
import type { Denial } from "../../errno/index.ts";
import type { Path } from "../path.ts";
import type { Mount } from "./mount.ts";

/** Whether names and attributes may be changed through this mount. EROFS. */
export function wantWrite(mount: Mount): Denial {
  return mount.flags.readOnly || mount.sb.flags.readOnly ? "EROFS" : null;
}

/** Nothing there can be run. */
export function noExec({ mount }: Path): boolean {
  return mount.flags.noexec || mount.sb.flags.noexec;
}
