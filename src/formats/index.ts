export {
  HASH_ALGORITHMS,
  type HashAlgorithm,
  type HashName,
  hashById,
  hashByName,
  type PrivateKey,
  parsePrivateKey,
} from "../crypto/index.ts";
export { type Compression, compressionOf } from "./archive/compression.ts";
export { decodeInitramfs, type Unpack } from "./archive/cpio.ts";
export type { ArchiveEntry } from "./archive/entry.ts";
export { decodeTar } from "./archive/tar.ts";
export {
  bitLength,
  decodePublicKeyV1,
  encodePublicKeyV1,
  keyIdV1,
  keyNameV1,
  type PublicKeyV1,
  readMpi,
  signedDigestV1,
  signV1,
} from "./digsig-v1.ts";
export { decodeFileId, type FileId, imaFileId, imaFileIdDigest } from "./file-id.ts";
export {
  type InspectedFault,
  type InspectedField,
  type Inspection,
  renderInspection,
} from "./inspect/findings.ts";
export { type InspectKind, type InspectOptions, inspect, recognise } from "./inspect/inspect.ts";
export { type KeyFile, keyFileText, type PemBlock, pemBlocks, recogniseKeyFile } from "./inspect/key-file.ts";
export {
  decodeXattr,
  encodeXattr,
  hashAlgorithmOfXattr,
  hashXattr,
  IMA_XATTR,
  IMA_XATTR_LAST,
  type IntegrityXattr,
  XATTR_NAME_EVM,
  XATTR_NAME_IMA,
} from "./integrity-xattr.ts";
export {
  appendSignature,
  decodeTrailer,
  hasSignatureMarker,
  MODULE_SIGNATURE_MARKER,
  type ModuleTrailer,
  type SignedFile,
  splitSignedFile,
  splitTrailer,
  TRAILER_LENGTH,
} from "./module-signature.ts";
export { type Pkcs7Message, type Pkcs7Reader, type Pkcs7Signer, parsePkcs7 } from "./pkcs7.ts";
export { keyIdV2, signV2, signV3 } from "./sign.ts";
export {
  decodeSignature,
  encodeSignature,
  HEADER_V1,
  HEADER_V1_LENGTH,
  HEADER_V2,
  HEADER_V2_LENGTH,
  type HeaderField,
  type SignatureV1,
  type SignatureV2,
} from "./signature-header.ts";
export {
  decodeVerityDescriptor,
  encodeVerityDescriptor,
  VERITY_DESCRIPTOR_LENGTH,
  VERITY_FIELDS,
  VERITY_HASHES,
  type VerityDescriptor,
  verityDigest,
} from "./verity-descriptor.ts";
export { type Certificate, parseCertificate } from "./x509/certificate.ts";
