// The decoder of certificates and PKCS#7 messages against PKI.js, a general library: where both read something they read the same.
// What they do not both read, and why, is in peer-deviations.test.ts.
import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { bytesToHex, concatBytes } from "@noble/hashes/utils.js";
import * as asn1js from "asn1js";
import fc from "fast-check";
import * as pkijs from "pkijs";
import { describe, expect, it } from "vitest";
import { type Certificate, type Pkcs7Message, parseCertificate, parsePkcs7 } from "../../src/formats/index.ts";
import { Release } from "../../src/release/index.ts";
import { runs } from "../fuzz.ts";
import { pem, testFile } from "../keyring/test-keys.node.ts";

const release = Release.parse("6.12");
const data = new URL("../data/", import.meta.url);
const read = (path: string): Uint8Array => new Uint8Array(readFileSync(new URL(path, data)));

const SIGNATURES: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.5": "rsa sha1",
  "1.2.840.113549.1.1.14": "rsa sha224",
  "1.2.840.113549.1.1.11": "rsa sha256",
  "1.2.840.113549.1.1.12": "rsa sha384",
  "1.2.840.113549.1.1.13": "rsa sha512",
  "2.16.840.1.101.3.4.3.14": "rsa sha3-256",
  "1.2.840.10045.4.1": "ecdsa sha1",
  "1.2.840.10045.4.3.2": "ecdsa sha256",
  "1.2.840.10045.4.3.3": "ecdsa sha384",
  "1.2.840.10045.4.3.4": "ecdsa sha512",
};
const DIGESTS: Readonly<Record<string, string>> = {
  "1.3.14.3.2.26": "sha1",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.8": "sha3-256",
};
const CURVES: Readonly<Record<string, string>> = {
  "1.2.840.10045.3.1.1": "ecdsa-nist-p192",
  "1.2.840.10045.3.1.7": "ecdsa-nist-p256",
  "1.3.132.0.34": "ecdsa-nist-p384",
  "1.3.132.0.35": "ecdsa-nist-p521",
};
const RSA = "1.2.840.113549.1.1.1";
const OIDS = { skid: "2.5.29.14", keyUsage: "2.5.29.15", constraints: "2.5.29.19", authority: "2.5.29.35" } as const;

const hex = (bytes: Uint8Array | ArrayBuffer): string => bytesToHex(new Uint8Array(bytes));
/** The contents of an element that the library gives with its header. */
function contents(whole: ArrayBuffer): string {
  const bytes = new Uint8Array(whole);
  const long = bytes[1]! & 0x80 ? bytes[1]! & 0x7f : 0;
  return hex(bytes.subarray(2 + long));
}
const seconds = (time: pkijs.Time): number => time.value.getTime() / 1000;
const serialOf = (number: asn1js.Integer): string => hex(number.valueBlock.valueHexView);

function keyOf(info: pkijs.PublicKeyInfo): string {
  const { algorithmId, algorithmParams } = info.algorithm;
  if (algorithmId === RSA) return "rsa";
  return CURVES[(algorithmParams as asn1js.ObjectIdentifier).valueBlock.toString()] ?? algorithmId;
}

/** What the library says, in the words of ours. */
function theirs(cert: pkijs.Certificate) {
  const extension = (id: string) => cert.extensions?.find(({ extnID }) => extnID === id)?.parsedValue;
  const usage = (extension(OIDS.keyUsage) as asn1js.BitString | undefined)?.valueBlock.valueHexView[0] ?? 0;
  const constraints = extension(OIDS.constraints) as pkijs.BasicConstraints | undefined;
  const authority = extension(OIDS.authority) as pkijs.AuthorityKeyIdentifier | undefined;
  const skid = extension(OIDS.skid) as asn1js.OctetString | undefined;
  const issuer = authority?.authorityCertIssuer?.find(({ type }) => type === 4)?.value as
    | pkijs.RelativeDistinguishedNames
    | undefined;
  const number = authority?.authorityCertSerialNumber;
  return {
    subject: contents(cert.subject.valueBeforeDecode),
    issuer: contents(cert.issuer.valueBeforeDecode),
    serial: serialOf(cert.serialNumber),
    skid: skid === undefined ? null : hex(skid.valueBlock.valueHexView),
    authorityId: issuer && number ? serialOf(number) + contents(issuer.toSchema().toBER()) : null,
    authorityKeyId: authority?.keyIdentifier ? hex(authority.keyIdentifier.valueBlock.valueHexView) : null,
    digitalSignature: (usage & 0x80) !== 0,
    keyCertSign: (usage & 0x04) !== 0,
    ca: constraints?.cA ?? false,
    validFrom: seconds(cert.notBefore),
    validTo: seconds(cert.notAfter),
    signature: SIGNATURES[cert.signatureAlgorithm.algorithmId],
    signatureBytes: hex(cert.signatureValue.valueBlock.valueHexView),
    tbs: hex(cert.tbsView),
    key: keyOf(cert.subjectPublicKeyInfo),
    keyBytes: hex(cert.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView),
  };
}

