// The values of security.ima and security.evm (security/integrity/integrity.h: enum evm_ima_xattr_type) and the hash algorithm that
// a security.ima stands for (security/integrity/ima/ima_appraise.c: ima_get_hash_algo).
import { concatBytes } from "@noble/hashes/utils.js";
import { type HashAlgorithm, type HashName, hashById, hashByName } from "../crypto/index.ts";
import { InputError } from "../errno/index.ts";
import type { Release } from "../release/index.ts";
import { decodeSignature, encodeSignature, type SignatureV1, type SignatureV2 } from "./signature-header.ts";

export const XATTR_NAME_IMA = "security.ima";
export const XATTR_NAME_EVM = "security.evm";

/** The first byte of a value. */
export const IMA_XATTR = {
  DIGEST: 0x01,
  EVM_HMAC: 0x02,
  DIGSIG: 0x03,
  DIGEST_NG: 0x04,
  EVM_PORTABLE_DIGSIG: 0x05,
  VERITY_DIGSIG: 0x06,
} as const;
/** Values from here on are refused by setxattr. */
export const IMA_XATTR_LAST = 0x07;

export type IntegrityXattr =
  /** Without an algorithm: SHA-1, or MD5 in 16 bytes or in 20 of which the last four are zero. */
  | { readonly type: typeof IMA_XATTR.DIGEST; readonly digest: Uint8Array }
  | { readonly type: typeof IMA_XATTR.EVM_HMAC; readonly hmac: Uint8Array }
  | { readonly type: typeof IMA_XATTR.DIGEST_NG; readonly algorithm: number; readonly digest: Uint8Array }
  | {
      readonly type: typeof IMA_XATTR.DIGSIG | typeof IMA_XATTR.EVM_PORTABLE_DIGSIG | typeof IMA_XATTR.VERITY_DIGSIG;
      readonly signature: SignatureV1 | SignatureV2;
    };

/** Lengths of a digest without algorithm: MD5, or SHA-1 and padded MD5. */
const PLAIN_LENGTHS: ReadonlySet<number> = new Set([16, 20]);
const HMAC_LENGTH = 20;

/** An error of a part, with its place counted in the whole. */
function shifted<T>(by: number, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const where = error.where.replace(/\d+$/, (n) => String(Number(n) + by));
    throw new InputError(error.code, where, error.message.replace(`${error.where}: `, ""));
  }
}

/**
 * Decodes a value of security.ima or security.evm.
 * @throws InputError `truncated`, `unknown-type`, `unknown-hash`, `bad-length`, `bad-version`; `where` names the byte.
 */
export function decodeXattr(bytes: Uint8Array): IntegrityXattr {
  const type = bytes[0];
  const rest = bytes.subarray(1);
  switch (type) {
    case undefined:
      throw new InputError("truncated", "byte 0", "the value is empty");
    case IMA_XATTR.DIGEST:
      if (!PLAIN_LENGTHS.has(rest.length))
        throw new InputError(
          "bad-length",
          "byte 1",
          `a digest without algorithm has 16 or 20 bytes, not ${rest.length}`,
        );
      return { type, digest: rest };
    case IMA_XATTR.EVM_HMAC:
      if (rest.length !== HMAC_LENGTH)
        throw new InputError("bad-length", "byte 1", `an HMAC has ${HMAC_LENGTH} bytes, not ${rest.length}`);
      return { type, hmac: rest };
    case IMA_XATTR.DIGEST_NG: {
      if (rest[0] === undefined) throw new InputError("truncated", "byte 1", "no hash algorithm");
      const row = hashById(rest[0]);
      if (row === undefined) throw new InputError("unknown-hash", "byte 1", `hash algorithm ${rest[0]} is unknown`);
      if (rest.length - 1 !== row.size)
        throw new InputError("bad-length", "byte 2", `${row.name} has ${row.size} bytes, not ${rest.length - 1}`);
      return { type, algorithm: row.id, digest: rest.subarray(1) };
    }
    case IMA_XATTR.DIGSIG:
    case IMA_XATTR.EVM_PORTABLE_DIGSIG:
    case IMA_XATTR.VERITY_DIGSIG:
      return { type, signature: shifted(1, () => decodeSignature(rest)) };
    default:
      throw new InputError(
        "unknown-type",
        "byte 0",
        `0x${type.toString(16).padStart(2, "0")} is no type of security.ima or security.evm`,
      );
  }
}

export function encodeXattr(xattr: IntegrityXattr): Uint8Array {
  const head = Uint8Array.of(xattr.type);
  switch (xattr.type) {
    case IMA_XATTR.DIGEST:
      return concatBytes(head, xattr.digest);
    case IMA_XATTR.EVM_HMAC:
      return concatBytes(head, xattr.hmac);
    case IMA_XATTR.DIGEST_NG:
      return concatBytes(head, Uint8Array.of(xattr.algorithm), xattr.digest);
    default:
      return concatBytes(head, encodeSignature(xattr.signature));
  }
}

/** The value that the kernel writes for a digest (ima_fix_xattr): type 0x01 for MD4, MD5 and SHA-1, else 0x04. */
export function hashXattr(algorithm: HashAlgorithm, fileDigest: Uint8Array): Uint8Array {
  const old = algorithm.id <= hashByName("sha1")!.id;
  return encodeXattr(
    old
      ? { type: IMA_XATTR.DIGEST, digest: fileDigest }
      : { type: IMA_XATTR.DIGEST_NG, algorithm: algorithm.id, digest: fileDigest },
  );
}

/** Header of a signature with its xattr type, which must be shorter than the value. */
const SIGNATURE_HEADER = 9;

/** Whether a signature of this type and version names the hash of the file. */
function namesHash(type: number | undefined, version: number | undefined, release: Release): boolean {
  if (type === IMA_XATTR.VERITY_DIGSIG) return version === 3 && release.has("fs-verity-signatures");
  return version === 2 || (version === 3 && release.has("sigv3-hash-from-header"));
}

/**
 * The hash algorithm with which a file is hashed that has this security.ima: the one it names, or `imaHash` where it names none.
 * Nothing else about the value is looked at.
 */
export function hashAlgorithmOfXattr(xattr: Uint8Array | null, imaHash: HashName, release: Release): HashName {
  if (xattr === null || xattr.length < 2) return imaHash;
  const [type, second, third] = xattr;
  const named = (id: number | undefined): HashName => hashById(id ?? -1, release)?.name ?? imaHash;
  switch (type) {
    case IMA_XATTR.VERITY_DIGSIG:
    case IMA_XATTR.DIGSIG:
      return xattr.length > SIGNATURE_HEADER && namesHash(type, second, release) ? named(third) : imaHash;
    case IMA_XATTR.DIGEST_NG:
      return named(second);
    case IMA_XATTR.DIGEST:
      if (xattr.length === 17) return "md5";
      if (xattr.length === 21) return xattr.subarray(17).every((byte) => byte === 0) ? "md5" : "sha1";
      return imaHash;
    default:
      return imaHash;
  }
}
