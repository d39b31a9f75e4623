// Inspection of security.ima and security.evm.
import { bytesToHex } from "@noble/hashes/utils.js";
import { decodeTwoIntegers } from "../../crypto/asn1.ts";
import { HASH_ALGORITHMS, type HashName, hashById, signsHash } from "../../crypto/index.ts";
import type { Release } from "../../release/index.ts";
import { keyNameV1, readMpi } from "../digsig-v1.ts";
import { IMA_XATTR, IMA_XATTR_LAST } from "../integrity-xattr.ts";
import { HEADER_V1, HEADER_V1_LENGTH } from "../signature-header.ts";
import type { Findings } from "./findings.ts";
import { recogniseKeyFile } from "./key-file.ts";

type Name = "security.ima" | "security.evm";

interface TypeRow {
  readonly text: string;
  readonly for: readonly Name[];
}
const TYPES: Readonly<Record<number, TypeRow>> = {
  [IMA_XATTR.DIGEST]: { text: "digest without algorithm", for: ["security.ima"] },
  [IMA_XATTR.EVM_HMAC]: { text: "EVM HMAC", for: ["security.evm"] },
  [IMA_XATTR.DIGSIG]: { text: "signature", for: ["security.ima", "security.evm"] },
  [IMA_XATTR.DIGEST_NG]: { text: "digest with algorithm", for: ["security.ima"] },
  [IMA_XATTR.EVM_PORTABLE_DIGSIG]: { text: "portable EVM signature", for: ["security.evm"] },
  [IMA_XATTR.VERITY_DIGSIG]: { text: "signature of an fs-verity digest", for: ["security.ima"] },
};
const HMAC_LENGTH = 20;
const DER_SEQUENCE = 0x30;
/** The lengths of RSA signatures that a kernel works with, and of r and s side by side. */
const RSA_LENGTHS: ReadonlySet<number> = new Set([64, 128, 192, 256, 384, 512]);
const RAW_ECDSA_LENGTHS: ReadonlySet<number> = new Set([48, 64, 96, 132]);