function ours(cert: Certificate): ReturnType<typeof theirs> {
  const [id, keyId] = cert.authority;
  return {
    subject: hex(cert.rawSubject),
    issuer: hex(cert.rawIssuer),
    serial: hex(cert.serial),
    skid: cert.skid && hex(cert.skid),
    authorityId: id && hex(id),
    authorityKeyId: keyId && hex(keyId),
    digitalSignature: cert.digitalSignature,
    keyCertSign: cert.keyCertSign,
    ca: cert.ca,
    validFrom: cert.validFrom,
    validTo: cert.validTo,
    signature: `${cert.signature.algorithm} ${cert.signature.hash}`,
    signatureBytes: hex(cert.signature.bytes),
    tbs: hex(cert.tbs),
    key: cert.publicKey.algorithm,
    keyBytes: hex(cert.publicKey.bytes),
  };
}

const committed: [string, Uint8Array][] = [
  ...readdirSync(new URL("keys/corpus/", data))
    .filter((name) => name.endsWith(".der"))
    .map((name): [string, Uint8Array] => [name, testFile(`corpus/${name}`)]),
  ...["ima", "ima2", "evm", "ec", "rogue"].map((name): [string, Uint8Array] => [name, testFile(`${name}.der`)]),
  ["ca", pem("ca.pem")],
];
const taken = committed.filter(([, der]) => parseCertificate(der, release).ok);

function compareCertificates(der: Uint8Array): void {
  const parsed = parseCertificate(der, release);
  if (!parsed.ok) throw new Error(`${parsed.errno} for ${hex(der)}`);
  expect(ours(parsed.value)).toEqual(theirs(pkijs.Certificate.fromBER(der)));
}

describe("certificates that PKI.js reads too", () => {
  it("are most of those at hand", () => expect(taken.length).toBeGreaterThan(60));

  it.each(taken)("%s", (_, der) => compareCertificates(der));

  it("and those that it makes", () => {
    fc.assert(
      fc.property(certificate, (der) => compareCertificates(der)),
      runs(300),
    );
  });
});

/** Public keys to put into certificates, and the signature algorithms, which nothing verifies here. */
const spkis = ["ima.der", "ec.der", "corpus/p384.der", "corpus/p521.der", "corpus/r4096.der"].map((name) =>
  new X509Certificate(testFile(name)).publicKey.export({ type: "spki", format: "der" }),
);
const ATTRIBUTES = ["2.5.4.3", "2.5.4.6", "2.5.4.10", "2.5.4.11", "1.2.840.113549.1.9.1"];
const name = fc.array(fc.tuple(fc.constantFrom(...ATTRIBUTES), fc.string({ maxLength: 60, unit: "binary" })), {
  minLength: 1,
  maxLength: 5,
});
const SECOND = 1000;
/** From 1970 to the end of 9999, in whole seconds. */
const time = fc.integer({ min: 0, max: 253402300799 }).map((at) => new Date(SECOND * at));
const id = fc.uint8Array({ minLength: 1, maxLength: 40 });
const certificate = fc
  .record({
    serial: fc.uint8Array({ minLength: 1, maxLength: 20 }),
    algorithm: fc.constantFrom(...Object.keys(SIGNATURES)),
    issuer: name,
    subject: name,
    from: time,
    to: time,
    spki: fc.constantFrom(...spkis),
    signature: fc.uint8Array({ minLength: 1, maxLength: 512 }),
    skid: fc.option(id),
    authority: fc.option(
      fc.record({
        keyId: fc.option(id),
        issuer: fc.option(name),
        serial: fc.uint8Array({ minLength: 1, maxLength: 20 }),
      }),
    ),
    usage: fc.option(
      fc.constantFrom(...Array.from({ length: 128 }, (_, i) => 2 * (i + 1)).filter((bits) => bits < 256)),
    ),
    ca: fc.option(fc.boolean()),
    reversed: fc.boolean(),
  })
  .map(build);

function nameOf(parts: readonly [string, string][]): pkijs.RelativeDistinguishedNames {
  return new pkijs.RelativeDistinguishedNames({
    typesAndValues: parts.map(
      ([type, value]) => new pkijs.AttributeTypeAndValue({ type, value: new asn1js.Utf8String({ value }) }),
    ),
  });
}

function timeOf(value: Date): pkijs.Time {
  const year = value.getUTCFullYear();
  return new pkijs.Time({ type: year < 2050 ? pkijs.TimeType.UTCTime : pkijs.TimeType.GeneralizedTime, value });
}

/** RFC 5280, 4.2.1.3: no more bits than are named. */
function usageOf(bits: number): asn1js.BitString {
  const unusedBits = Math.clz32(bits & -bits) === 31 ? 0 : 31 - Math.clz32(bits & -bits);
  return new asn1js.BitString({ valueHex: Uint8Array.of(bits).buffer, unusedBits });
}

