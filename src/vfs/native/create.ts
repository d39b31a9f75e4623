// What a new inode is given beside its mode: the ACL of its directory and the attributes of the security modules
// (fs/posix_acl.c: posix_acl_create; security/security.c: security_inode_init_security; fs/ext4/ialloc.c: __ext4_new_inode).
import type { Denial } from "../../errno/index.ts";
import { encodeAcl, inheritAcl, type PosixAcl } from "../acl.ts";
import type { Inode } from "../inode.ts";
import type { InitialXattr } from "../security.ts";
import type { Subject } from "../task.ts";
import type { Vfs } from "../vfs.ts";
import { storeXattr } from "../xattr/layout.ts";

/** `name` is null for a file without a name. */
export function initialiseSecurity(vfs: Vfs, task: Subject, inode: Inode, dir: Inode, name: string | null): Denial {
  // xfs, and tmpfs for files without a name, ask the modules before they look at the directory's ACL.
  const modulesFirst = inode.sb.type.layout === "xfs" || (inode.sb.type.layout === "memory" && name === null);
  if (modulesFirst) return askModules(vfs, task, inode, dir, name) ?? inherit(vfs, task, inode, dir);
  return inherit(vfs, task, inode, dir) ?? askModules(vfs, task, inode, dir, name);
}

function inherit(vfs: Vfs, task: Subject, inode: Inode, dir: Inode): Denial {
  if (inode.isSymlink || !inode.sb.flags.posixAcl) {
    if (!inode.isSymlink) inode.mode &= ~(task.umask ?? 0);
    return null;
  }
  const acl = dir.defaultAcl;
  if (acl === null) {
    inode.mode &= ~(task.umask ?? 0);
    return null;
  }
  const own = inheritAcl(acl, inode.mode);
  inode.mode = own.mode;
  const refused = inode.isDirectory ? keepAcl(vfs, inode, "system.posix_acl_default", acl) : null;
  return refused ?? (own.acl === null ? null : keepAcl(vfs, inode, "system.posix_acl_access", own.acl));
}

function keepAcl(vfs: Vfs, inode: Inode, name: string, acl: PosixAcl): Denial {
  const stored = storeXattr(vfs.release, inode, name, encodeAcl(acl), 0);
  if (!stored.ok) return stored.errno;
  if (name === "system.posix_acl_access") inode.accessAcl = acl;
  else inode.defaultAcl = acl;
  return null;
}

function askModules(vfs: Vfs, task: Subject, inode: Inode, dir: Inode, name: string | null): Denial {
  const hooks = vfs.hooks.inodeInitSecurity;
  if (hooks.length === 0 || inode.noXattr) return null;
  const xattrs: InitialXattr[] = [];
  for (const module of hooks) {
    const refused = module.inodeInitSecurity(task, inode, dir, name ?? "", xattrs);
    if (refused !== null && refused !== "EOPNOTSUPP") return refused;
  }
  for (const { name: full, value } of xattrs) {
    const stored = storeXattr(vfs.release, inode, full, value, 0);
    if (!stored.ok) return stored.errno;
  }
  return null;
}
