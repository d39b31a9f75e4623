// POSIX ACLs: their xattr form, their check, and how they and the mode follow each other (include/uapi/linux/posix_acl{,_xattr}.h;
// fs/posix_acl.c: posix_acl_from_xattr, posix_acl_valid, posix_acl_equiv_mode, posix_acl_create_masq, __posix_acl_chmod_masq).
import { type Errno, fail, ok, type Result } from "../errno/index.ts";

/** e_tag values. */
export const ACL_TAG = { USER_OBJ: 0x01, USER: 0x02, GROUP_OBJ: 0x04, GROUP: 0x08, MASK: 0x10, OTHER: 0x20 } as const;
/** e_id of entries that name nobody. */
const UNDEFINED_ID = 0xffffffff;
const XATTR_VERSION = 2;
const HEADER = 4;
const ENTRY = 8;

export interface AclEntry {
  readonly tag: number;
  /** rwx bits. */
  readonly perm: number;
  /** uid or gid; 4294967295 where the tag names nobody. */
  readonly id: number;
}
export type PosixAcl = readonly AclEntry[];

/** Reads the xattr form. null: a header without entries, which means no ACL. EINVAL, EOPNOTSUPP. */
export function parseAcl(value: Uint8Array): Result<PosixAcl | null> {
  if (value.length < HEADER) return fail("EINVAL");
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  if (view.getUint32(0, true) !== XATTR_VERSION) return fail("EOPNOTSUPP");
  if ((value.length - HEADER) % ENTRY !== 0) return fail("EINVAL");
  const count = (value.length - HEADER) / ENTRY;
  if (count === 0) return ok(null);
  const acl: AclEntry[] = [];
  for (let at = HEADER; at < value.length; at += ENTRY) {
    const tag = view.getUint16(at, true);
    const perm = view.getUint16(at + 2, true);
    const named = tag === ACL_TAG.USER || tag === ACL_TAG.GROUP;
    if (!named && !UNNAMED.has(tag)) return fail("EINVAL");
    acl.push({ tag, perm, id: named ? view.getUint32(at + 4, true) : UNDEFINED_ID });
  }
  return ok(acl);
}
const UNNAMED: ReadonlySet<number> = new Set([ACL_TAG.USER_OBJ, ACL_TAG.GROUP_OBJ, ACL_TAG.MASK, ACL_TAG.OTHER]);

/** The xattr form. */
export function encodeAcl(acl: PosixAcl): Uint8Array {
  const bytes = new Uint8Array(HEADER + acl.length * ENTRY);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, XATTR_VERSION, true);
  acl.forEach(({ tag, perm, id }, i) => {
    const at = HEADER + i * ENTRY;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, perm, true);
    view.setUint32(at + 4, id, true);
  });
  return bytes;
}

/** The order in which tags may follow each other; each is a state of posix_acl_valid. */
export function checkAcl(acl: PosixAcl): Errno | null {
  let state: number = ACL_TAG.USER_OBJ;
  let needsMask = false;
  for (const { tag, perm, id } of acl) {
    if ((perm & ~7) !== 0) return "EINVAL";
    switch (tag) {
      case ACL_TAG.USER_OBJ:
        if (state !== ACL_TAG.USER_OBJ) return "EINVAL";
        state = ACL_TAG.USER;
        break;
      case ACL_TAG.USER:
        if (state !== ACL_TAG.USER || id === UNDEFINED_ID) return "EINVAL";
        needsMask = true;
        break;
      case ACL_TAG.GROUP_OBJ:
        if (state !== ACL_TAG.USER) return "EINVAL";
        state = ACL_TAG.GROUP;
        break;
      case ACL_TAG.GROUP:
        if (state !== ACL_TAG.GROUP || id === UNDEFINED_ID) return "EINVAL";
        needsMask = true;
        break;
      case ACL_TAG.MASK:
        if (state !== ACL_TAG.GROUP) return "EINVAL";
        state = ACL_TAG.OTHER;
        break;
      case ACL_TAG.OTHER:
        if (!(state === ACL_TAG.OTHER || (state === ACL_TAG.GROUP && !needsMask))) return "EINVAL";
        state = 0;
        break;
      default:
        return "EINVAL";
    }
  }
  return state === 0 ? null : "EINVAL";
}

