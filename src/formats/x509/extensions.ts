// The extensions of a certificate that the kernel looks at (crypto/asymmetric_keys/x509_cert_parser.c: x509_process_extension,
// x509_akid_note_kid, x509_akid_note_name, x509_akid_note_serial). All others are ignored, critical or not.
import { concatBytes } from "@noble/hashes/utils.js";
import { any, choice, context, decodeAsn1, group, leaf, listOf, optional, TAG } from "../../crypto/asn1.ts";
import type { Denial } from "../../errno/index.ts";
import type { Release } from "../../release/index.ts";
import type { OidName } from "../oid.ts";

/** What the extensions say. */
export interface Extensions {
  skid?: Uint8Array;
  /** The authorityKeyIdentifier extension, undecoded. */
  akid?: Uint8Array;
  digitalSignature: boolean;
  keyCertSign: boolean;
  ca: boolean;
}

const DIGITAL_SIGNATURE = 0x80;
const KEY_CERT_SIGN = 0x04;

/** `SubjectKeyIdentifier ::= OCTET STRING`, once, with a length of one byte. */
function subjectKeyIdentifier(found: Extensions, v: Uint8Array): Denial {
  if (found.skid !== undefined || v.length < 3 || v[0] !== TAG.OCTET_STRING || v[1] !== v.length - 2) return "EBADMSG";
  found.skid = v.subarray(2);
  return null;
}

function keyUsage(found: Extensions, v: Uint8Array): Denial {
  if (v.length < 4 || v[0] !== TAG.BIT_STRING || v[2]! >= 8) return "EBADMSG";
  if (v[3]! & DIGITAL_SIGNATURE) found.digitalSignature = true;
  const certSign = (v[3]! & KEY_CERT_SIGN) !== 0;
  if (certSign && ((v[1] === 2 && v[2]! <= 2) || (v.length > 4 && v[1] === 3))) found.keyCertSign = true;
  return null;
}

function basicConstraints(found: Extensions, v: Uint8Array, release: Release): Denial {
  if (v.length < 2 || v[0] !== TAG.SEQUENCE || v[1] !== v.length - 2) return "EBADMSG";
  const boolean = v[2] === TAG.BOOLEAN && v[3] === 1;
  if (!release.has("basic-constraints-strict")) {
    // Any BOOLEAN that stands first counted as true.
    if (v.length >= 4 && boolean) found.ca = true;
    return null;
  }
  if (v[1] === 0) return null;
  if (!(v.length >= 5 && boolean && v[4] === 0xff)) return "EBADMSG";
  found.ca = true;
  return null;
}

/** Looks at one extension: `name` its identifier, `value` the contents of extnValue. */
export function processExtension(found: Extensions, name: OidName | null, value: Uint8Array, release: Release): Denial {
  if (name === "subjectKeyIdentifier") return subjectKeyIdentifier(found, value);
  if (name === "authorityKeyIdentifier") {
    found.akid = value;
    return null;
  }
  if (!release.has("x509-usage-parsing")) return null;
  if (name === "keyUsage") return keyUsage(found, value);
  if (name === "basicConstraints") return basicConstraints(found, value, release);
  return null;
}

/** Who signed: [serial and issuer, key identifier], each null where not named. */
export interface Authority {
  id: Uint8Array | null;
  keyId: Uint8Array | null;
}

interface AkidContext extends Authority {
  issuer: Uint8Array | null;
}

const name = listOf<AkidContext>(
  TAG.SEQUENCE,
  listOf(TAG.SET, group(TAG.SEQUENCE, [leaf(TAG.OID), any()])),
  (found, { value }) => {
    found.issuer = value;
    return null;
  },
);
const generalName = choice<AkidContext>([
  group(context(0, true), [leaf(TAG.OID), group(context(0, true), [any()])]),
  leaf(context(1, false)),
  leaf(context(2, false)),
  group(context(3, true), [any()]),
  group(context(4, true), [name]),
  group(context(5, true), [optional(group(context(0, true), [any()])), group(context(1, true), [any()])]),
  leaf(context(6, false)),
  leaf(context(7, false)),
  leaf(context(8, false)),
]);
/** AuthorityKeyIdentifier (RFC 5280, 4.2.1.1). */
const authorityKeyIdentifier = group<AkidContext>(TAG.SEQUENCE, [
  optional(
    leaf(context(0, false), (found, { value }) => {
      found.keyId ??= value;
      return null;
    }),
  ),
  optional(listOf(context(1, true), generalName)),
  optional(
    leaf(context(2, false), (found, { value }) => {
      if (found.issuer !== null) found.id ??= concatBytes(value, found.issuer);
      return null;
    }),
  ),
]);

/** Decodes an authorityKeyIdentifier extension into `found`. */
export function decodeAuthority(bytes: Uint8Array, found: Authority): Denial {
  const state: AkidContext = { id: null, keyId: null, issuer: null };
  const refused = decodeAsn1(authorityKeyIdentifier, state, bytes);
  found.id = state.id;
  found.keyId = state.keyId;
  return refused;
}
