// Where a file system keeps extended attributes: what fits, and in which order listxattr shows them. The order matters to nobody
// but a comparison with a real machine, the limits decide ENOSPC (fs/ext4/xattr.c: ext4_xattr_set_entry, xattr_find_entry;
// fs/xfs/libxfs/xfs_attr_leaf.c; fs/btrfs/xattr.c: btrfs_setxattr; fs/xattr.c: simple_xattr_set).
import { type Errno, fail, ok, type Result } from "../../errno/index.ts";
import type { Release } from "../../release/index.ts";
import type { Inode } from "../inode.ts";
import { XATTR } from "../uapi.ts";

/** Names kept in the inode itself, first to last; the others are in a block (ext4), or the list is a plain one (xfs). */
export interface XattrPlaces {
  inner: string[];
  outer: string[];
}

/**
 * Stores (`value`) or removes (null) one attribute in `inode.xattrs` and keeps the order of the file system.
 * Yields whether anything changed; EEXIST, ENODATA, ENOSPC.
 */
export function storeXattr(
  release: Release,
  inode: Inode,
  name: string,
  value: Uint8Array | null,
  flags: number,
): Result<boolean> {
  const old = inode.xattrs.get(name);
  if (old === undefined && (flags & XATTR.REPLACE) !== 0) return fail("ENODATA");
  if (old !== undefined && (flags & XATTR.CREATE) !== 0) return fail("EEXIST");
  if (old === undefined && value === null) return ok(false);
  switch (inode.sb.type.layout) {
    case "ext4":
      return storeExt4(inode, name, value, old);
    case "xfs":
      return storeXfs(inode, name, value);
    case "btrfs":
      if (value !== null && name.length + value.length > BTRFS_MAX) return fail("ENOSPC");
      reorder(inode, name, value, (names) => names.sort((a, b) => crc32cName(a) - crc32cName(b)));
      return ok(true);
    case "memory": {
      const sorted = release.atLeast("6.2");
      if (sorted) reorder(inode, name, value, (names) => names.sort((a, b) => (a < b ? 1 : a > b ? -1 : 0)));
      else
        reorder(inode, name, value, (names) =>
          old === undefined ? [name, ...names.filter((n) => n !== name)] : names,
        );
      return ok(true);
    }
    case "none":
      return fail("EOPNOTSUPP");
  }
}

/** Puts the value in and brings the names into the order that `arrange` makes of them. */
function reorder(
  inode: Inode,
  name: string,
  value: Uint8Array | null,
  arrange: (names: string[]) => readonly string[],
): void {
  const { xattrs } = inode;
  if (value === null) {
    xattrs.delete(name);
    return;
  }
  const isNew = !xattrs.has(name);
  xattrs.set(name, value);
  if (isNew && xattrs.size > 1) inOrder(xattrs, arrange([...xattrs.keys()]));
}

function inOrder(xattrs: Map<string, Uint8Array>, names: readonly string[]): void {
  const values = names.map((name) => xattrs.get(name)!);
  xattrs.clear();
  names.forEach((name, i) => {
    xattrs.set(name, values[i]!);
  });
}

// ext4: as many as fit behind the inode, in the order of their making; the others in one block, sorted by name space, length, name.

/** Room behind a 256-byte inode: less the 128 bytes of the old inode, 32 of its extension, the magic and the terminator. */
const EXT4_INNER = 256 - 128 - 32 - 4 - 4;
/** Room in a block of 4096 bytes: less header and terminator. */
const EXT4_OUTER = 4096 - 32 - 4;
/** e_name_index and how many characters of the full name it stands for. */
const EXT4_PREFIXES: readonly (readonly [prefix: string, index: number])[] = [
  ["system.posix_acl_access", 2],
  ["system.posix_acl_default", 3],
  ["user.", 1],
  ["trusted.", 4],
  ["security.", 6],
];

function ext4Name(name: string): { readonly index: number; readonly rest: string } {
  const [prefix, index] = EXT4_PREFIXES.find(([start]) => name.startsWith(start))!;
  return { index, rest: name.slice(prefix.length) };
}

const padded = (length: number): number => (length + 3) & ~3;
/** ext4's own form of an ACL drops the ids of entries that name nobody (fs/ext4/acl.h: ext4_acl_size). */
function ext4ValueSize(name: string, value: Uint8Array): number {
  if (!name.startsWith("system.posix_acl")) return padded(value.length);
  const entries = (value.length - 4) / 8;
  let short = 0;
  for (let at = 4; at < value.length; at += 8) if (value[at] !== 0x02 && value[at] !== 0x08) short++;
  return padded(4 + short * 4 + (entries - short) * 8);
}
function ext4Size(name: string, value: Uint8Array): number {
  return padded(16 + ext4Name(name).rest.length) + ext4ValueSize(name, value);
}

function compareExt4(a: string, b: string): number {
  const [x, y] = [ext4Name(a), ext4Name(b)];
  return x.index - y.index || x.rest.length - y.rest.length || (x.rest < y.rest ? -1 : x.rest > y.rest ? 1 : 0);
}

