// From a text to a file: walking names, links, mounts and `..` (fs/namei.c: link_path_walk, walk_component, pick_link, handle_dots,
// follow_dotdot, may_lookup, may_follow_link, filename_parentat).
import { type Denial, type Errno, fail, ok, type Result } from "../errno/index.ts";
import { Dentry } from "./dentry.ts";
import { diskUid, throughMount } from "./idmap.ts";
import type { Inode } from "./inode.ts";
import type { Mount } from "./mount/mount.ts";
import { touchAtime } from "./native/attr.ts";
import type { Path } from "./path.ts";
import { inodePermission } from "./permission.ts";
import { MAY } from "./security.ts";
import type { Subject } from "./task.ts";
import { LIMIT, S } from "./uapi.ts";
import type { Vfs } from "./vfs.ts";

/** MAXSYMLINKS: links followed on one walk. */
const MAX_LINKS = 40;
const SLASH = 0x2f;
const DOT = 0x2e;

export interface ResolveHow {
  /** Follow a link at the end of the path; one before a trailing slash is always followed. */
  readonly follow: boolean;
  /** Refuse anything but a directory with ENOTDIR. */
  readonly directory?: boolean;
  /** An empty text means the base itself (AT_EMPTY_PATH) instead of ENOENT. */
  readonly empty?: boolean;
}

/** The place of a name: its directory and the last component, which need not exist. */
export interface LastName {
  readonly parent: Path;
  readonly name: string;
  readonly kind: "name" | "dot" | "dotdot" | "root";
  /** The text goes on with slashes, so a directory is meant. */
  readonly slash: boolean;
}

/** A walk in progress: where it stands, what is left to go, how many links it took. */
interface Walk {
  mount: Mount;
  dentry: Dentry;
  text: string;
  at: number;
  links: number;
}

/** The dentry of a name in a directory, or null if there is none. Takes no permission and crosses no mount. */
export function lookupName(vfs: Vfs, dir: Dentry, name: string): Dentry | "ESTALE" | "ENOENT" | null {
  const known = dir.children?.get(name);
  if (known !== undefined) return known;
  const inode = dir.sb.fs.lookup(vfs, dir, name);
  return inode === null || typeof inode === "string" ? inode : attachChild(dir, name, inode);
}

/** The same, where a name that cannot be looked up is none. */
export function lookupChild(vfs: Vfs, dir: Dentry, name: string): Dentry | null {
  const found = lookupName(vfs, dir, name);
  return typeof found === "string" ? null : found;
}

/** Puts a name with its inode into the tree of names. */
export function attachChild(dir: Dentry, name: string, inode: Inode): Dentry {
  const dentry = new Dentry(dir.sb, name, dir, inode);
  inode.dentries++;
  dentry.attach();
  return dentry;
}

function begin(vfs: Vfs, base: Path, text: string): Walk | Errno {
  if (text.length >= LIMIT.PATH_MAX) return "ENAMETOOLONG";
  const { mount, dentry } = text.charCodeAt(0) === SLASH ? vfs.root : base;
  return { mount, dentry, text, at: 0, links: 0 };
}

/**
 * Goes on to the last component, which is returned and not entered. Every directory on the way must be searchable.
 * An empty name: nothing but slashes was left.
 */
function toLast(vfs: Vfs, task: Subject, walk: Walk): { name: string; slash: boolean } | Errno {
  for (;;) {
    const { text } = walk;
    let { at } = walk;
    while (text.charCodeAt(at) === SLASH) at++;
    if (at >= text.length) return { name: "", slash: false };
    const inode = walk.dentry.inode!;
    if ((inode.mode & S.IFMT) !== S.IFDIR) return "ENOTDIR";
    const denied = inodePermission(vfs, throughMount(task, walk.mount), inode, MAY.EXEC);
    if (denied !== null) return denied;
    let end = text.indexOf("/", at);
    if (end < 0) {
      walk.at = text.length;
      return { name: at === 0 ? text : text.slice(at), slash: false };
    }
    const name = text.slice(at, end);
    while (text.charCodeAt(end) === SLASH) end++;
    walk.at = end;
    if (end >= text.length) return { name, slash: true };
    const refused = enter(vfs, task, walk, name, true);
    if (refused !== null) return refused;
    if ((walk.dentry.inode!.mode & S.IFMT) !== S.IFDIR) return "ENOTDIR";
  }
}

/** Steps to a name of the directory where the walk stands, through what is mounted there and, if asked, through a link. */
function enter(vfs: Vfs, task: Subject, walk: Walk, name: string, follow: boolean): Denial {
  if (name.charCodeAt(0) === DOT) {
    if (name.length === 1) return null;
    if (name === "..") {
      toParent(vfs, walk);
      return null;
    }
  }
  if (name.length > LIMIT.NAME_MAX) return "ENAMETOOLONG";
  const dir = walk.dentry;
  let dentry = lookupName(vfs, dir, name);
  if (dentry === null) return "ENOENT";
  if (typeof dentry === "string") return dentry;
  let { mount } = walk;
  while (dentry.mounts > 0) {
    const over = mount.children.get(dentry);
    if (over === undefined) break;
    mount = over;
    dentry = over.root;
  }
  if (follow && (dentry.inode!.mode & S.IFMT) === S.IFLNK) return followLink(vfs, task, walk, mount, dentry.inode!);
  walk.mount = mount;
  walk.dentry = dentry;
  return null;
}

