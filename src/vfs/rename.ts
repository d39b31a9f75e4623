// A name becomes another one: renameat2 with NOREPLACE, EXCHANGE and WHITEOUT (fs/namei.c: do_renameat2, vfs_rename, lock_rename).
import type { Denial } from "../errno/index.ts";
import { mayCreate } from "./create.ts";
import type { Dentry } from "./dentry.ts";
import { throughMount } from "./idmap.ts";
import { dropDentry, dropInode } from "./lifetime.ts";
import { wantWrite } from "./mount/access.ts";
import { lookupName, resolveParent } from "./namei.ts";
import type { Path } from "./path.ts";
import { inodePermission } from "./permission.ts";
import { mayDelete } from "./remove.ts";
import { MAY } from "./security.ts";
import type { Subject } from "./task.ts";
import { RENAME } from "./uapi.ts";
import type { Vfs } from "./vfs.ts";

/** renameat2(2). `flags`: RENAME.NOREPLACE, EXCHANGE, WHITEOUT. */
export function rename(vfs: Vfs, task: Subject, base: Path, from: string, to: string, flags = 0): Denial {
  const { NOREPLACE, EXCHANGE, WHITEOUT } = RENAME;
  if ((flags & ~(NOREPLACE | EXCHANGE | WHITEOUT)) !== 0) return "EINVAL";
  if ((flags & (NOREPLACE | WHITEOUT)) !== 0 && (flags & EXCHANGE) !== 0) return "EINVAL";
  const old = resolveParent(vfs, task, base, from);
  if (!old.ok) return old.errno;
  const last = resolveParent(vfs, task, base, to);
  if (!last.ok) return last.errno;
  if (old.value.parent.mount !== last.value.parent.mount) return "EXDEV";
  if (old.value.kind !== "name") return "EBUSY";
  if (last.value.kind !== "name") return (flags & NOREPLACE) !== 0 ? "EEXIST" : "EBUSY";
  const readOnly = wantWrite(old.value.parent.mount);
  if (readOnly !== null) return readOnly;
  const source = lookupName(vfs, old.value.parent.dentry, old.value.name);
  if (source === null) return "ENOENT";
  if (typeof source === "string") return source;
  const toDir = last.value.parent.dentry;
  if (last.value.name.length > 255) return "ENAMETOOLONG";
  const target = lookupName(vfs, toDir, last.value.name);
  if (typeof target === "string") return target;
  if ((flags & NOREPLACE) !== 0 && target !== null) return "EEXIST";
  if ((flags & EXCHANGE) !== 0) {
    if (target === null) return "ENOENT";
    if (!target.inode!.isDirectory && last.value.slash) return "ENOTDIR";
  }
  if (!source.inode!.isDirectory) {
    if (old.value.slash) return "ENOTDIR";
    if ((flags & EXCHANGE) === 0 && last.value.slash) return "ENOTDIR";
  }
  if (isWithin(toDir, source)) return "EINVAL";
  if (target !== null && isWithin(source.parent, target)) return (flags & EXCHANGE) !== 0 ? "EINVAL" : "ENOTEMPTY";
  return renameNode(vfs, throughMount(task, old.value.parent.mount), source, toDir, last.value.name, target, flags);
}

/** Whether `dentry` is `top` or lies below it. */
function isWithin(dentry: Dentry, top: Dentry): boolean {
  for (let at = dentry; ; at = at.parent) {
    if (at === top) return true;
    if (at.isRoot) return false;
  }
}

/** vfs_rename. `target` is what the new name shows now. */
export function renameNode(
  vfs: Vfs,
  task: Subject,
  source: Dentry,
  toDir: Dentry,
  toName: string,
  target: Dentry | null,
  flags: number,
): Denial {
  const inode = source.inode!;
  const replaced = target?.inode ?? null;
  if (replaced === inode) return null;
  const exchange = (flags & RENAME.EXCHANGE) !== 0;
  const fromDir = source.parent;
  const isDirectory = inode.isDirectory;
  let denied = mayDelete(vfs, task, fromDir.inode!, source, isDirectory);
  if (denied !== null) return denied;
  if (target === null) denied = mayCreate(vfs, task, toDir.inode!);
  else denied = mayDelete(vfs, task, toDir.inode!, target, exchange ? replaced!.isDirectory : isDirectory);
  if (denied !== null) return denied;
  if (source.sb.type.engine === "pseudo") return "EPERM";
  if (toDir !== fromDir) {
    // A directory that moves has its `..` rewritten.
    if (isDirectory) denied = inodePermission(vfs, task, inode, MAY.WRITE);
    if (denied === null && exchange && replaced!.isDirectory) denied = inodePermission(vfs, task, replaced!, MAY.WRITE);
    if (denied !== null) return denied;
  }
  for (const hook of vfs.hooks.inodeRename) {
    const refused =
      (exchange ? hook.inodeRename(task, toDir.inode!, target!, fromDir.inode!, source.name, source) : null) ??
      hook.inodeRename(task, fromDir.inode!, source, toDir.inode!, toName, target);
    if (refused !== null) return refused;
  }
  if (source.mounts > 0 || (target !== null && target.mounts > 0)) return "EBUSY";
  if (
    toDir !== fromDir &&
    isDirectory &&
    replaced?.isDirectory !== true &&
    toDir.inode!.nlink >= toDir.sb.type.maxLinks
  )
    return "EMLINK";
  const refused = source.sb.fs.rename(vfs, task, source, toDir, toName, target, flags);
  if (refused !== null) return refused;
  const fromName = source.name;
  source.detach();
  target?.detach();
  moveTo(source, toDir, toName);
  if (target !== null) {
    if (exchange) moveTo(target, fromDir, fromName);
    else {
      dropDentry(target);
      dropInode(vfs, replaced!);
    }
  }
  return null;
}

function moveTo(dentry: Dentry, dir: Dentry, name: string): void {
  dentry.parent = dir;
  dentry.name = name;
  dentry.attach();
}
