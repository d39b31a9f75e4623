export type { RunningDigest } from "./backend.portable.ts";
export { canDigest, createDigest, digest, hmac } from "./digest.ts";
export {
  HASH_ALGORITHMS,
  type HashAlgorithm,
  type HashName,
  hashAvailable,
  hashById,
  hashByName,
  hashNameOf,
} from "./hash.ts";
