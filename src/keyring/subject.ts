// Who acts on keys: credentials and the keyrings that hang on them (struct cred, security/keys/process_keys.c).
import type { Key } from "./key.ts";

/** What the key service wants to know of a task. */
export interface KeySubject {
  readonly cred: {
    readonly uid: number;
    readonly gid: number;
    readonly fsuid: number;
    readonly fsgid: number;
    readonly groups: readonly number[];
    readonly capabilities: { has(name: "CAP_SYS_ADMIN"): boolean };
  };
  readonly keyrings: ProcessKeyrings;
}

/** The keyrings of one process; each null until something asks for it. A change of ids keeps them. */
export class ProcessKeyrings {
  thread: Key | null = null;
  process: Key | null = null;
  session: Key | null = null;
  #ids: { readonly fsuid: number; readonly fsgid: number } | null = null;

  /** The thread keyring changes hands when the file-system ids of its thread change: key_fsuid_changed, key_fsgid_changed. */
  noteIds({ fsuid, fsgid }: KeySubject["cred"]): void {
    if (this.thread !== null && this.#ids !== null) {
      if (this.#ids.fsuid !== fsuid) this.thread.uid = fsuid;
      if (this.#ids.fsgid !== fsgid) this.thread.gid = fsgid;
    }
    this.#ids = { fsuid, fsgid };
  }
}
