// Results of signature verifications, remembered by key, hash, digest and signature. One instance belongs to one kernel.
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Denial } from "../errno/index.ts";
import { type CryptoSupport, type PublicKey, type Signature, verifySignature } from "./public-key.ts";

/** Results that are kept for one key before the oldest make room. */
const KEPT = 4096;

export class SignatureCache {
  readonly #support: CryptoSupport;
  readonly #results = new WeakMap<PublicKey, Map<string, Denial>>();

  constructor(support: CryptoSupport) {
    this.#support = support;
  }

  /** As verifySignature. */
  verify(key: PublicKey, signature: Signature): Denial {
    const name = `${signature.algorithm} ${signature.hash} ${bytesToHex(signature.digest)} ${bytesToHex(signature.bytes)}`;
    let results = this.#results.get(key);
    if (results === undefined) {
      results = new Map();
      this.#results.set(key, results);
    }
    const known = results.get(name);
    if (known !== undefined) return known;
    const result = verifySignature(key, signature, this.#support);
    if (results.size >= KEPT) results.delete(results.keys().next().value!);
    results.set(name, result);
    return result;
  }
}
