// Every decoder on damaged and on random bytes: it answers with a value, an errno or an InputError, in short time, and leaves the bytes
// as they are.
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { bytesToHex } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeTwoIntegers } from "../../src/crypto/asn1.ts";
import { rsaPublicKey } from "../../src/crypto/rsa.ts";
import { ERRNO, InputError, type Result } from "../../src/errno/index.ts";
import {
  appendSignature,
  decodeFileId,
  decodeInitramfs,
  decodePublicKeyV1,
  decodeSignature,
  decodeTar,
  decodeVerityDescriptor,
  decodeXattr,
  encodeVerityDescriptor,
  hashAlgorithmOfXattr,
  type InspectKind,
  imaFileId,
  inspect,
  parseCertificate,
  parsePkcs7,
  parsePrivateKey,
  readMpi,
  recogniseKeyFile,
  renderInspection,
  splitSignedFile,
  splitTrailer,
  type Unpack,
} from "../../src/formats/index.ts";
import { Release } from "../../src/release/index.ts";
import { certificate, gostKey } from "../crypto/gost.ts";
import { damaged } from "../damage.ts";
import { decoderRuns, runs } from "../fuzz.ts";
import { pem, testFile } from "../keyring/test-keys.node.ts";

const release = Release.parse("6.12");
const nothing = (): void => undefined;

/** What is damaged: one good input of each kind at least. */
const data = new URL("../data/", import.meta.url);
const read = (path: string): Uint8Array => new Uint8Array(readFileSync(new URL(path, data)));
const gunzip = (bytes: Uint8Array): Uint8Array => new Uint8Array(gunzipSync(bytes));
/** As an initramfs is unpacked: what is damaged is told by zlib's own error, which a command words anew. */
const unpack: Unpack = (compression, bytes) => {
  try {
    return compression === "gzip" ? { bytes: gunzip(bytes), used: bytes.length } : null;
  } catch {
    return null;
  }
};
const fixtures = JSON.parse(readFileSync(new URL("evmctl/signatures.json", data), "utf8")) as { value: string }[];
const gost = gostKey("B", 3n);
const samples: readonly Uint8Array[] = [
  certificate({ subject: "gost", key: gost, issuer: { name: "gost", key: gost } }).der,
  ...readdirSync(new URL("keys/corpus/", data)).map((name) => testFile(`corpus/${name}`)),
  ...["ima.der", "ec.der", "ima.key", "ec.key", "ca.pem"].map(testFile),
  ...["ima.key", "ec.key"].map(pem),
  ...["pkcs7", "key-files"].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, data)).map((name) => read(`${folder}/${name}`)),
  ),
  ...fixtures.map(({ value }) => new Uint8Array(Buffer.from(value, "hex"))),
  appendSignature(Uint8Array.of(1, 2, 3), read("pkcs7/leaf.p7")),
  encodeVerityDescriptor({
    ...{ version: 1, hashAlgorithm: 1, logBlockSize: 12, salt: new Uint8Array(8), signatureLength: 9, dataSize: 9 },
    rootHash: new Uint8Array(32).fill(3),
  }),
  imaFileId(6, "sha256", new Uint8Array(32)),
  ...["gnu-pax", "gnu-long", "libarchive-pax"].map((name) => gunzip(read(`archives/${name}.tar.gz`))),
  read("archives/initramfs.img"),
  Uint8Array.of(1, ...new Uint8Array(20)),
  Uint8Array.of(4, 4, ...new Uint8Array(32)),
];

const input = damaged(samples);

const KINDS: readonly (InspectKind | undefined)[] = [
  ...([undefined, "security.ima", "security.evm", "signed-file", "certificate", "pkcs7"] as const),
  ...(["user-key", "verity-descriptor", "file-id"] as const),
];

/** Decoders that throw for what they do not take. */
const THROWING: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  decodeXattr,
  decodeSignature,
  decodeVerityDescriptor,
  decodeFileId,
  parsePrivateKey,
  decodeTar,
  decodeInitramfs: (bytes) => decodeInitramfs(bytes, unpack),
};
/** Decoders that answer with an errno. */
const RESULTS: Readonly<Record<string, (bytes: Uint8Array) => Result<unknown>>> = {
  certificate: (bytes) => parseCertificate(bytes, release),
  "certificate 6.1": (bytes) => parseCertificate(bytes, Release.parse("6.1")),
  pkcs7: (bytes) => parsePkcs7(bytes, { release, certificate: (der) => parseCertificate(der, release), warn: nothing }),
  signedFile: (bytes) => splitSignedFile(bytes, nothing),
  trailer: (bytes) => splitTrailer(bytes, nothing),
  userKey: decodePublicKeyV1,
  mpi: readMpi,
  ecdsa: (bytes) => decodeTwoIntegers(bytes, () => null),
  rsa: rsaPublicKey,
};

describe("damaged and random input", () => {
  it("gets a value or a typed error from every decoder", () => {
    fc.assert(
      fc.property(input, (bytes) => {
        const before = bytesToHex(bytes);
        for (const [name, decode] of Object.entries(THROWING)) {
          try {
            decode(bytes);
          } catch (error) {
            if (!(error instanceof InputError)) throw new Error(`${name}: ${String(error)}`, { cause: error });
          }
        }
        for (const [name, decode] of Object.entries(RESULTS)) {
          const result = decode(bytes);
          if (!result.ok && !(result.errno in ERRNO)) throw new Error(`${name}: ${String(result.errno)}`);
        }
        hashAlgorithmOfXattr(bytes, "sha256", release);
        recogniseKeyFile(bytes);
        expect(bytesToHex(bytes)).toBe(before);
      }),
      decoderRuns,
    );
  }, 600_000);

  it("is inspected as any kind, within its bounds", () => {
    fc.assert(
      fc.property(input, fc.constantFrom(...KINDS), (bytes, kind) => {
        const found = inspect(bytes, { release, ...(kind !== undefined && { kind }), keyIds: [new Uint8Array(20)] });
        for (const { at, length } of found.fields)
          if (at < 0 || length < 1 || at + length > bytes.length) throw new Error(`${at}+${length}`);
        for (const { at } of found.faults) if (!(at >= 0 && at <= bytes.length)) throw new Error(`fault at ${at}`);
        renderInspection(found, bytes);
      }),
      runs(2000),
    );
  }, 600_000);
});
