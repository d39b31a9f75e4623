// Signatures appended to modules and other files (include/linux/module_signature.h, kernel/module_signature.c: mod_check_sig): contents,
// PKCS#7 message, a trailer of twelve bytes, and a marker.
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { type Denial, fail, ok, type Result } from "../errno/index.ts";

export const MODULE_SIGNATURE_MARKER = "~Module signature appended~\n";
const MARKER = /* @__PURE__ */ utf8ToBytes(MODULE_SIGNATURE_MARKER);
export const TRAILER_LENGTH = 12;
/** id_type of a PKCS#7 message; the older types carry their key's name in the file and are refused. */
const PKEY_ID_PKCS7 = 2;

/** struct module_signature. */
export interface ModuleTrailer {
  readonly algorithm: number;
  readonly hash: number;
  readonly idType: number;
  readonly signerLength: number;
  readonly keyIdLength: number;
  readonly padding: Uint8Array;
  readonly signatureLength: number;
}

/** A file with an appended signature, taken apart. */
export interface SignedFile {
  readonly content: Uint8Array;
  readonly pkcs7: Uint8Array;
}

/** The trailer in the last twelve bytes before `end`. */
export function decodeTrailer(bytes: Uint8Array, end: number = bytes.length): ModuleTrailer {
  const t = bytes.subarray(end - TRAILER_LENGTH, end);
  const [algorithm, hash, idType, signerLength, keyIdLength] = t as unknown as [number, number, number, number, number];
  const signatureLength = new DataView(t.buffer, t.byteOffset).getUint32(8);
  return { algorithm, hash, idType, signerLength, keyIdLength, padding: t.subarray(5, 8), signatureLength };
}

/** Whether a file ends in the marker. */
export function hasSignatureMarker(bytes: Uint8Array): boolean {
  const at = bytes.length - MARKER.length;
  return at >= 0 && MARKER.every((byte, i) => bytes[at + i] === byte);
}

/** `error` receives what the kernel prints, without the name of what is checked: `not signed with expected PKCS#7 message`. */
function checkTrailer(t: ModuleTrailer, before: number, error: (text: string) => void): Denial {
  if (t.signatureLength >= before) return "EBADMSG";
  if (t.idType !== PKEY_ID_PKCS7) {
    error("not signed with expected PKCS#7 message");
    return "ENOPKG";
  }
  if (t.algorithm || t.hash || t.signerLength || t.keyIdLength || t.padding.some((byte) => byte !== 0)) {
    error("PKCS#7 signature info has unexpected non-zero params");
    return "EBADMSG";
  }
  return null;
}

/**
 * Takes the marker, the trailer and the PKCS#7 message off a file.
 * @returns ENOENT where there is no marker or no room for more than it, EBADMSG for a length or field that cannot be, ENOPKG for
 * another kind of signature.
 */
export function splitSignedFile(bytes: Uint8Array, error: (text: string) => void): Result<SignedFile> {
  if (bytes.length <= MARKER.length + TRAILER_LENGTH || !hasSignatureMarker(bytes)) return fail("ENOENT");
  return splitTrailer(bytes.subarray(0, bytes.length - MARKER.length), error);
}

/** As splitSignedFile, for bytes whose marker is off already. */
export function splitTrailer(bytes: Uint8Array, error: (text: string) => void): Result<SignedFile> {
  const before = bytes.length - TRAILER_LENGTH;
  if (before <= 0) return fail("EBADMSG");
  const trailer = decodeTrailer(bytes);
  const refused = checkTrailer(trailer, before, error);
  if (refused !== null) return fail(refused);
  const start = before - trailer.signatureLength;
  return ok({ content: bytes.subarray(0, start), pkcs7: bytes.subarray(start, before) });
}

/** Appends a PKCS#7 message to contents, as scripts/sign-file does. */
export function appendSignature(content: Uint8Array, pkcs7: Uint8Array): Uint8Array {
  const trailer = new Uint8Array(TRAILER_LENGTH);
  trailer[2] = PKEY_ID_PKCS7;
  new DataView(trailer.buffer).setUint32(8, pkcs7.length);
  return concatBytes(content, pkcs7, trailer, MARKER);
}
