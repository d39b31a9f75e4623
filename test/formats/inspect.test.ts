import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import { digest } from "../../src/crypto/index.ts";
import {
  appendSignature,
  encodePublicKeyV1,
  encodeVerityDescriptor,
  encodeXattr,
  IMA_XATTR,
  type InspectKind,
  type InspectOptions,
  imaFileId,
  inspect,
  parseCertificate,
  parsePrivateKey,
  recognise,
  renderInspection,
  signV1,
  signV2,
  signV3,
} from "../../src/formats/index.ts";
import { Release } from "../../src/release/index.ts";
import { gostKey } from "../crypto/gost.ts";
import { pem, testFile } from "../keyring/test-keys.node.ts";

const release = Release.parse("6.12");
const key = parsePrivateKey(testFile("ima.key"));
const ecKey = parsePrivateKey(testFile("ec.key"));
const fileDigest = digest("sha256", utf8ToBytes("file"));
const signed = encodeXattr({ type: IMA_XATTR.DIGSIG, signature: signV2(key, "sha256", fileDigest) });
const ecSigned = encodeXattr({ type: IMA_XATTR.DIGSIG, signature: signV2(ecKey, "sha384", digest("sha384")) });
const old = encodeXattr({ type: IMA_XATTR.DIGSIG, signature: signV1(key, digest("sha1"), "sha1", 1) });
const verity = encodeXattr({ type: IMA_XATTR.VERITY_DIGSIG, signature: signV3(key, "sha256", fileDigest) });
const gost = Uint8Array.of(3, 2, 18, 1, 2, 3, 4, 0, 64, ...gostKey("A", 5n).sign(digest("streebog256")));
const ng = encodeXattr({ type: IMA_XATTR.DIGEST_NG, algorithm: 4, digest: fileDigest });
const skid = (() => {
  const parsed = parseCertificate(testFile("ima.der"), release);
  return parsed.ok && parsed.value.skid !== null ? parsed.value.skid : new Uint8Array();
})();

const faults = (bytes: Uint8Array, options: Partial<InspectOptions> = {}): string[] =>
  inspect(bytes, { release, kind: "security.ima", ...options }).faults.map(({ code, at }) => `${code} ${at}`);

/** Puts `hex` at a place. */
function patched(bytes: Uint8Array, at: number, hex: string): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(hexToBytes(hex), at);
  return copy;
}

/** Two bytes in the other order, as hex. */
const swapped = (bytes: Uint8Array, at: number): string => Buffer.from([bytes[at + 1]!, bytes[at]!]).toString("hex");

describe("fields", () => {
  it.each<[string, Uint8Array, InspectKind]>([
    ["a signature", signed, "security.ima"],
    ["an ECDSA signature", ecSigned, "security.ima"],
    ["an old signature", old, "security.ima"],
    ["an fs-verity signature", verity, "security.ima"],
    ["a GOST signature", gost, "security.ima"],
    ["a digest", ng, "security.ima"],
    ["a plain digest", Uint8Array.of(1, ...digest("sha1")), "security.ima"],
    ["an HMAC", Uint8Array.of(2, ...new Uint8Array(20)), "security.evm"],
    ["a portable signature", patched(signed, 0, "05"), "security.evm"],
  ])("of %s lie one after the other and cover every byte", (_, bytes, kind) => {
    const { fields, faults: wrong } = inspect(bytes, { release, kind });
    expect(wrong).toEqual([]);
    let at = 0;
    for (const field of fields) {
      expect(field.at).toBe(at);
      at += field.length;
    }
    expect(at).toBe(bytes.length);
  });

  it("say what stands there", () => {
    const { fields } = inspect(signed, { release, kind: "security.ima" });
    expect(fields.map(({ at, length, name, value }) => `${at}+${length} ${name}: ${value}`).slice(0, 5)).toEqual([
      "0+1 type: signature",
      "1+1 version: over the digest",
      "2+1 hash algorithm: sha256",
      "3+4 key id: a07ccbb9",
      "7+2 signature length: 256",
    ]);
    expect(fields[5]).toMatchObject({ at: 9, length: 256, name: "signature", value: "RSA 2048" });
  });

  it("are printed a line each, then what is wrong", () => {
    const bytes = patched(ng, 1, "63");
    expect(renderInspection(inspect(bytes, { release, kind: "security.ima" }), bytes)).toBe(
      [
        "security.ima, 34 bytes",
        "          0  type            04  digest with algorithm",
        "          1  hash algorithm  63  unknown",
        "       2-33  digest          3b9c358f36f0a31b6ad3e14f309c7cf198ac9246e8316f9ce543d5b19ac02b80",
        "  wrong at byte 1: hash algorithm 99 is unknown to Linux 6.12 [unknown-hash]",
        "",
      ].join("\n"),
    );
  });
});

