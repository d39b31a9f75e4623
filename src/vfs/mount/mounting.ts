// mount(2) and umount2(2): new mounts, remounts, binds, moves, and when a mount is busy (fs/namespace.c: path_mount, do_new_mount,
// do_remount, do_reconfigure_mnt, do_loopback, do_move_mount, do_umount, can_umount; fs/super.c: reconfigure_super).
import { type Denial, fail, ok, type Result } from "../../errno/index.ts";
import { sync } from "../allocate.ts";
import type { FsType } from "../fstype.ts";
import type { IdMap } from "../idmap.ts";
import { releaseMount, shrinkNames } from "../lifetime.ts";
import { resolve } from "../namei.ts";
import type { Disk } from "../native/disk.ts";
import { createOverlay } from "../overlay/mount.ts";
import type { Path } from "../path.ts";
import { populate } from "../pseudo/standard.ts";
import type { SuperBlock } from "../superblock.ts";
import { capable, type Subject } from "../task.ts";
import { MNT, MS } from "../uapi.ts";
import type { Vfs } from "../vfs.ts";
import { Mount, type MountFlags } from "./mount.ts";
import { type MountOptions, parseMountOptions } from "./options.ts";
import { createSuperBlock } from "./super.ts";

export interface MountRequest {
  /** The disk, for file systems that lie on one. */
  readonly device?: Disk;
  /** For MS_BIND and MS_MOVE the path to take; else any word. */
  readonly source?: string;
  readonly path: string;
  readonly fstype?: string | null;
  /** MS.* */
  readonly flags?: number;
  /** As in the data argument: `lowerdir=/a,upperdir=/b`. */
  readonly options?: string | null;
  /** For new mounts and binds: owners show as others through it. */
  readonly idmap?: IdMap | null;
}

const CHANGE_TYPE = MS.SHARED | MS.PRIVATE | MS.SLAVE | MS.UNBINDABLE;

function flagsOf(flags: number): MountFlags {
  const noatime = (flags & MS.NOATIME) !== 0;
  return {
    readOnly: (flags & MS.RDONLY) !== 0,
    noexec: (flags & MS.NOEXEC) !== 0,
    nosuid: (flags & MS.NOSUID) !== 0,
    nodev: (flags & MS.NODEV) !== 0,
    noatime,
    nodiratime: (flags & MS.NODIRATIME) !== 0,
    relatime: !noatime && (flags & MS.STRICTATIME) === 0,
    nosymfollow: (flags & MS.NOSYMFOLLOW) !== 0,
  };
}

/** mount(2). EPERM, EINVAL, ENODEV, ENOTBLK, ENOTDIR, EBUSY, and what the walk to the place says. */
export function mount(vfs: Vfs, task: Subject, base: Path, request: MountRequest): Denial {
  const { flags = 0, path: text } = request;
  const found = resolve(vfs, task, base, text, { follow: true });
  if (!found.ok) return found.errno;
  if (!capable(task, "CAP_SYS_ADMIN")) return "EPERM";
  const place = found.value;
  const idmapped = request.idmap != null;
  if (idmapped && (flags & (MS.REMOUNT | MS.MOVE | CHANGE_TYPE)) !== 0) return "EINVAL";
  if ((flags & (MS.REMOUNT | MS.BIND)) === (MS.REMOUNT | MS.BIND)) return reconfigureMount(place, flags);
  if ((flags & MS.REMOUNT) !== 0) return remount(vfs, place, flags, request.options ?? "");
  if ((flags & MS.BIND) !== 0) return bind(vfs, task, base, place, request);
  // One process sees one tree, so that there is nothing to propagate to.
  if ((flags & CHANGE_TYPE) !== 0) return isMountRoot(place) ? null : "EINVAL";
  if ((flags & MS.MOVE) !== 0) return moveMount(vfs, task, base, request.source ?? "", text);
  return newMount(vfs, task, base, place, request);
}

const isMountRoot = ({ mount, dentry }: Path): boolean => dentry === mount.root;

