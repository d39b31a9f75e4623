// The mode that a POSIX ACL would give a file (fs/posix_acl.c: posix_acl_equiv_mode, posix_acl_update_mode).
import { type Inode, inGroupOrCapable, parseAcl, type Subject } from "../vfs/index.ts";

/** Where the rights of an entry stand in the mode, by tag: owner, owning group, mask, others. Named users and groups have no place there. */
const SHIFT: ReadonlyMap<number, number> = new Map([
  [0x01, 6],
  [0x04, 3],
  [0x10, 3],
  [0x20, 0],
]);
const MASK_TAG = 0x10;
const S_ISGID = 0o2000;

/** @param value the ACL in xattr form; null is answered where it is no ACL, or one without entries */
export function modeAfterAcl(task: Subject, inode: Inode, value: Uint8Array): number | null {
  const acl = parseAcl(value);
  if (!acl.ok || acl.value === null) return null;
  let permissions = 0;
  for (const { tag, perm } of acl.value) {
    const shift = SHIFT.get(tag);
    if (shift === undefined) continue;
    // The mask comes behind the owning group and stands in its place.
    if (tag === MASK_TAG) permissions &= ~0o070;
    permissions |= (perm & 0o7) << shift;
  }
  const mode = (inode.mode & ~0o777) | permissions;
  return inGroupOrCapable(task, inode) ? mode : mode & ~S_ISGID;
}
