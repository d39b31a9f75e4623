// Keys of GOST R 34.10-2012, signatures and certificates with them, made independently of what verifies them (RFC 7091, 6.1; RFC 9215).
import { weierstrass } from "@noble/curves/abstract/weierstrass.js";
import { bytesToNumberLE, numberToBytesBE, numberToBytesLE } from "@noble/curves/utils.js";
import { concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { digest, type PrivateKey, signDigest } from "../../src/crypto/index.ts";

export const CURVE_OIDS = {
  A: "2a850302022301",
  B: "2a850302022302",
  C: "2a850302022303",
  "256B": "2a8503070102010102",
  "256C": "2a8503070102010103",
  "256D": "2a8503070102010104",
  "512A": "2a8503070102010201",
  "512B": "2a8503070102010202",
} as const;
export type GostCurve = keyof typeof CURVE_OIDS;

/** p, n, b, and the base point (RFC 4357, 11.4; RFC 7836, A.1). */
const NUMBERS: Readonly<Record<"A" | "B" | "C" | "512A" | "512B", readonly string[]>> = {
  A: [
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffd97",
    "ffffffffffffffffffffffffffffffff6c611070995ad10045841b09b761b893",
    "a6",
    "1",
    "8d91e471e0989cda27df505a453f2b7635294f2ddf23e3b122acc99c9e9f1e14",
  ],
  B: [
    "8000000000000000000000000000000000000000000000000000000000000c99",
    "800000000000000000000000000000015f700cfff1a624e5e497161bcc8a198f",
    "3e1af419a269a5f866a7d3c25c3df80ae979259373ff2b182f49d4ce7e1bbc8b",
    "1",
    "3fa8124359f96680b83d1c3eb2c070e5c545c9858d03ecfb744bf8d717717efc",
  ],
  C: [
    "9b9f605f5a858107ab1ec85e6b41c8aacf846e86789051d37998f7b9022d759b",
    "9b9f605f5a858107ab1ec85e6b41c8aa582ca3511eddfb74f02f3a6598980bb9",
    "805a",
    "0",
    "41ece55743711a8c3cbf3783cd08c0ee4d4dc440d4641a8f366e550dfdb3bb67",
  ],
  "512A": [
    `${"f".repeat(125)}dc7`,
    `${"f".repeat(64)}27e69532f48d89116ff22b8d4e0560609b4b38abfad2b85dcacdb1411f10b275`,
    "e8c2505dedfc86ddc1bd0b2b6667f1da34b82574761cb0e879bd081cfd0b6265ee3cb090f30d27614cb4574010da90dd862ef9d4ebee4761503190785a71c760",
    "3",
    "7503cfe87a836ae3a61b8816e25450e6ce5e1c93acf1abc1778064fdcbefa921df1626be4fd036e93d75e6a50e3a41e98028fe5fc235f5b889a589cb5215f2a4",
  ],
  "512B": [
    `8${"0".repeat(125)}6f`,
    `8${"0".repeat(62)}149a1ec142565a545acfdb77bd9d40cfa8b996712101bea0ec6346c54374f25bd`,
    "687d1b459dc841457e3e06cf6f5e2517b97c7d614af138bcbf85dc806c4b289f3e965d2db1416d217f8b276fad1ab69c50f78bee1fa3106efb8ccbc7c5140116",
    "2",
    "1a8f7eda389b094c2c071e3647a8940f3c123b697578c213be6dd9e6c8ec7335dcb228fd1edf4a39152cbcaaf8c0398828041055f94ceeec7e21340780fe41bd",
  ],
};
const SAME: Readonly<Record<string, "A" | "B" | "C">> = { "256B": "A", "256C": "B", "256D": "C" };

export interface GostKey {
  readonly curve: GostCurve;
  readonly hash: "streebog256" | "streebog512";
  /** The coordinates, little-endian. */
  readonly coordinates: Uint8Array;
  /** Of a digest; `nonce` is part of k. */
  readonly sign: (digest: Uint8Array, nonce?: bigint) => Uint8Array;
}

export function gostKey(curve: GostCurve, secret: bigint): GostKey {
  const numbers = NUMBERS[(SAME[curve] ?? curve) as keyof typeof NUMBERS].map((hex) => BigInt(`0x${hex}`));
  const [p, n, b, Gx, Gy] = numbers as [bigint, bigint, bigint, bigint, bigint];
  const size = curve.startsWith("512") ? 64 : 32;
  const Point = weierstrass({ p, n, h: 1n, a: p - 3n, b, Gx, Gy });
  const { x, y } = Point.BASE.multiply(secret).toAffine();
  return {
    curve,
    hash: size === 64 ? "streebog512" : "streebog256",
    coordinates: concatBytes(numberToBytesLE(x, size), numberToBytesLE(y, size)),
    sign(of, nonce = 0x1234567890abcdefn) {
      const e = bytesToNumberLE(of) % n || 1n;
      const k = ((nonce * 0x9e3779b97f4a7c15f39cc0605cedc8341082276bf3a27251n + e) % (n - 1n)) + 1n;
      const r = Point.BASE.multiply(k).toAffine().x % n;
      return concatBytes(numberToBytesBE((r * secret + k * e) % n, size), numberToBytesBE(r, size));
    },
  };
}

export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const value = concatBytes(...parts);
  const { length } = value;
  const header = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Uint8Array.of(tag, ...header, ...value);
}
export const oid = (hex: string): Uint8Array => der(6, hexToBytes(hex));
const bits = (value: Uint8Array): Uint8Array => der(3, Uint8Array.of(0), value);
const name = (cn: string): Uint8Array => der(0x30, der(0x31, der(0x30, oid("550403"), der(0x0c, utf8ToBytes(cn)))));

