// Cryptographic primitives from node:crypto, as far as OpenSSL 3 has them with its default provider; the rest from the portable side.
// Node 20.20 on one core of the development machine, microseconds: one-shot crypto.hash 0.5 for 90 bytes of SHA-256 as a string, 1.0 as
// a buffer; createHash 1.6; @noble 1.7, and 22 for 4 KiB, where the others take 3. The one-shot call is the fastest at every length, and
// copying parts together costs less than a stream up to some KiB.
import { constants, createHash, createHmac, createPublicKey, hash as oneShot, publicDecrypt } from "node:crypto";
import { concatBytes } from "@noble/hashes/utils.js";
import * as portable from "./backend.portable.ts";
import type { HashName } from "./hash.ts";

/** OpenSSL's names. */
// biome-ignore format: a table reads better in columns
const NATIVE: { readonly [name in HashName]?: string } = {
  md5: "md5", sha1: "sha1", rmd160: "ripemd160", sha224: "sha224", sha256: "sha256", sha384: "sha384", sha512: "sha512",
  sm3: "sm3", "sha3-256": "sha3-256", "sha3-384": "sha3-384", "sha3-512": "sha3-512",
};

/** Parts of less in all are copied together, more is streamed. */
const JOIN_BELOW = 8192;

/** A plain view: a Buffer compares unequal to a Uint8Array with the same bytes. */
const plain = (buffer: Uint8Array): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);

/** A digest by the one-shot call. As a one-byte string it comes in half the time of a buffer, which would have memory of its own outside the heap. */
function digestAtOnce(native: string, bytes: Uint8Array): Uint8Array {
  const text = oneShot(native, bytes, "binary");
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

export function createDigest(name: HashName): portable.RunningDigest {
  const native = NATIVE[name];
  if (native === undefined) return portable.createDigest(name);
  const running = createHash(native);
  return {
    update(bytes) {
      running.update(bytes);
      return this;
    },
    digest: () => plain(running.digest()),
  };
}

export function digest(name: HashName, parts: readonly Uint8Array[]): Uint8Array {
  const native = NATIVE[name];
  if (native === undefined) return portable.digest(name, parts);
  if (parts.length === 1) return digestAtOnce(native, parts[0]!);
  let length = 0;
  for (const part of parts) length += part.length;
  if (length < JOIN_BELOW) return digestAtOnce(native, concatBytes(...parts));
  const running = createHash(native);
  for (const part of parts) running.update(part);
  return plain(running.digest());
}

/**
 * Writes the digest of `bytes` to `out` at `at`: 0.3 µs for 100 bytes, a third of what a one-shot into a new buffer takes, since OpenSSL's
 * answer travels as a one-byte string.
 */
export function digestInto(name: HashName, bytes: Uint8Array, out: Uint8Array, at: number): void {
  const native = NATIVE[name];
  if (native === undefined) {
    portable.digestInto(name, bytes, out, at);
    return;
  }
  const text = oneShot(native, bytes, "binary");
  for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
}

export function hmac(name: HashName, key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const native = NATIVE[name];
  if (native === undefined) return portable.hmac(name, key, parts);
  const running = createHmac(native, key);
  for (const part of parts) running.update(part);
  return plain(running.digest());
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");

/**
 * message ^ e mod n by OpenSSL, for messages of the length of n and below it. Null for keys that it does not work with.
 */
export function rsaRaise(n: Uint8Array, e: Uint8Array): ((message: Uint8Array) => Uint8Array) | null {
  try {
    const key = createPublicKey({ key: { kty: "RSA", n: base64url(n), e: base64url(e) }, format: "jwk" });
    const operation = { key, padding: constants.RSA_NO_PADDING };
    // OpenSSL looks at a key when it is used.
    publicDecrypt(operation, new Uint8Array(n.length).fill(2, -1));
    return (message) => publicDecrypt(operation, message);
  } catch {
    return null;
  }
}
