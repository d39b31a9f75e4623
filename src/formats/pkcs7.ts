// PKCS#7 signed messages as the kernel reads them (crypto/asymmetric_keys/pkcs7.asn1, pkcs7_parser.c: pkcs7_parse_message).
// Certificates inside are loaded while the message is read, so their faults are its faults.
import { concatBytes } from "@noble/hashes/utils.js";
import { type Action, any, choice, context, decodeAsn1, group, leaf, listOf, optional, TAG } from "../crypto/asn1.ts";
import type { HashName } from "../crypto/index.ts";
import { type Denial, fail, ok, type Result } from "../errno/index.ts";
import type { Release } from "../release/index.ts";
import { digestAlgorithm, type OidName, oidHex, oidName, signerAlgorithm } from "./oid.ts";
import { decodeTime } from "./x509/time.ts";

/** One signature of a message: SignerInfo. */
export interface Pkcs7Signer {
  readonly hash: HashName;
  readonly algorithm: "rsa" | "ecdsa" | "ecrdsa" | "sm2";
  readonly bytes: Uint8Array;
  /** Serial number and issuer of the signer's certificate, or its key identifier in version 3. */
  readonly id: Uint8Array;
  /** The signed attributes as they are digested, but for the first byte, a SET tag; null without any. */
  readonly attributes: Uint8Array | null;
  readonly messageDigest: Uint8Array | null;
  /** Seconds since 1970. */
  readonly signingTime: number | null;
}

/** SignedData. `C` is what became of the certificates in it. */
export interface Pkcs7Message<C> {
  readonly dataType: "data" | "msIndirectData";
  /** The content, where it is in the message. */
  readonly content: Uint8Array | null;
  readonly certificates: readonly C[];
  readonly signers: readonly Pkcs7Signer[];
  readonly hasAttributes: boolean;
}

/** What parsing needs of its surroundings. */
export interface Pkcs7Reader<C> {
  readonly release: Release;
  readonly certificate: (der: Uint8Array) => Result<C>;
  /** pr_warn; the text is without the prefix `PKCS7: `. */
  readonly warn: (text: string) => void;
}

type SignerDraft = { -readonly [K in keyof Pkcs7Signer]?: Pkcs7Signer[K] } & { readonly seen: Set<OidName> };

interface Context {
  readonly release: Release;
  readonly warn: (text: string) => void;
  /** Loads a certificate and keeps it; null, or why not. */
  readonly load: (der: Uint8Array) => Denial;
  /** The certificates so far belong to the message. */
  readonly keep: () => void;
  oid: string;
  version: number;
  dataType: "data" | "msIndirectData" | null;
  content: Uint8Array | null;
  signer: SignerDraft;
  readonly signers: Pkcs7Signer[];
  bySkid: boolean;
  serial: Uint8Array;
  issuer: Uint8Array;
  skid: Uint8Array;
}

const newSigner = (): SignerDraft => ({
  seen: new Set(),
  attributes: null,
  messageDigest: null,
  signingTime: null,
});

function refuse(c: Context, errno: Exclude<Denial, null>, warning: string): Denial {
  c.warn(warning);
  return errno;
}

const noteOid: Action<Context> = (c, { value }) => {
  c.oid = oidHex(value);
  return null;
};

const noteContentType: Action<Context> = (c, element) => {
  noteOid(c, element);
  return oidName(c.oid) === "signedData" ? null : refuse(c, "EINVAL", "Only support pkcs7_signedData type");
};

const noteVersion: Action<Context> = (c, { value }) => {
  if (value.length === 1) c.version = value[0]!;
  return value.length === 1 && (c.version === 1 || c.version === 3)
    ? null
    : refuse(c, "EINVAL", "Unsupported SignedData version");
};

const noteSignerVersion: Action<Context> = (c, { value }) => {
  const version = value.length === 1 ? value[0] : undefined;
  if (version !== 1 && version !== 3) return refuse(c, "EINVAL", "Unsupported SignerInfo version");
  if ((version === 1) !== (c.version === 1)) return refuse(c, "EBADMSG", "SignedData-SignerInfo version mismatch");
  c.bySkid = version === 3;
  return null;
};

