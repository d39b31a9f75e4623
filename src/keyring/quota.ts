// How many keys a user may own, and how large (security/keys/key.c: key_alloc, key_payload_reserve). Defaults of
// /proc/sys/kernel/keys.
import type { Denial } from "../errno/index.ts";
import type { Key } from "./key.ts";

interface Limits {
  readonly keys: number;
  readonly bytes: number;
}
const ROOT: Limits = { keys: 1_000_000, bytes: 25_000_000 };
const OTHERS: Limits = { keys: 200, bytes: 20_000 };
/** What one link costs the owner of a keyring. */
export const LINK_BYTES = 4;

/** struct key_user: what a user's keys add up to. */
export class KeyOwner {
  readonly uid: number;
  keys = 0;
  bytes = 0;

  constructor(uid: number) {
    this.uid = uid;
  }

  get limits(): Limits {
    return this.uid === 0 ? ROOT : OTHERS;
  }

  /** Takes in one more key of so many bytes, beyond all limits where `overrun`. */
  charge(bytes: number, overrun: boolean): Denial {
    if (!overrun && (this.keys + 1 > this.limits.keys || this.bytes + bytes > this.limits.bytes)) return "EDQUOT";
    this.keys++;
    this.bytes += bytes;
    return null;
  }
}

/** Changes the payload length that a key is charged with. */
export function reservePayload(key: Key, length: number): Denial {
  const more = length - key.dataLength;
  if (key.inQuota) {
    const { owner } = key;
    if (more > 0 && owner.bytes + more > owner.limits.bytes) return "EDQUOT";
    owner.bytes += more;
    key.quotaLength += more;
  }
  key.dataLength = length;
  return null;
}