describe("what is wrong with a broken value", () => {
  it.each<[string, Uint8Array, string]>([
    ["empty", new Uint8Array(), "empty 0"],
    ["unknown type", Uint8Array.of(7, 1), "unknown-type 0"],
    ["length field little-endian", patched(signed, 7, "0001"), "little-endian-length 7"],
    ["length field little-endian, ECDSA", patched(ecSigned, 7, swapped(ecSigned, 7)), "little-endian-length 7"],
    ["cut", signed.subarray(0, 200), "truncated 200"],
    ["cut where the length read backwards would fit", signed.subarray(0, 10), "truncated 10"],
    ["a bare DER signature", ecSigned.subarray(9), "der-not-raw 0"],
    ["a DER signature without its header", Uint8Array.of(3, ...ecSigned.subarray(9)), "der-not-raw 1"],
    ["RSA over a hash without DigestInfo", patched(signed, 2, "0d"), "hash-not-signed 2"],
    ["EC-RDSA of another length", patched(gost, 2, "13"), "odd-length 9"],
    ["EC-RDSA over SHA-256", patched(gost, 2, "04"), "ambiguous 9"],
    ["ECDSA over MD5", patched(ecSigned, 2, "01"), "hash-not-signed 2"],
    ["what getfattr prints", utf8ToBytes("security.ima=0x030204\n"), "not-a-value 0"],
    ["cut in its header", signed.subarray(0, 6), "truncated 6"],
    ["something after it", Uint8Array.of(...signed, 0, 0), "trailing-bytes 265"],
    ["unknown version", patched(signed, 1, "04"), "bad-version 1"],
    ["unknown hash algorithm", patched(signed, 2, "60"), "unknown-hash 2"],
    ["hex digits", utf8ToBytes(`0x${"03".repeat(20)}`), "not-a-value 0"],
    ["base64", utf8ToBytes("0sAwIEoHzLuQEAcLfHZTolzcgX"), "not-a-value 0"],
    ["PEM", testFile("ca.pem"), "not-a-value 0"],
    ["a certificate", testFile("ima.der"), "not-a-value 0"],
    ["a cut digest", ng.subarray(0, 20), "truncated 2"],
    ["a digest too long", Uint8Array.of(...ng, 1), "bad-length 2"],
    ["SHA-256 of type 0x01", Uint8Array.of(1, ...fileDigest), "bad-length 1"],
    ["fs-verity signature of version 2", patched(verity, 1, "02"), "bad-version 1"],
    ["version 3 of type 0x03", patched(signed, 1, "03"), "bad-version 1"],
    ["an HMAC", Uint8Array.of(2, ...new Uint8Array(20)), "wrong-xattr 0"],
    ["an old one, cut in its number", old.subarray(0, 100), "truncated 17"],
    ["an old one, cut in its header", old.subarray(0, 12), "truncated 12"],
  ])("%s", (_, bytes, fault) => {
    expect(faults(bytes)).toEqual([fault]);
  });

  it("a certificate or message in the place of the bare signature", () => {
    const der = testFile("ima.der");
    const header = Uint8Array.of(3, 2, 4, 1, 2, 3, 4, der.length >> 8, der.length & 0xff);
    expect(faults(Uint8Array.of(...header, ...der))).toEqual(["der-not-raw 9"]);
  });

  it("r and s one after the other instead of DER", () => {
    const raw = new Uint8Array(96).fill(5);
    expect(faults(Uint8Array.of(3, 2, 4, 1, 2, 3, 4, 0, 96, ...raw))).toEqual(["odd-length 9"]);
    expect(faults(Uint8Array.of(3, 2, 4, 1, 2, 3, 4, 0, 64, ...raw.subarray(32)))).toEqual(["ambiguous 9"]);
  });

  it("a bare RSA signature", () => {
    const { faults: wrong } = inspect(Uint8Array.of(0x55, ...signed.subarray(10)), { release, kind: "security.ima" });
    expect(wrong).toMatchObject([
      { code: "unknown-type", message: expect.stringContaining("256 bytes are as long as a bare RSA signature") },
    ]);
  });

  it("a header that lost its type", () => {
    // What is left begins with 0x02, the type of an HMAC.
    const found = inspect(signed.subarray(1), { release, kind: "security.ima" });
    expect(found.faults.map(({ code }) => code)).toEqual(["wrong-xattr", "bad-length"]);
    expect(found.faults[1]!.message).toContain("without the xattr type");
  });

  it("the key id, where certificates are at hand", () => {
    const [a, b, c, d] = signed.subarray(3, 7) as unknown as [number, number, number, number];
    const reversed = Uint8Array.from(signed);
    reversed.set([d, c, b, a], 3);
    expect(faults(signed, { keyIds: [skid] })).toEqual([]);
    expect(faults(reversed, { keyIds: [skid] })).toEqual(["key-id-reversed 3"]);
    expect(faults(patched(signed, 3, "00"), { keyIds: [skid] })).toEqual(["other-key 3"]);
  });

  it("an algorithm that came later", () => {
    const later = patched(signed, 2, "14");
    expect(faults(later)).toEqual([]);
    expect(faults(later, { release: Release.parse("6.1") })).toEqual(["unknown-hash 2"]);
  });
});

