// The headers of IMA and EVM signatures: version 1 (include/linux/digsig.h: struct signature_hdr, lib/digsig.c) and versions 2 and 3
// (security/integrity/integrity.h: struct signature_v2_hdr). Offsets count from the version byte; the xattr type stands before it.
import { concatBytes } from "@noble/hashes/utils.js";
import { InputError } from "../errno/index.ts";

/** A version 1 signature: an RSA signature over the SHA-1 of a digest and this header, without DigestInfo. */
export interface SignatureV1 {
  readonly version: 1;
  /** Seconds since 1970, in the byte order of the machine that signed: little-endian here. No kernel looks at it. */
  readonly timestamp: number;
  /** 0 is RSA, the only one. */
  readonly algorithm: number;
  /** 0 SHA-1, 1 SHA-256, of the digest that was signed. No kernel looks at it. */
  readonly hash: number;
  /** Eight bytes; the key is called by their hex in upper case without leading zeros. */
  readonly keyId: Uint8Array;
  readonly mpiCount: number;
  /** A bit count of two bytes, then the number. */
  readonly mpi: Uint8Array;
}

/** A version 2 (over a digest) or 3 (over ima_file_id) signature. */
export interface SignatureV2 {
  readonly version: 2 | 3;
  /** HASH_ALGO_*. */
  readonly hash: number;
  /** The last four bytes of the key's identifier. */
  readonly keyId: number;
  readonly signature: Uint8Array;
}

/** A header field: name, first byte counted from the version byte, and length. */
export interface HeaderField {
  readonly name: string;
  readonly at: number;
  readonly length: number;
}

/** Where what stands; the rest is the signature. */
export const HEADER_V1: readonly HeaderField[] = [
  { name: "version", at: 0, length: 1 },
  { name: "timestamp", at: 1, length: 4 },
  { name: "algorithm", at: 5, length: 1 },
  { name: "hash", at: 6, length: 1 },
  { name: "keyId", at: 7, length: 8 },
  { name: "mpiCount", at: 15, length: 1 },
];
export const HEADER_V2: readonly HeaderField[] = [
  { name: "version", at: 0, length: 1 },
  { name: "hash", at: 1, length: 1 },
  { name: "keyId", at: 2, length: 4 },
  { name: "signatureLength", at: 6, length: 2 },
];
export const HEADER_V1_LENGTH = 16;
export const HEADER_V2_LENGTH = 8;

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Decodes what follows the xattr type.
 * @throws InputError `truncated`, `bad-version`, `bad-length`; `where` counts from the version byte.
 */
export function decodeSignature(bytes: Uint8Array): SignatureV1 | SignatureV2 {
  const version = bytes[0];
  if (version === undefined) throw new InputError("truncated", "byte 0", "no version byte");
  if (version === 1) return decodeV1(bytes);
  if (version !== 2 && version !== 3)
    throw new InputError("bad-version", "byte 0", `signature version ${version} is unknown`);
  if (bytes.length <= HEADER_V2_LENGTH)
    throw new InputError(
      "truncated",
      `byte ${bytes.length}`,
      "the signature header has 8 bytes and a signature after it",
    );
  const header = view(bytes);
  const length = header.getUint16(6);
  const signature = bytes.subarray(HEADER_V2_LENGTH);
  if (length !== signature.length)
    throw new InputError(
      "bad-length",
      "byte 6",
      `the length field says ${length}, ${signature.length} bytes follow it`,
    );
  return { version, hash: bytes[1]!, keyId: header.getUint32(2), signature };
}

function decodeV1(bytes: Uint8Array): SignatureV1 {
  if (bytes.length < HEADER_V1_LENGTH + 2)
    throw new InputError(
      "truncated",
      `byte ${bytes.length}`,
      "a version 1 signature has a header of 16 bytes and a number after it",
    );
  return {
    version: 1,
    timestamp: view(bytes).getUint32(1, true),
    algorithm: bytes[5]!,
    hash: bytes[6]!,
    keyId: bytes.subarray(7, 15),
    mpiCount: bytes[15]!,
    mpi: bytes.subarray(HEADER_V1_LENGTH),
  };
}

/** @throws RangeError for a key identifier, hash or length that does not fit its field. */
export function encodeSignature(signature: SignatureV1 | SignatureV2): Uint8Array {
  if (signature.version === 1) {
    const header = new Uint8Array(HEADER_V1_LENGTH);
    if (signature.keyId.length !== 8) throw new RangeError("a version 1 key identifier has 8 bytes");
    header[0] = 1;
    view(header).setUint32(1, signature.timestamp, true);
    header.set([signature.algorithm, signature.hash, ...signature.keyId, signature.mpiCount], 5);
    return concatBytes(header, signature.mpi);
  }
  const { length } = signature.signature;
  if (length === 0 || length > 0xffff) throw new RangeError(`a signature of ${length} bytes does not fit its header`);
  const header = new Uint8Array(HEADER_V2_LENGTH);
  header.set([signature.version, signature.hash]);
  view(header).setUint32(2, signature.keyId);
  view(header).setUint16(6, length);
  return concatBytes(header, signature.signature);
}
