// Ids and capabilities that a process runs with (include/linux/cred.h: struct cred).
import { CAPABILITIES, type Capability, type Credentials, type Subject } from "../vfs/index.ts";
import type { Kernel } from "./kernel.ts";

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

const UNSET = 0xffff_ffff;

/** A task with the kernel's credentials for a while: override_creds(prepare_kernel_cred(&init_task)). */
export function kernelTask(kernel: Kernel, task: Subject): Subject {
  const { pid, ppid, comm, auid, ses, exe, tty, readImpliesExec } = task;
  const label = kernel.labels?.subject({}) ?? null;
  return { cred: credentials({}), pid, ppid, comm, auid, ses, exe, tty, label, readImpliesExec };
}

/** A thread of the kernel that does something in place of a task. */
export function kernelThread(kernel: Kernel, task: Subject, comm: string): Subject {
  const own = { comm: comm.slice(0, 15), auid: UNSET, ses: UNSET, exe: null, readImpliesExec: false };
  return { ...kernelTask(kernel, task), pid: kernel.nextPid(), ppid: 2, ...own };
}
