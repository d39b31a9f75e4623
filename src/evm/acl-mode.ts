// The mode that a POSIX ACL in xattr form would give a file (fs/posix_acl.c: posix_acl_from_xattr, posix_acl_equiv_mode, posix_acl_update_mode).
import type { Inode } from "../vfs/index.ts";
import { capable, type Subject } from "../vfs/task.ts";

const VERSION = 2;
const HEADER = 4;
const ENTRY = 8;
const TAG = { USER_OBJ: 0x01, USER: 0x02, GROUP_OBJ: 0x04, GROUP: 0x08, MASK: 0x10, OTHER: 0x20 } as const;
const NO_ID = 0xffff_ffff;
const S_ISGID = 0o2000;

/** null where the value is no ACL, or none is left of it. */
export function modeAfterAcl(task: Subject, inode: Inode, acl: Uint8Array): number | null {
  const entries = (acl.length - HEADER) / ENTRY;
  if (!Number.isInteger(entries) || entries <= 0) return null;
  const view = new DataView(acl.buffer, acl.byteOffset, acl.byteLength);
  if (view.getUint32(0, true) !== VERSION) return null;
  let permissions = 0;
  for (let at = HEADER; at < acl.length; at += ENTRY) {
    const perm = view.getUint16(at + 2, true) & 0o7;
    switch (view.getUint16(at, true)) {
      case TAG.USER_OBJ:
        permissions |= perm << 6;
        break;
      case TAG.GROUP_OBJ:
        permissions |= perm << 3;
        break;
      case TAG.OTHER:
        permissions |= perm;
        break;
      case TAG.MASK:
        // Stands for the group in the mode; it comes behind the owning group.
        permissions = (permissions & ~0o070) | (perm << 3);
        break;
      case TAG.USER:
      case TAG.GROUP:
        if (view.getUint32(at + 4, true) === NO_ID) return null;
        break;
      default:
        return null;
    }
  }
  const mode = (inode.mode & ~0o777) | permissions;
  return inGroup(task, inode.gid) || capable(task, "CAP_FSETID") ? mode : mode & ~S_ISGID;
}

function inGroup({ cred }: Subject, gid: number): boolean {
  return cred.fsgid === gid || cred.groups.includes(gid);
}
