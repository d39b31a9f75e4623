// Keys and signatures of version 1 (lib/digsig.c; include/linux/digsig.h: struct pubkey_hdr), as Debian's evmctl writes them with
// --v1: numbers as MPIs, a bit count of two bytes before the bytes.
import { bytesToNumberBE, numberToVarBytesBE } from "@noble/curves/utils.js";
import { bytesToHex, concatBytes } from "@noble/hashes/utils.js";
import { digest, type PrivateKey, signBare } from "../crypto/index.ts";
import { fail, ok, type Result } from "../errno/index.ts";
import { encodeSignature, HEADER_V1_LENGTH, type SignatureV1 } from "./signature-header.ts";

const PUBLIC_HEADER = 7;
/** MAX_EXTERN_MPI_BITS of lib/crypto/mpi/mpicoder.c. */
const MAX_MPI_BITS = 16384;

/** The RSA key in a user key: version 1, time stamp, algorithm 0, two MPIs (n and e). */
export interface PublicKeyV1 {
  readonly n: bigint;
  readonly e: bigint;
}

/** Bits of a number. */
export const bitLength = (n: bigint): number => (n === 0n ? 0 : n.toString(2).length);

/**
 * Reads an MPI from the front of `bytes` (mpi_read_from_buffer).
 * @returns the number and how many bytes it took; EINVAL where there are fewer than its bit count says, or too many.
 */
export function readMpi(bytes: Uint8Array): Result<{ readonly value: bigint; readonly length: number }> {
  if (bytes.length < 2) return fail("EINVAL");
  const bits = (bytes[0]! << 8) | bytes[1]!;
  const length = Math.ceil(bits / 8);
  if (bits > MAX_MPI_BITS || length > bytes.length - 2) return fail("EINVAL");
  return ok({ value: length === 0 ? 0n : bytesToNumberBE(bytes.subarray(2, 2 + length)), length: 2 + length });
}

function writeMpi(n: bigint): Uint8Array {
  const bits = bitLength(n);
  return concatBytes(Uint8Array.of(bits >> 8, bits & 0xff), numberToVarBytesBE(n));
}

/** Reads the payload of a user key. @returns EINVAL for anything but an RSA key of version 1. */
export function decodePublicKeyV1(bytes: Uint8Array): Result<PublicKeyV1> {
  if (bytes.length < PUBLIC_HEADER || bytes[0] !== 1 || bytes[5] !== 0 || bytes[6] !== 2) return fail("EINVAL");
  const n = readMpi(bytes.subarray(PUBLIC_HEADER));
  if (!n.ok) return n;
  const e = readMpi(bytes.subarray(PUBLIC_HEADER + n.value.length));
  if (!e.ok) return e;
  return ok({ n: n.value.value, e: e.value.value });
}

export function encodePublicKeyV1(key: PublicKeyV1): Uint8Array {
  return concatBytes(Uint8Array.of(1, 0, 0, 0, 0, 0, 2), writeMpi(key.n), writeMpi(key.e));
}

/** The key identifier: bytes 12 to 19 of the SHA-1 of the user key's payload. */
export function keyIdV1(publicKey: Uint8Array): Uint8Array {
  return digest("sha1", publicKey).subarray(12);
}

/** What the user key is called: the identifier in upper-case hex without leading zeros. */
export function keyNameV1(keyId: Uint8Array): string {
  return bytesToHex(keyId)
    .replace(/^0+(?=.)/, "")
    .toUpperCase();
}

/** What a version 1 signature signs: the SHA-1 of a digest and the header. */
export function signedDigestV1(fileDigest: Uint8Array, header: Uint8Array): Uint8Array {
  return digest("sha1", fileDigest, header.subarray(0, HEADER_V1_LENGTH));
}

/** Signs a file's digest. @throws TypeError for other keys than RSA. */
export function signV1(key: PrivateKey, fileDigest: Uint8Array, hash: "sha1" | "sha256", timestamp = 0): SignatureV1 {
  if (key.algorithm !== "rsa") throw new TypeError("version 1 signatures are made with RSA keys");
  const unsigned: SignatureV1 = {
    version: 1,
    timestamp,
    algorithm: 0,
    hash: hash === "sha1" ? 0 : 1,
    keyId: keyIdV1(encodePublicKeyV1({ n: key.rsa.n, e: key.rsa.e })),
    mpiCount: 1,
    mpi: new Uint8Array(),
  };
  const signature = signBare(key, signedDigestV1(fileDigest, encodeSignature(unsigned)));
  const bits = 8 * signature.length;
  return { ...unsigned, mpi: concatBytes(Uint8Array.of(bits >> 8, bits & 0xff), signature) };
}