const noteContent: Action<Context> = (c) => {
  const name = oidName(c.oid);
  if (name !== "data" && name !== "msIndirectData") return refuse(c, "EINVAL", "Unsupported data type");
  c.dataType = name;
  return null;
};

const noteCertificate: Action<Context> = (c, { tag, whole }) => (tag === TAG.SEQUENCE ? c.load(whole) : "EBADMSG");

const noteDigestAlgorithm: Action<Context> = (c) => {
  const hash = digestAlgorithm(c.oid, c.release);
  if (hash === null) return "ENOPKG";
  c.signer.hash = hash;
  return null;
};

const noteKeyAlgorithm: Action<Context> = (c) => {
  const algorithm = signerAlgorithm(c.oid, c.release);
  if (algorithm === null) return "ENOPKG";
  c.signer.algorithm = algorithm;
  return null;
};

/** Attributes that may stand once and alone. */
const ONCE: ReadonlySet<OidName | null> = new Set<OidName>([
  "contentType",
  "signingTime",
  "messageDigest",
  "smimeCapabilities",
  "msSpOpusInfo",
  "msStatementType",
]);

const noteAttribute: Action<Context> = (c, { tag, value }) => {
  const { signer } = c;
  const name = oidName(c.oid);
  if (name === null || !ONCE.has(name)) return null;
  if (signer.seen.has(name)) return refuse(c, "EKEYREJECTED", "Repeated/multivalue AuthAttrs not permitted");
  signer.seen.add(name);
  if (name === "contentType") {
    if (oidName(oidHex(value)) === c.dataType) return null;
    return refuse(c, "EBADMSG", "Mismatch between global data type and sinfo");
  }
  if (name === "signingTime") {
    signer.signingTime = decodeTime(tag, value);
    return signer.signingTime === null ? "EBADMSG" : null;
  }
  if (name === "messageDigest") {
    if (tag !== TAG.OCTET_STRING) return "EBADMSG";
    signer.messageDigest = value;
    return null;
  }
  if (c.dataType === "msIndirectData") return null;
  return refuse(
    c,
    "EKEYREJECTED",
    name === "smimeCapabilities"
      ? "S/MIME Caps only allowed with Authenticode"
      : "Authenticode AuthAttrs only allowed with Authenticode",
  );
};

const noteAttributes: Action<Context> = (c, { whole }) => {
  const { seen } = c.signer;
  if (!seen.has("contentType") || !seen.has("messageDigest")) return refuse(c, "EBADMSG", "Missing required AuthAttr");
  if (c.dataType !== "msIndirectData" && seen.has("msSpOpusInfo"))
    return refuse(c, "EBADMSG", "Unexpected Authenticode AuthAttr");
  c.signer.attributes = whole.subarray(1);
  return null;
};

const noteSigner: Action<Context> = (c) => {
  const { hash, algorithm, bytes, attributes, messageDigest, signingTime } = c.signer as Required<SignerDraft>;
  if (c.dataType === "msIndirectData" && attributes === null)
    return refuse(c, "EBADMSG", "Authenticode requires AuthAttrs");
  const id = c.bySkid ? c.skid : concatBytes(c.serial, c.issuer);
  c.signers.push({ hash, algorithm, bytes, id, attributes, messageDigest, signingTime });
  c.signer = newSigner();
  return null;
};

const remember =
  (field: "content" | "serial" | "issuer" | "skid"): Action<Context> =>
  (c, { value }) => {
    c[field] = value;
    return null;
  };

/** The fields in the grammar below have their names in RFC 2315 and RFC 5652. */
const algorithmIdentifier = (action?: Action<Context>) =>
  group<Context>(TAG.SEQUENCE, [leaf(TAG.OID, noteOid), optional(any())], action);
/** A set offers a choice for each certificate, of which the first takes anything; only so it may be empty. */
const certificateSet = listOf<Context>(context(0, true), choice([any(noteCertificate)]));
const certificateSequence = listOf<Context>(context(2, true), any(noteCertificate));
const revocationLists = (tag: number) => listOf<Context>(tag, listOf(TAG.SEQUENCE, any(noteCertificate)));

