// Making signatures for security.ima and security.evm, as Debian's evmctl makes them: versions 2 and 3 with the key id that a
// certificate of the key has where its subject key identifier is the usual one.
import { digest, type HashName, hashByName, type PrivateKey, publicKeyOf, signDigest } from "../crypto/index.ts";
import { imaFileIdDigest } from "./file-id.ts";
import { IMA_XATTR, type IntegrityXattr } from "./integrity-xattr.ts";
import type { SignatureV2 } from "./signature-header.ts";

type SignatureType = Extract<IntegrityXattr, { readonly signature: unknown }>["type"];

/** The last four bytes of the SHA-1 of the public key (RFC 5280, 4.2.1.2, method 1), as a number. */
export function keyIdV2(key: PrivateKey): number {
  const skid = digest("sha1", publicKeyOf(key).bytes);
  return new DataView(skid.buffer, skid.byteOffset, skid.byteLength).getUint32(skid.length - 4);
}

/**
 * Signs the digest of a file, or of its metadata.
 * @throws RangeError for a hash that signatures of this kind of key cannot name, and for an RSA key too short for the digest.
 */
export function signV2(key: PrivateKey, hash: HashName, fileDigest: Uint8Array, keyId = keyIdV2(key)): SignatureV2 {
  return { version: 2, hash: hashByName(hash)!.id, keyId, signature: signDigest(key, hash, fileDigest) };
}

/** Signs struct ima_file_id: `type` is that of the xattr which the signature goes into. @throws RangeError as signV2. */
export function signV3(
  key: PrivateKey,
  hash: HashName,
  fileDigest: Uint8Array,
  type: SignatureType = IMA_XATTR.VERITY_DIGSIG,
  keyId = keyIdV2(key),
): SignatureV2 {
  return { ...signV2(key, hash, imaFileIdDigest(type, hash, fileDigest), keyId), version: 3 };
}
