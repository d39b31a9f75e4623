// EC-RDSA, GOST R 34.10-2012 (RFC 7091), with the kernel's errors in the kernel's order (crypto/ecrdsa.c: ecrdsa_set_pub_key,
// ecrdsa_verify; the curves: RFC 4357, 11.4, and RFC 7836, A.1). Keys and digests are little-endian, signatures are s and r, big-endian.
import { type WeierstrassPoint, type WeierstrassPointCons, weierstrass } from "@noble/curves/abstract/weierstrass.js";
import { bytesToNumberBE, bytesToNumberLE } from "@noble/curves/utils.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { type Denial, fail, ok, type Result } from "../errno/index.ts";
import { decodeAsn1, group, leaf, optional, TAG } from "./asn1.ts";
import type { HashName } from "./hash.ts";

/** Which of the two kinds a key is, by the hash that goes with it, and the parameters beside it in a certificate. */
export interface EcrdsaScheme {
  readonly hash: keyof typeof DIGEST_OID;
  /** DER; empty where there are none. */
  readonly parameters: Uint8Array;
}

const DIGEST_OID = { streebog256: "2a85030701010202", streebog512: "2a85030701010203" } as const;

interface Curve {
  /** Bytes of a coordinate. */
  readonly size: number;
  readonly Point: WeierstrassPointCons<bigint>;
}

/** a = p - 3, cofactor 1, but for the two curves in twisted Edwards form, which the kernel leaves out. Made when a key is first of it: that takes milliseconds. */
function curve(p: bigint, n: bigint, b: bigint, Gx: bigint, Gy: bigint): () => Curve {
  let made: Curve | null = null;
  return () => {
    made ??= { size: p >> 256n === 0n ? 32 : 64, Point: weierstrass({ p, n, h: 1n, a: p - 3n, b, Gx, Gy }) };
    return made;
  };
}

const cryptoProA = curve(
  0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffd97n,
  0xffffffffffffffffffffffffffffffff6c611070995ad10045841b09b761b893n,
  0xa6n,
  1n,
  0x8d91e471e0989cda27df505a453f2b7635294f2ddf23e3b122acc99c9e9f1e14n,
);
const cryptoProB = curve(
  0x8000000000000000000000000000000000000000000000000000000000000c99n,
  0x800000000000000000000000000000015f700cfff1a624e5e497161bcc8a198fn,
  0x3e1af419a269a5f866a7d3c25c3df80ae979259373ff2b182f49d4ce7e1bbc8bn,
  1n,
  0x3fa8124359f96680b83d1c3eb2c070e5c545c9858d03ecfb744bf8d717717efcn,
);
const cryptoProC = curve(
  0x9b9f605f5a858107ab1ec85e6b41c8aacf846e86789051d37998f7b9022d759bn,
  0x9b9f605f5a858107ab1ec85e6b41c8aa582ca3511eddfb74f02f3a6598980bb9n,
  0x805an,
  0n,
  0x41ece55743711a8c3cbf3783cd08c0ee4d4dc440d4641a8f366e550dfdb3bb67n,
);
const tc26A = curve(
  (1n << 512n) - 569n,
  BigInt(
    "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff" +
      "27e69532f48d89116ff22b8d4e0560609b4b38abfad2b85dcacdb1411f10b275",
  ),
  BigInt(
    "0xe8c2505dedfc86ddc1bd0b2b6667f1da34b82574761cb0e879bd081cfd0b6265" +
      "ee3cb090f30d27614cb4574010da90dd862ef9d4ebee4761503190785a71c760",
  ),
  3n,
  BigInt(
    "0x7503cfe87a836ae3a61b8816e25450e6ce5e1c93acf1abc1778064fdcbefa921" +
      "df1626be4fd036e93d75e6a50e3a41e98028fe5fc235f5b889a589cb5215f2a4",
  ),
);
const tc26B = curve(
  (1n << 511n) + 111n,
  BigInt(
    "0x8000000000000000000000000000000000000000000000000000000000000001" +
      "49a1ec142565a545acfdb77bd9d40cfa8b996712101bea0ec6346c54374f25bd",
  ),
  BigInt(
    "0x687d1b459dc841457e3e06cf6f5e2517b97c7d614af138bcbf85dc806c4b289f" +
      "3e965d2db1416d217f8b276fad1ab69c50f78bee1fa3106efb8ccbc7c5140116",
  ),
  2n,
  BigInt(
    "0x1a8f7eda389b094c2c071e3647a8940f3c123b697578c213be6dd9e6c8ec7335" +
      "dcb228fd1edf4a39152cbcaaf8c0398828041055f94ceeec7e21340780fe41bd",
  ),
);

