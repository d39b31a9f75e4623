// What a file is that somebody took for a certificate: private keys, requests, containers and their like, in PEM and in DER, and how to come
// from them to a certificate in DER. FILE stands for the file's name.
import {
  any,
  context,
  decodeAsn1,
  decodeTwoIntegers,
  type Field,
  group,
  leaf,
  optional,
  TAG,
} from "../../crypto/asn1.ts";

/** What a file is, and what to do with it. */
export interface KeyFile {
  /** A stable word. */
  readonly kind: Kind;
  readonly what: string;
  readonly advice: string;
}

/** A block of a PEM file. */
export interface PemBlock {
  readonly label: string;
  /** null: no base64, or a passphrase is needed. */
  readonly der: Uint8Array | null;
}

const SIGN_REQUEST =
  "have it signed by a CA whose certificate the kernel trusts: openssl x509 -req -in REQUEST -CA CA.pem -CAkey CA.key -extfile EXT -outform DER -out CERT.der, " +
  "where EXT says basicConstraints=CA:FALSE, keyUsage=digitalSignature and subjectKeyIdentifier=hash";
const OF_A_KEY = `keyrings take the certificate that goes with it: make a request (openssl req -new -key FILE -out REQUEST) and ${SIGN_REQUEST}`;
const PUBLIC_KEY =
  "keyrings of IMA and EVM take a certificate for it, of whoever made it. Bare keys go with signatures of version 1 only (evmctl import --rsa FILE)";

const KINDS = {
  empty: { what: "an empty file", advice: "" },
  "pem-certificate": {
    what: "a certificate in PEM",
    advice: "the kernel wants DER: openssl x509 -in FILE -outform DER -out CERT.der",
  },
  "private-key": { what: "a private key", advice: OF_A_KEY },
  "encrypted-private-key": { what: "a private key under a passphrase", advice: OF_A_KEY },
  "ssh-private-key": {
    what: "a private key of OpenSSH",
    advice: `bring it into the common form first (ssh-keygen -p -m PKCS8 -f FILE); ${OF_A_KEY}`,
  },
  "public-key": { what: "a public key", advice: PUBLIC_KEY },
  "ssh-public-key": { what: "a public key of OpenSSH", advice: PUBLIC_KEY },
  request: { what: "a certificate request", advice: SIGN_REQUEST.replace("REQUEST", "FILE") },
  pkcs7: {
    what: "a PKCS#7 message",
    advice:
      "certificates in it come out with openssl pkcs7 -in FILE -print_certs (-inform DER, where it is DER), each to be turned into DER by openssl x509 -outform DER",
  },
  pkcs12: {
    what: "a PKCS#12 container of a key and its certificate",
    advice:
      "take the certificate out: openssl pkcs12 -in FILE -clcerts -nokeys | openssl x509 -outform DER -out CERT.der",
  },
  "revocation-list": {
    what: "a revocation list",
    advice: "the kernel reads none; it has hashes and certificates on .blacklist",
  },
  "bare-signature": {
    what: "a bare ECDSA signature, r and s in DER",
    advice: "security.ima wants type and header before it: evmctl ima_sign writes them",
  },
  parameters: { what: "parameters of an algorithm", advice: "a key has still to be made with them" },
  pgp: { what: "a PGP file", advice: "the kernel knows X.509 and PKCS#7 only" },
  base64: {
    what: "DER in base64, without the lines that begin and end PEM",
    advice: "openssl base64 -d -in FILE -out CERT.der (-A, where it is one long line)",
  },
  "broken-pem": {
    what: "a PEM file that is cut or holds no base64",
    advice: "a block goes from its BEGIN line to its END line",
  },
  pem: { what: "a PEM file of another kind", advice: "keyrings take certificates (X.509) in DER" },
} as const satisfies Readonly<Record<string, Omit<KeyFile, "kind">>>;
type Kind = keyof typeof KINDS;