const attribute = group<Context>(TAG.SEQUENCE, [leaf(TAG.OID, noteOid), listOf(TAG.SET, any(noteAttribute))]);
const unsignedAttribute = group<Context>(TAG.SEQUENCE, [leaf(TAG.OID), listOf(TAG.SET, any())]);

const issuerAndSerialNumber = group<Context>(TAG.SEQUENCE, [
  listOf(TAG.SEQUENCE, listOf(TAG.SET, group(TAG.SEQUENCE, [leaf(TAG.OID, noteOid), any()])), remember("issuer")),
  leaf(TAG.INTEGER, remember("serial")),
]);

const signerInfo = group<Context>(
  TAG.SEQUENCE,
  [
    leaf(TAG.INTEGER, noteSignerVersion),
    choice([issuerAndSerialNumber, leaf(context(0, false), remember("skid"))]),
    algorithmIdentifier(noteDigestAlgorithm),
    optional(
      choice([
        listOf(context(0, true), attribute, noteAttributes),
        group(context(2, true), [listOf(TAG.SEQUENCE, attribute)]),
      ]),
    ),
    algorithmIdentifier(noteKeyAlgorithm),
    leaf(TAG.OCTET_STRING, (c, { value }) => {
      c.signer.bytes = value;
      return null;
    }),
    optional(choice([listOf(context(1, true), unsignedAttribute), listOf(context(3, true), unsignedAttribute)])),
  ],
  noteSigner,
);

const signedData = group<Context>(TAG.SEQUENCE, [
  leaf(TAG.INTEGER, noteVersion),
  choice([listOf(TAG.SET, algorithmIdentifier()), listOf(TAG.SEQUENCE, algorithmIdentifier())]),
  group(
    TAG.SEQUENCE,
    [leaf(TAG.OID, noteOid), optional(group(context(0, true), [any(remember("content"))]))],
    noteContent,
  ),
  optional(
    choice([certificateSet, certificateSequence], (c) => {
      c.keep();
      return null;
    }),
  ),
  optional(choice([revocationLists(context(1, true)), revocationLists(context(3, true))])),
  choice([listOf(TAG.SET, signerInfo), listOf(TAG.SEQUENCE, signerInfo)]),
]);

const contentInfo = group<Context>(TAG.SEQUENCE, [
  leaf(TAG.OID, noteContentType),
  optional(group(context(0, true), [signedData])),
]);

/**
 * Parses a PKCS#7 message; bytes after it are ignored.
 * @returns EBADMSG where it is none, EINVAL for content other than signed data and for unknown versions, ENOPKG for unknown
 * algorithms, EKEYREJECTED for attributes that must not be there, and what loading a certificate refuses with.
 */
export function parsePkcs7<C>(bytes: Uint8Array, reader: Pkcs7Reader<C>): Result<Pkcs7Message<C>> {
  const loaded: C[] = [];
  let certs: readonly C[] = [];
  const c: Context = {
    release: reader.release,
    warn: reader.warn,
    load(der) {
      const certificate = reader.certificate(der);
      if (certificate.ok) loaded.push(certificate.value);
      return certificate.ok ? null : certificate.errno;
    },
    keep() {
      certs = [...loaded];
    },
    oid: "",
    version: 0,
    dataType: null,
    content: null,
    signer: newSigner(),
    signers: [],
    bySkid: false,
    serial: new Uint8Array(),
    issuer: new Uint8Array(),
    skid: new Uint8Array(),
  };
  const refused = decodeAsn1(contentInfo, c, bytes);
  if (refused !== null) return fail(refused);
  const withAttributes = c.signers.filter((signer) => signer.attributes !== null).length;
  if (c.dataType === null || c.signers.length === 0 || (withAttributes > 0 && withAttributes < c.signers.length)) {
    reader.warn("Inconsistently supplied authAttrs");
    return fail("EINVAL");
  }
  const { dataType, content, signers } = c;
  return ok({ dataType, content, certificates: certs, signers, hasAttributes: withAttributes > 0 });
}
