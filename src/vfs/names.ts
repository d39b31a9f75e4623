// Names of files as the kernel prints them (fs/d_path.c: d_absolute_path, d_path, dentry_path).
import type { Dentry } from "./dentry.ts";
import type { Inode } from "./inode.ts";
import type { Mount } from "./mount/mount.ts";
import type { Path } from "./path.ts";

/** The path from the root of everything; null if it does not lead there (detached mounts, files without a name). */
export function absolutePath(path: Path): string | null {
  let text = "";
  let { mount, dentry }: { mount: Mount; dentry: Dentry } = path;
  for (;;) {
    if (dentry === mount.root) {
      if (mount.mountpoint === null) return mount.attached ? (text === "" ? "/" : text) : null;
      ({ mount, dentry } = mount.mountpoint);
    } else if (dentry.isRoot) return null;
    else {
      text = `/${dentry.name}${text}`;
      dentry = dentry.parent;
    }
  }
}

/** The path as /proc shows it: with ` (deleted)` where the name is gone. null where even that is unknown. */
export function displayPath(path: Path): string | null {
  const { dentry } = path;
  if (dentry.isRoot && dentry !== path.mount.root) return `/${dentry.name} (deleted)`;
  const text = absolutePath(path);
  return text !== null && dentry.unhashed && !dentry.isRoot ? `${text} (deleted)` : text;
}

/** d_find_alias: a name of an inode that is in memory; of several the last that a search finds. null: none is. */
export function findAlias(inode: Inode): Dentry | null {
  let found: Dentry | null = null;
  const search = (dentry: Dentry): void => {
    if (dentry.inode === inode) found = dentry;
    for (const child of dentry.children?.values() ?? []) search(child);
  };
  search(inode.sb.root);
  return found;
}

/** The path inside its own file system; a name that is gone says so. */
export function dentryPath(dentry: Dentry): string {
  let text = "";
  for (let at = dentry; !at.isRoot; at = at.parent) text = `/${at.name}${text}`;
  return text === "" ? "/" : dentry.unhashed ? `${text}//deleted` : text;
}
