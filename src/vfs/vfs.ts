// All state of the file systems of one machine: the mount tree, superblocks, security modules and what the environment supplies.
import type { Kconfig, Release } from "../release/index.ts";
import type { Dentry } from "./dentry.ts";
import type { FsType } from "./fstype.ts";
import { FS_TYPES, rootfsType } from "./fstypes.ts";
import { collectHooks, type Hooks } from "./hooks.ts";
import type { IVersion } from "./iversion.ts";
import { Mount, type MountFlags } from "./mount/mount.ts";
import { createSuperBlock } from "./mount/super.ts";
import type { Path } from "./path.ts";
import type { SecurityModule } from "./security.ts";
import type { SuperBlock } from "./superblock.ts";

export interface VfsOptions {
  /** The coarse clock of the kernel: seconds since the epoch, fractions allowed. Two calls within a tick give the same number. */
  readonly clock: () => number;
  /** 32-bit numbers, one a call, of which generations and the UUIDs that file systems make up are made. */
  readonly random: () => number;
  /** The generation of a new inode of a superblock; one of `random` where it is null. */
  readonly generation?: (sb: SuperBlock, ino: number) => number | null;
  readonly release: Release;
  readonly modules: readonly SecurityModule[];
  /** What the kernel is built with; everything that file systems offer if not given. */
  readonly config?: Kconfig;
  /** The file system of the first root; "tmpfs" if not given. */
  readonly rootfs?: "tmpfs" | "ramfs";
}

/** /proc/sys/fs/protected_*. Links are protected from the start, as Debian's kernels and every distribution's settings have it. */
export interface ProtectionSysctls {
  hardlinks: number;
  symlinks: number;
  fifos: number;
  regular: number;
}

export class Vfs {
  readonly clock: () => number;
  readonly random: () => number;
  readonly #generation: VfsOptions["generation"];
  readonly release: Release;
  readonly config: Kconfig | null;
  readonly modules: readonly SecurityModule[];
  readonly hooks: Hooks;
  readonly sysctl: ProtectionSysctls = { hardlinks: 1, symlinks: 1, fifos: 0, regular: 0 };
  /** Superblocks in memory. */
  readonly superblocks = new Set<SuperBlock>();
  /** The ACL calls have hooks of their own ("acl-hooks"). */
  readonly aclHooks: boolean;
  /** Minor numbers of file systems without a device are given out from here on (get_anon_bdev); lower ones are the kernel's own. */
  firstAnonymousDevice: number;
  /** get_next_ino: one counter for ramfs, securityfs and others. */
  nextIno = 1;
  /** i_version of the inodes that left memory to be used again, the last one at the end. */
  readonly freedCounters: IVersion[] = [];
  rootMount: Mount;
  /** What the kernel mounted for itself, by the name of its type. */
  readonly kernelMounts = new Map<string, Mount>();

  constructor(options: VfsOptions) {
    this.clock = options.clock;
    this.random = options.random;
    this.#generation = options.generation;
    this.release = options.release;
    this.config = options.config ?? null;
    this.modules = options.modules;
    this.hooks = collectHooks(options.modules);
    this.aclHooks = options.release.has("acl-hooks");
    this.firstAnonymousDevice = 2;
    const sb = createSuperBlock(this, rootfsType(options.rootfs ?? "tmpfs"), {});
    this.rootMount = new Mount(sb, sb.root, null, { ...mountFlags(), relatime: false });
    sb.mounts++;
  }

  /** The number that a file system draws for a new inode (get_random_u32). */
  newGeneration(sb: SuperBlock, ino: number): number {
    return this.#generation?.(sb, ino) ?? this.random();
  }

  /** The root directory, where absolute paths begin. */
  get root(): Path {
    return topOf({ mount: this.rootMount, dentry: this.rootMount.root });
  }

  /** Whether a Kconfig symbol is set; no symbol needs nothing. */
  built(symbol: string | undefined): boolean {
    return symbol === undefined || this.config === null || this.config.enabled(symbol);
  }

  fsType(name: string): FsType | undefined {
    return FS_TYPES.get(name);
  }
}

/** Flags of a mount that forbids nothing; access times are kept as relatime keeps them. */
export function mountFlags(): MountFlags {
  return {
    readOnly: false,
    noexec: false,
    nosuid: false,
    nodev: false,
    noatime: false,
    nodiratime: false,
    relatime: true,
    nosymfollow: false,
  };
}

/** What shows at a place: the root of the topmost mount on it, or the place itself. */
export function topOf(path: Path): Path {
  let { mount, dentry }: { mount: Mount; dentry: Dentry } = path;
  while (dentry.mounts > 0) {
    const over = mount.children.get(dentry);
    if (over === undefined) break;
    mount = over;
    dentry = over.root;
  }
  return mount === path.mount && dentry === path.dentry ? path : { mount, dentry };
}
