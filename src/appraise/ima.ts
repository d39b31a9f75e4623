// IMA of one kernel: what all its hooks share. Set up by the boot (src/kernel), handed to every function of this folder.
import type { IntegrityAudit, KernelLog } from "../audit/index.ts";
import { type HashName, hashAvailable } from "../crypto/index.ts";
import type { Denial, Result } from "../errno/index.ts";
import type { EvmExamination, EvmStatus } from "../evm/index.ts";
import { hashAlgorithmOfXattr } from "../formats/index.ts";
import { hasModsig, type MeasurementList, type TemplateDescriptor } from "../measure/index.ts";
import {
  ACTION,
  APPRAISE_SETTING,
  FUNC,
  type Func,
  funcName,
  type ImaPolicy,
  type MatchQuery,
  type MatchResult,
} from "../policy/index.ts";
import type { Kconfig, Release } from "../release/index.ts";
import {
  type Credentials,
  capable,
  closeFile,
  type Dentry,
  type IdMap,
  type Inode,
  MAY,
  type OpenFile,
  ownersThrough,
  type Path,
  type Subject,
  type Vfs,
} from "../vfs/index.ts";
import {
  type Decision,
  type DecisionRecorder,
  describeObject,
  describeSubject,
  MadeDecision,
  snapshot,
} from "./decision.ts";
import { type Iint, IintCache } from "./iint.ts";
import { KeyQueue } from "./key-queue.ts";
import type { ImaKeys } from "./keys.ts";
import { type Access, backingChanged } from "./process.ts";

/** What IMA asks EVM. */
export interface ImaEvm {
  /** evm_verifyxattr: "unknown" while EVM has no key. */
  verifyXattr(task: Subject, file: OpenFile, name: string, value: Uint8Array): EvmStatus;
  /** The same for a decision that somebody watches. */
  examineXattr?(task: Subject, file: OpenFile, name: string, value: Uint8Array): EvmExamination;
  /** evm_revalidate_status: whether a change of this xattr unsettles verdicts. */
  revalidateStatus(name: string): boolean;
  /** evm_fix_hmac: writes the HMAC that a signed file lacks, under evm=fix. */
  fixHmac(task: Subject, path: Path, label: Uint8Array): Denial;
  /** evm_metadata_changed: the metadata of a stacked file is another than was verified. */
  metadataChanged(inode: Inode, metadata: Inode): boolean;
  /** Protected xattrs that a file has, in hashing order. */
  readProtectedXattrs(
    dentry: Dentry,
    inode: Inode,
  ): Result<readonly { readonly name: string; readonly value: Uint8Array }[]>;
}

export interface ImaEnvironment {
  readonly release: Release;
  readonly config: Kconfig;
  readonly log: KernelLog;
  readonly audit: IntegrityAudit;
  readonly policy: ImaPolicy<TemplateDescriptor>;
  readonly list: MeasurementList;
  readonly evm: ImaEvm;
  readonly keys: ImaKeys;
  /** The label of a file for the rules that look at labels; null without an LSM that has any. */
  readonly objectLabel: (inode: Inode, task: Subject) => string | null;
  /** Seconds since boot. */
  readonly clock: () => number;
  readonly secureBoot: boolean;
  readonly moduleSignatureEnforced: () => boolean;
  /** Whether there is room for what is remembered of files: see IintCache. */
  readonly iintsAllocated: boolean;
}

/** What the policy asks for one access. */
export interface ImaMatch {
  readonly action: number;
  readonly pcr: number;
  readonly template: TemplateDescriptor;
  readonly allowedAlgos: number;
}

const ALL_ACTIONS = ACTION.MEASURE | ACTION.APPRAISE | ACTION.AUDIT | ACTION.HASH;

