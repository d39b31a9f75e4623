// struct ima_file_id, which version 3 signatures sign instead of a bare digest (security/integrity/ima/ima_appraise.c:
// calc_file_id_hash): the xattr's type, the hash algorithm, and as much of the digest as that algorithm makes.
import { digest, type HashName, hashByName } from "../crypto/index.ts";

/** The bytes of ima_file_id for the digest of a file, or of its fs-verity descriptor. */
export function imaFileId(xattrType: number, algorithm: HashName, fileDigest: Uint8Array): Uint8Array {
  const { id, size } = hashByName(algorithm)!;
  return Uint8Array.of(xattrType, id, ...fileDigest.subarray(0, size));
}

/** What a version 3 signature is made over: ima_file_id, hashed with the algorithm it names. */
export function imaFileIdDigest(xattrType: number, algorithm: HashName, fileDigest: Uint8Array): Uint8Array {
  return digest(algorithm, imaFileId(xattrType, algorithm, fileDigest));
}
