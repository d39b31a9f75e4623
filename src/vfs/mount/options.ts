// The data argument of mount: flags that every file system has, and the options of those that look at them
// (fs/fs_context.c: common_set_sb_flag; mm/shmem.c: shmem_fs_parameters; fs/ext4/super.c: ext4_param_specs; fs/overlayfs/params.c).
import { fail, ok, type Result } from "../../errno/index.ts";
import type { FsType } from "../fstype.ts";
import type { SuperBlockFlags } from "../superblock.ts";
import { MS } from "../uapi.ts";

export interface MountOptions {
  readonly flags: Partial<SuperBlockFlags>;
  /** Mode and owner of the root of a file system in memory. */
  readonly root: { readonly mode?: number; readonly uid?: number; readonly gid?: number };
  /** What the file system itself looks at, by key; a key without a value stands for "". */
  readonly own: ReadonlyMap<string, string>;
}

type Setter = (flags: Partial<SuperBlockFlags>) => void;

/** Options of all file systems, and of ext4 and its like. */
const COMMON: Readonly<Record<string, Setter>> = {
  ro: (f) => set(f, "readOnly", true),
  rw: (f) => set(f, "readOnly", false),
  sync: (f) => set(f, "synchronous", true),
  dirsync: (f) => set(f, "synchronous", true),
  async: (f) => set(f, "synchronous", false),
  mand: (f) => set(f, "mandlock", true),
  nomand: (f) => set(f, "mandlock", false),
  lazytime: (f) => set(f, "lazytime", true),
  nolazytime: (f) => set(f, "lazytime", false),
};
const EXT4: Readonly<Record<string, Setter>> = {
  i_version: (f) => set(f, "iversion", true),
  acl: (f) => set(f, "posixAcl", true),
  user_xattr: () => {},
};
/** Options that change nothing here, by the layout of the file system that takes them. */
const IGNORED: Readonly<Record<string, readonly string[]>> = {
  ext4: [
    "data",
    "errors",
    "noload",
    "norecovery",
    "barrier",
    "nobarrier",
    "discard",
    "nodiscard",
    "commit",
    "delalloc",
    "nodelalloc",
    "stripe",
    "usrjquota",
    "grpjquota",
    "quota",
    "noquota",
    "noinit_itable",
    "init_itable",
    "journal_checksum",
    "dax",
  ],
  xfs: [
    "norecovery",
    "attr2",
    "noattr2",
    "inode64",
    "inode32",
    "noquota",
    "usrquota",
    "grpquota",
    "logbufs",
    "logbsize",
    "discard",
    "nodiscard",
    "largeio",
    "nouuid",
    "ikeep",
    "noikeep",
  ],
  btrfs: [
    "subvol",
    "subvolid",
    "compress",
    "compress-force",
    "space_cache",
    "nospace_cache",
    "ssd",
    "nossd",
    "discard",
    "nodiscard",
    "datacow",
    "nodatacow",
    "datasum",
    "nodatasum",
    "autodefrag",
    "commit",
    "rescue",
    "degraded",
  ],
};
const TMPFS: readonly string[] = ["size", "nr_blocks", "nr_inodes", "huge", "mpol", "inode32", "inode64", "noswap"];

function set<K extends keyof SuperBlockFlags>(
  flags: Partial<SuperBlockFlags>,
  key: K,
  value: SuperBlockFlags[K],
): void {
  flags[key] = value;
}

/** Splits at commas that are not escaped (`\,`). */
function items(text: string): string[] {
  return text === "" ? [] : text.split(/(?<!\\),/).filter((item) => item !== "");
}

/** EINVAL for an option that the file system does not know. */
export function parseMountOptions(type: FsType, text: string, flags: number): Result<MountOptions> {
  const sb: Partial<SuperBlockFlags> = {
    readOnly: (flags & MS.RDONLY) !== 0,
    synchronous: (flags & (MS.SYNCHRONOUS | MS.DIRSYNC)) !== 0,
    mandlock: (flags & MS.MANDLOCK) !== 0,
    lazytime: (flags & MS.LAZYTIME) !== 0,
  };
  if ((flags & MS.I_VERSION) !== 0 && type.iversion) sb.iversion = true;
  const root: { mode?: number; uid?: number; gid?: number } = {};
  const own = new Map<string, string>();
  for (const item of items(text)) {
    const equals = item.indexOf("=");
    const key = equals < 0 ? item : item.slice(0, equals);
    const value = equals < 0 ? "" : item.slice(equals + 1);
    const common = COMMON[key] ?? (type.layout === "ext4" ? EXT4[key] : undefined);
    if (common !== undefined) common(sb);
    else if (type.engine === "overlay") own.set(key, value);
    else if (!takesOption(type, key, value, root)) return fail("EINVAL");
  }
  return ok({ flags: sb, root, own });
}

function takesOption(
  type: FsType,
  key: string,
  value: string,
  root: { mode?: number; uid?: number; gid?: number },
): boolean {
  if (key === "mode" && type.inMemory && /^[0-7]{1,5}$/.test(value)) {
    root.mode = Number.parseInt(value, 8) & 0o7777;
    return true;
  }
  if ((key === "uid" || key === "gid") && type.inMemory && /^\d{1,10}$/.test(value)) {
    root[key] = Number(value);
    return true;
  }
  if (IGNORED[type.layout]?.includes(key) === true) return true;
  if (type.layout === "memory" && TMPFS.includes(key)) return true;
  // ramfs takes anything and looks at the mode alone; pseudo file systems have options of their own that change nothing here.
  return type.layout === "none" || type.engine === "pseudo";
}
