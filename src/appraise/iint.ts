// The integrity cache of one inode (iint): what was done with its content, and the verdicts (security/integrity/ima/ima.h: struct ima_iint_cache).
// docs/cache.md draws it as a state machine: who sets and who clears each flag.
import type { HashName } from "../crypto/index.ts";
import { KernelPanic } from "../errno/index.ts";
import type { EvmInodeState, EvmStatus } from "../evm/index.ts";
import { ACTION, APPRAISE_SUBMASK, FUNC, type Func, RULE_FLAG } from "../policy/index.ts";
import type { Inode } from "../vfs/index.ts";

/** What has been done. Each stands one bit above the action or sub-action that asks for it. */
export const DONE = {
  MEASURED: 0x2,
  APPRAISED: 0x8,
  COLLECTED: 0x20,
  AUDITED: 0x80,
  HASHED: 0x200,
  FILE_APPRAISED: 0x2000,
  MMAP_APPRAISED: 0x8000,
  BPRM_APPRAISED: 0x2_0000,
  READ_APPRAISED: 0x8_0000,
  CREDS_APPRAISED: 0x20_0000,
} as const;

/** Neither an action nor a rule's wish: the file was made by whoever has it open. */
export const NEW_FILE = 0x0400_0000;

export const APPRAISED_SUBMASK =
  DONE.FILE_APPRAISED | DONE.MMAP_APPRAISED | DONE.BPRM_APPRAISED | DONE.READ_APPRAISED | DONE.CREDS_APPRAISED;
export const DONE_MASK =
  DONE.MEASURED | DONE.APPRAISED | DONE.AUDITED | DONE.HASHED | DONE.COLLECTED | APPRAISED_SUBMASK;
export const DO_MASK = ACTION.MEASURE | ACTION.APPRAISE | ACTION.AUDIT | ACTION.HASH | APPRAISE_SUBMASK;
/** The upper byte: what rules asked for beside their actions, and NEW_FILE. */
export const NONACTION_FLAGS = 0xff00_0000 | 0;

/** The verdicts are kept in five classes; a rule without func= uses the file class for every hook. */
export type StatusClass = "file" | "mmap" | "bprm" | "creds" | "read";

/** ima_get_cache_status: the class that a hook reads and writes. */
export function statusClass(func: Func): StatusClass {
  switch (func) {
    case FUNC.MMAP_CHECK:
    case FUNC.MMAP_CHECK_REQPROT:
      return "mmap";
    case FUNC.BPRM_CHECK:
      return "bprm";
    case FUNC.CREDS_CHECK:
      return "creds";
    case FUNC.FILE_CHECK:
    case FUNC.POST_SETATTR:
      return "file";
    default:
      return "read";
  }
}

const APPRAISED_OF_CLASS: Readonly<Record<StatusClass, number>> = {
  file: DONE.FILE_APPRAISED,
  mmap: DONE.MMAP_APPRAISED,
  bprm: DONE.BPRM_APPRAISED,
  creds: DONE.CREDS_APPRAISED,
  read: DONE.READ_APPRAISED,
};

export interface CollectedDigest {
  readonly algorithm: HashName;
  readonly bytes: Uint8Array;
}

/** Before "lsm-hooks": a portable signature was found good. An attribute change clears it with the other upper bits. */
const EVM_IMMUTABLE_DIGSIG = 0x0800_0000;

class SharedEvmState implements EvmInodeState {
  status: EvmStatus = "unknown";
  readonly #iint: { flags: number };

  constructor(iint: { flags: number }) {
    this.#iint = iint;
  }

  get newFile(): boolean {
    return (this.#iint.flags & NEW_FILE) !== 0;
  }
  set newFile(on) {
    this.#mark(NEW_FILE, on);
  }
  get immutableSignature(): boolean {
    return (this.#iint.flags & EVM_IMMUTABLE_DIGSIG) !== 0;
  }
  set immutableSignature(on) {
    this.#mark(EVM_IMMUTABLE_DIGSIG, on);
  }

  #mark(bit: number, on: boolean): void {
    const { flags } = this.#iint;
    this.#iint.flags = on ? flags | bit : flags & ~bit;
  }
}

export class Iint {
  /** Actions, done bits and rule flags together, as 32 bits. */
  flags = 0;
  /** One bit a PCR; `1 << pcr` in 32-bit arithmetic, so PCR 32 and above share bits with lower ones. */
  measuredPcrs = 0;
  digest: CollectedDigest | null = null;
  /** The change cookie when the digest was collected. */
  version = 0;
  /** On a stacked file system: the file below, when the digest was collected. */
  realIno = 0;
  realDev: unknown = null;

  // The atomic bits.
  changeXattr = false;
  changeAttr = false;
  updateXattr = false;
  digsig = false;
  mayEmitTomtou = false;
  emittedOpenWriters = false;

  file: EvmStatus = "unknown";
  mmap: EvmStatus = "unknown";
  bprm: EvmStatus = "unknown";
  creds: EvmStatus = "unknown";
  read: EvmStatus = "unknown";

  #evm: EvmInodeState | null = null;

  /** What EVM keeps here on releases where it has no state of its own ("lsm-hooks"); its two marks are bits of the flags. */
  get evm(): EvmInodeState {
    this.#evm ??= new SharedEvmState(this);
    return this.#evm;
  }

  has(bits: number): boolean {
    return (this.flags & bits) !== 0;
  }

  /** Forget everything done: content or label changed. */
  resetDone(): void {
    this.flags &= ~DONE_MASK;
    this.measuredPcrs = 0;
  }

  /** Forget what rules asked for, after an attribute change. Releases without "new-file-survives-setattr" forget NEW_FILE too. */
  resetAttributes(keepNewFile: boolean): void {
    const gone = ACTION.APPRAISE | DONE.APPRAISED | APPRAISE_SUBMASK | APPRAISED_SUBMASK;
    this.flags &= ~(gone | (keepNewFile ? NONACTION_FLAGS & ~NEW_FILE : NONACTION_FLAGS));
  }

  /** A pass that later accesses may use (ima_cache_flags). */
  cachePass(which: StatusClass): void {
    this.flags |= APPRAISED_OF_CLASS[which] | DONE.APPRAISED;
  }

  get digsigRequired(): boolean {
    return this.has(RULE_FLAG.DIGSIG_REQUIRED);
  }
  get verityRequired(): boolean {
    return this.has(RULE_FLAG.VERITY_REQUIRED);
  }
}

/** The caches of one kernel. An inode without an entry was never in policy since it came into memory. */
export class IintCache {
  /** Entries leave when their inodes do (the hook inodeFree). A weak map would say the same, and keep the garbage collector from taking kernels while they are young. */
  readonly #of = new Map<Inode, Iint>();
  readonly #allocated: boolean;

  /** @param allocated whether the kernel has room for entries: integrity/iint.c allocates it as a security module, where lsm= names that one */
  constructor(allocated: boolean) {
    this.#allocated = allocated;
  }

  find(inode: Inode): Iint | undefined {
    return this.#of.get(inode);
  }
  /** @throws KernelPanic where there is no room (integrity_inode_get) */
  get(inode: Inode): Iint {
    let iint = this.#of.get(inode);
    if (iint === undefined) {
      if (!this.#allocated) throw new KernelPanic("integrity_inode_get: lsm=integrity required.");
      iint = new Iint();
      this.#of.set(inode, iint);
    }
    return iint;
  }
  free(inode: Inode): void {
    this.#of.delete(inode);
  }
}
