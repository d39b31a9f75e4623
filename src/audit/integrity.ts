// The common record of IMA and EVM (security/integrity/integrity_audit.c: integrity_audit_message).
import type { Release } from "../release/index.ts";
import type { KernelLog } from "./log.ts";
import type { AuditType } from "./record-type.ts";
import { untrusted } from "./untrusted.ts";

/** Who caused a record: the current task. */
export interface AuditSubject {
  readonly cred: { readonly uid: number };
  readonly pid: number;
  readonly auid: number;
  readonly ses: number;
  readonly comm: string;
  readonly label: string | null;
}

export interface IntegrityRecord {
  readonly type: AuditType;
  readonly op: string;
  readonly cause: string;
  /** Text, or the bytes of a measured buffer. */
  readonly name?: string | Uint8Array | null;
  readonly inode?: { readonly sb: { readonly id: string }; readonly ino: number } | null;
  /** 0 is success, printed as res=1. */
  readonly result: number;
  readonly errno?: number;
  /** Only written with integrity_audit=1. */
  readonly informational?: boolean;
}

export class IntegrityAudit {
  readonly log: KernelLog;
  /** integrity_audit=1 */
  readonly informational: boolean;
  readonly #errno: boolean;
  readonly #enabled: boolean;

  constructor(log: KernelLog, release: Release, options: { informational: boolean; enabled: boolean }) {
    this.log = log;
    this.informational = options.informational;
    this.#errno = release.has("audit-errno");
    this.#enabled = options.enabled;
  }

  record(subject: AuditSubject, r: IntegrityRecord): void {
    if (!this.#enabled || (r.informational === true && !this.informational)) return;
    let body = `pid=${subject.pid} uid=${subject.cred.uid} auid=${subject.auid} ses=${subject.ses}`;
    if (subject.label !== null) body += ` subj=${subject.label}`;
    body += ` op=${r.op} cause=${r.cause} comm=${untrusted(subject.comm)}`;
    if (r.name !== undefined && r.name !== null) body += ` name=${untrusted(r.name)}`;
    if (r.inode) body += ` dev=${untrusted(r.inode.sb.id)} ino=${r.inode.ino}`;
    body += ` res=${r.result === 0 ? 1 : 0}`;
    if (this.#errno) body += ` errno=${r.errno ?? 0}`;
    this.log.audit(r.type, body);
  }
}
