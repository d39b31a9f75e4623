// Where the cached verdict of an inode lives: in EVM's own blob, or, before EVM was a security module, in the iint that IMA makes
// (security/integrity/evm/evm.h: evm_iint_inode; 6.1: security/integrity/iint.c: integrity_iint_find).
import type { Inode } from "../vfs/index.ts";
import type { EvmInodeState } from "./environment.ts";

/** The metadata inode of an overlay file when it was last hashed (struct integrity_inode_attributes). */
export interface MetadataMark {
  readonly version: number;
  readonly ino: number;
  readonly major: number;
  readonly minor: number;
}

class OwnState implements EvmInodeState {
  status: EvmInodeState["status"] = "unknown";
  newFile = false;
  immutableSignature = false;
  /** All zero until something is stored, as fresh memory is. */
  metadata: MetadataMark = { version: 0, ino: 0, major: 0, minor: 0 };
}

export class EvmInodeStates {
  /** Entries leave when their inodes do (the hook inodeFree). */
  readonly #own = new Map<Inode, OwnState>();
  readonly #shared: ((inode: Inode) => EvmInodeState | null) | null;

  /** @param shared finds IMA's state of an inode, on releases where EVM keeps none of its own */
  constructor(shared: ((inode: Inode) => EvmInodeState | null) | null) {
    this.#shared = shared;
  }

  /** Null only where the state is IMA's, for inodes that IMA never looked at. */
  find(inode: Inode): EvmInodeState | null {
    return this.#shared === null ? this.own(inode) : this.#shared(inode);
  }

  /** For metadata hooks, which never used the shared state. */
  forMetadataHooks(inode: Inode): EvmInodeState | null {
    return this.#shared === null ? this.own(inode) : null;
  }

  own(inode: Inode): OwnState {
    let state = this.#own.get(inode);
    if (state === undefined) {
      state = new OwnState();
      this.#own.set(inode, state);
    }
    return state;
  }

  /** evm_reset_status. */
  reset(inode: Inode): void {
    const state = this.find(inode);
    if (state !== null) state.status = "unknown";
  }

  free(inode: Inode): void {
    this.#own.delete(inode);
  }
}
