// A file system with names, bytes and attributes of its own: ext4, xfs, btrfs, tmpfs, ramfs and the others that lie on a disk or in
// memory (fs/ext4, fs/xfs, fs/btrfs, mm/shmem.c, fs/ramfs). What differs between them is read from their row in fstypes.ts.
import { type Denial, fail, ok, type Result } from "../../errno/index.ts";
import { parseAcl } from "../acl.ts";
import { Content } from "../content.ts";
import type { Dentry } from "../dentry.ts";
import type { OpenFile } from "../file.ts";
import type { FileSystem, NewNode } from "../filesystem.ts";
import { diskGid, diskUid } from "../idmap.ts";
import { Inode } from "../inode.ts";
import { freeMemory, usedMemory } from "../inode-memory.ts";
import type { AttributeChange } from "../security.ts";
import type { Stat } from "../stat.ts";
import type { SuperBlock } from "../superblock.ts";
import type { Subject } from "../task.ts";
import { RENAME, S } from "../uapi.ts";
import type { Vfs } from "../vfs.ts";
import { storeXattr } from "../xattr/layout.ts";
import { listedByModules } from "../xattr/names.ts";
import { countChange, setNativeAttributes } from "./attr.ts";
import { initialiseSecurity } from "./create.ts";
import { newIno, releaseIno } from "./inode-number.ts";

