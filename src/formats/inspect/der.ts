// Inspection of certificates and PKCS#7 messages, as the kernel reads them.
import { bytesToHex } from "@noble/hashes/utils.js";
import { TAG } from "../../crypto/asn1.ts";
import type { Errno } from "../../errno/index.ts";
import type { Release } from "../../release/index.ts";
import { type Pkcs7Signer, parsePkcs7 } from "../pkcs7.ts";
import { type Certificate, parseCertificate } from "../x509/certificate.ts";
import type { Findings } from "./findings.ts";
import { keyFileText, recogniseKeyFile } from "./key-file.ts";

const REASONS: { readonly [errno in Errno]?: string } = {
  EBADMSG: "not DER of the right form",
  ENOPKG: "an algorithm that this kernel does not know",
  EINVAL: "inconsistent or of an unknown version",
  EKEYREJECTED: "attributes that must not be there",
  EMSGSIZE: "longer than 65535 bytes",
};
const reason = (errno: Errno): string => `${REASONS[errno] ?? "refused"} (${errno})`;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const hexOf = (bytes: Uint8Array | null): string => (bytes === null ? "none" : bytesToHex(bytes));
const date = (seconds: number): string => new Date(1000 * seconds).toISOString();

/** Where a part of the whole stands. */
function place(found: Findings, part: Uint8Array, name: string, value: string): void {
  found.field(part.byteOffset - found.bytes.byteOffset, part.length, name, value);
}

export function describeCertificate(found: Findings, cert: Certificate): void {
  place(found, cert.tbs, "signed part", `${cert.tbs.length} bytes`);
  place(found, cert.serial, "serial number", bytesToHex(cert.serial));
  place(found, cert.rawIssuer, "issuer", text(cert.issuer));
  place(found, cert.rawSubject, "subject", text(cert.subject));
  const validity = `valid ${date(cert.validFrom)} to ${date(cert.validTo)} (dates that the kernel does not check)`;
  place(found, cert.publicKey.bytes, "public key", cert.publicKey.algorithm);
  if (cert.skid !== null)
    place(
      found,
      cert.skid,
      "subject key identifier",
      `${bytesToHex(cert.skid)}, key id ${bytesToHex(cert.skid.subarray(-4))}`,
    );
  const [id, keyId] = cert.authority;
  const usage = [
    cert.digitalSignature && "digitalSignature",
    cert.keyCertSign && "keyCertSign",
    cert.ca && "CA",
  ].filter((word) => word !== false);
  place(
    found,
    cert.tbs,
    "authority",
    `key identifier ${hexOf(keyId)}, issuer and serial ${id === null ? "none" : "given"}`,
  );
  place(found, cert.tbs, "usage", `${usage.length > 0 ? usage.join(", ") : "none"}; ${validity}`);
  place(found, cert.signature.bytes, "signature", `${cert.signature.algorithm} with ${cert.signature.hash}`);
}

/** Tells why bytes from `at` on are not read; that they were cut shows in the length that they begin with. */
function unread(found: Findings, code: string, at: number, bytes: Uint8Array, why: string): void {
  const count = bytes[1] === undefined || bytes[1] < 0x80 ? 0 : bytes[1] & 0x7f;
  if (bytes[0] === TAG.SEQUENCE && count > 0 && count <= 2 && bytes.length >= 2 + count) {
    const said = 2 + count + bytes.subarray(2, 2 + count).reduce((sum, byte) => 256 * sum + byte, 0);
    if (said > bytes.length) {
      const end = at + bytes.length;
      found.fault("truncated", end, `its length says ${said} bytes, but only ${bytes.length} are there (EBADMSG)`);
      return;
    }
  }
  found.fault(code, at, why);
}

export function inspectCertificate(found: Findings, release: Release): void {
  const { bytes } = found;
  const parsed = parseCertificate(bytes, release);
  if (!parsed.ok) {
    const other = recogniseKeyFile(bytes);
    found.field(0, bytes.length, "bytes", other?.what);
    if (other === null) unread(found, "bad-certificate", 0, bytes, reason(parsed.errno));
    else found.fault(other.kind === "pem-certificate" ? "not-der" : "no-certificate", 0, keyFileText(other));
    return;
  }
  describeCertificate(found, parsed.value);
  if (parsed.value.skid === null)
    found.fault("no-key-identifier", 0, "without a subject key identifier no signature can name this key");
  const { length } = bytes;
  const end = bytes[1] === 0x82 && length >= 4 ? 4 + ((bytes[2]! << 8) | bytes[3]!) : length;
  if (end < length) found.field(end, length - end, "bytes after it", "ignored");
}

function describeSigner(found: Findings, signer: Pkcs7Signer, index: number): void {
  const name = `signer ${index + 1}`;
  place(found, signer.bytes, `${name} signature`, `${signer.algorithm} with ${signer.hash}`);
  if (signer.attributes !== null) place(found, signer.attributes, `${name} attributes`, "signed attributes");
}

/** `at` and `length`: where in the bytes the message stands. */
export function inspectPkcs7(found: Findings, release: Release, at = 0, length = found.bytes.length): void {
  const message = found.bytes.subarray(at, at + length);
  const warnings: string[] = [];
  const parsed = parsePkcs7<Certificate>(message, {
    release,
    certificate: (der) => parseCertificate(der, release),
    warn: (line) => warnings.push(line),
  });
  found.field(at, length, "PKCS#7 message", `${length} bytes`);
  if (!parsed.ok) {
    const [warning] = warnings;
    const hint = warning?.startsWith("S/MIME Caps")
      ? "; openssl cms -sign leaves them out with -noattr -nosmimecap"
      : "";
    const why = warning === undefined ? reason(parsed.errno) : `${warning} (${parsed.errno})${hint}`;
    unread(found, "bad-pkcs7", at, message, why);
    return;
  }
  const { content, certificates, signers, hasAttributes } = parsed.value;
  if (content !== null) {
    place(found, content, "content", `${content.length} bytes`);
    found.fault(
      "content-inside",
      content.byteOffset - found.bytes.byteOffset,
      "the message carries its content; an appended signature must be detached",
    );
  }
  for (const cert of certificates)
    place(found, cert.tbs, "certificate", `${text(cert.subject)}, issued by ${text(cert.issuer)}`);
  for (const [i, signer] of signers.entries()) describeSigner(found, signer, i);
  if (hasAttributes)
    found.fault(
      "signed-attributes",
      at,
      "signatures of modules and appended signatures must not have signed attributes (EKEYREJECTED); openssl cms -sign leaves them out with -noattr",
    );
  if (signers.length > 1) found.fault("several-signers", at, "IMA reads messages of one signer only");
}
