// Digests by the kernel's names (crypto/shash.c), computed by whichever backend the platform has.
import * as backend from "#crypto";
import { NOBLE_HASHES, type RunningDigest } from "./backend.portable.ts";
import type { HashName } from "./hash.ts";

/** Whether digests of this algorithm can be computed here: all but rmd128, rmd256, rmd320 and tgr*, which no kernel since 5.13 computes. */
export function canDigest(name: HashName): boolean {
  return NOBLE_HASHES[name] !== undefined;
}

/** The digest of the parts one after the other. @throws RangeError where `canDigest(name)` is false. */
export function digest(name: HashName, ...parts: readonly Uint8Array[]): Uint8Array {
  return backend.digest(name, parts);
}

/**
 * Writes the digest of `bytes` to `out` from `at` on: the fastest way for very many short inputs.
 * @throws RangeError where `canDigest(name)` is false.
 */
export function digestInto(name: HashName, bytes: Uint8Array, out: Uint8Array, at: number): void {
  backend.digestInto(name, bytes, out, at);
}

/** A digest that is fed piece by piece. @throws RangeError where `canDigest(name)` is false. */
export function createDigest(name: HashName): RunningDigest {
  return backend.createDigest(name);
}

/** HMAC (RFC 2104) over the parts. @throws RangeError where `canDigest(name)` is false. */
export function hmac(name: HashName, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return backend.hmac(name, key, parts);
}
