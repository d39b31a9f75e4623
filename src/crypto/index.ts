export type { RunningDigest } from "./backend.portable.ts";
export { canDigest, createDigest, digest, digestInto, hmac } from "./digest.ts";
export type { CurveName } from "./ecdsa.ts";
export {
  HASH_ALGORITHMS,
  type HashAlgorithm,
  type HashName,
  hashAvailable,
  hashById,
  hashByName,
  hashNameOf,
} from "./hash.ts";
export { LANES_CAPACITY, type LanesHash, ONES, ShaLanes } from "./lanes/lanes.ts";
export { type PrivateKey, parsePrivateKey, publicKeyOf, signBare, signDigest } from "./private-key.ts";
export {
  type CryptoSupport,
  type KeyAlgorithm,
  PublicKey,
  type Signature,
  signsHash,
  verifySignature,
} from "./public-key.ts";
export { raise } from "./rsa.ts";
export { SignatureCache } from "./signature-cache.ts";
