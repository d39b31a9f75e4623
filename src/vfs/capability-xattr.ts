// security.capability: which values may be stored, and what a reader is given (security/commoncap.c: cap_convert_nscap,
// cap_inode_getsecurity; include/uapi/linux/capability.h: struct vfs_cap_data, vfs_ns_cap_data).
import { fail, ok, type Result } from "../errno/index.ts";

const REVISION_2 = 0x02000000;
const REVISION_3 = 0x03000000;
const EFFECTIVE = 1;
const SIZE_2 = 20;
const SIZE_3 = 24;

/** 2 or 3 for a well-formed value of that revision, null for anything else. */
function revision(value: Uint8Array): 2 | 3 | null {
  if (value.length !== SIZE_2 && value.length !== SIZE_3) return null;
  const magic = (value[0]! | (value[1]! << 8) | (value[2]! << 16) | (value[3]! << 24)) & ~EFFECTIVE;
  if (value.length === SIZE_2) return magic === REVISION_2 ? 2 : null;
  return magic === REVISION_3 ? 3 : null;
}

/** Whether setxattr takes the value at all: EINVAL if not. */
export function isFileCapability(value: Uint8Array): boolean {
  return revision(value) !== null;
}

/** What getxattr gives for a stored value: revision 3 for root of the initial namespace is shown as revision 2. EINVAL. */
export function shownFileCapability(value: Uint8Array): Result<Uint8Array> {
  const kind = revision(value);
  if (kind === null) return fail("EINVAL");
  if (kind === 2) return ok(value);
  const owner = value[20]! | value[21]! | value[22]! | value[23]!;
  if (owner !== 0) return ok(value);
  const shown = value.slice(0, SIZE_2);
  shown[3] = REVISION_2 >> 24;
  return ok(shown);
}
