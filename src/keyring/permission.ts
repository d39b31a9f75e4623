// Whether a task may do something with a key (security/keys/permission.c: key_task_permission).
import { type KeyRef, NO_GROUP } from "./key.ts";
import type { KeySubject } from "./subject.ts";

const GROUP_BITS = 0x3f00;

/** Whether all bits of `need` are granted: those of user, group or others, and those of the possessor besides. */
export function mayUse({ key, possessed }: KeyRef, { cred }: KeySubject, need: number): boolean {
  let granted = key.perm;
  if (key.uid === cred.fsuid) granted = key.perm >>> 16;
  else if (
    key.gid !== NO_GROUP &&
    (key.perm & GROUP_BITS) !== 0 &&
    (key.gid === cred.fsgid || cred.groups.includes(key.gid))
  )
    granted = key.perm >>> 8;
  if (possessed) granted |= key.perm >>> 24;
  return (granted & need) === need;
}