describe("other kinds", () => {
  const user = key.algorithm === "rsa" ? encodePublicKeyV1(key.rsa) : new Uint8Array();
  const descriptor = encodeVerityDescriptor({
    ...{ version: 1, hashAlgorithm: 1, logBlockSize: 12, salt: new Uint8Array(4), signatureLength: 0, dataSize: 9 },
    rootHash: fileDigest,
  });
  it.each<[InspectKind, Uint8Array]>([
    ["certificate", testFile("ima.der")],
    ["user-key", user],
    ["verity-descriptor", descriptor],
    ["signed-file", appendSignature(utf8ToBytes("content"), Uint8Array.of(0x30, 0))],
    ["file-id", imaFileId(IMA_XATTR.VERITY_DIGSIG, "sha512", digest("sha512"))],
    ["security.ima", signed],
    ["security.ima", ng],
    ["security.evm", Uint8Array.of(2, ...new Uint8Array(20))],
    ["security.evm", patched(signed, 0, "05")],
  ])("%s is recognised", (kind, bytes) => {
    expect(recognise(bytes)).toBe(kind);
    expect(inspect(bytes, { release }).kind).toBe(kind);
  });

  it("certificates: subject, key id, usage", () => {
    const { fields, faults: wrong } = inspect(testFile("ima.der"), { release });
    expect(wrong).toEqual([]);
    const values = Object.fromEntries(fields.map(({ name, value }) => [name, value]));
    expect(values.subject).toBe("IMA test signing key");
    expect(values["subject key identifier"]).toContain("key id a07ccbb9");
    expect(values.usage).toMatch(/^digitalSignature;/);
  });

  it("certificates: what is wrong", () => {
    const options = { kind: "certificate" } as const;
    expect(faults(testFile("ca.pem"), options)).toEqual(["not-der 0"]);
    expect(faults(pem("ca.pem"), options)).toEqual([]);
    expect(faults(pem("ca.pem").subarray(0, 99), options)).toEqual(["truncated 99"]);
    expect(faults(patched(pem("ca.pem"), 4, "31"), options)).toEqual(["bad-certificate 0"]);
    expect(faults(testFile("corpus/noskid.der"), options)).toEqual(["no-key-identifier 0"]);
  });

  it("signed files: what is wrong", () => {
    const options = { kind: "signed-file" } as const;
    const file = appendSignature(utf8ToBytes("content"), new Uint8Array(300));
    const trailer = file.length - 28 - 12;
    expect(faults(utf8ToBytes("content"), options)).toEqual(["no-marker 7"]);
    expect(faults(patched(file, trailer + 8, "2c010000"), options)).toEqual([`little-endian-length ${trailer + 8}`]);
    expect(faults(patched(file, trailer + 8, "00ffffff"), options)).toEqual([`bad-length ${trailer + 8}`]);
    expect(faults(patched(file, trailer + 2, "01"), options)).toEqual([`bad-trailer ${trailer}`]);
    expect(faults(file, options)).toEqual(["bad-pkcs7 7"]);
  });

  it("ima_file_id, and what is signed of it", () => {
    const id = imaFileId(IMA_XATTR.VERITY_DIGSIG, "sha256", fileDigest);
    const { fields, faults: wrong } = inspect(id, { release });
    expect(wrong).toEqual([]);
    expect(fields.map(({ name, value }) => [name, value])).toEqual([
      ["xattr type", "signature of an fs-verity digest"],
      ["hash algorithm", "sha256"],
      ["digest", bytesToHex(fileDigest)],
      ["signed", bytesToHex(digest("sha256", id))],
    ]);
    expect(faults(id.subarray(0, 1), { kind: "file-id" })).toEqual(["truncated 1"]);
    expect(faults(id.subarray(1), { kind: "file-id" })).toEqual(["unknown-type 0", "unknown-hash 1"]);
    expect(faults(id.subarray(0, 20), { kind: "file-id" })).toEqual(["bad-length 2"]);
    expect(faults(patched(id, 1, "14"), { kind: "file-id", release: Release.parse("6.1") })).toEqual([
      "unknown-hash 1",
    ]);
  });

  it("user keys and descriptors: what is wrong", () => {
    expect(faults(user, { kind: "user-key" })).toEqual([]);
    expect(faults(user.subarray(0, 50), { kind: "user-key" })).toEqual(["bad-key 0"]);
    expect(faults(descriptor, { kind: "verity-descriptor" })).toEqual([]);
    expect(faults(descriptor.subarray(1), { kind: "verity-descriptor" })).toEqual(["truncated 255"]);
    expect(faults(patched(descriptor, 1, "05"), { kind: "verity-descriptor" })).toEqual(["unknown-hash 1"]);
  });
});