/**
 * Curves by the hex of their identifiers; null: an identifier in the kernel's registry without a curve of this kind. Of those that the registry
 * has for other purposes only other curves are here; elsewhere nobody names a curve by one.
 */
const CURVE_OF: Readonly<Record<string, (() => Curve) | null>> = {
  "2a850302022301": cryptoProA,
  "2a850302022302": cryptoProB,
  "2a850302022303": cryptoProC,
  "2a8503070102010101": null,
  "2a8503070102010102": cryptoProA,
  "2a8503070102010103": cryptoProB,
  "2a8503070102010104": cryptoProC,
  "2a8503070102010201": tc26A,
  "2a8503070102010202": tc26B,
  "2a8503070102010203": null,
  // NIST P-192, P-256, P-384
  "2a8648ce3d030101": null,
  "2a8648ce3d030107": null,
  "2b81040022": null,
};

/** A key that signatures can be checked with. */
export interface EcrdsaKey {
  readonly curve: Curve;
  readonly point: WeierstrassPoint<bigint>;
}

interface Parameters {
  readonly digest: string;
  curve: Curve | null;
}
const parameters = group<Parameters>(TAG.SEQUENCE, [
  leaf(TAG.OID, (found, { value }) => {
    const named = CURVE_OF[bytesToHex(value)];
    if (named === undefined) return "EINVAL";
    found.curve = named?.() ?? null;
    return null;
  }),
  optional(leaf(TAG.OID, (found, { value }) => (bytesToHex(value) === found.digest ? null : "EINVAL"))),
]);
const octets = leaf<{ key: Uint8Array }>(TAG.OCTET_STRING, (found, { value }) => {
  found.key = value;
  return null;
});

/**
 * A public key: an OCTET STRING of the coordinates.
 * @returns EBADMSG: not DER; EINVAL: unknown identifiers; ENOPKG: a curve that the kernel does not have or of another size than the hash, a
 * key of another size than the curve; EKEYREJECTED: no point of the curve.
 */
export function ecrdsaPublicKey(der: Uint8Array, scheme: EcrdsaScheme): Result<EcrdsaKey> {
  const found = { key: der };
  const named: Parameters = { digest: DIGEST_OID[scheme.hash], curve: null };
  const refused = decodeAsn1(octets, found, der) ?? decodeAsn1(parameters, named, scheme.parameters);
  if (refused !== null) return fail(refused);
  const { curve } = named;
  const { key } = found;
  if (curve === null || curve.size !== digestSize(scheme.hash) || key.length !== 2 * curve.size) return fail("ENOPKG");
  const x = bytesToNumberLE(key.subarray(0, curve.size));
  const y = bytesToNumberLE(key.subarray(curve.size));
  try {
    const point = curve.Point.fromAffine({ x, y });
    point.assertValidity();
    return ok({ curve, point });
  } catch {
    return fail("EKEYREJECTED");
  }
}

const digestSize = (hash: EcrdsaScheme["hash"]): number => (hash === "streebog256" ? 32 : 64);

/** Whether signatures of this kind can be over digests of this hash. */
export const isEcrdsaHash = (hash: HashName): hash is EcrdsaScheme["hash"] => hash in DIGEST_OID;

/** @returns EBADMSG: digest or signature of another size than the curve; EKEYREJECTED: does not fit. */
export function verifyEcrdsa({ curve, point }: EcrdsaKey, signature: Uint8Array, digest: Uint8Array): Denial {
  const { size, Point } = curve;
  if (digest.length !== size || signature.length !== 2 * size) return "EBADMSG";
  const q = Point.Fn.ORDER;
  const s = bytesToNumberBE(signature.subarray(0, size));
  const r = bytesToNumberBE(signature.subarray(size));
  if (r === 0n || r >= q || s === 0n || s >= q) return "EKEYREJECTED";
  const v = Point.Fn.inv(bytesToNumberLE(digest) % q || 1n);
  const sum = Point.BASE.multiplyUnsafe((s * v) % q).add(point.multiplyUnsafe(((q - r) * v) % q));
  return !sum.is0() && sum.toAffine().x % q === r ? null : "EKEYREJECTED";
}
