// Which extended attributes a file system has at all: its handlers by prefix (fs/xattr.c: xattr_resolve_name; the s_xattr tables).
import type { XattrNamespace } from "./fstypes.ts";
import type { Inode } from "./inode.ts";

export const ACL_ACCESS = "system.posix_acl_access";
export const ACL_DEFAULT = "system.posix_acl_default";

/** The name space that a name belongs to; null for names that no file system here knows. */
export function namespaceOf(name: string): XattrNamespace | null {
  if (name.startsWith("security.")) return "security";
  if (name.startsWith("user.")) return "user";
  if (name.startsWith("trusted.")) return "trusted";
  return name === ACL_ACCESS || name === ACL_DEFAULT ? "acl" : null;
}

/** A prefix alone: a handler is found, but it wants a name (EINVAL). */
export const isBarePrefix = (name: string): boolean => name === "security." || name === "user." || name === "trusted.";

/** Whether the file system of this inode has attributes of that name space. */
export function supportsXattr(inode: Inode, name: string): boolean {
  const { type, flags, vfs, xattr } = inode.sb;
  if (!xattr) return false;
  const namespace = namespaceOf(name);
  if (namespace === null || !type.namespaces.includes(namespace)) return false;
  if (namespace === "acl") return flags.posixAcl;
  return namespace !== "user" || type.userXattrSince === undefined || vfs.release.atLeast(type.userXattrSince);
}
