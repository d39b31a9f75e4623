// A superblock comes into being: what its type and its disk say of it (fs/super.c: sget_fc, get_anon_bdev; the fill_super of each type).
import { OLDEST_RELEASE } from "../../release/index.ts";
import { Dentry } from "../dentry.ts";
import type { FileSystem } from "../filesystem.ts";
import type { FsType } from "../fstype.ts";
import { Inode } from "../inode.ts";
import { usedMemory } from "../inode-memory.ts";
import type { Disk } from "../native/disk.ts";
import { NativeFs } from "../native/file-system.ts";
import { SuperBlock, type SuperBlockFlags } from "../superblock.ts";
import { S } from "../uapi.ts";
import { randomUuid } from "../uuid.ts";
import type { Vfs } from "../vfs.ts";

export interface NewSuperBlock {
  /** Device number, where it is neither that of a disk nor the next free one. */
  readonly dev?: { readonly major: number; readonly minor: number };
  readonly disk?: Disk;
  readonly flags?: Partial<SuperBlockFlags>;
  readonly subtype?: string;
  /** Mode and owner of the root directory of what has none on a disk. */
  readonly root?: { readonly mode?: number; readonly uid?: number; readonly gid?: number };
  readonly initialUserNs?: boolean;
  /** UUID, where it is neither that of a disk nor the type's business. */
  readonly uuid?: Uint8Array;
  /** The engine, where it is not that of a file system with state of its own. */
  readonly fs?: FileSystem;
  /** The root, where the engine makes it itself. */
  readonly withRoot?: (sb: SuperBlock) => Inode;
}

const NO_UUID = new Uint8Array(16);

/** Mode of the root directory where no option says otherwise: world-writable and sticky on tmpfs, plain elsewhere. */
function rootMode(type: FsType): number {
  if (type.name === "tmpfs" || (type.name === "rootfs" && type.inodeNumbers === "counter")) return 0o1777;
  if (type.name === "proc" || type.name === "sysfs") return 0o555;
  if (type.name === "debugfs" || type.name === "tracefs") return 0o700;
  return 0o755;
}

export function createSuperBlock(vfs: Vfs, type: FsType, init: NewSuperBlock): SuperBlock {
  const { disk } = init;
  const taken = new Set<number>();
  const anonymous = () => anonymousDevice(vfs, taken);
  // btrfs may span several disks and has a number of its own, and one more for each subvolume.
  const ownNumber = type.name === "btrfs";
  const dev = ownNumber ? anonymous() : (init.dev ?? disk?.dev ?? anonymous());
  const sb = new SuperBlock(vfs, {
    type,
    uuid: init.uuid ?? uuidOf(vfs, type, disk),
    id: disk?.id ?? type.name,
    dev,
    ...(ownNumber ? { statDev: anonymous() } : {}),
    subtype: init.subtype ?? null,
    flags: {
      readOnly: false,
      iversion: type.iversion && vfs.release.atLeast(type.iversionAlwaysSince ?? OLDEST_RELEASE),
      noexec: type.noexec,
      nosuid: false,
      unverifiableSignature: type.unverifiableSignature,
      untrustedMounter: false,
      verity: disk?.verity ?? false,
      evmHmacUnsupported: type.evmHmacUnsupported && vfs.release.has("evm-overlay-unsupported"),
      posixAcl: type.acl && vfs.built(type.aclSymbol),
      lazytime: false,
      noatime: false,
      nodiratime: false,
      synchronous: false,
      mandlock: false,
      ...init.flags,
    },
    initialUserNs: init.initialUserNs ?? true,
    disk: disk ?? null,
    xattr: type.xattr && vfs.built(type.xattrSymbol),
    fs: init.fs ?? new NativeFs(),
  });
  const root = init.withRoot?.(sb) ?? disk?.load(sb, type.rootIno) ?? makeRoot(vfs, sb, init);
  sb.root = new Dentry(sb, "/", null, root);
  root.dentries++;
  if (disk !== undefined) disk.superblock = sb;
  vfs.superblocks.add(sb);
  return sb;
}

/** get_anon_bdev: the lowest minor number that no file system has. `taken` holds those of the one being made. */
export function anonymousDevice(vfs: Vfs, taken: Set<number>): { major: number; minor: number } {
  const used = new Set(taken);
  for (const { dev, statDev, reservedMinors } of vfs.superblocks) {
    for (const { major, minor } of [dev, statDev]) if (major === 0) used.add(minor);
    for (const minor of reservedMinors) used.add(minor);
  }
  let minor = vfs.firstAnonymousDevice;
  while (used.has(minor)) minor++;
  taken.add(minor);
  return { major: 0, minor };
}

function uuidOf(vfs: Vfs, type: FsType, disk: Disk | undefined): Uint8Array {
  if (type.uuid === "random") return randomUuid(vfs.random);
  return type.uuid === "disk" && disk !== undefined ? disk.uuid : NO_UUID;
}

function makeRoot(vfs: Vfs, sb: SuperBlock, { root: { mode, uid = 0, gid = 0 } = {} }: NewSuperBlock): Inode {
  const { type } = sb;
  // What is filled at mount time numbers its root itself (fs/libfs.c: simple_fill_super); a root made like any other inode takes a number.
  const ino = type.inodeNumbers === "global-counter" && type.engine !== "pseudo" ? vfs.nextIno++ : type.rootIno;
  const generation = type.generation === "random" ? vfs.newGeneration(sb, ino) : 0;
  const permission = mode ?? rootMode(type);
  const inode = new Inode(sb, {
    ino,
    generation,
    mode: S.IFDIR | permission,
    uid,
    gid,
    nlink: 2,
    time: vfs.clock(),
    ...usedMemory(vfs, sb),
  });
  inode.entries = new Map();
  sb.inodes.set(ino, inode);
  return inode;
}