function newMount(vfs: Vfs, task: Subject, base: Path, place: Path, request: MountRequest): Denial {
  const { fstype, flags = 0, device } = request;
  if (fstype === undefined || fstype === null) return "EINVAL";
  const [name, subtype] = splitSubtype(fstype);
  const type = vfs.fsType(name);
  if (type === undefined) return "ENODEV";
  const options = parseMountOptions(type, request.options ?? "", flags);
  if (!options.ok) return options.errno;
  const made = superBlockFor(vfs, task, base, type, subtype, device, options.value, request.source ?? "");
  if (!made.ok) return made.errno;
  const sb = made.value;
  const { idmap = null } = request;
  const refused =
    mayIdmap(vfs, sb, null, idmap) ?? attach(new Mount(sb, sb.root, null, flagsOf(flags), true, idmap), place);
  if (refused !== null && sb.mounts === 0 && !sb.type.single) releaseNew(vfs, sb);
  return refused;
}

/** can_idmap_mount: a mount gets its mapping before it is seen, once, and on file systems that allow it. */
function mayIdmap(vfs: Vfs, sb: SuperBlock, old: IdMap | null, wanted: IdMap | null): Denial {
  if (wanted === null) return null;
  if (!vfs.release.has("idmapped-mounts")) return "ENOSYS";
  if (old !== null) return "EPERM";
  const { idmapSince } = sb.type;
  return idmapSince !== null && vfs.release.atLeast(idmapSince) ? null : "EINVAL";
}

/** A superblock that was made for nothing. */
function releaseNew(vfs: Vfs, sb: SuperBlock): void {
  sb.mounts++;
  releaseMount(vfs, new Mount(sb, sb.root, null, flagsOf(0), false));
}

/** `fuse.sshfs` is fuse with a subtype. */
function splitSubtype(fstype: string): [name: string, subtype: string | null] {
  const dot = fstype.indexOf(".");
  return dot < 0 ? [fstype, null] : [fstype.slice(0, dot), fstype.slice(dot + 1)];
}

function superBlockFor(
  vfs: Vfs,
  task: Subject,
  base: Path,
  type: FsType,
  subtype: string | null,
  disk: Disk | undefined,
  options: MountOptions,
  source: string,
): Result<SuperBlock> {
  if (type.engine === "overlay") return createOverlay(vfs, task, base, type, options);
  if (type.device) {
    if (disk === undefined)
      return source.startsWith("/dev/") ? fail("ENOENT") : fail(source === "" ? "EINVAL" : "ENOTBLK");
    if (disk.type.magic !== type.magic || (disk.type !== type && disk.type.layout !== "ext4")) return fail("EINVAL");
    const mounted = disk.superblock;
    if (mounted !== null)
      return mounted.type === type && mounted.flags.readOnly === options.flags.readOnly ? ok(mounted) : fail("EBUSY");
    return ok(createSuperBlock(vfs, type, { disk, flags: options.flags }));
  }
  if (type.single) for (const sb of vfs.superblocks) if (sb.type === type) return ok(sb);
  const { flags, root } = options;
  const sb = createSuperBlock(vfs, type, { flags, root, ...(subtype === null ? {} : { subtype }) });
  populate(vfs, sb);
  return ok(sb);
}

function attach(mount: Mount, place: Path): Denial {
  if (place.mount.sb === mount.sb && isMountRoot(place) && place.mount.root === mount.root) return "EBUSY";
  if (mount.root.inode!.isDirectory !== place.dentry.inode!.isDirectory) return "ENOTDIR";
  if (place.dentry.unhashed && !place.dentry.isRoot) return "ENOENT";
  mount.sb.mounts++;
  hang(mount, place);
  return null;
}

function hang(mount: Mount, place: Path): void {
  mount.mountpoint = place;
  mount.attached = true;
  place.mount.children.set(place.dentry, mount);
  place.dentry.mounts++;
}

function unhang(mount: Mount): void {
  const place = mount.mountpoint!;
  place.mount.children.delete(place.dentry);
  place.dentry.mounts--;
  mount.mountpoint = null;
}

/** MS_REMOUNT | MS_BIND: the flags of one mount. */
function reconfigureMount(place: Path, flags: number): Denial {
  if (!isMountRoot(place)) return "EINVAL";
  const { mount } = place;
  const wanted = flagsOf(flags);
  if (wanted.readOnly && !mount.flags.readOnly && mount.writers > 0) return "EBUSY";
  Object.assign(mount.flags, wanted);
  return null;
}

