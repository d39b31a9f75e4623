// The file ima/policy of securityfs: who may open it, what a write does, and what its last close makes of the session
// (security/integrity/ima/ima_fs.c: ima_open_policy, ima_write_policy, ima_read_policy, ima_release_policy).
import { AUDIT_TYPE, type AuditSubject } from "../audit/index.ts";
import { ERRNO, fail, ok, type Result } from "../errno/index.ts";
import type { Kconfig, Release } from "../release/index.ts";
import { behaves } from "./grammar.ts";
import type { ImaPolicy } from "./policy.ts";
import type { RuleTemplate } from "./rule.ts";

/** A write is cut to one byte less. */
const PAGE_SIZE = 4096;

/** How the file is opened: O_ACCMODE of the flags. 3 is the odd one that may neither read nor write. */
const ACCESS_MODE = { READ_ONLY: 0, WRITE_ONLY: 1, READ_WRITE: 2, NEITHER: 3 } as const;

/** What the close leaves of the file: as it was, gone, or without its write permission. */
export type PolicyFileFate = "kept" | "removed" | "write-protected";

export interface PolicyFileOptions {
  /**
   * Reads a whole file as READING_POLICY, with all the hooks of that, in the name of the writer. An empty file and one that is not
   * regular are EINVAL.
   */
  readonly readPolicyFile: (path: string) => Result<Uint8Array>;
}

/** The permission bits with which the file is made. */
export const policyFileMode = (config: Kconfig, release: Release): number =>
  policyReadable(config, release) ? 0o600 : 0o200;

const policyReadable = (config: Kconfig, release: Release): boolean =>
  config.enabled("IMA_READ_POLICY") && behaves(release, "policy-loads-repeat");

const utf8 = new TextDecoder();
const utf8Encoder = new TextEncoder();

export class PolicyFile<T extends RuleTemplate = RuleTemplate> {
  readonly #policy: ImaPolicy<T>;
  readonly #readPolicyFile: (path: string) => Result<Uint8Array>;
  #busy = false;
  /** ima_fs.c: valid_policy; a failed session is forgotten at its close. */
  #valid = true;
  /** What the pages of the last policy file hold: the buffer is handed out again without being cleared. */
  #stale: Uint8Array = new Uint8Array();

  constructor(policy: ImaPolicy<T>, options: PolicyFileOptions) {
    this.#policy = policy;
    this.#readPolicyFile = options.readPolicyFile;
  }

  /**
   * The file's own open, after the permissions of its mode.
   * @param accessMode O_ACCMODE of the flags; @param sysAdmin whether the opener has CAP_SYS_ADMIN.
   * @returns null for a reader, who sees the active rules, a session for a writer.
   */
  open(accessMode: number, sysAdmin: boolean): Result<PolicyFileSession | null> {
    if ((accessMode & ACCESS_MODE.WRITE_ONLY) === 0) {
      if (!policyReadable(this.#policy.config, this.#policy.release)) return fail("EACCES");
      if (accessMode !== ACCESS_MODE.READ_ONLY) return fail("EACCES");
      return sysAdmin ? ok(null) : fail("EPERM");
    }
    if (this.#busy) return fail("EBUSY");
    this.#busy = true;
    return ok({
      write: (task, data, position) => this.#write(task, data, position),
      release: (task) => this.#release(task),
    });
  }

  #write(task: AuditSubject, data: Uint8Array, position: number): Result<number> {
    const result = position === 0 ? this.#take(task, data.subarray(0, PAGE_SIZE - 1)) : fail("EINVAL");
    if (!result.ok) this.#valid = false;
    return result;
  }

  #take(task: AuditSubject, data: Uint8Array): Result<number> {
    const text = data.subarray(0, stringEnd(data));
    if (behaves(this.#policy.release, "policy-by-path")) {
      if (text[0] === 0x2f) return this.#loadByPath(task, text);
      if (this.#policy.requiresSignedPolicy) return this.#refuseUnsigned(task);
    }
    return this.#addLine(task, text.subarray(0, lineEnd(text, 0)));
  }

  /** The count is of bytes, and includes the newline whether it is there or not. */
  #addLine(task: AuditSubject, line: Uint8Array): Result<number> {
    const added = this.#policy.addRule(task, utf8.decode(line));
    return added.ok ? ok(line.length + 1) : added;
  }

  #refuseUnsigned(task: AuditSubject): Result<number> {
    const { audit } = this.#policy;
    audit.log.printk("ima: signed policy file (specified as an absolute pathname) required");
    const cause = "signed policy required";
    audit.record(task, { type: AUDIT_TYPE.INTEGRITY_STATUS, op: "policy_update", cause, result: 1 });
    return fail("EACCES");
  }

  /** The path ends at the first newline; the whole of what was written counts as taken. */
  #loadByPath(task: AuditSubject, text: Uint8Array): Result<number> {
    const path = utf8.decode(text.subarray(0, lineEnd(text, 0)));
    const file = this.#readPolicyFile(path);
    if (!file.ok) {
      this.#policy.audit.log.printk(`ima: Unable to open file: ${path} (-${ERRNO[file.errno]})`);
      return file;
    }
    const parsed = this.#parseFile(task, file.value);
    return parsed.ok ? ok(text.length) : parsed;
  }

