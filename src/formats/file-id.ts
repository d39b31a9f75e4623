// struct ima_file_id, which version 3 signatures sign instead of a bare digest (security/integrity/ima/ima_appraise.c:
// calc_file_id_hash): the xattr's type, the hash algorithm, and as much of the digest as that algorithm makes.
import { digest, type HashName, hashById, hashByName } from "../crypto/index.ts";
import { InputError } from "../errno/index.ts";

/** struct ima_file_id, taken apart. */
export interface FileId {
  readonly xattrType: number;
  readonly algorithm: HashName;
  readonly digest: Uint8Array;
}

/** The bytes of ima_file_id for the digest of a file, or of its fs-verity descriptor. */
export function imaFileId(xattrType: number, algorithm: HashName, fileDigest: Uint8Array): Uint8Array {
  const { id, size } = hashByName(algorithm)!;
  return Uint8Array.of(xattrType, id, ...fileDigest.subarray(0, size));
}

/** @throws InputError `truncated`, `unknown-hash`, `bad-length`; `where` names the byte. */
export function decodeFileId(bytes: Uint8Array): FileId {
  const [xattrType, id] = bytes;
  if (xattrType === undefined || id === undefined)
    throw new InputError("truncated", `byte ${bytes.length}`, "an ima_file_id begins with a type and a hash algorithm");
  const row = hashById(id);
  if (row === undefined) throw new InputError("unknown-hash", "byte 1", `hash algorithm ${id} is unknown`);
  const { length } = bytes.subarray(2);
  if (length !== row.size)
    throw new InputError("bad-length", "byte 2", `${row.name} has ${row.size} bytes, not ${length}`);
  return { xattrType, algorithm: row.name, digest: bytes.subarray(2) };
}

/** What a version 3 signature is made over: ima_file_id, hashed with the algorithm it names. */
export function imaFileIdDigest(xattrType: number, algorithm: HashName, fileDigest: Uint8Array): Uint8Array {
  return digest(algorithm, imaFileId(xattrType, algorithm, fileDigest));
}
