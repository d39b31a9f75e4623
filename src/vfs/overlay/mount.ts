// Mounting an overlay: its options, its layers, its work directory and its UUID (fs/overlayfs/params.c; super.c: ovl_fill_super,
// ovl_get_upper, ovl_workdir_create; util.c: ovl_init_uuid_xattr).
import { type Errno, fail, ok, type Result } from "../../errno/index.ts";
import { makeNode } from "../create.ts";
import type { Dentry } from "../dentry.ts";
import { OpenFile } from "../file.ts";
import { closeFile, openDentry } from "../file-open.ts";
import type { FsType } from "../fstype.ts";
import { dropInode } from "../lifetime.ts";
import { Mount } from "../mount/mount.ts";
import type { MountOptions } from "../mount/options.ts";
import { anonymousDevice, createSuperBlock } from "../mount/super.ts";
import { lookupChild, resolve } from "../namei.ts";
import { notifyChange } from "../notify-change.ts";
import { makeTmpfile } from "../open.ts";
import type { Path } from "../path.ts";
import { rmdirNode, unlinkNode } from "../remove.ts";
import { renameNode } from "../rename.ts";
import type { SuperBlock } from "../superblock.ts";
import type { Subject } from "../task.ts";
import { O, RENAME, S } from "../uapi.ts";
import { randomUuid } from "../uuid.ts";
import type { Vfs } from "../vfs.ts";
import { setXattrNode } from "../xattr/xattr.ts";
import { temporaryName } from "./copy-up.ts";
import { OverlayFs } from "./file-system.ts";
import { OVERLAY_XATTR } from "./xattr.ts";

/** Options that take part here, and those that are known and change nothing. */
const KNOWN: ReadonlySet<string> = new Set([
  "lowerdir",
  "upperdir",
  "workdir",
  "redirect_dir",
  "index",
  "xino",
  "nfs_export",
  "metacopy",
  "uuid",
  "volatile",
  "default_permissions",
]);

/** Splits `lowerdir` at colons that are not escaped. */
const layersOf = (text: string): string[] =>
  text.split(/(?<!\\):/).map((layer) => layer.replaceAll("\\:", ":").replaceAll("\\,", ","));

/** EINVAL for options that do not fit together, ENOENT, ELOOP for layers that lie in each other. */
export function createOverlay(
  vfs: Vfs,
  task: Subject,
  base: Path,
  type: FsType,
  options: MountOptions,
): Result<SuperBlock> {
  const { own } = options;
  for (const [key, value] of own) {
    if (!KNOWN.has(key)) return fail("EINVAL");
    if (key === "metacopy" && value === "on") return fail("EINVAL");
  }
  const lowers = own.get("lowerdir");
  const upperText = own.get("upperdir");
  const workText = own.get("workdir");
  if (lowers === undefined || lowers === "") return fail("EINVAL");
  if ((upperText === undefined) !== (workText === undefined)) return fail("EINVAL");
  const lower: Path[] = [];
  for (const text of layersOf(lowers)) {
    const layer = directory(vfs, task, base, text);
    if (!layer.ok) return layer;
    lower.push(layer.value);
  }
  if (upperText === undefined || workText === undefined) {
    if (lower.length < 2) return fail("EINVAL");
    return ok(build(vfs, task, type, options, null, lower, null));
  }
  const upper = directory(vfs, task, base, upperText);
  if (!upper.ok) return upper;
  const work = directory(vfs, task, base, workText);
  if (!work.ok) return work;
  const wrong = refuseLayers(upper.value, work.value, lower);
  return wrong === null ? ok(build(vfs, task, type, options, upper.value, lower, work.value)) : fail(wrong);
}

function directory(vfs: Vfs, task: Subject, base: Path, text: string): Result<Path> {
  const path = resolve(vfs, task, base, text, { follow: true });
  // Layers lie on mounts without a mapping here; before 5.19 there was no other way.
  const refused = path.ok && (!path.value.dentry.inode!.isDirectory || path.value.mount.idmap !== null);
  return refused ? fail("EINVAL") : path;
}

function refuseLayers(upper: Path, work: Path, lower: readonly Path[]): Errno | null {
  if (upper.mount.flags.readOnly || upper.mount.sb.flags.readOnly) return "EINVAL";
  if (upper.mount !== work.mount) return "EINVAL";
  if (isWithin(upper.dentry, work.dentry) || isWithin(work.dentry, upper.dentry)) return "EINVAL";
  for (const { dentry } of lower) if (isWithin(dentry, upper.dentry) || isWithin(dentry, work.dentry)) return "ELOOP";
  return null;
}

function isWithin(dentry: Dentry, top: Dentry): boolean {
  for (let at = dentry; ; at = at.parent) {
    if (at === top) return true;
    if (at.isRoot) return false;
  }
}

/** clone_private_mount: the layer in a mount that no process sees, without rules for access times. */
function privateMount(path: Path, readOnly: boolean): Path {
  const flags = { ...path.mount.flags, noatime: false, nodiratime: false, relatime: false, readOnly };
  const mount = new Mount(path.mount.sb, path.dentry, null, flags, false);
  path.mount.sb.mounts++;
  path.dentry.pins++;
  return { mount, dentry: path.dentry };
}

