// Extended attributes as programs and security modules use them: who may do what in each name space, and the order of hooks
// (fs/xattr.c: xattr_permission, vfs_setxattr, __vfs_setxattr_noperm, vfs_getxattr, vfs_removexattr; security/commoncap.c:
// cap_inode_setxattr, cap_inode_removexattr).
import { type Denial, fail, ok, type Result } from "../../errno/index.ts";
import { capableOver, throughMount } from "../idmap.ts";
import type { Inode } from "../inode.ts";
import { wantWrite } from "../mount/access.ts";
import type { Path } from "../path.ts";
import { inodePermission, ownerOrCapable } from "../permission.ts";
import { MAY } from "../security.ts";
import { SECURITY_CAPABILITY } from "../setattr.ts";
import { capable, type Subject } from "../task.ts";
import { LIMIT, S, XATTR } from "../uapi.ts";
import type { Vfs } from "../vfs.ts";
import { getAcl, removeAcl, setAcl } from "./acl.ts";
import { isFileCapability, shownFileCapability, storedFileCapability } from "./capability.ts";
import { listedByModules, mayWriteXattr, namespaceOf, refuseXattr } from "./names.ts";

const isNameValid = (name: string): boolean => name !== "" && name.length <= LIMIT.XATTR_NAME_MAX;

/** xattr_permission. Reading what one may not is answered as if it were not there. */
function xattrPermission(vfs: Vfs, task: Subject, inode: Inode, name: string, mask: number): Denial {
  const writing = (mask & MAY.WRITE) !== 0;
  if (writing) {
    const refused = mayWriteXattr(task, inode);
    if (refused !== null) return refused;
  }
  if (name.startsWith("security.") || name.startsWith("system.")) return null;
  if (name.startsWith("trusted.")) return capable(task, "CAP_SYS_ADMIN") ? null : writing ? "EPERM" : "ENODATA";
  if (name.startsWith("user.")) {
    if (!inode.isRegular && !inode.isDirectory) return writing ? "EPERM" : "ENODATA";
    if (writing && inode.isDirectory && (inode.mode & S.ISVTX) !== 0 && !ownerOrCapable(task, inode)) return "EPERM";
  }
  return inodePermission(vfs, task, inode, mask);
}

/** setxattr(2) of a file that was looked up. `flags`: XATTR.CREATE, XATTR.REPLACE. */
export function setxattr(vfs: Vfs, task: Subject, path: Path, name: string, value: Uint8Array, flags = 0): Denial {
  const readOnly = wantWrite(path.mount);
  if (readOnly !== null) return readOnly;
  if ((flags & ~(XATTR.CREATE | XATTR.REPLACE)) !== 0) return "EINVAL";
  if (!isNameValid(name)) return "ERANGE";
  if (value.length > LIMIT.XATTR_SIZE_MAX) return "E2BIG";
  if (vfs.aclHooks && namespaceOf(name) === "acl") return setAcl(vfs, task, path, name, value);
  return setXattrNode(vfs, task, path, name, value, flags);
}

/** vfs_setxattr. */
export function setXattrNode(
  vfs: Vfs,
  caller: Subject,
  path: Path,
  name: string,
  given: Uint8Array,
  flags: number,
): Denial {
  const inode = path.dentry.inode!;
  const task = throughMount(caller, path.mount);
  const isCapability = name === SECURITY_CAPABILITY;
  let value = given;
  if (isCapability && value.length > 0) {
    if (!isFileCapability(value)) return "EINVAL";
    if (!capableOver(task, inode, "CAP_SETFCAP")) return "EPERM";
    const kept = storedFileCapability(value, path.mount.idmap);
    if (!kept.ok) return kept.errno;
    value = kept.value;
  }
  const denied = xattrPermission(vfs, task, inode, name, MAY.WRITE);
  if (denied !== null) return denied;
  if (name.startsWith("security.") && !isCapability && !capable(task, "CAP_SYS_ADMIN")) return "EPERM";
  const hooks = vfs.hooks.inodeSetxattr;
  for (let i = 0; i < hooks.length; i++) {
    const refused = hooks[i]!.inodeSetxattr(task, path, name, value, flags);
    if (refused !== null) return refused;
  }
  return setXattrNoPerm(vfs, task, path, name, value, flags);
}

/** __vfs_setxattr_noperm: stores without asking anybody, then tells the modules. EOPNOTSUPP, EEXIST, ENODATA, ENOSPC. */
export function setXattrNoPerm(
  vfs: Vfs,
  task: Subject,
  path: Path,
  name: string,
  value: Uint8Array,
  flags: number,
): Denial {
  const inode = path.dentry.inode!;
  if (inode.noXattr && name.startsWith("security.")) return setByModules(vfs, inode, name, value);
  const unsupported = refuseXattr(inode, name);
  if (unsupported !== null) return unsupported;
  // Before the ACL calls were split off, ACLs were set by a handler like any attribute.
  const failed =
    namespaceOf(name) === "acl"
      ? setAcl(vfs, task, path, name, value)
      : inode.sb.fs.setXattr(vfs, task, path.dentry, inode, name, value, flags);
  if (failed !== null) return failed;
  const hooks = vfs.hooks.inodePostSetxattr;
  for (let i = 0; i < hooks.length; i++) hooks[i]!.inodePostSetxattr(task, path, name, value);
  return null;
}

