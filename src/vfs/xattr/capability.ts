// security.capability: which values may be stored, and what a reader is given (security/commoncap.c: cap_convert_nscap,
// cap_inode_getsecurity; include/uapi/linux/capability.h: struct vfs_cap_data, vfs_ns_cap_data).
import { fail, ok, type Result } from "../../errno/index.ts";
import type { IdMap } from "../idmap.ts";

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

/** The id of the root whose capabilities they are: 0 in revision 2, which names none. */
function rootOf(value: Uint8Array): number {
  return value.length === SIZE_3 ? new DataView(value.buffer, value.byteOffset).getUint32(SIZE_2, true) : 0;
}

function asRevision3(value: Uint8Array, owner: number): Uint8Array {
  const made = new Uint8Array(SIZE_3);
  made.set(value.subarray(0, SIZE_2));
  const view = new DataView(made.buffer);
  view.setUint32(0, REVISION_3 | (value[0]! & EFFECTIVE), true);
  view.setUint32(SIZE_2, owner, true);
  return made;
}

/** What setxattr stores of a well-formed value: through an idmapped mount revision 3, for the root on the file system. EINVAL. */
export function storedFileCapability(value: Uint8Array, idmap: IdMap | null): Result<Uint8Array> {
  if (idmap === null) return ok(value);
  const owner = idmap.toDisk("uid", rootOf(value));
  return owner === null ? fail("EINVAL") : ok(asRevision3(value, owner));
}

/**
 * What getxattr gives for a stored value: that of root is shown as revision 2, that of another owner as revision 3. EINVAL;
 * EOVERFLOW where the owner has no counterpart in an idmapped mount.
 */
export function shownFileCapability(value: Uint8Array, idmap: IdMap | null): Result<Uint8Array> {
  if (revision(value) === null) return fail("EINVAL");
  const stored = rootOf(value);
  const owner = idmap === null ? stored : idmap.toMount("uid", stored);
  if (owner === null) return fail("EOVERFLOW");
  if (owner !== 0) return ok(owner === stored ? value : asRevision3(value, owner));
  if (value.length === SIZE_2) return ok(value);
  const shown = value.slice(0, SIZE_2);
  shown[3] = REVISION_2 >> 24;
  return ok(shown);
}
