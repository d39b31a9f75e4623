// The fs-verity descriptor (fs/verity/fsverity_private.h: struct fsverity_descriptor; Documentation/filesystems/fsverity.rst): its digest
// is the digest of a file with fs-verity. Numbers are little-endian.
import { digest, type HashName } from "../crypto/index.ts";
import { InputError } from "../errno/index.ts";

export const VERITY_DESCRIPTOR_LENGTH = 256;
const MAX_ROOT = 64;
const MAX_SALT = 32;
/** FS_VERITY_HASH_ALG_*. */
export const VERITY_HASHES: Readonly<Record<number, HashName>> = { 1: "sha256", 2: "sha512" };

export interface VerityDescriptor {
  readonly version: number;
  /** FS_VERITY_HASH_ALG_*: 1 is SHA-256, 2 SHA-512. */
  readonly hashAlgorithm: number;
  readonly logBlockSize: number;
  readonly salt: Uint8Array;
  /** Length of the built-in signature after the descriptor; zero while the descriptor is digested. */
  readonly signatureLength: number;
  /** Bytes of the file. */
  readonly dataSize: number;
  /** The root of the Merkle tree, without padding. */
  readonly rootHash: Uint8Array;
}

/** A field: name, first byte and length. */
export const VERITY_FIELDS = [
  { name: "version", at: 0, length: 1 },
  { name: "hashAlgorithm", at: 1, length: 1 },
  { name: "logBlockSize", at: 2, length: 1 },
  { name: "saltLength", at: 3, length: 1 },
  { name: "signatureLength", at: 4, length: 4 },
  { name: "dataSize", at: 8, length: 8 },
  { name: "rootHash", at: 16, length: MAX_ROOT },
  { name: "salt", at: 80, length: MAX_SALT },
  { name: "reserved", at: 112, length: 144 },
] as const;

/** The 256 bytes. @throws RangeError for a salt or root that does not fit. */
export function encodeVerityDescriptor(d: VerityDescriptor): Uint8Array {
  if (d.salt.length > MAX_SALT) throw new RangeError(`a salt has at most ${MAX_SALT} bytes`);
  if (d.rootHash.length > MAX_ROOT) throw new RangeError(`a root hash has at most ${MAX_ROOT} bytes`);
  const bytes = new Uint8Array(VERITY_DESCRIPTOR_LENGTH);
  bytes.set([d.version, d.hashAlgorithm, d.logBlockSize, d.salt.length]);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, d.signatureLength, true);
  view.setBigUint64(8, BigInt(d.dataSize), true);
  bytes.set(d.rootHash, 16);
  bytes.set(d.salt, 80);
  return bytes;
}

/** @throws InputError `truncated`, `bad-version`, `unknown-hash`, `bad-length`, `not-zero`. */
export function decodeVerityDescriptor(bytes: Uint8Array): VerityDescriptor {
  if (bytes.length < VERITY_DESCRIPTOR_LENGTH)
    throw new InputError(
      "truncated",
      `byte ${bytes.length}`,
      `an fs-verity descriptor has ${VERITY_DESCRIPTOR_LENGTH} bytes`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [version, hashAlgorithm, logBlockSize, saltLength] = bytes as unknown as [number, number, number, number];
  if (version !== 1) throw new InputError("bad-version", "byte 0", `descriptor version ${version} is not 1`);
  const hash = VERITY_HASHES[hashAlgorithm];
  if (hash === undefined)
    throw new InputError("unknown-hash", "byte 1", `hash algorithm ${hashAlgorithm} is neither 1 nor 2`);
  if (saltLength > MAX_SALT)
    throw new InputError("bad-length", "byte 3", `a salt of ${saltLength} bytes is longer than ${MAX_SALT}`);
  const dataSize = view.getBigUint64(8, true);
  if (dataSize > BigInt(Number.MAX_SAFE_INTEGER))
    throw new InputError("bad-length", "byte 8", `no file has ${dataSize} bytes`);
  const used = hash === "sha256" ? 32 : 64;
  const padding = [...bytes.subarray(16 + used, 80), ...bytes.subarray(80 + saltLength, VERITY_DESCRIPTOR_LENGTH)];
  if (padding.some((byte) => byte !== 0))
    throw new InputError("not-zero", "byte 112", "reserved bytes and padding must be zero");
  return {
    version,
    hashAlgorithm,
    logBlockSize,
    salt: bytes.slice(80, 80 + saltLength),
    signatureLength: view.getUint32(4, true),
    dataSize: Number(dataSize),
    rootHash: bytes.slice(16, 16 + used),
  };
}

/** The fs-verity digest: the descriptor without its signature length, hashed with its own algorithm. */
export function verityDigest(d: VerityDescriptor): Uint8Array {
  const hash = VERITY_HASHES[d.hashAlgorithm];
  if (hash === undefined) throw new RangeError(`hash algorithm ${d.hashAlgorithm} is neither 1 nor 2`);
  return digest(hash, encodeVerityDescriptor({ ...d, signatureLength: 0 }));
}
