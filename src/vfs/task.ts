// Who acts: the subject of every operation on the file system (struct task_struct and struct cred, as far as hooks look at them).
import type { IdMap } from "./idmap.ts";

/** struct cred. Ids are those of the initial user namespace. */
export interface Credentials {
  readonly uid: number;
  readonly euid: number;
  readonly suid: number;
  readonly fsuid: number;
  readonly gid: number;
  readonly egid: number;
  readonly sgid: number;
  readonly fsgid: number;
  readonly groups: readonly number[];
  /** Effective capabilities, by name: `CAP_SYS_ADMIN`. */
  readonly capabilities: ReadonlySet<Capability>;
}

// biome-ignore format: a table reads better in columns
export const CAPABILITIES = [
  "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
  "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_ADMIN",
  "CAP_SYS_BOOT", "CAP_MKNOD", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE",
  "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_SYS_RESOURCE",
] as const;
/** A capability that some check in here asks for (include/uapi/linux/capability.h). */
export type Capability = (typeof CAPABILITIES)[number];

/** What a hook knows of the process that calls it. */
export interface Subject {
  readonly cred: Credentials;
  readonly pid: number;
  readonly ppid: number;
  readonly comm: string;
  /** 4294967295 while nobody has logged in. */
  readonly auid: number;
  readonly ses: number;
  readonly exe: string | null;
  readonly tty: string;
  /** The label of the active LSM (Smack: "_"), null without one. */
  readonly label: string | null;
  /** READ_IMPLIES_EXEC personality. */
  readonly readImpliesExec: boolean;
  /** Permission bits that new files do not get; 0 if not given. */
  readonly umask?: number;
  /** The mapping of the mount through which it acts; see throughMount. */
  readonly idmap?: IdMap | null;
}

/** capable(): effective capability in the initial user namespace. */
export function capable(subject: Subject, capability: Capability): boolean {
  return subject.cred.capabilities.has(capability);
}