  /**
   * The kernel takes the file for a string and counts each line with the newline that it expects after it, so a last line without one
   * makes the count wrap: all its rules are read, and the load fails. Such a line goes on with what the buffer held before.
   */
  #parseFile(task: AuditSubject, file: Uint8Array): Result<null> {
    const buffer = this.#overStale(file);
    let left = file.length;
    for (let at = 0; left > 0; ) {
      const end = lineEnd(buffer, at);
      const more = buffer[end] === 0x0a;
      const rule = this.#addLine(task, buffer.subarray(at, end));
      cutTokens(buffer, at, end);
      if (!rule.ok) return rule;
      left -= rule.value;
      if (!more) break;
      at = end + 1;
    }
    return left === 0 ? ok(null) : fail("EINVAL");
  }

  #overStale(file: Uint8Array): Uint8Array {
    const pages = Math.ceil(file.length / PAGE_SIZE) * PAGE_SIZE;
    const buffer = new Uint8Array(Math.max(pages, this.#stale.length));
    buffer.set(this.#stale);
    buffer.set(file);
    this.#stale = buffer;
    return buffer.subarray(0, pages);
  }

  #release(task: AuditSubject): PolicyFileFate {
    const { audit } = this.#policy;
    const { release, config } = this.#policy;
    const valid = this.#valid && (this.#policy.checkUpdate() || !behaves(release, "policy-loads-repeat"));
    const cause = valid ? "completed" : "failed";
    audit.log.printk(`ima: policy update ${cause}`);
    const result = valid ? 0 : 1;
    audit.record(task, { type: AUDIT_TYPE.INTEGRITY_STATUS, op: "policy_update", cause, result });
    if (!valid) {
      this.#policy.discardUpdate();
      this.#valid = true;
      this.#busy = false;
      return "kept";
    }
    this.#policy.commitUpdate();
    if (config.enabled("IMA_WRITE_POLICY") && behaves(release, "policy-loads-repeat")) {
      this.#busy = false;
      return "kept";
    }
    const stays = config.enabled("IMA_READ_POLICY") && behaves(release, "write-once-keeps-file");
    return stays ? "write-protected" : "removed";
  }
}

const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09;

function stringEnd(bytes: Uint8Array): number {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes.length : end;
}

function lineEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) if (bytes[at] === 0x0a || bytes[at] === 0) return at;
  return bytes.length;
}

const ALGOS = utf8Encoder.encode("appraise_algos=");

/** strsep leaves a NUL behind each token that it cut off, behind each algorithm of a list, and at the end of the line. */
function cutTokens(buffer: Uint8Array, start: number, end: number): void {
  let at = start;
  while (at < end && isBlank(buffer[at])) at++;
  if (buffer[at] !== 0x23) {
    let inAlgos = ALGOS.every((byte, i) => buffer[at + i] === byte);
    for (; at < end; at++) {
      if (isBlank(buffer[at])) {
        buffer[at] = 0;
        inAlgos = ALGOS.every((byte, i) => buffer[at + 1 + i] === byte);
      } else if (inAlgos && buffer[at] === 0x2c) buffer[at] = 0;
    }
  }
  if (end < buffer.length) buffer[end] = 0;
}

/** One open of the file for writing. */
export interface PolicyFileSession {
  /**
   * One write(2): one line, or the path of a file.
   * @param position the file position, which writing does not move.
   * @returns the bytes taken, which may be fewer or one more than given.
   */
  write(task: AuditSubject, data: Uint8Array, position: number): Result<number>;
  /** The last close of the descriptor. */
  release(task: AuditSubject): PolicyFileFate;
}
