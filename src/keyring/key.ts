// One key (include/linux/key.h: struct key) and the bits of its permission mask.
import type { PublicKey, Signature } from "../crypto/index.ts";
import type { Errno } from "../errno/index.ts";
import type { KeyType } from "./key-type.ts";
import type { EncryptedBlob } from "./key-types/encrypted-blob.ts";
import type { KeyringLinks } from "./links.ts";
import type { KeyOwner } from "./quota.ts";
import type { Restriction } from "./restrict.ts";

/** What is asked of a key; as bits, one byte of a permission mask. */
export const NEED = { VIEW: 0x01, READ: 0x02, WRITE: 0x04, SEARCH: 0x08, LINK: 0x10, SETATTR: 0x20 } as const;
const ALL = 0x3f;

/** A permission mask: for who possesses the key, its user, its group, and others. */
export const permission = (possessor: number, user = 0, group = 0, other = 0): number =>
  (possessor << 24) | (user << 16) | (group << 8) | other;
export const PERM_ALL = permission(ALL, ALL, ALL, ALL);
export const POSSESSOR_ALL = ALL;
/** What the kernel gives possessors of its own keys. */
export const POSSESSOR_BUT_SETATTR = ALL & ~NEED.SETATTR;

/** What identifies an asymmetric key: serial number and issuer, key identifier, subject. */
export type AsymmetricIds = readonly [Uint8Array | null, Uint8Array | null, Uint8Array | null];

export interface AsymmetricPayload {
  readonly kind: "asymmetric";
  /** Where it came from: a certificate, or a private key. */
  readonly idType: "X509" | "PKCS8";
  readonly publicKey: PublicKey;
  readonly ids: AsymmetricIds;
  readonly digitalSignature: boolean;
  readonly keyCertSign: boolean;
  readonly ca: boolean;
  /** The certificate's own signature and who made it; null where the kernel lacks its hash, or there is none. */
  readonly vouched: { readonly signature: Signature; readonly authority: AsymmetricIds } | null;
}

export interface TrustedPayload {
  readonly kind: "trusted";
  readonly secret: Uint8Array;
  readonly blob: Uint8Array;
}

export type KeyPayload =
  | { readonly kind: "none" }
  | { readonly kind: "user"; readonly bytes: Uint8Array }
  | AsymmetricPayload
  | { readonly kind: "encrypted"; readonly blob: EncryptedBlob }
  | TrustedPayload;

export interface KeyInit {
  readonly serial: number;
  readonly type: KeyType;
  readonly description: string;
  readonly uid: number;
  readonly gid: number;
  readonly perm: number;
  readonly owner: KeyOwner;
  readonly inQuota: boolean;
  readonly builtin: boolean;
  readonly uidKeyring: boolean;
  readonly keep: boolean;
  readonly restriction: Restriction | null;
  readonly links: KeyringLinks | null;
}

/** The group of keys that have none. */
export const NO_GROUP = -1;
/** What such a group is called outside: the overflow id. */
const OVERFLOW_ID = 65534;

export class Key {
  readonly serial: number;
  readonly type: KeyType;
  readonly description: string;
  uid: number;
  gid: number;
  perm: number;
  readonly owner: KeyOwner;
  readonly inQuota: boolean;
  /** Compiled in: KEY_FLAG_BUILTIN. */
  readonly builtin: boolean;
  /** A user's own keyring: KEY_FLAG_UID_KEYRING. */
  readonly uidKeyring: boolean;
  /** Cannot be unlinked, revoked, invalidated or cleared: KEY_FLAG_KEEP. */
  keep: boolean;
  revoked = false;
  invalidated = false;
  /** Seconds on the kernel's clock; Infinity: never. */
  expiry = Number.POSITIVE_INFINITY;
  payload: KeyPayload = { kind: "none" };
  /** Bytes of payload that the quota was charged with, and all of it with the description. */
  dataLength = 0;
  quotaLength = 0;
  restriction: Restriction | null;
  /** What a keyring holds; null for other types. */
  readonly links: KeyringLinks | null;
  /** References: links, processes, the kernel. A key without any is gone. */
  usage = 1;

  constructor(init: KeyInit) {
    this.serial = init.serial;
    this.type = init.type;
    this.description = init.description;
    this.uid = init.uid;
    this.gid = init.gid;
    this.perm = init.perm;
    this.owner = init.owner;
    this.inQuota = init.inQuota;
    this.builtin = init.builtin;
    this.uidKeyring = init.uidKeyring;
    this.keep = init.keep;
    this.restriction = init.restriction;
    this.links = init.links;
  }

  /** As users see it. */
  get shownGid(): number {
    return this.gid === NO_GROUP ? OVERFLOW_ID : this.gid;
  }

  /** The public key of an asymmetric key. */
  get asymmetric(): AsymmetricPayload | null {
    return this.payload.kind === "asymmetric" ? this.payload : null;
  }
}

/** key_validate: why a key cannot be used at `now`. */
export function keyFault(key: Key, now: number): Errno | null {
  if (key.invalidated) return "ENOKEY";
  if (key.revoked) return "EKEYREVOKED";
  return now >= key.expiry ? "EKEYEXPIRED" : null;
}

/** A key, and whether the task that looked it up possesses it: it is below one of the task's own keyrings. */
export interface KeyRef {
  readonly key: Key;
  readonly possessed: boolean;
}