/** MS_REMOUNT: the flags of the superblock and of this mount. */
function remount(vfs: Vfs, place: Path, flags: number, text: string): Denial {
  if (!isMountRoot(place)) return "EINVAL";
  const { mount } = place;
  const { sb } = mount;
  const options = parseMountOptions(sb.type, text, flags);
  if (!options.ok) return options.errno;
  const wanted = options.value.flags;
  shrinkNames(vfs, sb);
  if (wanted.readOnly === true && !sb.flags.readOnly) {
    if (sb.writers > 0) return "EBUSY";
    for (const inode of sb.inodes.values()) if (inode.nlink === 0) return "EBUSY";
    sync(vfs);
  }
  Object.assign(sb.flags, wanted);
  Object.assign(mount.flags, { ...flagsOf(flags), readOnly: (flags & MS.RDONLY) !== 0 });
  return null;
}

/** MS_BIND: the same files at a second place. With MS_REC the mounts below come along. */
function bind(vfs: Vfs, task: Subject, base: Path, place: Path, request: MountRequest): Denial {
  if (request.source === undefined || request.source === "") return "EINVAL";
  const source = resolve(vfs, task, base, request.source, { follow: true });
  if (!source.ok) return source.errno;
  const { mount, dentry } = source.value;
  const idmap = request.idmap ?? mount.idmap;
  const copy = new Mount(mount.sb, dentry, null, { ...mount.flags }, true, idmap);
  const refused = mayIdmap(vfs, mount.sb, mount.idmap, request.idmap ?? null) ?? attach(copy, place);
  if (refused === null && ((request.flags ?? 0) & MS.REC) !== 0) bindChildren(mount, dentry, copy);
  return refused;
}

function bindChildren(from: Mount, top: Path["dentry"], copy: Mount): void {
  for (const [point, child] of [...from.children]) {
    let at = point;
    while (at !== top && !at.isRoot) at = at.parent;
    if (at !== top || child === copy) continue;
    const below = new Mount(child.sb, child.root, null, { ...child.flags }, true, child.idmap);
    below.sb.mounts++;
    copy.children.set(point, below);
    point.mounts++;
    below.mountpoint = { mount: copy, dentry: point };
    bindChildren(child, child.root, below);
  }
}

/** MS_MOVE: a mount and all below it go to another place. */
export function moveMount(vfs: Vfs, task: Subject, base: Path, from: string, to: string): Denial {
  const source = resolve(vfs, task, base, from, { follow: true });
  if (!source.ok) return source.errno;
  const place = resolve(vfs, task, base, to, { follow: true });
  if (!place.ok) return place.errno;
  if (!capable(task, "CAP_SYS_ADMIN")) return "EPERM";
  const { mount } = source.value;
  if (!isMountRoot(source.value) || mount.mountpoint === null) return "EINVAL";
  if (mount.root.inode!.isDirectory !== place.value.dentry.inode!.isDirectory) return "EINVAL";
  for (let at: Mount | undefined = place.value.mount; at !== undefined; at = at.mountpoint?.mount)
    if (at === mount) return "ELOOP";
  unhang(mount);
  hang(mount, place.value);
  return null;
}

/** umount2(2). `flags`: MNT.FORCE, MNT.DETACH. EPERM, EINVAL for what is no mount, EBUSY. */
export function umount(vfs: Vfs, task: Subject, base: Path, text: string, flags = 0): Denial {
  if ((flags & ~(MNT.FORCE | MNT.DETACH | MNT.EXPIRE)) !== 0) return "EINVAL";
  const found = resolve(vfs, task, base, text, { follow: true });
  if (!found.ok) return found.errno;
  if (!capable(task, "CAP_SYS_ADMIN")) return "EPERM";
  const { mount } = found.value;
  if (!isMountRoot(found.value)) return "EINVAL";
  if (mount.mountpoint === null) return mount === vfs.rootMount ? "EINVAL" : "EBUSY";
  const lazy = (flags & MNT.DETACH) !== 0;
  if (!lazy && (mount.children.size > 0 || mount.pins > 0)) return "EBUSY";
  sync(vfs);
  detach(vfs, mount);
  return null;
}

function detach(vfs: Vfs, mount: Mount): void {
  for (const child of [...mount.children.values()]) detach(vfs, child);
  unhang(mount);
  mount.attached = false;
  if (mount.pins === 0) releaseMount(vfs, mount);
  else mount.detached = true;
}
