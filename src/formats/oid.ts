// The object identifiers that the parsers of certificates and PKCS#7 messages act on (include/linux/oid_registry.h), by the hex
// of their encoding, and what a signature or digest algorithm among them stands for in which releases
// (crypto/asymmetric_keys/x509_cert_parser.c: x509_note_sig_algo; pkcs7_parser.c: pkcs7_sig_note_digest_algo, pkcs7_sig_note_pkey_algo).
import { bytesToHex } from "@noble/hashes/utils.js";
import type { HashName, KeyAlgorithm } from "../crypto/index.ts";
import type { Release } from "../release/index.ts";

// biome-ignore format: a table reads better in columns
const OIDS = {
  "550403": "commonName", "55040a": "organizationName", "2a864886f70d010901": "emailAddress",
  "551d0e": "subjectKeyIdentifier", "551d0f": "keyUsage", "551d13": "basicConstraints", "551d23": "authorityKeyIdentifier",
  "2a864886f70d010101": "rsaEncryption", "2a8648ce3d0201": "ecPublicKey",
  "2a85030701010101": "gost2012PKey256", "2a85030701010102": "gost2012PKey512", "2a811ccf5501822d": "sm2",
  "2a8648ce3d030101": "prime192v1", "2a8648ce3d030107": "prime256v1", "2b81040022": "ansip384r1", "2b81040023": "ansip521r1",
  "2a864886f70d010701": "data", "2a864886f70d010702": "signedData", "2b060104018237020104": "msIndirectData",
  "2a864886f70d010903": "contentType", "2a864886f70d010904": "messageDigest", "2a864886f70d010905": "signingTime",
  "2a864886f70d01090f": "smimeCapabilities", "2b06010401823702010c": "msSpOpusInfo", "2b06010401823702010b": "msStatementType",
} as const;

/** A name for what an identifier stands for; null for one that nothing acts on. */
export type OidName = (typeof OIDS)[keyof typeof OIDS];

export function oidName(hex: string): OidName | null {
  return (OIDS as Readonly<Record<string, OidName>>)[hex] ?? null;
}

export const oidHex = (bytes: Uint8Array): string => bytesToHex(bytes);

interface Span {
  readonly since?: string;
  readonly until?: string;
}
interface SignatureRow extends Span {
  readonly key: "rsa" | "ecdsa" | "ecrdsa" | "sm2";
  readonly hash: HashName;
}

/** Hash algorithms that came with SHA-3 (6.7), which at the same time did away with MD4 and MD5. */
const SHA3 = { since: "6.7" } as const;
const BEFORE_SHA3 = { until: "6.7" } as const;

// biome-ignore format: a table reads better in columns
const SIGNATURES: Readonly<Record<string, SignatureRow>> = {
  // md5WithRSAEncryption, which the kernel took for MD4.
  "2a864886f70d010104": { key: "rsa", hash: "md4", ...BEFORE_SHA3 },
  "2a864886f70d010105": { key: "rsa", hash: "sha1" }, "2a864886f70d01010b": { key: "rsa", hash: "sha256" },
  "2a864886f70d01010c": { key: "rsa", hash: "sha384" }, "2a864886f70d01010d": { key: "rsa", hash: "sha512" },
  "2a864886f70d01010e": { key: "rsa", hash: "sha224" },
  "60864801650304030e": { key: "rsa", hash: "sha3-256", ...SHA3 }, "60864801650304030f": { key: "rsa", hash: "sha3-384", ...SHA3 },
  "608648016503040310": { key: "rsa", hash: "sha3-512", ...SHA3 },
  "2a8648ce3d0401": { key: "ecdsa", hash: "sha1", since: "5.13" }, "2a8648ce3d040301": { key: "ecdsa", hash: "sha224", since: "5.13" },
  "2a8648ce3d040302": { key: "ecdsa", hash: "sha256", since: "5.13" }, "2a8648ce3d040303": { key: "ecdsa", hash: "sha384", since: "5.13" },
  "2a8648ce3d040304": { key: "ecdsa", hash: "sha512", since: "5.13" },
  "60864801650304030a": { key: "ecdsa", hash: "sha3-256", ...SHA3 }, "60864801650304030b": { key: "ecdsa", hash: "sha3-384", ...SHA3 },
  "60864801650304030c": { key: "ecdsa", hash: "sha3-512", ...SHA3 },
  "2a85030701010302": { key: "ecrdsa", hash: "streebog256", since: "5.2" }, "2a85030701010303": { key: "ecrdsa", hash: "streebog512", since: "5.2" },
  "2a811ccf55018375": { key: "sm2", hash: "sm3", since: "5.10", until: "6.11" },
};