/** security_inode_setsecurity: a file system without attributes leaves security.* to the modules. */
function setByModules(vfs: Vfs, inode: Inode, name: string, value: Uint8Array): Denial {
  for (const hook of vfs.hooks.inodeSetsecurity) {
    const answer = hook.inodeSetsecurity(inode, name, value);
    if (answer !== "EOPNOTSUPP") return answer;
  }
  return "EOPNOTSUPP";
}

/** getxattr(2) of a file that was looked up: the bytes are the caller's own. ENODATA, EOPNOTSUPP, and what permission says. */
export function getxattr(vfs: Vfs, task: Subject, path: Path, name: string): Result<Uint8Array> {
  const stored = getXattrNode(vfs, task, path, name);
  return stored.ok ? ok(stored.value.slice()) : stored;
}

/** vfs_getxattr. */
function getXattrNode(vfs: Vfs, caller: Subject, path: Path, name: string): Result<Uint8Array> {
  if (!isNameValid(name)) return fail("ERANGE");
  if (vfs.aclHooks && namespaceOf(name) === "acl") return getAcl(vfs, caller, path, name);
  const inode = path.dentry.inode!;
  const task = throughMount(caller, path.mount);
  const denied = xattrPermission(vfs, task, inode, name, MAY.READ);
  if (denied !== null) return fail(denied);
  for (const hook of vfs.hooks.inodeGetxattr) {
    const refused = hook.inodeGetxattr(task, path, name);
    if (refused !== null) return fail(refused);
  }
  if (name.startsWith("security."))
    for (const hook of vfs.hooks.inodeGetsecurity) {
      const answer = hook.inodeGetsecurity(inode, name);
      if (answer !== null) return ok(answer);
    }
  const unsupported = refuseXattr(inode, name);
  if (unsupported !== null) return fail(unsupported);
  if (namespaceOf(name) === "acl") return getAcl(vfs, task, path, name);
  const value = inode.sb.fs.getXattr(vfs, inode, name);
  if (!value.ok || name !== SECURITY_CAPABILITY) return value;
  return shownFileCapability(value.value, path.mount.idmap);
}

/** removexattr(2) of a file that was looked up. */
export function removexattr(vfs: Vfs, task: Subject, path: Path, name: string): Denial {
  const readOnly = wantWrite(path.mount);
  if (readOnly !== null) return readOnly;
  if (!isNameValid(name)) return "ERANGE";
  if (vfs.aclHooks && namespaceOf(name) === "acl") return removeAcl(vfs, task, path, name);
  return removeXattrNode(vfs, task, path, name);
}

/** vfs_removexattr. */
export function removeXattrNode(vfs: Vfs, caller: Subject, path: Path, name: string): Denial {
  const inode = path.dentry.inode!;
  const task = throughMount(caller, path.mount);
  const denied = xattrPermission(vfs, task, inode, name, MAY.WRITE);
  if (denied !== null) return denied;
  if (name.startsWith("security.") && !capable(task, name === SECURITY_CAPABILITY ? "CAP_SETFCAP" : "CAP_SYS_ADMIN"))
    return "EPERM";
  const asked = vfs.hooks.inodeRemovexattr;
  for (let i = 0; i < asked.length; i++) {
    const refused = asked[i]!.inodeRemovexattr(task, path, name);
    if (refused !== null) return refused;
  }
  const failed = removeXattrNoPerm(vfs, task, path, name);
  if (failed !== null) return failed;
  const told = vfs.hooks.inodePostRemovexattr;
  for (let i = 0; i < told.length; i++) told[i]!.inodePostRemovexattr(task, path, name);
  return null;
}

/** __vfs_removexattr: no permission, no hook. ENODATA if it is not there. */
export function removeXattrNoPerm(vfs: Vfs, task: Subject, path: Path, name: string): Denial {
  const inode = path.dentry.inode!;
  const unsupported = refuseXattr(inode, name);
  if (unsupported !== null) return unsupported;
  if (namespaceOf(name) === "acl") return removeAcl(vfs, task, path, name);
  return inode.sb.fs.setXattr(vfs, task, path.dentry, inode, name, null, XATTR.REPLACE);
}

/** listxattr(2): the names, in the order of the file system. E2BIG, ERANGE do not occur: the caller has room for all. */
export function listxattr(vfs: Vfs, task: Subject, path: Path): Result<string[]> {
  const inode = path.dentry.inode!;
  if (inode.noXattr) return ok(listedByModules(vfs));
  const names = inode.sb.fs.listXattr(vfs, inode);
  // btrfs names trusted attributes to everybody.
  if (inode.sb.type.layout === "btrfs" || capable(task, "CAP_SYS_ADMIN")) return ok(names);
  return ok(names.filter((name) => !name.startsWith("trusted.")));
}
