// security.ima as Debian's evmctl 1.4 makes it: test/data/evmctl/signatures.json was written by it, with the keys of test/data/keys. Where
// evmctl is installed, it also judges what is made here.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import { digest, publicKeyOf, verifySignature } from "../../src/crypto/index.ts";
import {
  decodeXattr,
  encodeXattr,
  type HashName,
  hashById,
  IMA_XATTR,
  type IntegrityXattr,
  inspect,
  keyIdV2,
  parseCertificate,
  parsePrivateKey,
  type SignatureV1,
  type SignatureV2,
  signV1,
  signV2,
} from "../../src/formats/index.ts";
import { Kconfig, Release } from "../../src/release/index.ts";
import { testFile } from "../keyring/test-keys.node.ts";
import { evmctl, evmctlSign, evmctlVerify } from "./evmctl.node.ts";

interface Fixture {
  readonly key: string;
  readonly hash: HashName;
  readonly version: 1 | 2;
  readonly content: string;
  /** The value, in hex. */
  readonly value: string;
}
const fixtures = JSON.parse(
  readFileSync(new URL("../data/evmctl/signatures.json", import.meta.url), "utf8"),
) as readonly Fixture[];
const release = Release.parse("6.12");
const support = { release, config: Kconfig.withDefaults() };
const privateKey = (name: string) => parsePrivateKey(testFile(name));
const pathOf = (name: string): string => fileURLToPath(new URL(`../data/keys/${name}`, import.meta.url));

function signatureOf(value: Uint8Array): SignatureV1 | SignatureV2 {
  const xattr = decodeXattr(value);
  if (xattr.type !== IMA_XATTR.DIGSIG) throw new Error("no signature");
  return xattr.signature;
}

/** The value that is made here for the same file, key and hash. */
function ours({ key, hash, version, content }: Fixture, timestamp: number): Uint8Array {
  const fileDigest = digest(hash, utf8ToBytes(content));
  const signature =
    version === 1
      ? signV1(privateKey(key), fileDigest, hash as "sha1" | "sha256", timestamp)
      : signV2(privateKey(key), hash, fileDigest);
  return encodeXattr({ type: IMA_XATTR.DIGSIG, signature } satisfies IntegrityXattr);
}

describe("what evmctl made", () => {
  for (const fixture of fixtures) {
    const { key, hash, version, content, value } = fixture;
    it(`v${version} ${key} ${hash}`, () => {
      const bytes = hexToBytes(value);
      expect(bytesToHex(encodeXattr(decodeXattr(bytes)))).toBe(value);
      const signature = signatureOf(bytes);
      const rsa = privateKey(key).algorithm === "rsa";
      // The kernel takes fewer hashes for ECDSA than evmctl does.
      const refused = version === 2 && !rsa && ["md5", "sm3", "rmd160"].includes(hash);
      const { faults } = inspect(bytes, { release, kind: "security.ima" });
      expect(faults.map(({ code }) => code)).toEqual(refused ? ["hash-not-signed"] : []);
      if (rsa) expect(bytesToHex(ours(fixture, signature.version === 1 ? signature.timestamp : 0))).toBe(value);
      if (signature.version === 1) return;
      expect(signature.keyId).toBe(keyIdV2(privateKey(key)));
      expect(hashById(signature.hash)!.name).toBe(hash);
      const checked = {
        algorithm: rsa ? "rsa" : "ecdsa",
        hash,
        digest: digest(hash, utf8ToBytes(content)),
        bytes: signature.signature,
      } as const;
      expect(verifySignature(publicKeyOf(privateKey(key)), checked, support)).toBe(refused ? "EINVAL" : null);
      const other = { ...checked, digest: digest(hash, utf8ToBytes(`${content} `)) };
      expect(verifySignature(publicKeyOf(privateKey(key)), other, support)).not.toBeNull();
    });
  }
});

it("key ids are those of the certificates", () => {
  for (const name of ["ima", "ec", "corpus/p192", "corpus/p384", "corpus/p521", "corpus/r4096"]) {
    const certificate = parseCertificate(testFile(`${name}.der`), release);
    if (!certificate.ok) throw new Error(name);
    expect(
      keyIdV2(privateKey(`${name}.key`))
        .toString(16)
        .padStart(8, "0"),
    ).toBe(bytesToHex(certificate.value.skid!.subarray(-4)));
  }
});

const why = evmctl === undefined ? " (skipped: evmctl is not installed)" : "";
describe.skipIf(evmctl === undefined)(`evmctl itself${why}`, () => {
  const keys = [
    "ima",
    "ec",
    "corpus/p192",
    "corpus/p384",
    "corpus/p521",
    "corpus/r1024",
    "corpus/r3072",
    "corpus/r4096",
  ];
  const hashes = ["sha1", "sha224", "sha256", "sha384", "sha512"] as const;
  const content = "some file\n";
  for (const [i, name] of keys.entries()) {
    const hash = hashes[i % hashes.length]!;
    const fixture: Fixture = { key: `${name}.key`, hash, version: 2, content, value: "" };
    it(`takes ours: ${name}, ${hash}`, () => {
      const value = ours(fixture, 0);
      expect(evmctlVerify(content, value, pathOf(`${name}.der`), 2)).toMatchObject({ ok: true });
      expect(evmctlVerify("another file\n", value, pathOf(`${name}.der`), 2).ok).toBe(false);
    });
    it(`makes what we take: ${name}, ${hash}`, () => {
      const value = evmctlSign(content, pathOf(fixture.key), hash, 2);
      const signature = signatureOf(value) as SignatureV2;
      if (privateKey(fixture.key).algorithm === "rsa") expect(value).toEqual(ours(fixture, 0));
      const of = { algorithm: null, hash, digest: digest(hash, utf8ToBytes(content)), bytes: signature.signature };
      expect(verifySignature(publicKeyOf(privateKey(fixture.key)), of, support)).toBeNull();
    });
  }
  it("makes the same version 1 signature", () => {
    const value = evmctlSign(content, pathOf("ima.key"), "sha1", 1);
    const { timestamp } = signatureOf(value) as SignatureV1;
    const made = ours({ key: "ima.key", hash: "sha1", version: 1, content, value: "" }, timestamp);
    expect(value).toEqual(made);
    expect(evmctlVerify(content, made, pathOf("ima.key"), 1)).toMatchObject({ ok: true });
    expect(evmctlVerify("another file\n", made, pathOf("ima.key"), 1).ok).toBe(false);
  });
});
