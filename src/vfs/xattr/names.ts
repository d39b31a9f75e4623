// Which extended attributes a file system has at all: its handlers by prefix (fs/xattr.c: xattr_resolve_name; the s_xattr tables).
import type { Denial } from "../../errno/index.ts";
import type { XattrNamespace } from "../fstype.ts";
import type { Inode } from "../inode.ts";
import type { Subject } from "../task.ts";
import type { Vfs } from "../vfs.ts";

export const ACL_ACCESS = "system.posix_acl_access";
export const ACL_DEFAULT = "system.posix_acl_default";

const PREFIXES: readonly (readonly [prefix: string, namespace: XattrNamespace])[] = [
  ["security.", "security"],
  ["user.", "user"],
  ["trusted.", "trusted"],
];

/** The name space that a name belongs to; null for names that no file system here knows. */
export function namespaceOf(name: string): XattrNamespace | null {
  for (const [prefix, namespace] of PREFIXES) if (name.startsWith(prefix)) return namespace;
  return name === ACL_ACCESS || name === ACL_DEFAULT ? "acl" : null;
}

/** Whether the file system of this inode has an attribute of that name: EOPNOTSUPP if not, EINVAL for a prefix without a name. */
export function refuseXattr(inode: Inode, name: string): Denial {
  const { type, flags, vfs, xattr } = inode.sb;
  if (!xattr) return "EOPNOTSUPP";
  // An overlay takes any name and leaves it to its layers.
  if (type.engine === "overlay") return null;
  const namespace = namespaceOf(name);
  if (namespace === null || !type.namespaces.includes(namespace)) return "EOPNOTSUPP";
  if (namespace === "acl") return flags.posixAcl ? null : "EOPNOTSUPP";
  if (namespace === "user" && type.userXattrSince !== undefined && !vfs.release.atLeast(type.userXattrSince))
    return "EOPNOTSUPP";
  return name.endsWith(".") && PREFIXES.some(([prefix]) => prefix === name) ? "EINVAL" : null;
}

/** What the modules list for a file whose file system does not (security_inode_listsecurity). */
export function listedByModules(vfs: Vfs): string[] {
  return vfs.hooks.inodeListsecurity.flatMap((module) => module.inodeListsecurity() ?? []);
}

/** may_write_xattr. */
export function mayWriteXattr(task: Subject, inode: Inode): Denial {
  return inode.immutable || inode.appendOnly || task.idmap?.shows(inode) === false ? "EPERM" : null;
}