/** Replaces the link by its target in the text that is left. */
function followLink(vfs: Vfs, task: Subject, walk: Walk, mount: Mount, link: Inode): Denial {
  if (walk.links++ >= MAX_LINKS || mount.flags.nosymfollow) return "ELOOP";
  const dir = walk.dentry.inode!;
  const isLast = walk.at >= walk.text.length;
  if (isLast && vfs.sysctl.symlinks !== 0 && !mayFollow(throughMount(task, mount), dir, link)) return "EACCES";
  touchAtime(vfs, mount, link);
  const there = link.jump?.(task) ?? null;
  if (there === null && link.jump !== null) return "ENOENT";
  if (there !== null && typeof there !== "string") {
    walk.mount = there.mount;
    walk.dentry = there.dentry;
    return null;
  }
  const target = there ?? link.sb.fs.readlink(link);
  if (target === "") return "ENOENT";
  const rest = walk.text.slice(walk.at);
  walk.text = rest === "" ? target : `${target}/${rest}`;
  walk.at = 0;
  if (target.charCodeAt(0) === SLASH) ({ mount: walk.mount, dentry: walk.dentry } = vfs.root);
  return walk.text.length >= LIMIT.PATH_MAX ? "ENAMETOOLONG" : null;
}

/** protected_symlinks: in a sticky world-writable directory only links of the follower or of the directory's owner. */
function mayFollow(task: Subject, dir: Inode, link: Inode): boolean {
  if (diskUid(task) === link.uid) return true;
  if ((dir.mode & (S.ISVTX | 0o002)) !== (S.ISVTX | 0o002)) return true;
  return dir.uid === link.uid;
}

function toParent(vfs: Vfs, walk: Walk): void {
  const { root } = vfs;
  while (walk.dentry === walk.mount.root) {
    if (walk.dentry === root.dentry && walk.mount === root.mount) return;
    const { mountpoint } = walk.mount;
    if (mountpoint === null) return;
    walk.mount = mountpoint.mount;
    walk.dentry = mountpoint.dentry;
  }
  walk.dentry = walk.dentry.parent;
  while (walk.dentry.mounts > 0) {
    const over = walk.mount.children.get(walk.dentry);
    if (over === undefined) return;
    walk.mount = over;
    walk.dentry = over.root;
  }
}

/** The file that a text names. ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG. */
export function resolve(vfs: Vfs, task: Subject, base: Path, text: string, how: ResolveHow): Result<Path> {
  if (text === "") return how.empty === true ? ok(base) : fail("ENOENT");
  const walk = begin(vfs, base, text);
  if (typeof walk === "string") return fail(walk);
  let directory = how.directory === true;
  for (;;) {
    const last = toLast(vfs, task, walk);
    if (typeof last === "string") return fail(last);
    if (last.name === "") break;
    const { links } = walk;
    if (last.slash) directory = true;
    const refused = enter(vfs, task, walk, last.name, how.follow || last.slash);
    if (refused !== null) return fail(refused);
    // A link was put in place of the last name: its target has a last name too.
    if (walk.links === links) break;
  }
  if (directory && !walk.dentry.inode!.isDirectory) return fail("ENOTDIR");
  return ok({ mount: walk.mount, dentry: walk.dentry });
}

/** The directory and the last component of a text: what creates, removes and renames needs. */
export function resolveParent(vfs: Vfs, task: Subject, base: Path, text: string): Result<LastName> {
  if (text === "") return fail("ENOENT");
  const walk = begin(vfs, base, text);
  if (typeof walk === "string") return fail(walk);
  const last = toLast(vfs, task, walk);
  if (typeof last === "string") return fail(last);
  return ok(lastOf(walk, last));
}

function lastOf(walk: Walk, { name, slash }: { name: string; slash: boolean }): LastName {
  const kind = name === "" ? "root" : name === "." ? "dot" : name === ".." ? "dotdot" : "name";
  return { parent: { mount: walk.mount, dentry: walk.dentry }, name, kind, slash };
}

/** What an open that may create finds at the end of its walk. */
export type OpenTarget =
  | { readonly found: Path; readonly dir: Inode; readonly slash: boolean }
  | { readonly missing: LastName };

/**
 * Walks for open: like `resolve`, but the last name may be missing, and says in which directory the file was found.
 * A link at the end that is not to be followed is found as such.
 */
export function resolveForOpen(
  vfs: Vfs,
  task: Subject,
  base: Path,
  text: string,
  follow: boolean,
  create: boolean,
): Result<OpenTarget> {
  if (text === "") return fail("ENOENT");
  const walk = begin(vfs, base, text);
  if (typeof walk === "string") return fail(walk);
  let slash = false;
  for (;;) {
    const last = toLast(vfs, task, walk);
    if (typeof last === "string") return fail(last);
    const { links } = walk;
    if (last.name === "") break;
    if (last.slash) {
      // A name to be made cannot be that of a directory.
      if (create) return fail("EISDIR");
      slash = true;
    }
    const dir = walk.dentry;
    const refused = enter(vfs, task, walk, last.name, follow || last.slash);
    if (refused === "ENOENT" && create && walk.links === links && walk.dentry === dir)
      return ok({ missing: lastOf(walk, last) });
    if (refused !== null) return fail(refused);
    if (walk.links === links) return ok({ found: { mount: walk.mount, dentry: walk.dentry }, dir: dir.inode!, slash });
  }
  return ok({ found: { mount: walk.mount, dentry: walk.dentry }, dir: walk.dentry.inode!, slash });
}
