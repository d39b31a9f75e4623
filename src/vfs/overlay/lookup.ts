// What a name in an overlay stands for: the upper file, or the lower ones down to the first that hides the rest
// (fs/overlayfs/namei.c: ovl_lookup, ovl_lookup_layer, ovl_check_origin_fh; readdir.c: ovl_dir_read_merged).
import type { Dentry } from "../dentry.ts";
import type { Inode } from "../inode.ts";
import { lookupChild } from "../namei.ts";
import type { Path } from "../path.ts";
import type { Vfs } from "../vfs.ts";
import { sameBytes } from "../xattr/layout.ts";
import type { OverlayFs } from "./file-system.ts";
import { isWhiteout, type NameBelow } from "./inode.ts";
import { decodeOrigin, OVERLAY_XATTR } from "./xattr.ts";

const YES = 0x79;
const isOpaque = ({ xattrs }: Inode): boolean => xattrs.get(OVERLAY_XATTR.opaque)?.[0] === YES;

export function lookupOverlay(
  vfs: Vfs,
  fs: OverlayFs,
  dir: Dentry,
  name: string,
): { readonly inode: Inode | "ESTALE" | null; readonly below: NameBelow | null } {
  const { upper: above, lower: below } = dir.inode!.overlay!;
  const upper = above === null ? null : lookupChild(vfs, above, name);
  if (upper === null) {
    const lower = lookupBelow(vfs, fs, below, name, false);
    return lower.length === 0
      ? { inode: null, below: "absent" }
      : { inode: fs.inodes.find({ upper: null, lower }), below: "lower" };
  }
  const inode = upper.inode!;
  if (isWhiteout(inode)) return { inode: null, below: "hidden" };
  const { xattrs } = inode;
  if (!inode.isDirectory) {
    const value = xattrs.get(OVERLAY_XATTR.origin);
    const origin = value === undefined ? null : originOf(fs, value);
    return { inode: fs.inodes.find({ upper, lower: [], origin }), below: null };
  }
  const opaque = isOpaque(inode);
  const redirect = xattrs.get(OVERLAY_XATTR.redirect);
  const nameBelow = redirect === undefined ? name : String.fromCharCode(...redirect);
  const lower = opaque ? [] : lookupBelow(vfs, fs, below, nameBelow, true);
  return { inode: fs.inodes.find({ upper, lower, opaque, impure: xattrs.has(OVERLAY_XATTR.impure) }), below: null };
}

/** The lower file that a copy names, if it is still there. */
function originOf(fs: OverlayFs, value: Uint8Array): Inode | null {
  const named = decodeOrigin(value);
  if (named === null) return null;
  for (const { mount } of fs.layers.lower) {
    const { sb } = mount;
    if (!sameBytes(sb.uuid, named.uuid)) continue;
    const inode = sb.inodes.get(named.ino) ?? sb.disk?.load(sb, named.ino) ?? null;
    if (inode !== null && inode.generation === named.generation) return inode;
  }
  return null;
}

/** What the lower layers have of a name, down to the first that hides the rest. */
function lookupBelow(vfs: Vfs, fs: OverlayFs, stack: readonly Path[], name: string, directoriesOnly: boolean): Path[] {
  const found: Path[] = [];
  const absolute = name.startsWith("/");
  for (const { mount, dentry: dir } of absolute ? fs.layers.lower : stack) {
    const dentry = absolute ? walkDown(vfs, dir, name) : lookupChild(vfs, dir, name);
    if (dentry === null) continue;
    const inode = dentry.inode!;
    if (isWhiteout(inode)) break;
    if (!inode.isDirectory) {
      if (!directoriesOnly && found.length === 0) found.push({ mount, dentry });
      break;
    }
    found.push({ mount, dentry });
    if (isOpaque(inode)) break;
  }
  return found;
}

/** An absolute redirect: from the root of a layer. */
function walkDown(vfs: Vfs, root: Dentry, text: string): Dentry | null {
  let at: Dentry | null = root;
  for (const name of text.split("/")) {
    if (name === "") continue;
    if (at === null || !at.inode!.isDirectory) return null;
    at = lookupChild(vfs, at, name);
  }
  return at;
}

/** ovl_lower_positive: whether a lower layer shows the name. What has no upper file does, even if it was taken away there meanwhile. */
export function lowerHas(vfs: Vfs, fs: OverlayFs, { parent, name, inode }: Dentry): boolean {
  if (inode!.overlay!.upper === null) return true;
  return lookupBelow(vfs, fs, parent.inode!.overlay!.lower, name, false).length > 0;
}

/** The names of a directory: those of all its layers but for what a whiteout hides. */
export function listOverlay(vfs: Vfs, dir: Dentry): string[] {
  const { upper, lower } = dir.inode!.overlay!;
  const shown = new Map<string, boolean>();
  for (const layer of [...(upper === null ? [] : [upper]), ...lower.map(({ dentry }) => dentry)])
    for (const name of layer.sb.fs.list(vfs, layer))
      if (!shown.has(name)) shown.set(name, !isWhiteout(lookupChild(vfs, layer, name)!.inode!));
  return [...shown].filter(([, visible]) => visible).map(([name]) => name);
}
