// Results of signature verifications, remembered by key, hash, digest and signature. One instance belongs to one kernel.
import type { Denial } from "../errno/index.ts";
import { type CryptoSupport, type PublicKey, type Signature, verifySignature } from "./public-key.ts";

/** Results that are kept for one key before the oldest make room. */
const KEPT = 4096;

interface Known {
  readonly signature: Signature;
  readonly result: Denial;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const same = (a: Signature, b: Signature): boolean =>
  a.algorithm === b.algorithm && a.hash === b.hash && sameBytes(a.digest, b.digest) && sameBytes(a.bytes, b.bytes);

/** Where to look: bytes of digest and signature that differ from file to file. Two that meet in a place displace each other. */
function placeOf({ digest, bytes }: Signature): number {
  let place = digest.length;
  for (let i = 0; i < 4; i++)
    place = (place << 8) ^ (place >>> 24) ^ (digest[i] ?? 0) ^ (bytes[bytes.length - 1 - i] ?? 0);
  return place;
}

export class SignatureCache {
  readonly #support: CryptoSupport;
  readonly #results = new WeakMap<PublicKey, Map<number, Known>>();

  constructor(support: CryptoSupport) {
    this.#support = support;
  }

  /** As verifySignature. */
  verify(key: PublicKey, signature: Signature): Denial {
    let results = this.#results.get(key);
    if (results === undefined) {
      results = new Map();
      this.#results.set(key, results);
    }
    const place = placeOf(signature);
    const known = results.get(place);
    if (known !== undefined && same(known.signature, signature)) return known.result;
    const result = verifySignature(key, signature, this.#support);
    if (results.size >= KEPT) results.delete(results.keys().next().value!);
    // The bytes may be views of something that changes.
    const { algorithm, hash, digest, bytes } = signature;
    const kept = { algorithm, hash, digest: digest.slice(), bytes: bytes.slice() };
    results.set(place, { signature: kept, result });
    return result;
  }
}
