// The overlay file system: one tree out of an upper layer that takes all changes and lower layers that take none
// (fs/overlayfs/namei.c: ovl_lookup; inode.c; file.c; readdir.c). What it does to the upper layer it does as the mounter, through the
// same calls as everybody, so that the hooks of modules see the upper file.
import { type Denial, fail, ok, type Result } from "../../errno/index.ts";
import type { PosixAcl } from "../acl.ts";
import type { AttributeName } from "../chattr.ts";
import type { Content } from "../content.ts";
import type { Dentry } from "../dentry.ts";
import type { OpenFile } from "../file.ts";
import { closeFile } from "../file-open.ts";
import type { FileSystem, NewNode } from "../filesystem.ts";
import type { Inode } from "../inode.ts";
import { releaseMount } from "../lifetime.ts";
import { wantWrite } from "../mount/access.ts";
import { notifyChange } from "../notify-change.ts";
import type { Path } from "../path.ts";
import { genericPermission, inodePermission } from "../permission.ts";
import { type AttributeChange, MAY } from "../security.ts";
import { type MutableChange, prepareSetattr, SECURITY_CAPABILITY } from "../setattr.ts";
import type { Stat } from "../stat.ts";
import type { SuperBlock } from "../superblock.ts";
import type { Credentials, Subject } from "../task.ts";
import { O, S } from "../uapi.ts";
import type { Vfs } from "../vfs.ts";
import { shownFileCapability } from "../xattr/capability.ts";
import { namespaceOf, refuseXattr } from "../xattr/names.ts";
import { linkOverlay, makeOverlay, removeOverlay, tmpfileOverlay } from "./change.ts";
import { copyUp } from "./copy-up.ts";
import { setOverlayFlags } from "./flags.ts";
import { copyAttributesUp, type OverlayInode, topInode } from "./inode.ts";
import { InodeCache } from "./inode-cache.ts";
import { setOverlayAcl, setOverlayXattr } from "./labels.ts";
import { listOverlay, lookupOverlay } from "./lookup.ts";
import { openOverlay, openReal } from "./open.ts";
import { renameOverlay } from "./rename.ts";
import { nameInLayer, namesInOverlay } from "./xattr.ts";

export interface OverlayLayers {
  /** Root of the upper layer in a mount of its own; null for an overlay that cannot be written to. */
  readonly upper: Path | null;
  /** Roots of the lower layers, topmost first. */
  readonly lower: readonly Path[];
  /** Where files are made before they are moved into place. */
  readonly work: Dentry | null;
  /** Who mounted it. */
  readonly cred: Credentials;
  /** Directories of lower layers can be renamed (redirect_dir=on), and are followed. */
  readonly redirect: boolean;
  /** Lower layers may change while it is not mounted: none of the options is in use that keep what they held (ovl_allow_offline_changes). */
  readonly offlineChanges: boolean;
}

export class OverlayFs implements FileSystem {
  readonly layers: OverlayLayers;
  readonly forgetsLinks = true;
  /** All layers lie on one file system, so that inode numbers are unique. */
  readonly sameFs: boolean;
  /** The whiteout that others are links to, and a counter for temporary names. */
  whiteout: Dentry | null = null;
  temporary = 0;
  /** Device numbers that stand for the layers' file systems, where there are several. */
  readonly pseudoDevices = new Map<SuperBlock, { major: number; minor: number }>();
  readonly inodes = new InodeCache(this);
  sb!: SuperBlock;
  /** Files that the copies of this system call were made through. */
  readonly copied: OpenFile[] = [];
  /** How many calls on this overlay are under way, one inside the other. */
  #depth = 0;

  constructor(layers: OverlayLayers) {
    this.layers = layers;
    const all = layers.upper === null ? layers.lower : [layers.upper, ...layers.lower];
    this.sameFs = all.every(({ mount }) => mount.sb === all[0]!.mount.sb);
  }

  /**
   * Files that data were copied through are closed when the system call returns (fs/file_table.c: fput), not when a call that it makes
   * itself does, as a truncation that strips file capabilities. What comes before that, such as an open for writing or a change of a
   * label, comes before the label that the last writer of the copy gets.
   */
  #call(vfs: Vfs, task: Subject, act: () => Denial): Denial {
    this.#depth++;
    const outcome = act();
    this.#depth--;
    if (this.#depth === 0) for (const file of this.copied.splice(0)) closeFile(vfs, this.mounter(task), file);
    return outcome;
  }

  mounter(task: Subject, owner?: { readonly uid: number; readonly gid: number }): Subject {
    const { pid, ppid, comm, auid, ses, exe, tty, label, readImpliesExec, umask } = task;
    const { cred: own } = this.layers;
    const cred = owner === undefined ? own : { ...own, fsuid: owner.uid, fsgid: owner.gid };
    return { cred, pid, ppid, comm, auid, ses, exe, tty, label, readImpliesExec, umask: umask ?? 0 };
  }

