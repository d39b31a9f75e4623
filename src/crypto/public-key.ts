// A public key as the kernel keeps it, and the check of a signature with it
// (crypto/asymmetric_keys/public_key.c: public_key_verify_signature, software_key_determine_akcipher).
import type { Denial } from "../errno/index.ts";
import type { Kconfig, Release } from "../release/index.ts";
import { CURVES, type CurveName, verifyEcdsa } from "./ecdsa.ts";
import type { HashName } from "./hash.ts";
import { hashByName } from "./hash.ts";
import { DIGEST_INFO, type RsaKey, rsaPublicKey, verifyPkcs1 } from "./rsa.ts";

/** pkey_algo: the kernel's name of what a key can do. */
export type KeyAlgorithm = "rsa" | CurveName | "ecrdsa" | "sm2";

/** struct public_key_signature, as far as verification looks at it. */
export interface Signature {
  /** What made it: null where the signature does not say. */
  readonly algorithm: "rsa" | "ecdsa" | "ecrdsa" | "sm2" | null;
  readonly hash: HashName;
  readonly digest: Uint8Array;
  readonly bytes: Uint8Array;
}

/** What a kernel can verify with. */
export interface CryptoSupport {
  readonly release: Release;
  readonly config: Kconfig;
}

/** ECDSA takes any digest that these made (software_key_determine_akcipher). */
const ECDSA_HASHES: ReadonlySet<HashName> = new Set(["sha1", "sha224", "sha256", "sha384", "sha512"]);
const ECDSA_SHA3: ReadonlySet<HashName> = new Set(["sha3-256", "sha3-384", "sha3-512"]);

const KCONFIG: Readonly<Record<Exclude<KeyAlgorithm, CurveName>, string>> = {
  rsa: "CRYPTO_RSA",
  ecrdsa: "CRYPTO_ECRDSA",
  sm2: "CRYPTO_SM2",
};

const isCurve = (algorithm: KeyAlgorithm): algorithm is CurveName => algorithm in CURVES;

export class PublicKey {
  readonly algorithm: KeyAlgorithm;
  /** The contents of the BIT STRING of a certificate: an RSAPublicKey, a point. */
  readonly bytes: Uint8Array;
  /** A PKCS#8 private key: it can sit in a keyring, but no verification with it ever succeeds. */
  readonly isPrivate: boolean;
  #rsa: RsaKey | Exclude<Denial, null> | undefined;

  constructor(algorithm: KeyAlgorithm, bytes: Uint8Array, isPrivate = false) {
    this.algorithm = algorithm;
    this.bytes = bytes;
    this.isPrivate = isPrivate;
  }

  /** The parsed RSA key, or why it cannot be used. */
  get rsa(): RsaKey | Exclude<Denial, null> {
    if (this.#rsa === undefined) {
      const parsed = rsaPublicKey(this.bytes);
      this.#rsa = parsed.ok ? parsed.value : parsed.errno;
    }
    return this.#rsa;
  }
}

/** Whether signatures of this kind can be over digests of this hash: EINVAL where they cannot. */
export function signsHash(kind: "rsa" | "ecdsa", hash: HashName, release: Release): boolean {
  if (ECDSA_SHA3.has(hash)) return hashByName("sha3-256", release) !== undefined;
  return kind === "rsa" ? DIGEST_INFO[hash] !== undefined : ECDSA_HASHES.has(hash);
}

/**
 * Checks `signature` with `key`.
 * @returns null, EKEYREJECTED for a signature that is another's or of other data, EBADMSG and EINVAL for a malformed one,
 * EINVAL for a key or hash that does not go with the algorithm, ENOENT where the kernel has no implementation.
 */
export function verifySignature(key: PublicKey, signature: Signature, support: CryptoSupport): Denial {
  const { algorithm } = key;
  const curve = isCurve(algorithm);
  if (signature.algorithm !== null && signature.algorithm !== algorithm && !(curve && signature.algorithm === "ecdsa"))
    return "EKEYREJECTED";
  if (curve) {
    if (!signsHash("ecdsa", signature.hash, support.release)) return "EINVAL";
    if (!support.config.enabled("CRYPTO_ECDSA")) return "ENOENT";
    return key.isPrivate ? "EINVAL" : verifyEcdsa(algorithm, key.bytes, signature.bytes, signature.digest);
  }
  if (!support.config.enabled(KCONFIG[algorithm])) return "ENOENT";
  if (algorithm !== "rsa") return "ENOPKG";
  const info = DIGEST_INFO[signature.hash];
  if (info === undefined || !signsHash("rsa", signature.hash, support.release)) return "EINVAL";
  const rsa = key.rsa;
  return typeof rsa === "string" ? rsa : verifyPkcs1(rsa, signature.bytes, signature.digest, info);
}