function storeExt4(inode: Inode, name: string, value: Uint8Array | null, old: Uint8Array | undefined): Result<boolean> {
  inode.xattrPlaces ??= { inner: [...inode.xattrs.keys()], outer: [] };
  const places = inode.xattrPlaces;
  if (value !== null && old !== undefined) {
    if (sameBytes(value, old)) return ok(false);
    if (places.inner.includes(name) && ext4ValueSize(name, value) === ext4ValueSize(name, old)) {
      inode.xattrs.set(name, value);
      return ok(true);
    }
  }
  const used = (names: readonly string[]): number =>
    names.reduce((sum, n) => (n === name ? sum : sum + ext4Size(n, inode.xattrs.get(n)!)), 0);
  const without = (names: string[]): string[] => names.filter((n) => n !== name);
  if (value === null) {
    places.inner = without(places.inner);
    places.outer = without(places.outer);
    inode.xattrs.delete(name);
    return ok(true);
  }
  const size = ext4Size(name, value);
  if (used(places.inner) + size <= EXT4_INNER) {
    if (!places.inner.includes(name)) places.inner.push(name);
    places.outer = without(places.outer);
  } else if (used(places.outer) + size <= EXT4_OUTER) {
    if (!places.outer.includes(name)) places.outer = [...places.outer, name].sort(compareExt4);
    places.inner = without(places.inner);
  } else return fail("ENOSPC" satisfies Errno);
  inode.xattrs.set(name, value);
  inOrder(inode.xattrs, [...places.inner, ...places.outer]);
  return ok(true);
}

/**
 * The places of attributes that were written to an unmounted disk one after the other: inside as long as they fit
 * (e2fsprogs lib/ext2fs/ext_attr.c: xattr_array_update).
 */
export function placeOffline(inode: Inode): void {
  if (inode.sb.type.layout !== "ext4") return;
  const places: XattrPlaces = { inner: [], outer: [] };
  let room = EXT4_INNER;
  for (const [name, value] of inode.xattrs) {
    const size = ext4Size(name, value);
    if (size <= room) {
      room -= size;
      places.inner.push(name);
    } else places.outer.push(name);
  }
  places.outer.sort(compareExt4);
  inode.xattrPlaces = places;
  inOrder(inode.xattrs, [...places.inner, ...places.outer]);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

// xfs: in the inode in the order of their making; once they do not fit, in leaf blocks in the order of a hash.

/** XFS_LITINO of a 512-byte inode, and what the data fork keeps at least. */
const XFS_LITERAL = 512 - 176;
const XFS_DATA_FORK = 56;
/** From this length of a name or a value on it cannot stay in the inode. */
const XFS_SHORT = 256;

function storeXfs(inode: Inode, name: string, value: Uint8Array | null): Result<boolean> {
  const { xattrs } = inode;
  inode.xattrPlaces ??= { inner: [], outer: [] };
  const places = inode.xattrPlaces;
  const wasLeaf = places.outer.length > 0;
  xattrs.delete(name);
  if (value !== null) xattrs.set(name, value);
  const leaf = !fitsShort(inode);
  const names = [...xattrs.keys()];
  if (leaf || wasLeaf) {
    names.sort((a, b) => xfsHash(a) - xfsHash(b));
    inOrder(xattrs, names);
  }
  places.outer = leaf ? names : [];
  places.inner = leaf ? [] : names;
  return ok(true);
}

function fitsShort(inode: Inode): boolean {
  const extents = inode.isRegular && inode.size > 0 ? 16 : 0;
  const data = inode.target !== null ? inode.target.length : inode.isDirectory ? inode.size : extents;
  let bytes = 4;
  for (const [name, value] of inode.xattrs) {
    const length = xfsName(name).length;
    if (length >= XFS_SHORT || value.length >= XFS_SHORT) return false;
    bytes += 3 + length + value.length;
  }
  return bytes <= XFS_LITERAL - Math.max(XFS_DATA_FORK, padded(data));
}

const ACL_ON_DISK: Readonly<Record<string, string>> = {
  "system.posix_acl_access": "SGI_ACL_FILE",
  "system.posix_acl_default": "SGI_ACL_DEFAULT",
};
const xfsName = (name: string): string => ACL_ON_DISK[name] ?? name.slice(name.indexOf(".") + 1);

function xfsHash(full: string): number {
  const name = xfsName(full);
  const rol = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
  const at = (i: number): number => name.charCodeAt(i) & 0xff;
  let hash = 0;
  let i = 0;
  for (; name.length - i >= 4; i += 4)
    hash = (at(i) << 21) ^ (at(i + 1) << 14) ^ (at(i + 2) << 7) ^ at(i + 3) ^ rol(hash, 28);
  const left = name.length - i;
  if (left > 0) {
    hash = rol(hash, 7 * left);
    for (let j = 0; j < left; j++) hash ^= at(i + j) << (7 * (left - 1 - j));
  }
  return hash >>> 0;
}

/** A leaf of 16384 bytes less its header, the item's header and that of the directory item. */
const BTRFS_MAX = 16384 - 101 - 25 - 30;

/** btrfs_name_hash: CRC-32C of the full name, which is the key that the tree is sorted by. */
function crc32cName(name: string): number {
  let crc = 0xfffffffe;
  for (let i = 0; i < name.length; i++) {
    crc ^= name.charCodeAt(i) & 0xff;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0x82f63b78 & -(crc & 1));
  }
  return crc >>> 0;
}