const ASCII_HEX = /^(?:0[xX])?(?:[0-9a-fA-F]{2}){9,}\s*$/;
const DUMP = /^(?:# file: |security\.(?:ima|evm)=)/;
const ASCII_BASE64 = /^0s[A-Za-z0-9+/]{12,}=*\s*$/;

const isTwoIntegers = (bytes: Uint8Array): boolean => decodeTwoIntegers(bytes, () => null).ok;

/** Whether this is a value at all, or the text or file that one is made of. */
function mistaken({ bytes }: Findings): string | null {
  const text = new TextDecoder("latin1").decode(bytes);
  if (ASCII_HEX.test(text)) return "these are the hex digits of a value, not the value itself";
  if (ASCII_BASE64.test(text)) return "this is a value in base64 as getfattr prints it, not the value itself";
  if (DUMP.test(text)) return "this is what getfattr prints, not the value itself";
  const file = bytes.length === 0 ? null : recogniseKeyFile(bytes);
  if (file !== null) return `this is ${file.what}, not a value`;
  return bytes[0] === DER_SEQUENCE && (bytes[1] ?? 0) >= 0x80 ? "this is DER, a certificate perhaps" : null;
}

export function inspectXattr(found: Findings, name: Name, release: Release, keyIds: readonly Uint8Array[]): void {
  const { bytes } = found;
  const type = bytes[0];
  if (type === undefined) {
    found.fault("empty", 0, "the value is empty; setxattr refuses it with EINVAL");
    return;
  }
  if (isTwoIntegers(bytes) && recogniseKeyFile(bytes)?.kind === "bare-signature") {
    found.field(0, bytes.length, "signature", "ECDSA");
    found.fault("der-not-raw", 0, "a DER signature without the type and header that belong before it");
    return;
  }
  const other = mistaken(found);
  if (other !== null) {
    found.field(0, bytes.length, "bytes");
    found.fault("not-a-value", 0, other);
    return;
  }
  const row = TYPES[type];
  found.field(0, 1, "type", row?.text ?? "unknown");
  if (row === undefined) {
    found.field(1, bytes.length - 1, "rest");
    const refused = type >= IMA_XATTR_LAST ? "; setxattr refuses it with EINVAL" : "";
    const bare = RSA_LENGTHS.has(bytes.length)
      ? `; ${bytes.length} bytes are as long as a bare RSA signature, which needs type and header before it`
      : "";
    found.fault(
      "unknown-type",
      0,
      `0x${bytesToHex(bytes.subarray(0, 1))} is no type of an integrity xattr${refused}${bare}`,
    );
    return;
  }
  if (!row.for.includes(name))
    found.fault("wrong-xattr", 0, `a ${row.text} belongs into ${row.for.join(" or ")}, not into ${name}`);
  if (type === IMA_XATTR.DIGEST) inspectDigest(found);
  else if (type === IMA_XATTR.EVM_HMAC) inspectHmac(found);
  else if (type === IMA_XATTR.DIGEST_NG) inspectDigestNg(found, release);
  else inspectSignature(found, release, keyIds);
}

function inspectDigest(found: Findings): void {
  const length = found.bytes.length - 1;
  const padded = length === 20 && found.bytes.subarray(17).every((byte) => byte === 0);
  if (length === 16 || padded) {
    found.field(1, 16, "digest", "md5");
    found.field(17, 4, "padding");
  } else {
    found.field(1, length, "digest", length === 20 ? "sha1" : "");
    if (length === 20) return;
    const fitting = HASH_ALGORITHMS.filter((row) => row.size === length).map((row) => row.name);
    const hint =
      fitting.length > 0 ? `; as long as ${fitting.join(", ")}, which need type 0x04 and their algorithm` : "";
    found.fault("bad-length", 1, `a digest of type 0x01 has 20 bytes (sha1) or 16 (md5), not ${length}${hint}`);
  }
}

function inspectHmac(found: Findings): void {
  const length = found.bytes.length - 1;
  found.field(1, length, "HMAC-SHA1");
  if (length === HMAC_LENGTH) return;
  // A header that lost its type begins with version 2, a hash, and so on to a length that fits.
  const view = new DataView(found.bytes.buffer, found.bytes.byteOffset, found.bytes.length);
  const headless = found.bytes.length > 8 && view.getUint16(6) === found.bytes.length - 8;
  const hint = headless ? "; this looks like a signature without the xattr type 0x03 before it" : "";
  found.fault("bad-length", 1, `an HMAC has ${HMAC_LENGTH} bytes, not ${length}${hint}`);
}

function inspectDigestNg(found: Findings, release: Release): void {
  const id = found.bytes[1];
  if (id === undefined) {
    found.fault("truncated", 1, "no hash algorithm, no digest");
    return;
  }
  const row = hashById(id, release);
  const length = found.bytes.length - 2;
  found.field(1, 1, "hash algorithm", row?.name ?? "unknown");
  found.field(2, length, "digest");
  if (row === undefined) {
    const later = hashById(id);
    const hint = later === undefined ? "" : `; ${later.name} came with Linux ${later.since}`;
    found.fault("unknown-hash", 1, `hash algorithm ${id} is unknown to Linux ${release.text}${hint}`);
  } else if (length !== row.size)
    found.fault(
      length < row.size ? "truncated" : "bad-length",
      2,
      `a ${row.name} digest has ${row.size} bytes, not ${length}`,
    );
}

function inspectSignature(found: Findings, release: Release, keyIds: readonly Uint8Array[]): void {
  const { bytes } = found;
  const version = bytes[1];
  if (version === undefined) {
    found.fault("truncated", 1, "no signature version");
    return;
  }
  if (version === 1) {
    inspectV1(found);
    return;
  }
  const over = version === 2 ? "over the digest" : version === 3 ? "over struct ima_file_id" : "unknown";
  found.field(1, 1, "version", over);
  if (version !== 2 && version !== 3) {
    found.field(2, bytes.length - 2, "rest");
    if (version === DER_SEQUENCE && isTwoIntegers(bytes.subarray(1))) {
      found.fault("der-not-raw", 1, "a DER signature without the header that belongs before it (EOPNOTSUPP)");
      return;
    }
    found.fault("bad-version", 1, `signature version ${version} is unknown (EOPNOTSUPP)`);
    return;
  }
  if (version === 3 && bytes[0] === IMA_XATTR.DIGSIG && !release.has("sigv3-all-files"))
    found.fault("bad-version", 1, `version 3 of type 0x03 is not verified as such before Linux 7.1`);
  if (bytes[0] === IMA_XATTR.VERITY_DIGSIG && version !== 3)
    found.fault("bad-version", 1, "fs-verity signatures have version 3");
  const hash = hashById(bytes[2] ?? -1, release);
  found.field(2, 1, "hash algorithm", hash?.name ?? "unknown");
  found.field(3, 4, "key id");
  if (bytes.length > 2 && hash === undefined)
    found.fault("unknown-hash", 2, `hash algorithm ${bytes[2]} is unknown to Linux ${release.text} (ENOPKG)`);
  if (bytes.length <= 9) {
    found.field(7, 2, "signature length");
    found.fault("truncated", bytes.length, "the header has 9 bytes and a signature after it (EBADMSG)");
    return;
  }
  inspectKeyId(found, keyIds);
  const kind = inspectRaw(found, bytes.subarray(9), inspectLength(found), hash?.name);
  if (kind !== null && hash !== undefined && !signsHash(kind, hash.name, release))
    found.fault("hash-not-signed", 2, `${kind.toUpperCase()} signatures cannot be over ${hash.name} (EINVAL)`);
}

function inspectKeyId(found: Findings, keyIds: readonly Uint8Array[]): void {
  if (keyIds.length === 0) return;
  const wanted = bytesToHex(found.bytes.subarray(3, 7));
  const reversed = bytesToHex(found.bytes.slice(3, 7).reverse());
  const ends = keyIds.map((id) => bytesToHex(id.subarray(-4)));
  if (ends.includes(wanted)) return;
  const message = ends.includes(reversed)
    ? "the key id stands with its bytes reversed: it is big-endian, the last four bytes of the certificate's key identifier"
    : `no certificate at hand has a key identifier that ends in ${wanted}; they end in ${ends.join(", ")}`;
  found.fault(ends.includes(reversed) ? "key-id-reversed" : "other-key", 3, message);
}

/** @returns whether all of the signature is there, and nothing else. */
function inspectLength(found: Findings): boolean {
  const { bytes } = found;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const said = view.getUint16(7);
  const is = bytes.length - 9;
  found.field(7, 2, "signature length", String(said));
  if (said === is) return true;
  if (view.getUint16(7, true) === is && (RSA_LENGTHS.has(is) || isTwoIntegers(bytes.subarray(9)))) {
    found.fault("little-endian-length", 7, "the length field is little-endian; it must be big-endian (EBADMSG)");
    return true;
  }
  if (said > is)
    found.fault(
      "truncated",
      bytes.length,
      `the length field says ${said}, but only ${is} bytes follow: ${said - is} are missing (EBADMSG)`,
    );
  else
    found.fault(
      "trailing-bytes",
      9 + said,
      `the length field says ${said}, but ${is} bytes follow: ${is - said} are too many (EBADMSG)`,
    );
  return false;
}

/** `whole`: the signature is neither cut nor followed by something else. @returns what made it, where that shows */
function inspectRaw(
  found: Findings,
  signature: Uint8Array,
  whole: boolean,
  hash: HashName | undefined,
): "rsa" | "ecdsa" | "ecrdsa" | null {
  const { length } = signature;
  if (hash === "streebog256" || hash === "streebog512") {
    const half = hash === "streebog256" ? 32 : 64;
    found.field(9, length, "signature", length === 2 * half ? `EC-RDSA, s and r of ${half} bytes` : "");
    if (whole && length !== 2 * half)
      found.fault(
        "odd-length",
        9,
        `${length} bytes are no EC-RDSA signature over ${hash}: s and r have ${half} bytes each`,
      );
    return "ecrdsa";
  }
  const integers = decodeTwoIntegers(signature, () => null);
  if (integers.ok && length < 150) {
    const [r, s] = integers.value;
    found.field(9, length, "signature", `ECDSA, r of ${r.length} and s of ${s.length} bytes`);
    return "ecdsa";
  }
  const rsa = RSA_LENGTHS.has(length);
  found.field(9, length, "signature", rsa ? `RSA ${8 * length}` : "");
  if (!whole) return null;
  const two = "; ECDSA signatures are DER (SEQUENCE of r and s), not r and s one after the other";
  if (signature[0] === DER_SEQUENCE && signature[1] === 0x82 && !rsa)
    found.fault("der-not-raw", 9, "a certificate or PKCS#7 message stands where the bare signature is expected");
  else if (!rsa)
    found.fault(
      "odd-length",
      9,
      `${length} bytes are neither an RSA signature nor a DER one${RAW_ECDSA_LENGTHS.has(length) ? two : ""}`,
    );
  else if (RAW_ECDSA_LENGTHS.has(length))
    found.fault("ambiguous", 9, `as long as RSA with ${8 * length} bits, or as r and s of ECDSA${two}`);
  else if (length === 128 && signature[0] === DER_SEQUENCE)
    found.fault("ambiguous", 9, "RSA by its length, DER by its first byte");
  return rsa ? "rsa" : null;
}

function inspectV1(found: Findings): void {
  const { bytes } = found;
  const values: Readonly<Record<string, string>> = {
    version: "RSA without DigestInfo, over SHA-1 of digest and header",
    algorithm: bytes[6] === 0 ? "RSA" : "unknown",
    hash: bytes[7] === 0 ? "sha1" : bytes[7] === 1 ? "sha256" : "unknown",
    timestamp: bytes.length >= 6 ? String(new DataView(bytes.buffer, bytes.byteOffset).getUint32(2, true)) : "",
    keyId: bytes.length >= 16 ? `user key ${keyNameV1(bytes.subarray(8, 16))}` : "",
  };
  for (const { name, at, length } of HEADER_V1) found.field(1 + at, length, name, values[name]);
  const start = 1 + HEADER_V1_LENGTH;
  if (bytes.length < start + 2) {
    found.fault("truncated", bytes.length, "a version 1 header has 16 bytes and a number after it (EINVAL)");
    return;
  }
  if (bytes[6] !== 0) found.fault("unknown-algorithm", 6, `algorithm ${bytes[6]} is not RSA (0)`);
  const mpi = readMpi(bytes.subarray(start));
  found.field(start, 2, "bit count", String((bytes[start]! << 8) | bytes[start + 1]!));
  found.field(start + 2, bytes.length - start - 2, "signature");
  if (!mpi.ok) found.fault("truncated", start, "the bit count says more bytes than follow (EINVAL)");
}