export class Ima {
  readonly release: Release;
  readonly config: Kconfig;
  readonly log: KernelLog;
  readonly audit: IntegrityAudit;
  readonly policy: ImaPolicy<TemplateDescriptor>;
  readonly list: MeasurementList;
  readonly evm: ImaEvm;
  readonly keys: ImaKeys;
  readonly objectLabel: (inode: Inode, task: Subject) => string | null;
  /** Set once the file systems stand, which are made with their modules. */
  vfs!: Vfs;
  readonly clock: () => number;
  readonly secureBoot: boolean;
  readonly moduleSignatureEnforced: () => boolean;
  readonly iints: IintCache;
  readonly keyQueue: KeyQueue;
  /** ima_hash */
  readonly hash: HashName;
  readonly newFileSurvivesSetattr: boolean;
  /** Certificates of the boot are read before their keyring can vouch for anything. */
  appraisalSuspended = false;
  /** Who loads a policy right now: keys that waited are measured in that name. */
  updater: Subject | null = null;
  /** The last access that was refused, until the next system call. */
  lastDenial: Decision | null = null;
  #watchers: readonly ((decision: Decision) => void)[] = [];

  constructor(environment: ImaEnvironment) {
    this.release = environment.release;
    this.config = environment.config;
    this.log = environment.log;
    this.audit = environment.audit;
    this.policy = environment.policy;
    this.list = environment.list;
    this.evm = environment.evm;
    this.keys = environment.keys;
    this.objectLabel = environment.objectLabel;
    this.clock = environment.clock;
    this.secureBoot = environment.secureBoot;
    this.moduleSignatureEnforced = environment.moduleSignatureEnforced;
    this.iints = new IintCache(environment.iintsAllocated);
    this.hash = environment.list.setup.hash;
    this.newFileSurvivesSetattr = this.release.has("new-file-survives-setattr");
    this.keyQueue = new KeyQueue(this);
  }

  /** The kernel's ima_policy_flag: the actions that some active rule asks for. */
  get policyFlag(): number {
    const flag = this.policy.policyFlag;
    return this.appraisalSuspended ? flag & ~ACTION.APPRAISE : flag;
  }
  /** The kernel's ima_appraise: mode and the bits that rules set. */
  get appraise(): number {
    return this.policy.appraise;
  }
  get setxattrAlgos(): number {
    return this.policy.setxattrAlgos;
  }
  /** Files that were opened again to be hashed, while a hook keeps them. */
  #reopened: OpenFile[] | null = null;

  /** Lets go of a file that was opened again to be hashed: at once, or when the hook that asks twice is done. */
  closeReopened(task: Subject, file: OpenFile): void {
    if (this.#reopened === null) closeFile(this.vfs, task, file);
    else this.#reopened.push(file);
  }
  /** What a call opens again is closed only when the call is over (fs/file_table.c: fput), so that its second check meets a reader. */
  keepingReopened<T>(task: Subject, body: () => T): T {
    const kept: OpenFile[] = [];
    this.#reopened = kept;
    try {
      return body();
    } finally {
      this.#reopened = null;
      for (const file of kept) closeFile(this.vfs, task, file);
    }
  }

  get mode(): Decision["mode"] {
    const { appraise } = this;
    if ((appraise & APPRAISE_SETTING.ENFORCE) !== 0) return "enforce";
    if ((appraise & APPRAISE_SETTING.FIX) !== 0) return "fix";
    return (appraise & APPRAISE_SETTING.LOG) !== 0 ? "log" : "off";
  }

  hashAvailable(algorithm: HashName): boolean {
    return hashAvailable(this.config, algorithm);
  }
  /** ima_get_hash_algo: a label names the algorithm for everything that is done with its file. */
  algorithmOf(xattr: Uint8Array | null): HashName {
    return hashAlgorithmOfXattr(xattr, this.hash, this.release);
  }
  templateHasModsig(template: TemplateDescriptor): boolean {
    return hasModsig(template);
  }
  backingChanged(iint: Iint, real: Inode): boolean {
    return backingChanged(this, iint, real);
  }

  /** ima_get_action for an access to a file. */
  match(task: Subject, access: Access): ImaMatch {
    return this.#asked(this.policy.match(this.#queryOf(task, access)));
  }

  /** ima_get_action for a buffer: mask 0. */
  matchBuffer(task: Subject, func: Func, inode: Inode | null, data: string | null): MatchResult<TemplateDescriptor> {
    return this.policy.match(this.#query(task, task.cred, inode, null, func, 0, this.policyFlag & ALL_ACTIONS, data));
  }

  /** ima_must_appraise after a change of attributes: which hook a rule names does not matter then. */
  mustAppraiseAfterSetattr(task: Subject, path: Path): boolean {
    return this.#mustAppraise(task, path.dentry.inode!, path.mount.idmap, FUNC.POST_SETATTR);
  }
  /** The same for an inode that is just being made. */
  mustAppraiseNew(task: Subject, inode: Inode): boolean {
    return (
      this.policyFlag !== 0 && inode.isRegular && this.#mustAppraise(task, inode, task.idmap ?? null, FUNC.FILE_CHECK)
    );
  }

  #mustAppraise(task: Subject, inode: Inode, idmap: IdMap | null, func: Func): boolean {
    if (this.appraise === 0) return false;
    return (
      this.policy.match(
        this.#query(task, task.cred, inode, idmap, func, MAY.ACCESS, ACTION.APPRAISE | ACTION.HASH, null),
      ).action !== 0
    );
  }

  #queryOf(
    task: Subject,
    {
      file,
      cred,
      mask,
      func,
      label = task.label,
    }: Pick<Access, "cred" | "mask" | "func" | "label"> & {
      readonly file: Pick<OpenFile, "inode" | "path">;
    },
  ): MatchQuery {
    const { inode, path } = file;
    return this.#query(task, cred, inode, path.mount.idmap, func, mask, this.policyFlag & ALL_ACTIONS, null, label);
  }

