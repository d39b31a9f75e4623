// When an inode leaves memory: deleted and held by nobody, evicted with the caches, or unmounted (fs/inode.c: iput_final, evict;
// fs/drop_caches.c: drop_slab; fs/super.c: generic_shutdown_super).
import type { Dentry } from "./dentry.ts";
import type { Inode } from "./inode.ts";
import { freeMemory } from "./inode-memory.ts";
import type { Mount } from "./mount/mount.ts";
import type { SuperBlock } from "./superblock.ts";
import type { Vfs } from "./vfs.ts";

/** Called when a holder is gone: frees a file that has neither a name nor anybody who has it open, nor an overlay that shows it. */
export function dropInode(vfs: Vfs, inode: Inode): void {
  if (inode.nlink === 0 && inode.openFiles === 0 && inode.overlays === 0 && !inode.freed)
    inode.sb.fs.forget(vfs, inode);
}

/** A name goes out of memory: unlinked, or evicted. */
export function dropDentry(dentry: Dentry): void {
  dentry.detach();
  if (dentry.inode !== null) dentry.inode.dentries--;
}

/** Takes one inode out of memory; what is on the disk stays. */
function evict(vfs: Vfs, sb: SuperBlock, inode: Inode): void {
  for (const hook of vfs.hooks.inodeFree) hook.inodeFree(inode);
  inode.freed = true;
  freeMemory(vfs, inode);
  if (inode.nlink > 0) sb.disk?.save(inode);
  else sb.disk?.inodes.delete(inode.ino);
  sb.inodes.delete(inode.key);
  sb.fs.evicted?.(inode);
}

/** Everything of a superblock leaves memory: its last mount is gone. */
export function evictAll(vfs: Vfs, sb: SuperBlock): void {
  for (const inode of [...sb.inodes.values()]) evict(vfs, sb, inode);
  if (sb.disk !== null) sb.disk.superblock = null;
  vfs.superblocks.delete(sb);
}

/** A mount is gone: with the last one of a superblock the superblock goes too. */
export function releaseMount(vfs: Vfs, mount: Mount): void {
  const { sb } = mount;
  sb.mounts--;
  if (sb.mounts > 0 || sb.type.single) return;
  evictAll(vfs, sb);
  sb.fs.shutdown?.(vfs);
}

/** Whether anything keeps this name in memory: open files, mounts, or names below it. */
function evictChildren(vfs: Vfs, dir: Dentry): void {
  for (const child of [...(dir.children?.values() ?? [])]) {
    if (child.inode?.isDirectory === true) evictChildren(vfs, child);
    if ((child.children?.size ?? 0) > 0 || child.mounts > 0 || child.pins > 0) continue;
    const inode = child.inode!;
    dropDentry(child);
    if (inode.dentries === 0 && inode.openFiles === 0) evict(vfs, inode.sb, inode);
  }
  const names = dir.inode?.overlay?.names;
  for (const name of names?.keys() ?? []) if (dir.children?.has(name) !== true) names!.delete(name);
}

/**
 * A remount forgets the names that nobody holds (fs/super.c: reconfigure_super). Inodes of most file systems outlive that; those of an
 * overlay go with their last name.
 */
export function shrinkNames(vfs: Vfs, sb: SuperBlock): void {
  if (sb.type.engine === "overlay") evictChildren(vfs, sb.root);
}

/** `echo 2 > /proc/sys/vm/drop_caches`: names and inodes of file systems on disks that nobody holds leave memory. */
export function dropCaches(vfs: Vfs): void {
  // Stacked file systems first: their inodes hold names of the layers below.
  const all = [...vfs.superblocks].filter((sb) => !sb.type.inMemory && sb.type.engine !== "pseudo");
  const stacked = all.filter((sb) => sb.type.engine === "overlay").reverse();
  for (const sb of [...stacked, ...all.filter((sb) => sb.type.engine !== "overlay")]) {
    evictChildren(vfs, sb.root);
    // What was open when its name was forgotten.
    for (const inode of [...sb.inodes.values()])
      if (inode.dentries === 0 && inode.openFiles === 0 && inode.overlays === 0) evict(vfs, sb, inode);
  }
}
