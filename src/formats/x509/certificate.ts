// X.509 certificates as the kernel reads them (crypto/asymmetric_keys/x509.asn1, x509_cert_parser.c: x509_cert_parse). The kernel's
// own decoder decides what is a certificate: it takes and refuses other things than a general ASN.1 library does.
import { concatBytes } from "@noble/hashes/utils.js";
import {
  type Action,
  any,
  choice,
  context,
  decodeAsn1,
  group,
  leaf,
  listOf,
  optional,
  TAG,
} from "../../crypto/asn1.ts";
import { PublicKey, type Signature } from "../../crypto/index.ts";
import { type Denial, fail, ok, type Result } from "../../errno/index.ts";
import type { Release } from "../../release/index.ts";
import { keyAlgorithm, type OidName, oidHex, oidName, signatureAlgorithm } from "../oid.ts";
import { type Authority, decodeAuthority, type Extensions, processExtension } from "./extensions.ts";
import { type NameParts, nameText } from "./name.ts";
import { decodeTime } from "./time.ts";

/** A parsed certificate, before anything is verified. */
export interface Certificate {
  /** What is signed: the TBSCertificate with its header. */
  readonly tbs: Uint8Array;
  /** The name made of the subject: `O: CN`, `CN`, …; the raw bytes. */
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly rawSubject: Uint8Array;
  readonly rawIssuer: Uint8Array;
  readonly serial: Uint8Array;
  readonly skid: Uint8Array | null;
  /** Serial number and raw issuer: identifier 0. */
  readonly id: Uint8Array;
  /** Which key signed it: [serial and issuer, key identifier, issuer name]. */
  readonly authority: readonly [Uint8Array | null, Uint8Array | null, Uint8Array];
  readonly publicKey: PublicKey;
  readonly signature: Omit<Signature, "digest">;
  /** Seconds since 1970. Nothing checks them but the signing time of a PKCS#7 message. */
  readonly validFrom: number;
  readonly validTo: number;
  readonly digitalSignature: boolean;
  readonly keyCertSign: boolean;
  readonly ca: boolean;
}

type Draft = { -readonly [K in keyof Certificate]?: Certificate[K] };

interface Context {
  readonly release: Release;
  readonly cert: Draft;
  readonly extensions: Extensions;
  name: NameParts;
  /** The last object identifier met, as hex. */
  oid: string;
  signatureOid: string;
  /** Header and contents of the parameters of the last key algorithm. */
  parameters: Uint8Array | null;
}

const noteOid: Action<Context> = (c, { value }) => {
  c.oid = oidHex(value);
  return null;
};

const noteSignatureAlgorithm: Action<Context> = (c) => {
  const row = signatureAlgorithm(c.oid, c.release);
  if (row === null) return "ENOPKG";
  c.signatureOid = c.oid;
  c.cert.signature = { algorithm: row.key, hash: row.hash, bytes: new Uint8Array() };
  return null;
};

/** The contents of a BIT STRING of whole bytes. */
const bits = (value: Uint8Array): Uint8Array | null => (value[0] === 0 ? value.subarray(1) : null);

const noteSignature: Action<Context> = (c, { value }) => {
  if (c.oid !== c.signatureOid) return "EINVAL";
  const bytes = bits(value);
  if (bytes === null) return "EBADMSG";
  c.cert.signature = { ...c.cert.signature!, bytes };
  return null;
};

const noteParameters: Action<Context> = (c, { whole }) => {
  if (c.cert.rawSubject !== undefined && c.cert.publicKey === undefined) c.parameters = whole;
  return null;
};

/** The curve that key parameters name; undefined where they name nothing. */
function curveOf(parameters: Uint8Array | null): OidName | null | undefined {
  if (parameters === null || parameters.length < 3) return undefined;
  if (parameters[0] !== TAG.OID || parameters[1] !== parameters.length - 2) return undefined;
  return oidName(oidHex(parameters.subarray(2)));
}

const noteKey: Action<Context> = (c, { value }) => {
  const name = oidName(c.oid);
  const curve = name === "ecPublicKey" ? curveOf(c.parameters) : null;
  if (curve === undefined) return "EBADMSG";
  const algorithm = keyAlgorithm(name, curve, c.release);
  if (algorithm === null) return "ENOPKG";
  const bytes = bits(value);
  if (bytes === null) return "EBADMSG";
  const hash = name === "gost2012PKey512" ? "streebog512" : "streebog256";
  const scheme = algorithm === "ecrdsa" ? ({ hash, parameters: c.parameters ?? new Uint8Array() } as const) : null;
  c.cert.publicKey = new PublicKey(algorithm, bytes, false, scheme);
  return null;
};

