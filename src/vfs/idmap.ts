// Idmapped mounts: the same files with other owners (include/linux/mnt_idmapping.h, fs/mnt_idmapping.c). An id on the file system
// shows as another one through the mount; one that no extent names has no counterpart there.
// Who acts through such a mount is compared in the ids of the file system, which comes to the same as comparing in those of the mount.
import { InputError } from "../errno/index.ts";
import type { Inode } from "./inode.ts";
import type { Mount } from "./mount/mount.ts";
import { type Capability, capable, type Subject } from "./task.ts";

/** Ids from `disk` on show as those from `mount` on. */
export interface IdExtent {
  readonly disk: number;
  readonly mount: number;
  readonly count: number;
}

/** What is printed for an id without a counterpart (/proc/sys/kernel/overflowuid). */
export const OVERFLOW_ID = 65534;
/** What stands for it inside the kernel: (uid_t)-1. */
export const INVALID_ID = 0xffffffff;

type Kind = "uid" | "gid";

export class IdMap {
  readonly uid: readonly IdExtent[];
  readonly gid: readonly IdExtent[];

  constructor(uid: readonly IdExtent[], gid: readonly IdExtent[]) {
    this.uid = uid;
    this.gid = gid;
  }

  /** make_vfsuid: the id as the mount shows it; null where it shows none. */
  toMount(kind: Kind, id: number): number | null {
    for (const { disk, mount, count } of this[kind]) if (id >= disk && id - disk < count) return mount + (id - disk);
    return null;
  }
  /** from_vfsuid: the id on the file system; null where there is none. */
  toDisk(kind: Kind, id: number): number | null {
    for (const { disk, mount, count } of this[kind]) if (id >= mount && id - mount < count) return disk + (id - mount);
    return null;
  }

  /** Both owners of the file have counterparts: !HAS_UNMAPPED_ID. */
  shows(inode: Inode): boolean {
    return this.toMount("uid", inode.uid) !== null && this.toMount("gid", inode.gid) !== null;
  }
}

const LIMIT = 2 ** 32;
const ENTRY = /^([ugb]):(\d{1,10}):(\d{1,10}):(\d{1,10})$/;

/**
 * Reads what mount(8) takes as X-mount.idmap: entries `b:3001:0:1` (both kinds, `u` uids, `g` gids; first id on the file system, first id
 * of the mount, how many), separated by blanks. @throws InputError `bad-idmap`
 */
export function parseIdMap(text: string, where: string): IdMap {
  const bad = (why: string) => new InputError("bad-idmap", where, why);
  const kinds: Record<Kind, IdExtent[]> = { uid: [], gid: [] };
  const entries = text.split(/\s+/).filter((entry) => entry !== "");
  if (entries.length === 0) throw bad("wants entries like b:1000:0:1");
  for (const entry of entries) {
    const parts = ENTRY.exec(entry);
    if (parts === null) throw bad(`"${entry}" is no entry like b:1000:0:1`);
    const extent = { disk: Number(parts[2]), mount: Number(parts[3]), count: Number(parts[4]) };
    const { disk, mount, count } = extent;
    if (count === 0 || disk + count >= LIMIT || mount + count >= LIMIT) throw bad(`"${entry}" leaves the range of ids`);
    for (const kind of ["uid", "gid"] as const) {
      if (parts[1] !== "b" && parts[1] !== kind[0]) continue;
      const overlaps = (a: number, b: number, more: number) => a < b + more && b < a + count;
      for (const other of kinds[kind])
        if (overlaps(disk, other.disk, other.count) || overlaps(mount, other.mount, other.count))
          throw bad(`"${entry}" overlaps another entry`);
      kinds[kind].push(extent);
    }
  }
  return new IdMap(kinds.uid, kinds.gid);
}

/** Who acts, as seen by files that are reached through this mount. */
export function throughMount(task: Subject, { idmap }: Mount): Subject {
  if (idmap === (task.idmap ?? null)) return task;
  const { cred, pid, ppid, comm, auid, ses, exe, tty, label, readImpliesExec, umask } = task;
  return { cred, pid, ppid, comm, auid, ses, exe, tty, label, readImpliesExec, umask: umask ?? 0, idmap };
}

/** The user id with which a task acts on files, on the file system; null where it has none there. */
export function diskUid({ cred, idmap }: Subject): number | null {
  return idmap == null ? cred.fsuid : idmap.toDisk("uid", cred.fsuid);
}
/** The group id that new files get. */
export function diskGid({ cred, idmap }: Subject): number | null {
  return idmap == null ? cred.fsgid : idmap.toDisk("gid", cred.fsgid);
}

/** in_group_p: a group on the file system is that of the task, or one of the supplementary ones. */
export function inGroup({ cred, idmap }: Subject, gid: number): boolean {
  const shown = idmap == null ? gid : idmap.toMount("gid", gid);
  return shown !== null && (cred.fsgid === shown || cred.groups.includes(shown));
}

/** capable_wrt_inode_uidgid: a capability counts for files whose owners have counterparts alone. */
export function capableOver(task: Subject, inode: Inode, capability: Capability): boolean {
  return capable(task, capability) && (task.idmap == null || task.idmap.shows(inode));
}

/** i_uid_into_vfsuid and i_gid_into_vfsgid: the owners as the mount shows them; INVALID_ID where it shows none. */
export function ownersThrough(inode: Inode, idmap: IdMap): { readonly uid: number; readonly gid: number } {
  return { uid: idmap.toMount("uid", inode.uid) ?? INVALID_ID, gid: idmap.toMount("gid", inode.gid) ?? INVALID_ID };
}
