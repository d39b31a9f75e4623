// What is told about one hook decision: who, what, which rules, the cache before and after, each step, and the verdict with its cause.
// The kernel's records never name the rule; this does.

import type { HashName } from "../crypto/index.ts";
import type { Errno } from "../errno/index.ts";
import type { EvmExamination, EvmStatus } from "../evm/index.ts";
import type { FuncName, RuleDecision } from "../policy/index.ts";
import type { OpenFile, Subject } from "../vfs/index.ts";
import type { Iint, StatusClass } from "./iint.ts";
import { listedName } from "./names.ts";

/** The cache of an inode at one moment. */
export interface CacheSnapshot {
  readonly flags: number;
  readonly measuredPcrs: number;
  readonly changeXattr: boolean;
  readonly changeAttr: boolean;
  readonly updateXattr: boolean;
  readonly digsig: boolean;
  readonly mayEmitTomtou: boolean;
  readonly emittedOpenWriters: boolean;
  readonly status: Readonly<Record<StatusClass, EvmStatus>>;
}

export type ResetReason =
  | "attributes-changed"
  | "xattr-changed"
  | "cannot-tell-changes"
  | "backing-file-changed"
  | "metadata-changed";

/** One thing that happened on the way to a verdict, in order. */
export type DecisionStep =
  | { readonly kind: "reset"; readonly why: ResetReason }
  /** `others`: how many descriptors and mappings the file is open through on the other side, for reading (ToMToU) or writing. */
  | { readonly kind: "violation"; readonly cause: "ToMToU" | "open_writers"; readonly others: number }
  | { readonly kind: "hash-action" }
  | { readonly kind: "cached"; readonly class: StatusClass; readonly status: EvmStatus }
  | { readonly kind: "xattr"; readonly value: Uint8Array | null; readonly errno: Errno | null }
  | { readonly kind: "new-label"; readonly value: Uint8Array }
  | { readonly kind: "modsig"; readonly found: boolean }
  | {
      readonly kind: "collect";
      readonly algorithm: HashName;
      readonly digest: Uint8Array | null;
      readonly errno: Errno | null;
      readonly fresh: boolean;
      /** The digest that fs-verity keeps, not one of the content. */
      readonly verity: boolean;
    }
  | { readonly kind: "measure"; readonly pcr: number; readonly template: string; readonly outcome: string }
  | { readonly kind: "blacklisted" }
  | { readonly kind: "evm"; readonly status: EvmStatus; readonly examination: EvmExamination | null }
  | {
      /** A signature that does not verify. */
      readonly kind: "signature";
      readonly keyring: "ima" | "platform";
      readonly errno: Errno;
      /** Why, in words, as far as the keyrings can tell; looked for when it is asked. */
      readonly explain: () => string | null;
    }
  | { readonly kind: "appraise"; readonly status: EvmStatus; readonly cause: string | null; readonly newFile: boolean }
  | { readonly kind: "fix"; readonly errno: Errno | null; readonly value: Uint8Array }
  | { readonly kind: "fix-hmac"; readonly errno: Errno | null }
  | { readonly kind: "mapped-writers" }
  | { readonly kind: "audit-action" }
  | { readonly kind: "direct-io-permitted" }
  | { readonly kind: "algorithm-denied"; readonly algorithm: HashName }
  | { readonly kind: "sealed" };

export interface Decision {
  readonly hook: FuncName;
  /** MAY bits, as rules compare them. */
  readonly mask: number;
  readonly subject: {
    readonly pid: number;
    readonly comm: string;
    readonly uid: number;
    readonly euid: number;
    readonly gid: number;
    readonly egid: number;
  };
  readonly object: {
    readonly path: string;
    readonly fstype: string;
    readonly dev: string;
    readonly ino: number;
    readonly mode: number;
    readonly uid: number;
    readonly gid: number;
    readonly size: number;
  };
  /** Each rule that could have had a say, in list order, with why it did or did not match; worked out when it is read, for the policy of that time. */
  readonly rules: readonly RuleDecision[];
  readonly cacheBefore: CacheSnapshot | null;
  readonly cacheAfter: CacheSnapshot | null;
  readonly steps: readonly DecisionStep[];
  /** What appraisal found, whether or not the mode then let it pass. */
  readonly appraisal: "not-asked" | "passed" | "failed";
  readonly mode: "enforce" | "fix" | "log" | "off";
  readonly verdict: "allow" | "deny";
  readonly errno: Errno | null;
  /** The kernel's word for the failure, or null. */
  readonly cause: string | null;
}

/** A decision as it is made: all but its rules, which are worked out when they are read. A class, because a getter of each object's own would cost it a shape of its own. */
export class MadeDecision implements Decision {
  readonly hook: Decision["hook"];
  readonly mask: number;
  readonly subject: Decision["subject"];
  readonly object: Decision["object"];
  readonly cacheBefore: CacheSnapshot | null;
  readonly cacheAfter: CacheSnapshot | null;
  readonly steps: readonly DecisionStep[];
  readonly appraisal: Decision["appraisal"];
  readonly mode: Decision["mode"];
  readonly verdict: Decision["verdict"];
  readonly errno: Errno | null;
  readonly cause: string | null;
  readonly #rules: () => readonly RuleDecision[];

  constructor(made: Omit<Decision, "rules">, rules: () => readonly RuleDecision[]) {
    this.hook = made.hook;
    this.mask = made.mask;
    this.subject = made.subject;
    this.object = made.object;
    this.cacheBefore = made.cacheBefore;
    this.cacheAfter = made.cacheAfter;
    this.steps = made.steps;
    this.appraisal = made.appraisal;
    this.mode = made.mode;
    this.verdict = made.verdict;
    this.errno = made.errno;
    this.cause = made.cause;
    this.#rules = rules;
  }

  get rules(): readonly RuleDecision[] {
    return this.#rules();
  }
}

export function snapshot(iint: Iint): CacheSnapshot {
  return {
    flags: iint.flags >>> 0,
    measuredPcrs: iint.measuredPcrs >>> 0,
    changeXattr: iint.changeXattr,
    changeAttr: iint.changeAttr,
    updateXattr: iint.updateXattr,
    digsig: iint.digsig,
    mayEmitTomtou: iint.mayEmitTomtou,
    emittedOpenWriters: iint.emittedOpenWriters,
    status: { file: iint.file, mmap: iint.mmap, bprm: iint.bprm, creds: iint.creds, read: iint.read },
  };
}

/** Collects the steps of one decision while it is made. */
export class DecisionRecorder {
  readonly steps: DecisionStep[] = [];
  cacheBefore: CacheSnapshot | null = null;
  cause: string | null = null;

  step(step: DecisionStep): void {
    this.steps.push(step);
  }
}

export function describeSubject(task: Subject): Decision["subject"] {
  const { uid, euid, gid, egid } = task.cred;
  return { pid: task.pid, comm: task.comm, uid, euid, gid, egid };
}

export function describeObject(file: Pick<OpenFile, "inode" | "path">): Decision["object"] {
  const { inode } = file;
  return {
    path: listedName(file),
    fstype: inode.sb.type.name,
    dev: inode.sb.id,
    ino: inode.ino,
    mode: inode.mode,
    uid: inode.uid,
    gid: inode.gid,
    size: inode.size,
  };
}
