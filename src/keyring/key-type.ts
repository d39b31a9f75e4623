// What a type of key can do (include/linux/key-type.h: struct key_type). What a type leaves out, it refuses.
import type { Denial, Result } from "../errno/index.ts";
import type { Key, KeyPayload } from "./key.ts";
import type { Restriction } from "./restrict.ts";
import type { KeyState } from "./state.ts";
import type { KeySubject } from "./subject.ts";

/** Who adds or changes a key, and in whose world. */
export interface KeyContext {
  readonly state: KeyState;
  readonly subject: KeySubject;
}

/** A payload that was looked at before there is a key for it. */
export interface Prepared {
  readonly payload: KeyPayload;
  /** A description for a key that was given none. */
  readonly description: string | null;
  /** Bytes to charge the owner with. */
  readonly quota: number;
}

/** How a description to be searched for is compared: alike in full, or by this. */
export type Matcher = (key: Key) => boolean;

export interface KeyType {
  readonly name: string;
  readonly preparse?: (context: KeyContext, data: Uint8Array) => Result<Prepared>;
  readonly vetDescription?: (description: string) => Denial;
  /** Fills a new key. `prepared` is what preparse made, else a bare payload. */
  readonly instantiate: (context: KeyContext, key: Key, prepared: Prepared, data: Uint8Array) => Denial;
  readonly update?: (context: KeyContext, key: Key, prepared: Prepared, data: Uint8Array) => Denial;
  readonly revoke?: (key: Key) => void;
  readonly read?: (context: KeyContext, key: Key) => Result<Uint8Array>;
  /** null: compare descriptions. */
  readonly matcher?: (description: string) => Result<Matcher | null>;
  /** A restriction by its text in KEYCTL_RESTRICT_KEYRING. */
  readonly restriction?: (state: KeyState, text: string) => Result<Restriction>;
  /** The last column of /proc/keys. */
  readonly describe: (key: Key) => string;
}
