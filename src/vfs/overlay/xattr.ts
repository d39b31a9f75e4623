// The overlay's own attributes on files of the upper layer: trusted.overlay.* (fs/overlayfs/overlayfs.h: enum ovl_xattr, struct ovl_fb;
// fs/overlayfs/xattrs.c). Seen through the overlay they do not exist; a name that looks like one is stored with an escape.
import type { Inode } from "../inode.ts";

const PREFIX = "trusted.overlay.";
const ESCAPED = "trusted.overlay.overlay.";

export const OVERLAY_XATTR = {
  origin: "trusted.overlay.origin",
  opaque: "trusted.overlay.opaque",
  impure: "trusted.overlay.impure",
  redirect: "trusted.overlay.redirect",
  nlink: "trusted.overlay.nlink",
  protattr: "trusted.overlay.protattr",
  uuid: "trusted.overlay.uuid",
} as const;

/** Never copied up and never shown. */
export function isPrivateXattr(name: string): boolean {
  return name.startsWith(PREFIX) && !name.startsWith(ESCAPED);
}

/** The name under which the layer keeps what the overlay's user calls `name`. */
export function nameInLayer(name: string): string {
  return name.startsWith(PREFIX) ? `${ESCAPED}${name.slice(PREFIX.length)}` : name;
}

/** The names a layer lists, as the overlay's user sees them. */
export function namesInOverlay(names: readonly string[]): string[] {
  return names
    .filter((name) => !isPrivateXattr(name))
    .map((name) => (name.startsWith(ESCAPED) ? `${PREFIX}${name.slice(ESCAPED.length)}` : name));
}

const VERSION = 0;
const MAGIC = 0xfb;
const HEADER = 21;
/** fid types of file handles: inode and generation in 32 bits, tmpfs' own, btrfs without parent. */
const INO32_GEN = 1;
const BTRFS = 0x4d;
/** The shortest handle of btrfs, in words. */
const BTRFS_WORDS = 5;

/** struct ovl_fb: the file handle of the lower file that a copy was made of. Empty where its file system has no handles. */
export function encodeOrigin(inode: Inode): Uint8Array {
  const { type, uuid } = inode.sb;
  if (type.generation === "none") return new Uint8Array(0);
  const isBtrfs = type.layout === "btrfs";
  const words = isBtrfs
    ? [inode.ino, 0, 5, 0, inode.generation]
    : type.layout === "memory"
      ? [inode.generation, inode.ino, 0]
      : [inode.ino, inode.generation];
  const fb = new Uint8Array(HEADER + words.length * 4);
  const view = new DataView(fb.buffer);
  fb.set([VERSION, MAGIC, fb.length, 0, isBtrfs ? BTRFS : INO32_GEN]);
  fb.set(uuid, 5);
  words.forEach((word, i) => {
    view.setUint32(HEADER + i * 4, word >>> 0, true);
  });
  return fb;
}

/** What an origin names: the file system by its UUID, the inode by number and generation. null for one that cannot be read. */
export function decodeOrigin(
  value: Uint8Array,
): { readonly uuid: Uint8Array; readonly ino: number; readonly generation: number } | null {
  if (value.length < HEADER + 8 || value[1] !== MAGIC || value[2] !== value.length) return null;
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  const word = (i: number): number => view.getUint32(HEADER + i * 4, true);
  const uuid = value.subarray(5, HEADER);
  if (value[4] === BTRFS)
    return value.length < HEADER + BTRFS_WORDS * 4 ? null : { uuid, ino: word(0), generation: word(4) };
  return value.length === HEADER + 12
    ? { uuid, ino: word(1), generation: word(0) }
    : { uuid, ino: word(0), generation: word(1) };
}
