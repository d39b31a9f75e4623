// A public key as the kernel keeps it, and the check of a signature with it
// (crypto/asymmetric_keys/public_key.c: public_key_verify_signature, software_key_determine_akcipher).
import { type Denial, fail, type Result } from "../errno/index.ts";
import type { Kconfig, Release } from "../release/index.ts";
import { CURVES, type CurveName, verifyEcdsa } from "./ecdsa.ts";
import { type EcrdsaKey, type EcrdsaScheme, ecrdsaPublicKey, isEcrdsaHash, verifyEcrdsa } from "./ecrdsa.ts";
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
  /** Of an EC-RDSA key. */
  readonly scheme: EcrdsaScheme | null;
  #rsa: Result<RsaKey> | undefined;
  #ecrdsa: Result<EcrdsaKey> | undefined;

  constructor(algorithm: KeyAlgorithm, bytes: Uint8Array, isPrivate = false, scheme: EcrdsaScheme | null = null) {
    this.algorithm = algorithm;
    this.bytes = bytes;
    this.isPrivate = isPrivate;
    this.scheme = scheme;
  }

  /** The parsed RSA key, or why it cannot be used. */
  get rsa(): Result<RsaKey> {
    this.#rsa ??= rsaPublicKey(this.bytes);
    return this.#rsa;
  }

  /** The parsed EC-RDSA key, or why it cannot be used. */
  get ecrdsa(): Result<EcrdsaKey> {
    this.#ecrdsa ??= this.scheme === null ? fail("ENOPKG") : ecrdsaPublicKey(this.bytes, this.scheme);
    return this.#ecrdsa;
  }
}

/** Whether signatures of this kind can be over digests of this hash: EINVAL where they cannot. */
export function signsHash(kind: "rsa" | "ecdsa" | "ecrdsa" | "sm2", hash: HashName, release: Release): boolean {
  if (kind === "ecrdsa") return isEcrdsaHash(hash);
  if (kind === "sm2") return hash === "sm3";
  if (ECDSA_SHA3.has(hash)) return hashByName("sha3-256", release) !== undefined;
  return kind === "rsa" ? DIGEST_INFO[hash] !== undefined : ECDSA_HASHES.has(hash);
}

/**
 * Checks `signature` with `publicKey`.
 * @returns null, EKEYREJECTED for a signature that is another's or of other data, EBADMSG and EINVAL for a malformed one,
 * EINVAL for a key or hash that does not go with the algorithm, ENOENT where the kernel has no implementation.
 */
export function verifySignature(publicKey: PublicKey, signature: Signature, support: CryptoSupport): Denial {
  const { algorithm } = publicKey;
  const curve = isCurve(algorithm);
  if (signature.algorithm !== null && signature.algorithm !== algorithm && !(curve && signature.algorithm === "ecdsa"))
    return "EKEYREJECTED";
  if (curve) {
    if (!signsHash("ecdsa", signature.hash, support.release)) return "EINVAL";
    if (!support.config.enabled("CRYPTO_ECDSA")) return "ENOENT";
    return publicKey.isPrivate ? "EINVAL" : verifyEcdsa(algorithm, publicKey.bytes, signature.bytes, signature.digest);
  }
  // An unknown hash of RSA is told by the module that lacks it, so that it must be there.
  if (algorithm !== "rsa" && !signsHash(algorithm, signature.hash, support.release)) return "EINVAL";
  if (!support.config.enabled(KCONFIG[algorithm])) return "ENOENT";
  if (algorithm === "sm2") return "ENOPKG";
  if (algorithm === "ecrdsa") {
    const key = publicKey.ecrdsa;
    return key.ok ? verifyEcrdsa(key.value, signature.bytes, signature.digest) : key.errno;
  }
  const info = DIGEST_INFO[signature.hash];
  if (info === undefined || !signsHash("rsa", signature.hash, support.release)) return "EINVAL";
  const { rsa } = publicKey;
  return rsa.ok ? verifyPkcs1(rsa.value, signature.bytes, signature.digest, info) : rsa.errno;
}
