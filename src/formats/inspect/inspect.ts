// What a value or file is made of, byte by byte, and what is wrong with a broken one.
import { bytesToHex } from "@noble/hashes/utils.js";
import { hashById } from "../../crypto/index.ts";
import type { Release } from "../../release/index.ts";
import { IMA_XATTR } from "../integrity-xattr.ts";
import { hasSignatureMarker } from "../module-signature.ts";
import { VERITY_DESCRIPTOR_LENGTH } from "../verity-descriptor.ts";
import { inspectCertificate, inspectPkcs7 } from "./der.ts";
import { inspectFileId, inspectSignedFile, inspectUserKey, inspectVerityDescriptor } from "./file.ts";
import { Findings, type Inspection } from "./findings.ts";
import { recogniseKeyFile } from "./key-file.ts";
import { inspectXattr } from "./xattr.ts";

/** What the bytes are taken for. */
export type InspectKind =
  | "security.ima"
  | "security.evm"
  | "signed-file"
  | "certificate"
  | "pkcs7"
  | "user-key"
  | "verity-descriptor"
  | "file-id";

export interface InspectOptions {
  /** Default: what they look like. */
  readonly kind?: InspectKind;
  /** Decides which algorithms are known. */
  readonly release: Release;
  /** Key identifiers of certificates at hand: a signature's key is looked for among them. */
  readonly keyIds?: readonly Uint8Array[];
}

/** SignedData, or anything else that begins with its object identifier. */
const SIGNED_DATA = "06092a864886f70d010702";

function isVerityDescriptor(bytes: Uint8Array): boolean {
  return (
    bytes.length >= VERITY_DESCRIPTOR_LENGTH &&
    bytes[0] === 1 &&
    (bytes[1] === 1 || bytes[1] === 2) &&
    bytes[3]! <= 32 &&
    bytes.subarray(112, 256).every((b) => b === 0)
  );
}

/** The type of a signature of fs-verity, a hash algorithm, and a digest as long as that makes it; a signature has its version there. */
function isFileId(bytes: Uint8Array): boolean {
  const [type, id] = bytes;
  return type === IMA_XATTR.VERITY_DIGSIG && id !== 3 && hashById(id ?? -1)?.size === bytes.length - 2;
}

/** What bytes of unknown origin look most like. */
export function recognise(bytes: Uint8Array): InspectKind {
  if (hasSignatureMarker(bytes)) return "signed-file";
  if (bytes[0] === 0x30 && (bytes[1]! & 0x80) !== 0)
    return bytesToHex(bytes.subarray(0, 24)).includes(SIGNED_DATA) ? "pkcs7" : "certificate";
  if (bytes.length > 0 && recogniseKeyFile(bytes) !== null) return "certificate";
  if (isVerityDescriptor(bytes)) return "verity-descriptor";
  if (bytes[0] === 1 && bytes.length > 21 && bytes[5] === 0 && bytes[6] === 2) return "user-key";
  if (isFileId(bytes)) return "file-id";
  return bytes[0] === IMA_XATTR.EVM_HMAC || bytes[0] === IMA_XATTR.EVM_PORTABLE_DIGSIG
    ? "security.evm"
    : "security.ima";
}

/** Takes bytes apart. Never fails: what cannot be read becomes a fault, and the bytes that are left a field of their own. */
export function inspect(bytes: Uint8Array, options: InspectOptions): Inspection {
  const kind = options.kind ?? recognise(bytes);
  const found = new Findings(bytes);
  switch (kind) {
    case "security.ima":
    case "security.evm":
      inspectXattr(found, kind, options.release, options.keyIds ?? []);
      break;
    case "signed-file":
      inspectSignedFile(found, options.release);
      break;
    case "certificate":
      inspectCertificate(found, options.release);
      break;
    case "pkcs7":
      inspectPkcs7(found, options.release);
      break;
    case "user-key":
      inspectUserKey(found);
      break;
    case "verity-descriptor":
      inspectVerityDescriptor(found);
      break;
    case "file-id":
      inspectFileId(found, options.release);
      break;
  }
  return found.inspection(kind);
}
