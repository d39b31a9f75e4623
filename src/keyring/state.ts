// What the parts of one kernel's key service share.
import type { KernelLog } from "../audit/index.ts";
import type { CryptoSupport, SignatureCache } from "../crypto/index.ts";
import type { Result } from "../errno/index.ts";
import type { Key } from "./key.ts";
import type { KeyStore } from "./key-store.ts";
import type { KeyType } from "./key-type.ts";
import type { KeySubject } from "./subject.ts";

/** A key was created in a keyring, or updated there: key_post_create_or_update. `payload` is what the caller gave. */
export type KeyObserver = (subject: KeySubject, keyring: Key, key: Key, payload: Uint8Array, created: boolean) => void;

/** The kernel's own keyrings; null where they are not built in, or not made yet. */
export interface KernelKeyrings {
  builtin: Key | null;
  secondary: Key | null;
  machine: Key | null;
  platform: Key | null;
  blacklist: Key | null;
  imaBlacklist: Key | null;
  /** .ima, or _ima once it was found. */
  ima: Key | null;
  /** .evm, or _evm once it was found. */
  evm: Key | null;
  /** .user_reg, which holds the keyrings of users. */
  users: Key | null;
}

/** Seals and unseals trusted keys: a TPM bound to its PCRs. `options` are the words after the length or blob. */
export interface TrustSource {
  seal(secret: Uint8Array, options: string): Result<Uint8Array>;
  unseal(blob: Uint8Array, options: string): Result<Uint8Array>;
}

/** ca_keys= of the command line. */
export interface CaKeys {
  /** `id:`: the authority's key identifier must end so. */
  readonly id: Uint8Array | null;
  /** `builtin`: only compiled-in keys vouch. */
  readonly builtin: boolean;
}

export interface KeyState extends CryptoSupport {
  readonly log: KernelLog;
  /** Seconds. */
  readonly clock: () => number;
  /** So many bytes for initialisation vectors and new secrets; the same in every run of a scenario. */
  readonly random: (length: number) => Uint8Array;
  readonly signatures: SignatureCache;
  readonly store: KeyStore;
  readonly types: ReadonlyMap<string, KeyType>;
  readonly rings: KernelKeyrings;
  readonly caKeys: CaKeys;
  readonly trust: TrustSource | null;
  observer: KeyObserver | null;
  /** The kernel itself: uid 0, all capabilities, no keyrings of its own. */
  readonly kernel: KeySubject;
}