/** Kinds by what stands behind BEGIN, the first that fits. */
const LABELS: readonly (readonly [label: RegExp, kind: Kind])[] = [
  [/^(?:X509 |TRUSTED )?CERTIFICATE$/, "pem-certificate"],
  [/^(?:NEW )?CERTIFICATE REQUEST$/, "request"],
  [/^ENCRYPTED PRIVATE KEY$/, "encrypted-private-key"],
  [/^OPENSSH PRIVATE KEY$/, "ssh-private-key"],
  [/^PGP /, "pgp"],
  [/PRIVATE KEY$/, "private-key"],
  [/^SSH2 PUBLIC KEY$/, "ssh-public-key"],
  [/PUBLIC KEY$/, "public-key"],
  [/^(?:PKCS7|PKCS #7 SIGNED DATA|CMS)$/, "pkcs7"],
  [/^X509 CRL$/, "revocation-list"],
  [/PARAMETERS$/, "parameters"],
];

type Shape = Field<null>;
const sequence = (...fields: readonly Shape[]): Shape => group(TAG.SEQUENCE, fields);
const [integer, octets, bits, oid] = [TAG.INTEGER, TAG.OCTET_STRING, TAG.BIT_STRING, TAG.OID].map((tag) =>
  leaf<null>(tag),
) as [Shape, Shape, Shape, Shape];
const anything: Shape = any<null>();
const inContext = (n: number): Shape => leaf(context(n, true));
const algorithm = sequence(oid, optional(anything));
const publicKeyInfo = sequence(algorithm, bits);

/** What DER begins with, by kind; the first that fits. */
const SHAPES: readonly (readonly [kind: Kind, shape: Shape])[] = [
  // PKCS#8, RFC 5208; of RSA, RFC 8017, A.1.2; of elliptic curves, RFC 5915
  ["private-key", sequence(integer, algorithm, octets, optional(inContext(0)), optional(leaf(context(1, false))))],
  ["private-key", sequence(integer, ...Array.from({ length: 8 }, () => integer))],
  ["private-key", sequence(integer, octets, optional(inContext(0)), optional(inContext(1)))],
  ["encrypted-private-key", sequence(algorithm, octets)],
  ["public-key", publicKeyInfo],
  // RFC 2986; RFC 7292; RFC 5652; RFC 5280, 5.1
  ["request", sequence(sequence(integer, anything, publicKeyInfo, optional(inContext(0))), algorithm, bits)],
  ["pkcs12", sequence(integer, sequence(oid, inContext(0)), optional(anything))],
  ["pkcs7", sequence(oid, inContext(0))],
  [
    "revocation-list",
    sequence(
      sequence(
        optional(integer),
        algorithm,
        anything,
        leaf(TAG.UTC_TIME),
        ...Array.from({ length: 3 }, () => optional(anything)),
      ),
      algorithm,
      bits,
    ),
  ],
];

const isCertificate = (label: string): boolean => LABELS[0]![0].test(label);

const ASCII = new TextDecoder("latin1");
const BEGIN = "-----BEGIN ";
const DASHES = "-----";
const END = "-----END ";
/** No key file is as long. */
const LONGEST = 1 << 20;

/** The blocks of a text; null where one is cut. */
function blocksOf(text: string): { readonly label: string; readonly body: string }[] | null {
  const blocks = [];
  for (let at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at)) {
    const label = at + BEGIN.length;
    const body = text.indexOf(DASHES, label);
    const end = body < 0 ? -1 : text.indexOf(END, body);
    if (end < 0) return null;
    blocks.push({ label: text.slice(label, body), body: text.slice(body + DASHES.length, end) });
    at = end;
  }
  return blocks;
}

/** The blocks of a PEM file in their order; none where it is not PEM, or cut. */
export function pemBlocks(file: Uint8Array): PemBlock[] {
  const blocks = blocksOf(ASCII.decode(file.subarray(0, LONGEST))) ?? [];
  return blocks.map(({ label, body }) => ({ label, der: fromBase64(body) }));
}

function fromBase64(body: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(body.replaceAll(/\s/g, "")), (c) => c.charCodeAt(0));
  } catch {
    return null;
  }
}

function kindOfPem(text: string): Kind {
  const blocks = blocksOf(text);
  if (blocks === null) return "broken-pem";
  const kinds = blocks.map(({ label }) => LABELS.find(([pattern]) => pattern.test(label))?.[1] ?? "pem");
  // Keys of elliptic curves come with their parameters before them, certificates with keys.
  if (!kinds.includes("pem-certificate")) return kinds.find((kind) => kind !== "parameters") ?? kinds[0]!;
  const whole = blocks.every(({ label, body }) => !isCertificate(label) || fromBase64(body) !== null);
  return whole ? "pem-certificate" : "broken-pem";
}

function kindOfText(text: string): Kind | null {
  if (text.includes("\0")) return null;
  if (text.includes(BEGIN)) return kindOfPem(text);
  if (/^(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-\S+) AAAA/.test(text)) return "ssh-public-key";
  return /^MI[A-Za-z0-9+/\s]{60,}={0,2}\s*$/.test(text) ? "base64" : null;
}

/** Two integers: of a public key of RSA, whose exponent is shorter than its modulus, or of a signature. */
function kindOfIntegers(file: Uint8Array): Kind | null {
  const found = decodeTwoIntegers(file, () => null);
  if (!found.ok) return null;
  const [first, second] = found.value;
  return second.length < first.length / 2 ? "public-key" : "bare-signature";
}

/** What a file is that is no certificate in DER; null where that does not show. */
export function recogniseKeyFile(file: Uint8Array): KeyFile | null {
  if (file.length === 0) return { kind: "empty", ...KINDS.empty };
  const text = ASCII.decode(file.subarray(0, LONGEST));
  const shape = SHAPES.find(([, grammar]) => decodeAsn1(grammar, null, file) === null)?.[0] ?? null;
  const kind = kindOfText(text) ?? kindOfIntegers(file) ?? shape;
  if (kind === null) return null;
  const chain = kind === "pem-certificate" ? blocksOf(text)!.filter(({ label }) => isCertificate(label)).length : 0;
  if (chain < 2) return { kind, ...KINDS[kind] };
  return {
    kind,
    what: `${chain} certificates in PEM`,
    advice:
      "the kernel takes one at a time, in DER: put each into a file of its own, then openssl x509 -in FILE -outform DER -out CERT.der",
  };
}

export const keyFileText = ({ what, advice }: KeyFile): string =>
  `this is ${what}${advice === "" ? "" : `; ${advice}`}`;