function build(
  vfs: Vfs,
  task: Subject,
  type: FsType,
  options: MountOptions,
  upperPath: Path | null,
  lowerPaths: readonly Path[],
  workPath: Path | null,
): SuperBlock {
  const upper = upperPath === null ? null : privateMount(upperPath, false);
  const lower = lowerPaths.map((path) => privateMount(path, true));
  const work = upper === null || workPath === null ? null : workDirectory(vfs, task, upper, workPath.dentry);
  const redirect = options.own.get("redirect_dir") === "on";
  const offlineChanges = !redirect && options.own.get("index") !== "on" && options.own.get("xino") !== "on";
  const fs = new OverlayFs({ upper, lower, work, cred: task.cred, redirect, offlineChanges });
  if (upper !== null && work !== null) tryUpper(vfs, fs, fs.mounter(task), upper, work);
  const uuid = upper === null ? undefined : overlayUuid(vfs, fs.mounter(task), upper, options.own.get("uuid"));
  const sb = createSuperBlock(vfs, type, {
    flags: { ...options.flags, ...(work === null ? { readOnly: true } : {}) },
    fs,
    ...(uuid === undefined ? {} : { uuid }),
    withRoot: (sb) => {
      fs.sb = sb;
      const top = upper === null ? null : upper.dentry;
      const impure = top !== null && top.inode!.xattrs.has(OVERLAY_XATTR.impure);
      return fs.inodes.add({ upper: top, lower, impure, origin: (top ?? lower[0]!.dentry).inode! });
    },
  });
  reserveDevices(vfs, fs, sb);
  return sb;
}

/** ovl_get_layers: a device number for the upper file system, taken even without one, and one for each other of the lower layers. */
function reserveDevices(vfs: Vfs, fs: OverlayFs, sb: SuperBlock): void {
  const { upper, lower } = fs.layers;
  const taken = new Set<number>();
  const first = anonymousDevice(vfs, taken);
  if (upper !== null) fs.pseudoDevices.set(upper.mount.sb, first);
  for (const { mount } of lower)
    if (!fs.pseudoDevices.has(mount.sb)) fs.pseudoDevices.set(mount.sb, anonymousDevice(vfs, taken));
  sb.reservedMinors = [...taken];
}

/** ovl_workdir_create: an empty directory `work` below the one given, closed to everybody. */
function workDirectory(vfs: Vfs, task: Subject, upper: Path, base: Dentry): Dentry | null {
  const old = lookupChild(vfs, base, "work");
  if (old !== null) removeAll(vfs, task, old);
  const made = makeNode(vfs, task, base, "work", { mode: S.IFDIR });
  if (!made.ok) return null;
  const closed = notifyChange(vfs, task, { mount: upper.mount, dentry: made.value }, { mode: S.IFDIR });
  if (closed !== null) return null;
  made.value.pins++;
  return made.value;
}

/** What the upper file system can do is found out by doing it: a file without a name, and a rename that leaves a whiteout. */
function tryUpper(vfs: Vfs, fs: OverlayFs, mounter: Subject, upper: Path, work: Dentry): void {
  const nameless = makeTmpfile(vfs, mounter, work, S.IFREG);
  if (nameless.ok) {
    const inode = nameless.value.inode!;
    const file = new OpenFile(
      { mount: upper.mount, dentry: nameless.value },
      inode,
      O.RDWR | O.LARGEFILE,
      mounter.cred,
    );
    const opened = openDentry(vfs, mounter, file) === null;
    if (opened) for (const hook of vfs.hooks.inodePostCreateTmpfile) hook.inodePostCreateTmpfile(mounter, inode);
    closeFile(vfs, mounter, file);
    if (!opened) dropInode(vfs, inode);
  }
  const made = makeNode(vfs, mounter, work, temporaryName(fs), { mode: S.IFREG });
  if (!made.ok) return;
  const { name } = made.value;
  renameNode(vfs, mounter, made.value, work, temporaryName(fs), null, RENAME.WHITEOUT);
  const whiteout = lookupChild(vfs, work, name);
  if (whiteout !== null && whiteout !== made.value) unlinkNode(vfs, mounter, whiteout);
  unlinkNode(vfs, mounter, made.value);
}

function removeAll(vfs: Vfs, task: Subject, dentry: Dentry): void {
  if (!dentry.inode!.isDirectory) {
    unlinkNode(vfs, task, dentry);
    return;
  }
  for (const name of [...dentry.sb.fs.list(vfs, dentry)]) {
    const child = lookupChild(vfs, dentry, name);
    if (child !== null) removeAll(vfs, task, child);
  }
  rmdirNode(vfs, task, dentry);
}

/** The overlay's own UUID, kept on the upper root; one that was used before without has none. */
function overlayUuid(vfs: Vfs, mounter: Subject, upper: Path, option: string | undefined): Uint8Array | undefined {
  if (!vfs.release.has("overlay-uuid") || option === "off" || option === "null") return undefined;
  const { xattrs } = upper.dentry.inode!;
  const known = xattrs.get(OVERLAY_XATTR.uuid);
  if (known?.length === 16) return known;
  if (option !== "on" && xattrs.has(OVERLAY_XATTR.impure)) return undefined;
  const uuid = randomUuid(vfs.random);
  return setXattrNode(vfs, mounter, upper, OVERLAY_XATTR.uuid, uuid, 0) === null ? uuid : undefined;
}