interface Wanted {
  readonly serial: Uint8Array;
  readonly algorithm: string;
  readonly issuer: [string, string][];
  readonly subject: [string, string][];
  readonly from: Date;
  readonly to: Date;
  readonly spki: Uint8Array;
  readonly signature: Uint8Array;
  readonly skid: Uint8Array | null;
  readonly authority: {
    readonly keyId: Uint8Array | null;
    readonly issuer: [string, string][] | null;
    readonly serial: Uint8Array;
  } | null;
  readonly usage: number | null;
  readonly ca: boolean | null;
  readonly reversed: boolean;
}

const octets = (bytes: Uint8Array): asn1js.OctetString => new asn1js.OctetString({ valueHex: bytes.slice().buffer });
const integer = (bytes: Uint8Array): asn1js.Integer =>
  // A first byte of 1 keeps the encoding the shortest one.
  new asn1js.Integer({ valueHex: concatBytes(Uint8Array.of(1), bytes).buffer as ArrayBuffer });

function build(wanted: Wanted): Uint8Array {
  const { skid, authority, usage, ca } = wanted;
  const cert = new pkijs.Certificate();
  cert.version = 2;
  cert.serialNumber = integer(wanted.serial);
  cert.issuer = nameOf(wanted.issuer);
  cert.subject = nameOf(wanted.subject);
  cert.notBefore = timeOf(wanted.from);
  cert.notAfter = timeOf(wanted.to);
  cert.subjectPublicKeyInfo = pkijs.PublicKeyInfo.fromBER(wanted.spki);
  cert.signature = new pkijs.AlgorithmIdentifier({ algorithmId: wanted.algorithm });
  cert.signatureAlgorithm = new pkijs.AlgorithmIdentifier({ algorithmId: wanted.algorithm });
  cert.signatureValue = new asn1js.BitString({ valueHex: wanted.signature.slice().buffer });
  const extensions: [string, { toBER(): ArrayBuffer }][] = [];
  if (skid !== null) extensions.push([OIDS.skid, octets(skid)]);
  if (usage !== null) extensions.push([OIDS.keyUsage, usageOf(usage)]);
  if (ca !== null) extensions.push([OIDS.constraints, new pkijs.BasicConstraints({ cA: ca }).toSchema()]);
  if (authority !== null) {
    const of = new pkijs.AuthorityKeyIdentifier({
      ...(authority.keyId !== null && { keyIdentifier: octets(authority.keyId) }),
      ...(authority.issuer !== null && {
        authorityCertIssuer: [new pkijs.GeneralName({ type: 4, value: nameOf(authority.issuer) })],
        authorityCertSerialNumber: integer(authority.serial),
      }),
    });
    extensions.push([OIDS.authority, of.toSchema()]);
  }
  if (wanted.reversed) extensions.reverse();
  if (extensions.length > 0)
    cert.extensions = extensions.map(
      ([extnID, value]) => new pkijs.Extension({ extnID, critical: wanted.reversed, extnValue: value.toBER() }),
    );
  return new Uint8Array(cert.toSchema(true).toBER());
}

/** The signers of a message, in the words of ours. */
function theirSigners(signed: pkijs.SignedData) {
  return signed.signerInfos.map(({ sid, digestAlgorithm, signature, signedAttrs }) => ({
    hash: DIGESTS[digestAlgorithm.algorithmId],
    id:
      sid instanceof pkijs.IssuerAndSerialNumber
        ? serialOf(sid.serialNumber) + contents(sid.issuer.toSchema().toBER())
        : hex((sid as asn1js.Primitive).valueBlock.valueHexView),
    bytes: hex(signature.valueBlock.valueHexView),
    attributes: signedAttrs ? hex(signedAttrs.encodedValue).slice(2) : null,
  }));
}

const ourSigners = ({ signers }: Pkcs7Message<Certificate>) =>
  signers.map(({ hash, id, bytes, attributes }) => ({
    hash,
    id: hex(id),
    bytes: hex(bytes),
    attributes: attributes && hex(attributes),
  }));

describe("PKCS#7 messages that PKI.js reads too", () => {
  it.each(readdirSync(new URL("pkcs7/", data)))("%s", (file) => {
    const bytes = read(`pkcs7/${file}`);
    const message = parsePkcs7<Certificate>(bytes, {
      release,
      certificate: (der) => parseCertificate(der, release),
      warn: () => undefined,
    });
    if (!message.ok) throw new Error(message.errno);
    const signed = new pkijs.SignedData({ schema: pkijs.ContentInfo.fromBER(bytes).content });
    expect(ourSigners(message.value)).toEqual(theirSigners(signed));
    expect(message.value.certificates.map(ours)).toEqual(
      (signed.certificates ?? []).map((cert) => theirs(cert as pkijs.Certificate)),
    );
    const content = signed.encapContentInfo.eContent;
    expect(message.value.content !== null).toBe(content !== undefined);
  });
});
