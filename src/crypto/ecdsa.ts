// ECDSA over the NIST prime curves, with the kernel's errors (crypto/ecdsa.c: ecdsa_verify, _ecdsa_verify, ecdsa_set_pub_key).
// Integers of a signature are read without a sign and without demanding their shortest form.
import { type ECDSA, ecdsa, weierstrass } from "@noble/curves/abstract/weierstrass.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";
import type { Denial } from "../errno/index.ts";
import { decodeTwoIntegers } from "./asn1.ts";

/** NIST P-192 (FIPS 186-4, D.1.2.1), which @noble/curves leaves out. */
const p192 = /* @__PURE__ */ ecdsa(
  /* @__PURE__ */ weierstrass({
    p: 0xfffffffffffffffffffffffffffffffeffffffffffffffffn,
    n: 0xffffffffffffffffffffffff99def836146bc9b1b4d22831n,
    h: 1n,
    a: 0xfffffffffffffffffffffffffffffffefffffffffffffffcn,
    b: 0x64210519e59c80e70fa7e9ab72243049feb8deecc146b9b1n,
    Gx: 0x188da80eb03090f67cbf20eb43a18800f4ff0afd82ff1012n,
    Gy: 0x07192b95ffc8da78631011ed6b24cdd573f977a11e794811n,
  }),
  sha256,
);

interface Curve {
  readonly curve: ECDSA;
  /** Bytes of a coordinate. */
  readonly size: number;
}

export const CURVES = {
  "ecdsa-nist-p192": { curve: p192, size: 24 },
  "ecdsa-nist-p256": { curve: p256, size: 32 },
  "ecdsa-nist-p384": { curve: p384, size: 48 },
  "ecdsa-nist-p521": { curve: p521, size: 66 },
} as const satisfies Readonly<Record<string, Curve>>;
export type CurveName = keyof typeof CURVES;

const WORD = 8;
const OPTIONS = { prehash: false, lowS: false } as const;

/** `bytes` as a number of `size` bytes; null where it is longer. */
function resized(bytes: Uint8Array, size: number): Uint8Array | null {
  const extra = bytes.length - size;
  if (extra > 0) return bytes.subarray(0, extra).every((byte) => byte === 0) ? bytes.subarray(extra) : null;
  const out = new Uint8Array(size);
  out.set(bytes, -extra);
  return out;
}

/** An uncompressed point with coordinates of the curve's length in words; null where the kernel refuses it. */
function publicPoint(key: Uint8Array, size: number): Uint8Array | null {
  const coordinate = (key.length - 1) / 2;
  if (key[0] !== 4 || !Number.isInteger(coordinate)) return null;
  if (Math.ceil(coordinate / WORD) !== Math.ceil(size / WORD)) return null;
  const x = resized(key.subarray(1, 1 + coordinate), size);
  const y = resized(key.subarray(1 + coordinate), size);
  return x && y && concatBytes(Uint8Array.of(4), x, y);
}

/**
 * Checks a DER signature (r, s) over `digest` with an uncompressed point.
 * @returns EINVAL: no key of this curve, r or s too long; EBADMSG: not DER, r or s out of range; EKEYREJECTED: does not fit.
 */
export function verifyEcdsa(name: CurveName, key: Uint8Array, signature: Uint8Array, digest: Uint8Array): Denial {
  const { curve, size } = CURVES[name];
  const words = WORD * Math.ceil(size / WORD);
  const point = publicPoint(key, size);
  if (point === null || !curve.utils.isValidPublicKey(point, false)) return "EINVAL";
  const parsed = decodeTwoIntegers(signature, (value) =>
    value.length === 0 || value.length > words + 1 || (value.length > words && value[0] !== 0) ? "EINVAL" : null,
  );
  if (!parsed.ok) return parsed.errno;
  const order = curve.Point.Fn.ORDER;
  if (parsed.value.map(bytesToNumberBE).some((number) => number === 0n || number >= order)) return "EBADMSG";
  const [r, s] = parsed.value.map((value) => resized(value, size)!) as [Uint8Array, Uint8Array];
  return curve.verify(concatBytes(r, s), digest, point, OPTIONS) ? null : "EKEYREJECTED";
}

/** A DER signature (r, s) over `digest`, with the nonce of RFC 6979: the same every time. */
export function signEcdsa(name: CurveName, secret: Uint8Array, digest: Uint8Array): Uint8Array {
  return CURVES[name].curve.sign(digest, secret, { ...OPTIONS, format: "der" });
}