  /** The path of a file in the upper layer. */
  upperPath(dentry: Dentry): Path {
    return { mount: this.layers.upper!.mount, dentry };
  }
  /** The path of the real file. */
  topPath({ upper, lower }: OverlayInode): Path {
    return upper !== null ? this.upperPath(upper) : lower[0]!;
  }

  evicted(inode: Inode): void {
    this.inodes.evicted(inode);
  }

  shutdown(vfs: Vfs): void {
    const { upper, lower } = this.layers;
    for (const { mount } of upper === null ? lower : [upper, ...lower]) releaseMount(vfs, mount);
  }

  lookup(vfs: Vfs, dir: Dentry, name: string): Inode | "ESTALE" | null {
    const { names } = dir.inode!.overlay!;
    const known = names.get(name);
    if (known === "absent" || known === "hidden") return null;
    const { inode, below } = lookupOverlay(vfs, this, dir, name);
    if (below === null) names.delete(name);
    else names.set(name, below);
    return inode;
  }
  list(vfs: Vfs, dir: Dentry): Iterable<string> {
    return listOverlay(vfs, dir);
  }

  make(vfs: Vfs, task: Subject, dir: Dentry, name: string, node: NewNode): Result<Inode> {
    const made = makeOverlay(vfs, this, task, dir, name, node);
    if (made.ok) dir.inode!.overlay!.names.delete(name);
    return made;
  }
  tmpfile(vfs: Vfs, task: Subject, dir: Dentry, node: NewNode): Result<Inode> {
    return tmpfileOverlay(vfs, this, task, dir, node);
  }
  link(vfs: Vfs, task: Subject, from: Dentry, inode: Inode, dir: Dentry, name: string): Denial {
    const failed = this.#call(vfs, task, () => linkOverlay(vfs, this, task, from, inode, dir, name));
    if (failed === null) dir.inode!.overlay!.names.delete(name);
    return failed;
  }
  unlink(vfs: Vfs, task: Subject, dentry: Dentry): Denial {
    return removeOverlay(vfs, this, task, dentry);
  }
  rmdir(vfs: Vfs, task: Subject, dentry: Dentry): Denial {
    return removeOverlay(vfs, this, task, dentry);
  }
  rename(
    vfs: Vfs,
    task: Subject,
    from: Dentry,
    toDir: Dentry,
    toName: string,
    target: Dentry | null,
    flags: number,
  ): Denial {
    const failed = this.#call(vfs, task, () => renameOverlay(vfs, this, task, from, toDir, toName, target, flags));
    if (failed === null) {
      from.parent.inode!.overlay!.names.delete(from.name);
      toDir.inode!.overlay!.names.delete(toName);
    }
    return failed;
  }

  /** ovl_setattr: checked against the overlay's file, carried out on the upper one with all hooks. */
  setattr(vfs: Vfs, task: Subject, dentry: Dentry, inode: Inode, given: AttributeChange): Denial {
    return this.#call(vfs, task, () => this.#setattr(vfs, task, dentry, inode, given));
  }

