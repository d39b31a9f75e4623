// File attributes and the inode's version by ioctl: FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IOC_SETVERSION (fs/ioctl.c: ioctl_getflags,
// ioctl_setflags, vfs_fileattr_set, fileattr_set_prepare; fs/ext4/ioctl.c: ext4_fileattr_set, EXT4_IOC_SETVERSION).
import type { Denial, Errno } from "../errno/index.ts";
import type { OpenFile } from "./file.ts";
import { throughMount } from "./idmap.ts";
import type { Inode } from "./inode.ts";
import { wantWrite } from "./mount/access.ts";
import { countChange } from "./native/attr.ts";
import { topInode } from "./overlay/inode.ts";
import { ownerOrCapable } from "./permission.ts";
import { capable, type Subject } from "./task.ts";
import type { Vfs } from "./vfs.ts";

export const ATTRIBUTE_NAMES = ["immutable", "append", "noatime", "nodump", "nocow"] as const;
export type AttributeName = (typeof ATTRIBUTE_NAMES)[number];

const FIELD = {
  immutable: "immutable",
  append: "appendOnly",
  noatime: "noatime",
  nodump: "nodump",
  nocow: "nocow",
} as const satisfies Record<AttributeName, keyof Inode>;

/** Sets and clears attributes as chattr(1) does. The errno, and the ioctl that failed; null if both went through. */
export function chattr(
  vfs: Vfs,
  task: Subject,
  file: OpenFile,
  set: readonly AttributeName[],
  clear: readonly AttributeName[],
): { readonly errno: Errno; readonly at: "FS_IOC_GETFLAGS" | "FS_IOC_SETFLAGS" } | null {
  const { inode } = file;
  const { attributes } = (inode.overlay === null ? inode : topInode(inode.overlay)).sb.type;
  if (file.isPath) return { errno: "EBADF", at: "FS_IOC_GETFLAGS" };
  if (attributes.length === 0 || (!inode.isRegular && !inode.isDirectory))
    return { errno: "ENOTTY", at: "FS_IOC_GETFLAGS" };
  const errno = setFlags(vfs, task, file, set, clear);
  return errno === null ? null : { errno, at: "FS_IOC_SETFLAGS" };
}

function setFlags(
  vfs: Vfs,
  task: Subject,
  file: OpenFile,
  set: readonly AttributeName[],
  clear: readonly AttributeName[],
): Denial {
  const { inode } = file;
  const { attributes } = inode.sb.type;
  const readOnly = wantWrite(file.path.mount);
  if (readOnly !== null) return readOnly;
  if (!ownerOrCapable(throughMount(task, file.path.mount), inode)) return "EPERM";
  const wanted = new Map<AttributeName, boolean>();
  for (const name of ATTRIBUTE_NAMES)
    wanted.set(name, (inode[FIELD[name]] || set.includes(name)) && !clear.includes(name));
  const protects = wanted.get("immutable") !== inode.immutable || wanted.get("append") !== inode.appendOnly;
  if (protects && !capable(task, "CAP_LINUX_IMMUTABLE")) return "EPERM";
  for (const [name, on] of wanted) if (on && !attributes.includes(name)) return "EOPNOTSUPP";
  if (inode.verity !== null && inode.sb.type.verityBarsFlags) return "EOPNOTSUPP";
  if (staysImmutable(inode, wanted)) return "EPERM";
  const { fs } = inode.sb;
  if (fs.setFlags !== undefined) {
    const failed = fs.setFlags(vfs, task, file.path, wanted);
    if (failed !== null) return failed;
  }
  for (const [name, on] of wanted) inode[FIELD[name]] = on;
  inode.ctime = vfs.clock();
  countChange(inode, true);
  return null;
}

/** Where immutable files are final: one that stays so keeps its other flags; that of fs-verity cannot even be repeated. */
function staysImmutable(inode: Inode, wanted: ReadonlyMap<AttributeName, boolean>): boolean {
  if (!inode.sb.type.immutableIsFinal || !inode.immutable || wanted.get("immutable") !== true) return false;
  return inode.verity !== null || ATTRIBUTE_NAMES.some((name) => wanted.get(name) !== inode[FIELD[name]]);
}

/** FS_IOC_SETVERSION: another inode generation. ENOTTY where the file system has no such call. */
export function setGeneration(vfs: Vfs, task: Subject, file: OpenFile, generation: number): Denial {
  const { inode } = file;
  if (file.isPath) return "EBADF";
  if (!inode.sb.type.setVersion) return "ENOTTY";
  if (!ownerOrCapable(throughMount(task, file.path.mount), inode)) return "EPERM";
  // With checksums of metadata the generation is part of them and stays.
  if (inode.sb.disk?.metadataChecksums === true) return "ENOTTY";
  const readOnly = wantWrite(file.path.mount);
  if (readOnly !== null) return readOnly;
  inode.generation = generation >>> 0;
  inode.ctime = vfs.clock();
  countChange(inode, true);
  return null;
}
