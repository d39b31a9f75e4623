// RSA with PKCS#1 v1.5 padding: verification with the kernel's errors in the kernel's order, and signing
// (crypto/rsa.c: rsa_set_pub_key, _rsa_enc; crypto/rsa-pkcs1pad.c: pkcs1pad_verify, pkcs1pad_verify_complete; RFC 8017, 8.2).
import { pow } from "@noble/curves/abstract/modular.js";
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js";
import { concatBytes, hexToBytes } from "@noble/hashes/utils.js";
import * as backend from "#crypto";
import { type Denial, fail, ok, type Result } from "../errno/index.ts";
import { decodeTwoIntegers } from "./asn1.ts";
import type { HashName } from "./hash.ts";

/** The DER of a DigestInfo up to the digest, by hash (RFC 8017, 9.2, notes). No other hash has one in the kernel. */
export const DIGEST_INFO: { readonly [name in HashName]?: Uint8Array } = /* @__PURE__ */ Object.fromEntries(
  Object.entries({
    md5: "3020300c06082a864886f70d020505000410",
    sha1: "3021300906052b0e03021a05000414",
    rmd160: "3021300906052b2403020105000414",
    sha224: "302d300d06096086480165030402040500041c",
    sha256: "3031300d060960864801650304020105000420",
    sha384: "3041300d060960864801650304020205000430",
    sha512: "3051300d060960864801650304020305000440",
    "sha3-256": "3031300d060960864801650304020805000420",
    "sha3-384": "3041300d060960864801650304020905000430",
    "sha3-512": "3051300d060960864801650304020a05000440",
  }).map(([name, hex]) => [name, hexToBytes(hex)]),
);

/** Modulus lengths the kernel works with, in bits rounded up to whole machine words. */
const KEY_BITS: ReadonlySet<number> = new Set([512, 1024, 1536, 2048, 3072, 4096]);
const WORD = 8;
/** At least eight bytes of padding between 00 01 and 00. */
const MIN_PADDING = 8;

export interface RsaKey {
  /** Bytes of the modulus, rounded up to whole words: the only length a signature may have. */
  readonly size: number;
  /** n - 1 */
  readonly last: Uint8Array;
  /** m ^ e mod n, as `size` bytes. */
  readonly raise: (message: Uint8Array) => Uint8Array;
}

function withoutZeros(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (at < bytes.length && bytes[at] === 0) at++;
  return bytes.subarray(at);
}

/** Modular exponentiation on numbers as the kernel has them: any base, any exponent. */
export function raise(base: bigint, exponent: bigint, modulus: bigint): bigint {
  return exponent === 0n ? 1n % modulus : pow(base % modulus, exponent, modulus);
}

/**
 * An RSAPublicKey (RFC 8017, A.1.1).
 * @returns EBADMSG where it is no such thing, EINVAL for empty numbers and for lengths the kernel does not work with.
 */
export function rsaPublicKey(der: Uint8Array): Result<RsaKey> {
  let first = 0;
  const parsed = decodeTwoIntegers(der, (value) => {
    if (value.length === 0 || (first > 0 && value.length > first)) return "EINVAL";
    first ||= value.length;
    return null;
  });
  if (!parsed.ok) return parsed;
  const [n, e] = parsed.value.map(withoutZeros) as [Uint8Array, Uint8Array];
  const size = WORD * Math.ceil(n.length / WORD);
  if (!KEY_BITS.has(8 * size)) return fail("EINVAL");
  const modulus = bytesToNumberBE(n);
  const exponent = e.length === 0 ? 0n : bytesToNumberBE(e);
  const native = n.length === size ? backend.rsaRaise(n, e) : null;
  return ok({
    size,
    last: numberToBytesBE(modulus - 1n, size),
    raise: native ?? ((message) => numberToBytesBE(raise(bytesToNumberBE(message), exponent, modulus), size)),
  });
}

/** Whether 1 < m < n - 1, the range rsa_check_payload allows. */
function inRange(message: Uint8Array, last: Uint8Array): boolean {
  for (let i = 0; i < last.length; i++) {
    if (message[i]! < last[i]!) {
      const end = message.length - 1;
      return message[end]! > 1 || message.subarray(0, end).some((byte) => byte !== 0);
    }
    if (message[i]! > last[i]!) return false;
  }
  return false;
}

/** Whether `part` stands in `block` at `at`. */
function standsAt(block: Uint8Array, at: number, part: Uint8Array): boolean {
  for (let i = 0; i < part.length; i++) if (block[at + i] !== part[i]) return false;
  return true;
}

/**
 * @returns EINVAL: wrong length, out of range, no leading zero; EBADMSG: broken padding or another DigestInfo;
 * EKEYREJECTED: another digest.
 */
export function verifyPkcs1(key: RsaKey, signature: Uint8Array, digest: Uint8Array, info: Uint8Array): Denial {
  const { size } = key;
  if (digest.length === 0 || signature.length !== size || !inRange(signature, key.last)) return "EINVAL";
  const block = key.raise(signature);
  if (block[0] !== 0) return "EINVAL";
  if (block[1] !== 1) return "EBADMSG";
  let at = 2;
  while (at < size && block[at] === 0xff) at++;
  if (at < 2 + MIN_PADDING || at === size || block[at] !== 0) return "EBADMSG";
  at++;
  if (!standsAt(block, at, info)) return "EBADMSG";
  at += info.length;
  return at + digest.length === size && standsAt(block, at, digest) ? null : "EKEYREJECTED";
}

/** The private half of an RSA key. */
export interface RsaPrivateKey {
  readonly n: bigint;
  readonly e: bigint;
  readonly d: bigint;
  readonly p: bigint;
  readonly q: bigint;
}

/**
 * A PKCS#1 v1.5 signature over `digest`. `info` is empty for the bare form of version 1 signatures.
 * @throws RangeError where the key is too short for the digest.
 */
export function signPkcs1(key: RsaPrivateKey, digest: Uint8Array, info: Uint8Array): Uint8Array {
  const size = Math.ceil(key.n.toString(16).length / 2);
  const filler = size - 3 - info.length - digest.length;
  if (filler < MIN_PADDING) throw new RangeError(`an RSA key of ${8 * size} bits is too short for this digest`);
  const block = concatBytes(Uint8Array.of(0, 1), new Uint8Array(filler).fill(0xff), Uint8Array.of(0), info, digest);
  // Chinese remainders: two exponentiations of half the length.
  const m = bytesToNumberBE(block);
  const m1 = pow(m % key.p, key.d % (key.p - 1n), key.p);
  const m2 = pow(m % key.q, key.d % (key.q - 1n), key.q);
  const inverse = pow(key.q % key.p, key.p - 2n, key.p);
  const h = ((((m1 - m2) * inverse) % key.p) + key.p) % key.p;
  return numberToBytesBE(m2 + h * key.q, size);
}