// biome-ignore format: a table reads better in columns
const DIGESTS: Readonly<Record<string, Span & { readonly hash: HashName }>> = {
  "2a864886f70d0204": { hash: "md4", ...BEFORE_SHA3 }, "2a864886f70d0205": { hash: "md5", ...BEFORE_SHA3 },
  "2b0e03021a": { hash: "sha1" }, "608648016503040201": { hash: "sha256" }, "608648016503040202": { hash: "sha384" },
  "608648016503040203": { hash: "sha512" }, "608648016503040204": { hash: "sha224" },
  "2a811ccf55018311": { hash: "sm3", since: "5.10" },
  "2a85030701010202": { hash: "streebog256", since: "5.2" }, "2a85030701010203": { hash: "streebog512", since: "5.2" },
  "608648016503040208": { hash: "sha3-256", ...SHA3 }, "608648016503040209": { hash: "sha3-384", ...SHA3 },
  "60864801650304020a": { hash: "sha3-512", ...SHA3 },
};

/** Curves of public keys in certificates, named by their parameters. */
const CURVES: { readonly [name in OidName]?: Span & { readonly key: KeyAlgorithm } } = {
  prime192v1: { key: "ecdsa-nist-p192", since: "5.13" },
  prime256v1: { key: "ecdsa-nist-p256", since: "5.13" },
  ansip384r1: { key: "ecdsa-nist-p384", since: "5.14" },
  ansip521r1: { key: "ecdsa-nist-p521", since: "6.10" },
  sm2: { key: "sm2", since: "5.10", until: "6.11" },
};
/** Public keys named by their own identifier. */
const KEYS: { readonly [name in OidName]?: Span & { readonly key: KeyAlgorithm } } = {
  rsaEncryption: { key: "rsa" },
  gost2012PKey256: { key: "ecrdsa", since: "5.2" },
  gost2012PKey512: { key: "ecrdsa", since: "5.2" },
  sm2: { key: "sm2", since: "5.10", until: "6.11" },
};

/** Whether a release is within the span of a row. */
function within(row: Span, release: Release): boolean {
  return (
    (row.since === undefined || release.atLeast(row.since)) && !(row.until !== undefined && release.atLeast(row.until))
  );
}

/** The signature algorithm of a certificate, null where the release has no use for it. */
export function signatureAlgorithm(hex: string, release: Release): SignatureRow | null {
  const row = SIGNATURES[hex];
  return row !== undefined && within(row, release) ? row : null;
}

/** What a public key in a certificate is; `curve` is the identifier in its parameters. Null where the release has no use for it. */
export function keyAlgorithm(name: OidName | null, curve: OidName | null, release: Release): KeyAlgorithm | null {
  const row = name === null ? undefined : name === "ecPublicKey" ? curve && CURVES[curve] : KEYS[name];
  return row && within(row, release) ? row.key : null;
}

/** The digest algorithm of a PKCS#7 signer. */
export function digestAlgorithm(hex: string, release: Release): HashName | null {
  const row = DIGESTS[hex];
  return row !== undefined && within(row, release) ? row.hash : null;
}

/** The kind of key that made a PKCS#7 signature: an identifier of a key for RSA and GOST, of a signature algorithm else. */
export function signerAlgorithm(hex: string, release: Release): SignatureRow["key"] | null {
  const name = oidName(hex);
  if (name === "rsaEncryption") return "rsa";
  if (name === "gost2012PKey256" || name === "gost2012PKey512") return "ecrdsa";
  const row = signatureAlgorithm(hex, release);
  return row === null || row.key === "rsa" || row.key === "ecrdsa" ? null : row.key;
}