  #query(
    task: Subject,
    cred: Credentials,
    inode: Inode | null,
    idmap: IdMap | null,
    func: Func,
    mask: number,
    wanted: number,
    data: string | null,
    subjectLabel = task.label,
  ): MatchQuery {
    return {
      func,
      mask,
      wanted,
      cred,
      currentCapable: { setuid: capable(task, "CAP_SETUID"), setgid: capable(task, "CAP_SETGID") },
      inode: inode === null || idmap === null ? inode : { ...ownersThrough(inode, idmap), sb: inode.sb },
      objectLabel: inode === null ? null : this.objectLabel(inode, task),
      subjectLabel,
      data,
    };
  }

  #asked(result: MatchResult<TemplateDescriptor>): ImaMatch {
    const { action, pcr, allowedAlgos } = result;
    return { action, pcr, template: result.template ?? this.list.setup.template, allowedAlgos };
  }

  /** Whether every decision is told, cached ones too. */
  get watched(): boolean {
    return this.#watchers.length > 0;
  }

  /** Tells `watcher` every decision from now on. @returns what ends it */
  watch(watcher: (decision: Decision) => void): () => void {
    this.#watchers = [...this.#watchers, watcher];
    return () => {
      this.#watchers = this.#watchers.filter((w) => w !== watcher);
    };
  }

  /** A decision is made. */
  decided(made: {
    task: Subject;
    access: Pick<Access, "cred" | "func" | "mask" | "label"> & { readonly file: Pick<OpenFile, "inode" | "path"> };
    recorder: DecisionRecorder;
    iint: Iint | null;
    mustAppraise: boolean;
    failed: boolean;
    verdict: Denial;
  }): void {
    const { task, access, recorder, iint, mustAppraise, failed, verdict } = made;
    const { file, func, mask } = access;
    const asked = this.#queryOf(task, access);
    const { uid, gid, sb } = asked.inode!;
    const rules = this.policy.decideLater({ ...asked, inode: { uid, gid, sb } });
    const decision = new MadeDecision(
      {
        hook: funcName(func),
        mask,
        subject: describeSubject(task),
        object: describeObject(file),
        cacheBefore: recorder.cacheBefore,
        cacheAfter: iint === null ? null : snapshot(iint),
        steps: recorder.steps,
        appraisal: !mustAppraise ? "not-asked" : failed ? "failed" : "passed",
        mode: this.mode,
        verdict: verdict === null ? "allow" : "deny",
        errno: verdict,
        cause: failed ? recorder.cause : null,
      },
      rules,
    );
    if (verdict !== null) this.lastDenial = decision;
    for (const watcher of this.#watchers) watcher(decision);
  }
}