/** The mode bits that an ACL amounts to, and whether the mode alone says the same. */
export function aclMode(acl: PosixAcl): { readonly bits: number; readonly equivalent: boolean } {
  let bits = 0;
  let equivalent = true;
  for (const { tag, perm } of acl) {
    if (tag === ACL_TAG.USER_OBJ) bits |= perm << 6;
    else if (tag === ACL_TAG.GROUP_OBJ) bits |= perm << 3;
    else if (tag === ACL_TAG.OTHER) bits |= perm;
    else if (tag === ACL_TAG.MASK) {
      bits = (bits & ~0o070) | (perm << 3);
      equivalent = false;
    } else equivalent = false;
  }
  return { bits, equivalent };
}

/** The ACL after chmod: owner, mask (or group) and others take the bits of the mode. */
export function chmodAcl(acl: PosixAcl, mode: number): PosixAcl {
  const masked = acl.some(({ tag }) => tag === ACL_TAG.MASK);
  return acl.map((entry) => {
    const { tag } = entry;
    if (tag === ACL_TAG.USER_OBJ) return { ...entry, perm: (mode >> 6) & 7 };
    if (tag === ACL_TAG.MASK || (tag === ACL_TAG.GROUP_OBJ && !masked)) return { ...entry, perm: (mode >> 3) & 7 };
    if (tag === ACL_TAG.OTHER) return { ...entry, perm: mode & 7 };
    return entry;
  });
}

/** What a new file gets of its directory's default ACL: ACL and mode limited by each other; no ACL where the mode says it all. */
export function inheritAcl(acl: PosixAcl, mode: number): { readonly acl: PosixAcl | null; readonly mode: number } {
  const masked = acl.some(({ tag }) => tag === ACL_TAG.MASK);
  let left = mode | ~0o777;
  let notEquivalent = false;
  const own = acl.map((entry) => {
    const { tag } = entry;
    if (tag === ACL_TAG.USER || tag === ACL_TAG.GROUP || tag === ACL_TAG.MASK) notEquivalent = true;
    const shift =
      tag === ACL_TAG.USER_OBJ
        ? 6
        : tag === ACL_TAG.OTHER
          ? 0
          : tag === ACL_TAG.MASK || (tag === ACL_TAG.GROUP_OBJ && !masked)
            ? 3
            : -1;
    if (shift < 0) return entry;
    const perm = entry.perm & (mode >> shift) & 7;
    left &= (perm << shift) | ~(7 << shift);
    return { ...entry, perm };
  });
  return { acl: notEquivalent ? own : null, mode: (mode & ~0o777) | (left & mode & 0o777) };
}

/** Whether the ACL grants `want` (rwx bits) to who has these ids: posix_acl_permission. */
export function aclPermits(
  acl: PosixAcl,
  inode: { readonly uid: number; readonly gid: number },
  fsuid: number | null,
  inGroup: (gid: number) => boolean,
  want: number,
): boolean {
  const mask = acl.find(({ tag }) => tag === ACL_TAG.MASK)?.perm ?? 7;
  let foundGroup = false;
  for (const { tag, perm, id } of acl) {
    switch (tag) {
      case ACL_TAG.USER_OBJ:
        if (inode.uid === fsuid) return (perm & want) === want;
        break;
      case ACL_TAG.USER:
        if (id === fsuid) return (perm & mask & want) === want;
        break;
      case ACL_TAG.GROUP_OBJ:
      case ACL_TAG.GROUP:
        if (inGroup(tag === ACL_TAG.GROUP ? id : inode.gid)) {
          foundGroup = true;
          if ((perm & want) === want) return (perm & mask & want) === want;
        }
        break;
      case ACL_TAG.OTHER:
        return !foundGroup && (perm & want) === want;
    }
  }
  return false;
}
