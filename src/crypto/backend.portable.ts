// Cryptographic primitives from @noble, for where there is no node:crypto. backend.node.ts offers the same with the same results.
import { hmac as nobleHmac } from "@noble/hashes/hmac.js";
import { md5, ripemd160, sha1 } from "@noble/hashes/legacy.js";
import { sha224, sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { sha3_256, sha3_384, sha3_512 } from "@noble/hashes/sha3.js";
import type { CHash } from "@noble/hashes/utils.js";
import type { HashName } from "./hash.ts";
import { md4 } from "./md4.ts";
import { sm3 } from "./sm3.ts";
import { streebog256, streebog512 } from "./streebog.ts";
import { wp256, wp384, wp512 } from "./whirlpool.ts";

/** A digest in progress. */
export interface RunningDigest {
  update(bytes: Uint8Array): this;
  digest(): Uint8Array;
}

/** The algorithms that are computed here. What no kernel since 5.13 can compute is not among them. */
// biome-ignore format: a table reads better in columns
export const NOBLE_HASHES: { readonly [name in HashName]?: CHash } = {
  md4, md5, sha1, rmd160: ripemd160, sha224, sha256, sha384, sha512, wp256, wp384, wp512, sm3, streebog256, streebog512,
  "sha3-256": sha3_256, "sha3-384": sha3_384, "sha3-512": sha3_512,
};

function implementation(name: HashName): CHash {
  const hash = NOBLE_HASHES[name];
  if (hash === undefined) throw new RangeError(`imasim does not compute ${name}`);
  return hash;
}

export function createDigest(name: HashName): RunningDigest {
  return implementation(name).create();
}

export function digest(name: HashName, parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return implementation(name)(parts[0]!);
  const running = implementation(name).create();
  for (const part of parts) running.update(part);
  return running.digest();
}

export function digestInto(name: HashName, bytes: Uint8Array, out: Uint8Array, at: number): void {
  out.set(implementation(name)(bytes), at);
}

export function hmac(name: HashName, key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const running = nobleHmac.create(implementation(name), key);
  for (const part of parts) running.update(part);
  return running.digest();
}

/** RSA's public operation of a native library: none here. */
export function rsaRaise(_n: Uint8Array, _e: Uint8Array): ((message: Uint8Array) => Uint8Array) | null {
  return null;
}