  #setattr(vfs: Vfs, task: Subject, dentry: Dentry, inode: Inode, given: AttributeChange): Denial {
    const change: MutableChange = given;
    const denied = prepareSetattr(task, dentry, inode, change);
    if (denied !== null) return denied;
    const sized = change.size !== undefined;
    const failed = copyUp(vfs, this, task, dentry, sized ? O.WRONLY : 0) ?? this.wantWrite();
    if (failed !== null) return failed;
    const upper = inode.overlay!.upper!;
    const real = upper.inode!;
    if (sized) {
      if (real.writeCount < 0) return "ETXTBSY";
      real.writeCount++;
    }
    const { file: _file, mode, ...below } = change;
    const passed: MutableChange = below;
    // The set-ID bits are worked out again below, from the upper file's own mode.
    if (mode !== undefined && change.killSuid !== true && change.killSgid !== true) passed.mode = mode;
    const done = notifyChange(vfs, this.mounter(task), this.upperPath(upper), passed);
    if (done === null) copyAttributesUp(inode);
    if (sized) real.writeCount--;
    return done;
  }

  getattr(vfs: Vfs, dentry: Dentry, inode: Inode): Stat {
    const { upper, lower, origin, byLower } = inode.overlay!;
    const { dentry: real } = this.topPath(inode.overlay!);
    const shown = real.sb.fs.getattr(vfs, real, real.inode!);
    const { isDirectory } = inode;
    const merged = isDirectory && upper !== null && (lower.length > 0 || dentry.isRoot);
    const nlink = merged || (isDirectory && lower.length > 1) ? 1 : shown.nlink;
    // The number stays that of the lower file it was copied from, unless that has got more names.
    const named =
      upper !== null && byLower && !dentry.isRoot && (isDirectory || origin!.nlink === 1) ? origin! : real.inode!;
    if (this.sameFs) return { ...shown, ino: named.ino, nlink, dev: this.sb.statDev, generation: null };
    if (isDirectory) return { ...shown, ino: inode.ino, nlink, dev: this.sb.statDev, generation: null };
    return {
      ...shown,
      ino: named.ino,
      nlink,
      dev: this.pseudoDevices.get(named.sb) ?? this.sb.statDev,
      generation: null,
    };
  }

  /** ovl_want_write: whether the upper layer can be changed at all. */
  wantWrite(): Denial {
    return this.layers.upper === null ? "EROFS" : wantWrite(this.layers.upper.mount);
  }

  permission(vfs: Vfs, task: Subject, inode: Inode, mask: number): Denial {
    const denied = genericPermission(task, inode, mask);
    if (denied !== null) return denied;
    const { upper } = inode.overlay!;
    const real = topInode(inode.overlay!);
    let asked = mask;
    // What will be copied up must be readable by the mounter, not writable.
    if (upper === null && (mask & MAY.WRITE) !== 0 && !real.isDevice && !real.isFifo && !real.isSocket)
      asked = (mask & ~(MAY.WRITE | MAY.APPEND)) | MAY.READ;
    return inodePermission(vfs, this.mounter(task), real, asked);
  }

  readlink(inode: Inode): string {
    const real = topInode(inode.overlay!);
    return real.sb.fs.readlink(real);
  }

  getXattr(vfs: Vfs, inode: Inode, name: string): Result<Uint8Array> {
    const real = topInode(inode.overlay!);
    const below = nameInLayer(name);
    const unsupported = refuseXattr(real, below);
    // A layer without ACLs has none to show.
    if (unsupported !== null && vfs.aclHooks && namespaceOf(name) === "acl") return fail("ENODATA");
    if (unsupported !== null) return fail(unsupported);
    const value = real.sb.fs.getXattr(vfs, real, below);
    // The layer is asked by vfs_getxattr: what it would not show of file capabilities is not there for the overlay either.
    return value.ok && below === SECURITY_CAPABILITY ? shownFileCapability(value.value, null) : value;
  }

  setXattr(
    vfs: Vfs,
    task: Subject,
    dentry: Dentry,
    inode: Inode,
    name: string,
    value: Uint8Array | null,
    flags: number,
  ): Denial {
    return this.#call(vfs, task, () => setOverlayXattr(vfs, this, task, dentry, inode, name, value, flags));
  }

  setAcl(vfs: Vfs, task: Subject, path: Path, name: string, acl: PosixAcl | null): Denial {
    return this.#call(vfs, task, () => setOverlayAcl(vfs, this, task, path, name, acl));
  }

  /** ACLs need them in the upper layer and under the file itself. */
  hasAcl(inode: Inode): boolean {
    return this.layers.work?.sb.flags.posixAcl === true && topInode(inode.overlay!).sb.flags.posixAcl;
  }

  setFlags(vfs: Vfs, task: Subject, path: Path, wanted: ReadonlyMap<AttributeName, boolean>): Denial {
    return this.#call(vfs, task, () => setOverlayFlags(vfs, this, task, path, wanted));
  }

  listXattr(vfs: Vfs, inode: Inode): string[] {
    const real = topInode(inode.overlay!);
    return namesInOverlay(real.sb.fs.listXattr(vfs, real));
  }

  open(vfs: Vfs, task: Subject, file: OpenFile): Denial {
    return this.#call(vfs, task, () => openOverlay(vfs, this, task, file));
  }

  release(vfs: Vfs, task: Subject, file: OpenFile): void {
    if (file.backing !== null) closeFile(vfs, task, file.backing);
    file.backing = null;
  }

  realFile(vfs: Vfs, task: Subject, file: OpenFile): Result<OpenFile> {
    const { backing } = file;
    if (backing !== null && backing.inode === topInode(file.inode.overlay!)) return ok(backing);
    // Copied up since it was opened: the new file is opened for this one call, and let go by releaseReal.
    return openReal(vfs, this, task, file);
  }

  afterWrite(inode: Inode): void {
    copyAttributesUp(inode);
  }

  content(inode: Inode): Content | null {
    const real = topInode(inode.overlay!);
    return real.sb.fs.content(real);
  }

  size(inode: Inode): number {
    return inode.overlay!.size;
  }

  realInode(_dentry: Dentry, inode: Inode, metadata: boolean): Inode {
    if ((inode.mode & S.IFMT) !== S.IFREG) return inode;
    const { dentry } = this.topPath(inode.overlay!);
    return dentry.sb.fs.realInode(dentry, dentry.inode!, metadata);
  }

  forget(vfs: Vfs, inode: Inode): void {
    for (const hook of vfs.hooks.inodeFree) hook.inodeFree(inode);
    inode.freed = true;
    this.sb.inodes.delete(inode.key);
    this.evicted(inode);
  }
}