const noteTime =
  (which: "validFrom" | "validTo"): Action<Context> =>
  (c, { tag, value }) => {
    const time = decodeTime(tag, value);
    if (time === null) return "EBADMSG";
    c.cert[which] = time;
    return null;
  };

const noteNameSegment: Action<Context> = (c, { value }) => {
  const name = oidName(c.oid);
  if (name === "commonName" || name === "organizationName" || name === "emailAddress") c.name[name] = value;
  return null;
};

const noteName =
  (raw: "rawIssuer" | "rawSubject", text: "issuer" | "subject"): Action<Context> =>
  (c, { value }) => {
    c.cert[raw] = value;
    c.cert[text] = nameText(c.name);
    c.name = {};
    return null;
  };

const algorithmIdentifier = (action?: Action<Context>) =>
  group<Context>(TAG.SEQUENCE, [leaf(TAG.OID, noteOid), optional(any(noteParameters))], action);
const distinguishedName = (action: Action<Context>) =>
  listOf<Context>(
    TAG.SEQUENCE,
    listOf(TAG.SET, group(TAG.SEQUENCE, [leaf(TAG.OID, noteOid), any(noteNameSegment)])),
    action,
  );
const time = (action: Action<Context>) => choice<Context>([leaf(TAG.UTC_TIME), leaf(TAG.GENERALIZED_TIME)], action);

const extension = group<Context>(TAG.SEQUENCE, [
  leaf(TAG.OID, noteOid),
  optional(leaf(TAG.BOOLEAN)),
  leaf(TAG.OCTET_STRING, (c, { value }) => processExtension(c.extensions, oidName(c.oid), value, c.release)),
]);

/** TBSCertificate (RFC 5280, 4.1). */
const tbsCertificate = group<Context>(
  TAG.SEQUENCE,
  [
    optional(group(context(0, true), [leaf(TAG.INTEGER)])),
    leaf(TAG.INTEGER, (c, { value }) => {
      c.cert.serial = value;
      return null;
    }),
    algorithmIdentifier(noteSignatureAlgorithm),
    distinguishedName(noteName("rawIssuer", "issuer")),
    group(TAG.SEQUENCE, [time(noteTime("validFrom")), time(noteTime("validTo"))]),
    distinguishedName(noteName("rawSubject", "subject")),
    group(TAG.SEQUENCE, [algorithmIdentifier(), leaf(TAG.BIT_STRING, noteKey)]),
    optional(leaf(context(1, false))),
    optional(leaf(context(2, false))),
    optional(group(context(3, true), [listOf(TAG.SEQUENCE, extension)])),
  ],
  (c, { whole }) => {
    c.cert.tbs = whole;
    return null;
  },
);

const certificate = group<Context>(TAG.SEQUENCE, [
  tbsCertificate,
  algorithmIdentifier(),
  leaf(TAG.BIT_STRING, noteSignature),
]);

/**
 * Parses a DER certificate; bytes after it are ignored.
 * @returns EBADMSG where it is none, EINVAL where its two signature algorithms differ, ENOPKG for algorithms that the release
 * does not know.
 */
export function parseCertificate(bytes: Uint8Array, release: Release): Result<Certificate> {
  const c: Context = {
    release,
    cert: {},
    extensions: { digitalSignature: false, keyCertSign: false, ca: false },
    name: {},
    oid: "",
    signatureOid: "",
    parameters: null,
  };
  const authority: Authority = { id: null, keyId: null };
  let refused: Denial = decodeAsn1(certificate, c, bytes);
  const { akid, skid, digitalSignature, keyCertSign, ca } = c.extensions;
  if (refused === null && akid !== undefined) refused = decodeAuthority(akid, authority);
  if (refused !== null) return fail(refused);
  const parsed = c.cert as Required<Draft>;
  return ok({
    ...parsed,
    skid: skid ?? null,
    id: concatBytes(parsed.serial, parsed.rawIssuer),
    authority: [authority.id, authority.keyId, parsed.rawIssuer],
    digitalSignature,
    keyCertSign,
    ca,
  });
}
