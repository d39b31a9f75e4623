// Ids and capabilities that a process runs with (include/linux/cred.h: struct cred).
import { CAPABILITIES, type Capability, type Credentials } from "../vfs/index.ts";

const ALL: ReadonlySet<Capability> = new Set(CAPABILITIES);
const NONE: ReadonlySet<Capability> = new Set();

/** Ids to run with; missing ones follow the others. */
export interface Ids {
  readonly uid?: number | undefined;
  readonly euid?: number | undefined;
  readonly suid?: number | undefined;
  readonly fsuid?: number | undefined;
  readonly gid?: number | undefined;
  readonly egid?: number | undefined;
  readonly sgid?: number | undefined;
  readonly fsgid?: number | undefined;
  readonly groups?: readonly number[] | undefined;
  /** Effective capabilities; all for an effective uid of 0, else none, where left out. */
  readonly capabilities?: Iterable<Capability> | undefined;
}

export function credentials(ids: Ids): Credentials {
  const uid = ids.uid ?? 0;
  const euid = ids.euid ?? uid;
  const gid = ids.gid ?? 0;
  const egid = ids.egid ?? gid;
  return {
    uid,
    euid,
    suid: ids.suid ?? euid,
    fsuid: ids.fsuid ?? euid,
    gid,
    egid,
    sgid: ids.sgid ?? egid,
    fsgid: ids.fsgid ?? egid,
    groups: ids.groups ?? [],
    capabilities: ids.capabilities !== undefined ? new Set(ids.capabilities) : euid === 0 ? ALL : NONE,
  };
}
