// Private keys from files, and signatures made with them: PKCS#8 (RFC 5208), RSAPrivateKey (RFC 8017, A.1.2) and ECPrivateKey
// (RFC 5915), in DER or PEM, without a passphrase.
import { bytesToNumberBE } from "@noble/curves/utils.js";
import { bytesToHex, concatBytes } from "@noble/hashes/utils.js";
import { InputError } from "../errno/index.ts";
import { any, context, decodeAsn1, group, leaf, listOf, optional, TAG } from "./asn1.ts";
import { CURVES, type CurveName, signEcdsa } from "./ecdsa.ts";
import type { HashName } from "./hash.ts";
import { PublicKey } from "./public-key.ts";
import { DIGEST_INFO, type RsaPrivateKey, signPkcs1 } from "./rsa.ts";

/** A private key that signatures can be made with. */
export type PrivateKey =
  | { readonly algorithm: "rsa"; readonly rsa: RsaPrivateKey }
  | { readonly algorithm: CurveName; readonly secret: Uint8Array };

const RSA_ENCRYPTION = "2a864886f70d010101";
const EC_PUBLIC_KEY = "2a8648ce3d0201";
const CURVE_OF: Readonly<Record<string, CurveName>> = {
  "2a8648ce3d030101": "ecdsa-nist-p192",
  "2a8648ce3d030107": "ecdsa-nist-p256",
  "2b81040022": "ecdsa-nist-p384",
  "2b81040023": "ecdsa-nist-p521",
};

interface Pkcs8 {
  algorithm: string;
  parameters: string;
  key: Uint8Array | null;
}
const pkcs8 = group<Pkcs8>(TAG.SEQUENCE, [
  leaf(TAG.INTEGER),
  group(TAG.SEQUENCE, [
    leaf(TAG.OID, (found, { value }) => {
      found.algorithm = bytesToHex(value);
      return null;
    }),
    optional(
      any((found, { value }) => {
        found.parameters = bytesToHex(value);
        return null;
      }),
    ),
  ]),
  leaf(TAG.OCTET_STRING, (found, { value }) => {
    found.key = value;
    return null;
  }),
  optional(listOf(context(0, true), any())),
]);

const rsaPrivateKey = listOf<bigint[]>(
  TAG.SEQUENCE,
  leaf(TAG.INTEGER, (found, { value }) => {
    found.push(value.length === 0 ? 0n : bytesToNumberBE(value));
    return null;
  }),
);

interface EcPrivate {
  secret: Uint8Array | null;
  curve: string;
}
const ecPrivateKey = group<EcPrivate>(TAG.SEQUENCE, [
  leaf(TAG.INTEGER),
  leaf(TAG.OCTET_STRING, (found, { value }) => {
    found.secret = value;
    return null;
  }),
  optional(
    group(context(0, true), [
      leaf(TAG.OID, (found, { value }) => {
        found.curve = bytesToHex(value);
        return null;
      }),
    ]),
  ),
  optional(group(context(1, true), [leaf(TAG.BIT_STRING)])),
]);

function rsaFrom(der: Uint8Array): PrivateKey | null {
  const numbers: bigint[] = [];
  if (decodeAsn1(rsaPrivateKey, numbers, der) !== null || numbers.length < 9) return null;
  const [, n, e, d, p, q] = numbers as [bigint, bigint, bigint, bigint, bigint, bigint];
  return n > 0n && p > 1n && q > 1n && p * q === n ? { algorithm: "rsa", rsa: { n, e, d, p, q } } : null;
}

function ecFrom(der: Uint8Array, parameters: string): PrivateKey | null {
  const found: EcPrivate = { secret: null, curve: parameters };
  if (decodeAsn1(ecPrivateKey, found, der) !== null || found.secret === null) return null;
  const algorithm = CURVE_OF[found.curve];
  if (algorithm === undefined) return null;
  return CURVES[algorithm].curve.utils.isValidSecretKey(found.secret) ? { algorithm, secret: found.secret } : null;
}

/** The DER in a PEM file; the bytes themselves where it is none. */
function unarmoured(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x2d) return bytes;
  const text = new TextDecoder("latin1").decode(bytes);
  const body = /-----BEGIN (?:RSA |EC )?PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END/.exec(text)?.[1];
  if (body === undefined)
    throw new InputError("bad-key", "", "no private key in this PEM file, or one with a passphrase");
  try {
    return Uint8Array.from(atob(body.replace(/\s+/g, "")), (c) => c.charCodeAt(0));
  } catch {
    throw new InputError("bad-key", "", "the base64 of this PEM file is broken");
  }
}

/**
 * Reads an RSA or NIST curve private key.
 * @throws InputError `bad-key` for anything else.
 */
export function parsePrivateKey(file: Uint8Array): PrivateKey {
  const der = unarmoured(file);
  const found: Pkcs8 = { algorithm: "", parameters: "", key: null };
  let key: PrivateKey | null = null;
  if (decodeAsn1(pkcs8, found, der) === null && found.key !== null) {
    if (found.algorithm === RSA_ENCRYPTION) key = rsaFrom(found.key);
    else if (found.algorithm === EC_PUBLIC_KEY) key = ecFrom(found.key, found.parameters);
  }
  key ??= rsaFrom(der) ?? ecFrom(der, "");
  if (key === null) throw new InputError("bad-key", "", "neither an RSA private key nor one of a NIST curve");
  return key;
}

function derInteger(number: bigint): Uint8Array {
  let hex = number.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  if (Number.parseInt(hex.slice(0, 2), 16) > 0x7f) hex = `00${hex}`;
  return derElement(
    TAG.INTEGER,
    Uint8Array.from(hex.match(/../g)!, (byte) => Number.parseInt(byte, 16)),
  );
}

function derElement(tag: number, value: Uint8Array): Uint8Array {
  const { length } = value;
  const header = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Uint8Array.of(tag, ...header, ...value);
}

/** The public half: the contents of the BIT STRING that a certificate of this key holds. */
export function publicKeyOf(key: PrivateKey): PublicKey {
  if (key.algorithm !== "rsa")
    return new PublicKey(key.algorithm, CURVES[key.algorithm].curve.getPublicKey(key.secret, false));
  const { n, e } = key.rsa;
  return new PublicKey("rsa", derElement(TAG.SEQUENCE, concatBytes(derInteger(n), derInteger(e))));
}

/**
 * Signs a digest as security.ima and security.evm want it: PKCS#1 v1.5 with a DigestInfo, or DER (r, s) with the nonce of
 * RFC 6979. The same input gives the same bytes.
 * @throws RangeError for hashes that no RSA signature can name, and for RSA keys too short for the digest.
 */
export function signDigest(key: PrivateKey, hash: HashName, digest: Uint8Array): Uint8Array {
  if (key.algorithm !== "rsa") return signEcdsa(key.algorithm, key.secret, digest);
  const info = DIGEST_INFO[hash];
  if (info === undefined) throw new RangeError(`RSA signatures cannot be made over ${hash}`);
  return signPkcs1(key.rsa, digest, info);
}

/** Signs a digest without DigestInfo, as version 1 signatures do. @throws RangeError as signDigest; TypeError for other keys than RSA. */
export function signBare(key: PrivateKey, digest: Uint8Array): Uint8Array {
  if (key.algorithm !== "rsa") throw new TypeError("version 1 signatures are made with RSA keys");
  return signPkcs1(key.rsa, digest, new Uint8Array());
}