const KEY_OIDS = { streebog256: "2a85030701010101", streebog512: "2a85030701010102" } as const;
const DIGEST_OIDS = { streebog256: "2a85030701010202", streebog512: "2a85030701010203" } as const;
const SIGNATURE_OIDS = { streebog256: "2a85030701010302", streebog512: "2a85030701010303" } as const;

/** The parameters of a key: SEQUENCE { curve, digest }. */
export const gostParameters = (curve: string, ...more: readonly Uint8Array[]): Uint8Array =>
  der(0x30, oid(curve), ...more);

export interface CertificateRequest {
  readonly subject: string;
  readonly key: GostKey;
  /** Who signs: a GOST key, or RSA with SHA-256. */
  readonly issuer: { readonly name: Uint8Array | string; readonly key: GostKey | PrivateKey };
  /** In place of curve and digest. */
  readonly parameters?: Uint8Array | null;
  /** In place of an OCTET STRING of the coordinates. */
  readonly publicKey?: Uint8Array;
  /** Beside digitalSignature. */
  readonly ca?: boolean;
  readonly spoil?: (signature: Uint8Array) => Uint8Array;
}

export interface MadeCertificate {
  readonly der: Uint8Array;
  readonly skid: Uint8Array;
}

export function certificate(request: CertificateRequest): MadeCertificate {
  const { subject, key, issuer, ca = false, spoil = (bytes) => bytes } = request;
  const publicKey = request.publicKey ?? der(4, key.coordinates);
  const parameters =
    request.parameters === undefined
      ? gostParameters(CURVE_OIDS[key.curve], oid(DIGEST_OIDS[key.hash]))
      : (request.parameters ?? new Uint8Array());
  const skid = digest("sha1", utf8ToBytes(subject), publicKey, parameters);
  const byGost = "hash" in issuer.key;
  const algorithm = byGost
    ? der(0x30, oid(SIGNATURE_OIDS[(issuer.key as GostKey).hash]))
    : der(0x30, oid("2a864886f70d01010b"), der(5));
  const extension = (id: string, value: Uint8Array) => der(0x30, oid(id), der(4, value));
  const usage = ca ? [3, 2, 0x02, 0x84] : [3, 2, 0x07, 0x80];
  const tbs = der(
    0x30,
    der(0xa0, Uint8Array.of(2, 1, 2)),
    der(2, Uint8Array.of(0x10, ...skid.subarray(0, 7))),
    algorithm,
    typeof issuer.name === "string" ? name(issuer.name) : issuer.name,
    der(0x30, der(0x17, utf8ToBytes("200101000000Z")), der(0x17, utf8ToBytes("491231235959Z"))),
    name(subject),
    der(0x30, der(0x30, oid(KEY_OIDS[key.hash]), parameters), bits(publicKey)),
    der(
      0xa3,
      der(
        0x30,
        extension("551d13", ca ? Uint8Array.of(0x30, 3, 1, 1, 0xff) : der(0x30)),
        extension("551d0f", Uint8Array.from(usage)),
        extension("551d0e", der(4, skid)),
      ),
    ),
  );
  const signature = byGost
    ? (issuer.key as GostKey).sign(digest((issuer.key as GostKey).hash, tbs))
    : signDigest(issuer.key as PrivateKey, "sha256", digest("sha256", tbs));
  return { der: der(0x30, tbs, algorithm, bits(spoil(signature))), skid };
}
