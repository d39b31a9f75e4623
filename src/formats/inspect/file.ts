// Inspection of files with appended signatures, of user keys of version 1, and of fs-verity descriptors.
import { bytesToHex } from "@noble/hashes/utils.js";
import { canDigest, hashById } from "../../crypto/index.ts";
import { InputError } from "../../errno/index.ts";
import type { Release } from "../../release/index.ts";
import { decodePublicKeyV1, keyIdV1, keyNameV1, readMpi } from "../digsig-v1.ts";
import { decodeFileId, imaFileIdDigest } from "../file-id.ts";
import { IMA_XATTR } from "../integrity-xattr.ts";
import {
  decodeTrailer,
  hasSignatureMarker,
  MODULE_SIGNATURE_MARKER,
  splitSignedFile,
  TRAILER_LENGTH,
} from "../module-signature.ts";
import { decodeVerityDescriptor, VERITY_FIELDS, VERITY_HASHES, verityDigest } from "../verity-descriptor.ts";
import { inspectPkcs7 } from "./der.ts";
import type { Findings } from "./findings.ts";

export function inspectSignedFile(found: Findings, release: Release): void {
  const { bytes } = found;
  if (!hasSignatureMarker(bytes)) {
    found.field(0, bytes.length, "content");
    found.fault("no-marker", bytes.length, "the file does not end in the marker of an appended signature");
    return;
  }
  const markerAt = bytes.length - MODULE_SIGNATURE_MARKER.length;
  const trailerAt = markerAt - TRAILER_LENGTH;
  const split = splitSignedFile(bytes, (text) => found.fault("bad-trailer", Math.max(0, trailerAt), text));
  if (trailerAt < 0) {
    found.fault("truncated", 0, "no room for the trailer before the marker");
    return;
  }
  const trailer = decodeTrailer(bytes, markerAt);
  if (split.ok) {
    const { content, pkcs7 } = split.value;
    found.field(0, content.length, "content", `${content.length} bytes`);
    inspectPkcs7(found, release, content.length, pkcs7.length);
  } else {
    found.field(0, trailerAt, "content and signature", `${trailerAt} bytes`);
    if (trailer.signatureLength >= trailerAt) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      const little = view.getUint32(trailerAt + 8, true) < trailerAt;
      const hint = little ? "; read as little-endian it would fit, but it must be big-endian" : "";
      found.fault(
        little ? "little-endian-length" : "bad-length",
        trailerAt + 8,
        `a signature of ${trailer.signatureLength} bytes is longer than the file${hint}`,
      );
    }
  }
  found.field(trailerAt, 1, "algorithm", String(trailer.algorithm));
  found.field(trailerAt + 1, 1, "hash", String(trailer.hash));
  found.field(trailerAt + 2, 1, "id type", trailer.idType === 2 ? "PKCS#7" : `${trailer.idType}, not PKCS#7`);
  found.field(trailerAt + 3, 1, "signer length", String(trailer.signerLength));
  found.field(trailerAt + 4, 1, "key id length", String(trailer.keyIdLength));
  found.field(trailerAt + 5, 3, "padding");
  found.field(trailerAt + 8, 4, "signature length", String(trailer.signatureLength));
  found.field(markerAt, MODULE_SIGNATURE_MARKER.length, "marker", "~Module signature appended~");
}

export function inspectUserKey(found: Findings): void {
  const { bytes } = found;
  found.field(0, 1, "version", String(bytes[0] ?? ""));
  found.field(1, 4, "timestamp");
  found.field(5, 1, "algorithm", bytes[5] === 0 ? "RSA" : "unknown");
  found.field(6, 1, "number count", String(bytes[6] ?? ""));
  const n = readMpi(bytes.subarray(7));
  if (n.ok) {
    found.field(7, n.value.length, "n", `${(bytes[7]! << 8) | bytes[8]!} bits`);
    found.field(7 + n.value.length, bytes.length, "e");
  } else found.field(7, bytes.length, "numbers");
  if (decodePublicKeyV1(bytes).ok) found.field(0, bytes.length, "key id", keyNameV1(keyIdV1(bytes)));
  else found.fault("bad-key", 0, "not the payload of a user key for version 1 signatures: version 1, RSA, two numbers");
}

export function inspectVerityDescriptor(found: Findings): void {
  const { bytes } = found;
  const hash = VERITY_HASHES[bytes[1] ?? 0];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values: Readonly<Record<string, string | undefined>> = {
    hashAlgorithm: hash ?? "unknown",
    logBlockSize: `blocks of ${2 ** (bytes[2] ?? 0)} bytes`,
    signatureLength: bytes.length >= 8 ? String(view.getUint32(4, true)) : undefined,
    dataSize: bytes.length >= 16 ? String(view.getBigUint64(8, true)) : undefined,
  };
  for (const { name, at, length } of VERITY_FIELDS) found.field(at, length, name, values[name]);
  try {
    const descriptor = decodeVerityDescriptor(bytes);
    found.field(0, bytes.length, "digest", `${hash}:${bytesToHex(verityDigest(descriptor))}`);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    found.fault(error.code, Number(/\d+/.exec(error.where)?.[0] ?? 0), error.message.replace(/^byte \d+: /, ""));
  }
}

export function inspectFileId(found: Findings, release: Release): void {
  const [type, id] = found.bytes;
  const row = hashById(id ?? -1, release);
  const signed = type === IMA_XATTR.VERITY_DIGSIG || type === IMA_XATTR.DIGSIG;
  const kind = type === IMA_XATTR.VERITY_DIGSIG ? "signature of an fs-verity digest" : "signature";
  found.field(0, 1, "xattr type", signed ? kind : "unknown");
  if (type !== undefined && !signed)
    found.fault("unknown-type", 0, "signatures of version 3 stand in xattrs of type 0x06, and 0x03 since Linux 7.1");
  found.field(1, 1, "hash algorithm", row?.name ?? "unknown");
  found.field(2, found.bytes.length - 2, "digest");
  try {
    const { xattrType, algorithm, digest } = decodeFileId(found.bytes);
    if (row === undefined) found.fault("unknown-hash", 1, `${algorithm} is unknown to Linux ${release.text}`);
    else if (canDigest(algorithm))
      found.field(0, found.bytes.length, "signed", bytesToHex(imaFileIdDigest(xattrType, algorithm, digest)));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    found.fault(error.code, Number(/\d+/.exec(error.where)?.[0] ?? 0), error.message.replace(/^byte \d+: /, ""));
  }
}
