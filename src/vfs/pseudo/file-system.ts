// File systems whose files the kernel makes up: proc, sysfs, securityfs, debugfs, cgroup2 and the like. Their files are ordinary
// inodes for permission and hooks; what they hold is asked for when it is read (fs/seq_file.c, fs/libfs.c: simple_read_from_buffer).
import type { Denial, Result } from "../../errno/index.ts";
import { Dentry } from "../dentry.ts";
import type { OpenFile } from "../file.ts";
import { Inode } from "../inode.ts";
import { newIno } from "../native/inode-number.ts";
import type { Path } from "../path.ts";
import type { Subject } from "../task.ts";
import { S } from "../uapi.ts";
import type { Vfs } from "../vfs.ts";

/** What stands behind a pseudo file. A call that is missing fails with the errno that the kernel has for it. */
export interface GeneratedFile {
  /** It is read through seq_file. */
  readonly sequence?: boolean;
  /** What it always holds, where its size says so: then the kernel reads it like a file with bytes, to hash it. */
  readonly fixed?: Uint8Array;
  /** After permission and hooks of opening. */
  open?(task: Subject, file: OpenFile): Denial;
  /** The whole content as of now; called when a reader starts at the beginning. Missing: EINVAL, EIO on proc. */
  read?(task: Subject, file: OpenFile): Result<Uint8Array>;
  /** One write(2): the bytes taken. Missing: EINVAL, EIO on proc. */
  write?(task: Subject, file: OpenFile, bytes: Uint8Array, offset: number): Result<number>;
  /** The last close. */
  release?(task: Subject, file: OpenFile): void;
}

interface PseudoNode {
  readonly mode: number;
  /** Where the file system would not choose it. */
  readonly ino?: number;
  /** Of a directory that does not count in its parent and whose own names do not count in it, as they come and go unseen. */
  readonly nlink?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly generated?: GeneratedFile;
  readonly target?: string;
  readonly rdev?: Inode["rdev"];
}

function addNode(vfs: Vfs, parent: Dentry, name: string, node: PseudoNode): Dentry {
  const { sb } = parent;
  const time = vfs.clock();
  const { mode, uid = 0, gid = 0 } = node;
  const isDirectory = (mode & S.IFMT) === S.IFDIR;
  const inode = new Inode(sb, {
    ino: node.ino ?? newIno(vfs, sb),
    generation: 0,
    mode,
    uid,
    gid,
    nlink: node.nlink ?? (isDirectory ? 2 : 1),
    time,
    ...(node.rdev !== undefined && { rdev: node.rdev }),
  });
  inode.generated = node.generated ?? null;
  inode.target = node.target ?? null;
  if (isDirectory) inode.entries = new Map();
  sb.inodes.set(inode.ino, inode);
  parent.inode!.entries!.set(name, inode.ino);
  if (isDirectory && node.nlink === undefined) parent.inode!.nlink++;
  const dentry = new Dentry(sb, name, parent, inode);
  inode.dentries++;
  dentry.attach();
  return dentry;
}

/** Adds a file to a pseudo file system. `mode` holds permission bits only. */
export function addPseudoFile(
  vfs: Vfs,
  parent: Dentry,
  name: string,
  mode: number,
  generated: GeneratedFile,
  more: { readonly uid?: number; readonly gid?: number; readonly ino?: number } = {},
): Dentry {
  return addNode(vfs, parent, name, { mode: S.IFREG | mode, generated, ...more });
}

/** Adds the node of a character device, with its driver. */
export function addDeviceNode(
  vfs: Vfs,
  parent: Dentry,
  name: string,
  device: { readonly mode: number; readonly rdev: Inode["rdev"]; readonly driver: GeneratedFile },
): Dentry {
  return addNode(vfs, parent, name, { mode: S.IFCHR | device.mode, rdev: device.rdev, generated: device.driver });
}

/** Adds a directory; the one that is there already is given back. */
export function addPseudoDirectory(
  vfs: Vfs,
  parent: Dentry,
  name: string,
  mode = 0o755,
  more: { readonly ino?: number; readonly nlink?: number } = {},
): Dentry {
  return parent.children?.get(name) ?? addNode(vfs, parent, name, { mode: S.IFDIR | mode, ...more });
}

/** The same for each part of a relative path. @returns the last */
export function addPseudoPath(vfs: Vfs, parent: Dentry, path: string): Dentry {
  return path.split("/").reduce((directory, name) => addPseudoDirectory(vfs, directory, name), parent);
}

export function addPseudoSymlink(vfs: Vfs, parent: Dentry, name: string, target: string): Dentry {
  return addNode(vfs, parent, name, { mode: S.IFLNK | (parent.sb.type.name === "securityfs" ? 0o444 : 0o777), target });
}

/** A link that leads to an object and not to a name, or to another name for each task. */
export function addMagicLink(
  vfs: Vfs,
  parent: Dentry,
  name: string,
  jump: (task: Subject) => Path | string | null,
  more: { readonly ino?: number } = {},
): Dentry {
  const dentry = addNode(vfs, parent, name, { mode: S.IFLNK | 0o777, target: "", ...more });
  dentry.inode!.jump = jump;
  return dentry;
}

/** Takes a file, or a directory with all in it, away again. */
export function removePseudo(vfs: Vfs, dentry: Dentry): void {
  for (const child of [...(dentry.children?.values() ?? [])]) removePseudo(vfs, child);
  const inode = dentry.inode!;
  dentry.parent.inode!.entries!.delete(dentry.name);
  if (inode.isDirectory) dentry.parent.inode!.nlink--;
  dentry.detach();
  inode.dentries--;
  inode.nlink = 0;
  if (inode.openFiles === 0) dentry.sb.fs.forget(vfs, inode);
}
