// What every modification of a file's bytes does beside the bytes: set-ID bits and file capabilities go, times and the change counter
// move (fs/inode.c: file_modified, file_remove_privs_flags, dentry_needs_remove_privs, file_update_time).
import type { Denial } from "../errno/index.ts";
import type { OpenFile } from "./file.ts";
import { throughMount } from "./idmap.ts";
import { updateTimes } from "./native/attr.ts";
import { notifyChange } from "./notify-change.ts";
import { dropsOnWrite, hasFileCapabilities, type MutableChange } from "./setattr.ts";
import type { Subject } from "./task.ts";
import type { Vfs } from "./vfs.ts";

/** file_remove_privs: a change of attributes by the kernel itself, with all its hooks but without permission checks. */
export function removePrivileges(vfs: Vfs, task: Subject, file: OpenFile): Denial {
  const { inode } = file;
  if (!inode.isRegular) return null;
  const drops = dropsOnWrite(throughMount(task, file.path.mount), inode);
  const capabilities = hasFileCapabilities(inode);
  if (drops === null && !capabilities) return null;
  const change: MutableChange = {
    kill: true,
    killSuid: drops?.suid ?? false,
    killSgid: drops?.sgid ?? false,
    killPriv: capabilities,
  };
  return notifyChange(vfs, task, file.path, change);
}

/** file_modified. */
export function fileModified(vfs: Vfs, task: Subject, file: OpenFile): Denial {
  const refused = removePrivileges(vfs, task, file);
  if (refused === null) updateTimes(vfs, file.inode);
  return refused;
}