export class NativeFs implements FileSystem {
  /** The inode of that number, from memory or from the disk. */
  #get(sb: SuperBlock, ino: number): Inode | null {
    return sb.inodes.get(ino) ?? sb.disk?.load(sb, ino) ?? null;
  }

  lookup(_vfs: Vfs, dir: Dentry, name: string): Inode | "ENOENT" | null {
    dir.inode!.findName?.(dir, name);
    const ino = dir.inode!.entries?.get(name);
    if (ino === undefined) return dir.sb.type.missingForGood ? "ENOENT" : null;
    return this.#get(dir.sb, ino);
  }

  list(_vfs: Vfs, dir: Dentry): Iterable<string> {
    return dir.inode!.entries?.keys() ?? [];
  }

  make(vfs: Vfs, task: Subject, dir: Dentry, name: string, node: NewNode): Result<Inode> {
    const parent = dir.inode!;
    const { type } = dir.sb;
    const kind = node.mode & S.IFMT;
    if (kind === S.IFLNK ? !type.symlinks : kind !== S.IFREG && kind !== S.IFDIR && !type.specialFiles)
      return fail("EPERM");
    const made = this.#newInode(vfs, task, dir, name, node, kind === S.IFDIR && type.name !== "btrfs" ? 2 : 1);
    if (!made.ok) return made;
    const inode = made.value;
    parent.entries!.set(name, inode.ino);
    if (kind === S.IFDIR && type.name !== "btrfs") parent.nlink++;
    this.#directoryChanged(vfs, parent);
    return made;
  }

  tmpfile(vfs: Vfs, task: Subject, dir: Dentry, node: NewNode): Result<Inode> {
    return this.#newInode(vfs, task, dir, null, node, 0);
  }

  #newInode(vfs: Vfs, task: Subject, dir: Dentry, name: string | null, node: NewNode, nlink: number): Result<Inode> {
    const { sb } = dir;
    const parent = dir.inode!;
    const inheritGroup = (parent.mode & S.ISGID) !== 0;
    const isDirectory = (node.mode & S.IFMT) === S.IFDIR;
    const ino = newIno(vfs, sb, node.hint?.ino, { parent: parent.ino, isDirectory });
    const inode = new Inode(sb, {
      ino,
      generation: this.#generation(vfs, sb, ino, node),
      mode: inheritGroup && isDirectory ? node.mode | S.ISGID : node.mode,
      uid: diskUid(task)!,
      gid: inheritGroup ? parent.gid : diskGid(task)!,
      nlink,
      time: vfs.clock(),
      ...(node.rdev === undefined ? {} : { rdev: node.rdev }),
      ...usedMemory(vfs, sb),
    });
    if (inode.isRegular) inode.content = new Content();
    if (isDirectory) inode.entries = new Map();
    inode.target = node.target ?? null;
    const refused = initialiseSecurity(vfs, task, inode, parent, name);
    if (refused !== null) {
      releaseIno(sb, inode.ino);
      for (const hook of vfs.hooks.inodeFree) hook.inodeFree(inode);
      inode.freed = true;
      freeMemory(vfs, inode);
      return fail(refused);
    }
    sb.inodes.set(inode.ino, inode);
    return ok(inode);
  }

  #generation(vfs: Vfs, sb: SuperBlock, ino: number, node: NewNode): number {
    if (node.hint?.generation !== undefined) return node.hint.generation;
    switch (sb.type.generation) {
      case "random":
        return vfs.newGeneration(sb, ino);
      case "transaction":
        return sb.disk?.transaction ?? 0;
      case "none":
        return 0;
    }
  }

  link(vfs: Vfs, _task: Subject, _from: Dentry, inode: Inode, dir: Dentry, name: string): Denial {
    const { type } = dir.sb;
    if (!type.hardLinks) return "EPERM";
    if (inode.nlink >= type.maxLinks) return "EMLINK";
    inode.nlink++;
    inode.ctime = vfs.clock();
    if (type.iversionOnNames) countChange(inode, true);
    dir.inode!.entries!.set(name, inode.ino);
    this.#directoryChanged(vfs, dir.inode!);
    return null;
  }

  unlink(vfs: Vfs, _task: Subject, dentry: Dentry): Denial {
    const inode = dentry.inode!;
    const parent = dentry.parent.inode!;
    parent.entries!.delete(dentry.name);
    this.#directoryChanged(vfs, parent);
    inode.nlink--;
    inode.ctime = vfs.clock();
    if (inode.sb.type.iversionOnNames) countChange(inode, true);
    return null;
  }

  rmdir(vfs: Vfs, _task: Subject, dentry: Dentry): Denial {
    const inode = dentry.inode!;
    if (inode.entries!.size > 0) return "ENOTEMPTY";
    const parent = dentry.parent.inode!;
    parent.entries!.delete(dentry.name);
    if (dentry.sb.type.name !== "btrfs") parent.nlink--;
    inode.nlink = 0;
    inode.ctime = vfs.clock();
    this.#directoryChanged(vfs, parent);
    return null;
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
    const { type } = from.sb;
    if ((flags & RENAME.WHITEOUT) !== 0 && !type.renameWhiteout) return "EINVAL";
    if ((flags & RENAME.EXCHANGE) !== 0 && (type.renameExchange === null || !vfs.release.atLeast(type.renameExchange)))
      return "EINVAL";
    const fromDir = from.parent.inode!;
    const intoDir = toDir.inode!;
    const inode = from.inode!;
    const other = target?.inode ?? null;
    const countsDirectories = type.name !== "btrfs";
    if (other?.isDirectory === true && (flags & RENAME.EXCHANGE) === 0 && other.entries!.size > 0)
      return type.fullTarget;
    if ((flags & RENAME.WHITEOUT) !== 0) {
      // xfs makes it as a file of the directory that the name goes to.
      const dir = type.layout === "xfs" ? toDir : from.parent;
      const node = { mode: S.IFCHR, rdev: { major: 0, minor: 0 } };
      const whiteout = this.#newInode(vfs, task, dir, from.name, node, 1);
      if (!whiteout.ok) return whiteout.errno;
      fromDir.entries!.set(from.name, whiteout.value.ino);
    } else if ((flags & RENAME.EXCHANGE) !== 0) fromDir.entries!.set(from.name, other!.ino);
    else fromDir.entries!.delete(from.name);
    intoDir.entries!.set(toName, inode.ino);
    const now = vfs.clock();
    inode.ctime = now;
    if (other !== null) {
      other.ctime = now;
      if ((flags & RENAME.EXCHANGE) === 0) other.nlink = other.isDirectory ? 0 : other.nlink - 1;
      if (type.iversionOnNames) countChange(other, true);
    }
    if (countsDirectories) {
      if (inode.isDirectory) {
        fromDir.nlink--;
        intoDir.nlink++;
      }
      if (other?.isDirectory === true) {
        intoDir.nlink--;
        if ((flags & RENAME.EXCHANGE) !== 0) fromDir.nlink++;
      }
    }
    if (type.iversionOnNames) countChange(inode, true);
    this.#directoryChanged(vfs, fromDir);
    if (intoDir !== fromDir) this.#directoryChanged(vfs, intoDir);
    return null;
  }

  #directoryChanged(vfs: Vfs, dir: Inode): void {
    const now = vfs.clock();
    dir.mtime = now;
    dir.ctime = now;
    countChange(dir, true);
  }

  setattr(vfs: Vfs, task: Subject, dentry: Dentry, inode: Inode, change: AttributeChange): Denial {
    return setNativeAttributes(vfs, task, dentry, inode, change);
  }

  getattr(_vfs: Vfs, _dentry: Dentry, inode: Inode): Stat {
    const { ino, mode, uid, gid, nlink, rdev, atime, mtime, ctime, size } = inode;
    const generation = inode.sb.type.generation === "none" ? null : inode.generation;
    return { ino, mode, uid, gid, nlink, rdev, atime, mtime, ctime, size, dev: inode.sb.statDev, generation };
  }

  getXattr(_vfs: Vfs, inode: Inode, name: string): Result<Uint8Array> {
    const value = inode.xattrs.get(name);
    return value === undefined ? fail("ENODATA") : ok(value);
  }

  setXattr(
    vfs: Vfs,
    _task: Subject,
    _dentry: Dentry,
    inode: Inode,
    name: string,
    value: Uint8Array | null,
    flags: number,
  ): Denial {
    const stored = storeXattr(vfs.release, inode, name, value === null ? null : value.slice(), flags);
    if (!stored.ok) return stored.errno;
    if (!stored.value) return null;
    if (name.startsWith("system.posix_acl")) takeAcl(inode, name, value);
    inode.ctime = vfs.clock();
    countChange(inode, true);
    return null;
  }

  listXattr(vfs: Vfs, inode: Inode): string[] {
    const names = [...inode.xattrs.keys()];
    // Where ACLs are kept apart from the other attributes they are named first (fs/xattr.c: simple_xattr_list).
    if (inode.sb.type.layout !== "memory") return names;
    const acl = (name: string): number =>
      name.startsWith("system.posix_acl_a") ? 0 : name.startsWith("system.") ? 1 : 2;
    const labels = vfs.release.has("listed-by-lsm") ? listedByModules(vfs) : [];
    const kept = names.filter((name) => !labels.includes(name)).sort((a, b) => acl(a) - acl(b));
    const acls = kept.filter((name) => acl(name) < 2).length;
    return [...kept.slice(0, acls), ...labels, ...kept.slice(acls)];
  }

  readlink(inode: Inode): string {
    return inode.target ?? "";
  }

  open(_vfs: Vfs, _task: Subject, file: OpenFile): Denial {
    // fsverity_file_open: the content of such a file is final.
    return file.inode.verity !== null && file.canWrite ? "EPERM" : null;
  }
  release(_vfs: Vfs, _task: Subject, _file: OpenFile): void {}

  content(inode: Inode): Content | null {
    return inode.content;
  }

  size(inode: Inode): number {
    if (inode.target !== null) return inode.target.length;
    if (inode.entries === null)
      return inode.generated === null ? 0 : (inode.generated.fixed?.length ?? inode.sb.type.generatedSize);
    const { empty, name, perByte } = inode.sb.type.dirSize;
    if (name === 0 && perByte === 0) return empty;
    let size = empty + name * inode.entries.size;
    if (perByte > 0) for (const entry of inode.entries.keys()) size += perByte * entry.length;
    return size;
  }

  realInode(_dentry: Dentry, inode: Inode): Inode {
    return inode;
  }

  forget(vfs: Vfs, inode: Inode): void {
    const { sb } = inode;
    for (const hook of vfs.hooks.inodeFree) hook.inodeFree(inode);
    inode.freed = true;
    freeMemory(vfs, inode);
    sb.inodes.delete(inode.ino);
    sb.disk?.inodes.delete(inode.ino);
    releaseIno(sb, inode.ino);
  }
}

function takeAcl(inode: Inode, name: string, value: Uint8Array | null): void {
  const parsed = value === null ? null : parseAcl(value);
  const acl = parsed?.ok ? parsed.value : null;
  if (name === "system.posix_acl_access") inode.accessAcl = acl;
  else inode.defaultAcl = acl;
}
