import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digest, parsePrivateKey, publicKeyOf, SignatureCache, signDigest } from "../../src/crypto/index.ts";
import { InputError } from "../../src/errno/index.ts";
import { Kconfig, Release } from "../../src/release/index.ts";
import { runs } from "../fuzz.ts";
import { testFile } from "../keyring/test-keys.node.ts";

const support = { release: Release.parse("6.12"), config: Kconfig.withDefaults() };

describe("private keys", () => {
  it.each([
    ["ima.key", "pkcs1"],
    ["ec.key", "sec1"],
    ["corpus/p521.key", "sec1"],
  ] as const)("%s reads the same in every form", (name, own) => {
    const native = createPrivateKey(Buffer.from(testFile(name)));
    const expected = parsePrivateKey(testFile(name));
    for (const format of ["der", "pem"] as const)
      for (const type of ["pkcs8", own]) {
        const file = native.export({ type: type as "pkcs8", format: format as "pem" });
        const bytes = typeof file === "string" ? utf8ToBytes(file) : new Uint8Array(file);
        expect(parsePrivateKey(bytes)).toEqual(expected);
      }
  });

  it("gives the public key of the certificate", () => {
    const spki = createPrivateKey(Buffer.from(testFile("ima.key")));
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    expect(publicKey.asymmetricKeyType).toBe("ec");
    const der = new Uint8Array(spki.export({ type: "pkcs8", format: "der" }));
    const key = publicKeyOf(parsePrivateKey(der));
    const cert = testFile("ima.der");
    const at = cert.findIndex((_, i) => key.bytes.every((byte, j) => cert[i + j] === byte));
    expect(at).toBeGreaterThan(0);
  });

  it("refuses everything else with a typed error", () => {
    const encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    for (const text of ["", "no key", encrypted, "-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----\n"])
      expect(() => parsePrivateKey(utf8ToBytes(text))).toThrow(InputError);
    const ed = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "der" });
    expect(() => parsePrivateKey(new Uint8Array(ed))).toThrow(InputError);
    const base = createPrivateKey(Buffer.from(testFile("ec.key"))).export({ type: "pkcs8", format: "der" });
    fc.assert(
      fc.property(fc.nat(base.length - 1), fc.nat(255), (at, byte) => {
        const bytes = new Uint8Array(base);
        bytes[at] = byte;
        try {
          parsePrivateKey(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      runs(300),
    );
  });
});

describe("the cache of verifications", () => {
  it("answers as verification does, and tells signatures, digests, hashes and keys apart", () => {
    const cache = new SignatureCache(support);
    const key = parsePrivateKey(testFile("ima.key"));
    const made = digest("sha256", utf8ToBytes("a"));
    const bytes = signDigest(key, "sha256", made);
    const publicKey = publicKeyOf(key);
    const signature = { algorithm: "rsa", hash: "sha256", digest: made, bytes } as const;
    for (let i = 0; i < 2; i++) {
      expect(cache.verify(publicKey, signature)).toBeNull();
      expect(cache.verify(publicKey, { ...signature, hash: "sha3-256" })).toBe("EBADMSG");
      expect(cache.verify(publicKey, { ...signature, digest: digest("sha256", made) })).toBe("EKEYREJECTED");
      expect(cache.verify(publicKey, { ...signature, bytes: bytes.map((b, j) => (j === 255 ? b ^ 1 : b)) })).toBe(
        "EINVAL",
      );
      expect(cache.verify(publicKeyOf(parsePrivateKey(testFile("ima2.key"))), signature)).not.toBeNull();
    }
  });
});
