import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as node from "../../src/crypto/backend.node.ts";
import * as portable from "../../src/crypto/backend.portable.ts";
import {
  digest,
  type HashName,
  type PrivateKey,
  PublicKey,
  parsePrivateKey,
  publicKeyOf,
  raise,
  signBare,
  signDigest,
  verifySignature,
} from "../../src/crypto/index.ts";
import { DIGEST_INFO } from "../../src/crypto/rsa.ts";
import { Kconfig, Release } from "../../src/release/index.ts";
import { runs } from "../fuzz.ts";
import { testFile } from "../keyring/test-keys.node.ts";

const support = { release: Release.parse("6.12"), config: Kconfig.withDefaults() };
const HASHES: readonly HashName[] = [
  "md5",
  "sha1",
  "rmd160",
  "sha224",
  "sha256",
  "sha384",
  "sha512",
  "sha3-256",
  "sha3-384",
  "sha3-512",
];

const check = (key: PublicKey, hash: HashName, made: Uint8Array, bytes: Uint8Array) =>
  verifySignature(key, { algorithm: "rsa", hash, digest: made, bytes }, support);

const ours = (name: string): PrivateKey => parsePrivateKey(testFile(name));
const theirs = (name: string): KeyObject => createPrivateKey(Buffer.from(testFile(name)));

describe("RSA PKCS#1 v1.5", () => {
  const message = utf8ToBytes("what is signed");

  it.each(["corpus/r1024.key", "ima.key", "corpus/r3072.key", "corpus/r4096.key", "corpus/re3.key"])(
    "%s: what node:crypto signs verifies here, byte for byte what is signed here",
    (name) => {
      const key = ours(name);
      for (const hash of HASHES) {
        const native = sign(hash === "rmd160" ? "ripemd160" : hash, message, theirs(name));
        const made = signDigest(key, hash, digest(hash, message));
        expect(made).toEqual(new Uint8Array(native));
        expect(check(publicKeyOf(key), hash, digest(hash, message), made)).toBeNull();
        expect(verify(hash === "rmd160" ? "ripemd160" : hash, message, createPublicKey(theirs(name)), made)).toBe(true);
      }
    },
  );

  const key = ours("ima.key");
  const publicKey = publicKeyOf(key);
  const hashed = digest("sha256", message);
  /** Signs any block of 256 bytes. */
  const signBlock = (block: Uint8Array): Uint8Array => {
    if (key.algorithm !== "rsa") throw new Error("an RSA key");
    return numberToBytesBE(raise(bytesToNumberBE(block), key.rsa.d, key.rsa.n), 256);
  };
  const block = (head: readonly number[], fill: number, info: Uint8Array, tail: Uint8Array): Uint8Array => {
    const filler = 256 - head.length - 1 - info.length - tail.length;
    return concatBytes(Uint8Array.from(head), new Uint8Array(filler).fill(fill), Uint8Array.of(0), info, tail);
  };
  const info = DIGEST_INFO.sha256!;

  it.each([
    ["a right one", block([0, 1], 0xff, info, hashed), null],
    ["a first byte other than 0", block([1, 1], 0xff, info, hashed), "EINVAL"],
    ["block type 2", block([0, 2], 0xff, info, hashed), "EBADMSG"],
    ["block type 0", block([0, 0], 0xff, info, hashed), "EBADMSG"],
    ["other filler", block([0, 1], 0xfe, info, hashed), "EBADMSG"],
    ["no DigestInfo", block([0, 1], 0xff, new Uint8Array(), hashed), "EBADMSG"],
    ["another DigestInfo", block([0, 1], 0xff, DIGEST_INFO["sha3-256"]!, hashed), "EBADMSG"],
    ["another digest", block([0, 1], 0xff, info, digest("sha256", hashed)), "EKEYREJECTED"],
    ["a digest that is too long", block([0, 1], 0xff, info, concatBytes(hashed, Uint8Array.of(0))), "EKEYREJECTED"],
    ["seven bytes of filler", block([0, 1], 0xff, info, new Uint8Array(256 - 2 - 7 - 1 - info.length)), "EBADMSG"],
  ] as const)("%s", (_name, encoded, expected) => {
    expect(check(publicKey, "sha256", hashed, signBlock(encoded))).toBe(expected);
  });

  it("wants a signature as long as the key, between 1 and n - 1", () => {
    const good = signDigest(key, "sha256", hashed);
    expect(check(publicKey, "sha256", hashed, good.subarray(1))).toBe("EINVAL");
    expect(check(publicKey, "sha256", hashed, concatBytes(Uint8Array.of(0), good))).toBe("EINVAL");
    expect(check(publicKey, "sha256", new Uint8Array(), good)).toBe("EINVAL");
    for (const last of [0, 1])
      expect(check(publicKey, "sha256", hashed, new Uint8Array(256).fill(last, -1))).toBe("EINVAL");
    expect(check(publicKey, "sha256", hashed, new Uint8Array(256).fill(0xff))).toBe("EINVAL");
  });

  it("knows no hash without DigestInfo, no key of an odd length, no private key", () => {
    const good = signDigest(key, "sha256", hashed);
    expect(check(publicKey, "sm3", digest("sm3", message), good)).toBe("EINVAL");
    const odd = generateKeyPairSync("rsa", { modulusLength: 1280 });
    const der = new Uint8Array(odd.publicKey.export({ type: "pkcs1", format: "der" }));
    expect(check(new PublicKey("rsa", der), "sha256", hashed, good)).toBe("EINVAL");
    expect(check(new PublicKey("rsa", Uint8Array.of(1, 2, 3)), "sha256", hashed, good)).toBe("EBADMSG");
    expect(check(new PublicKey("ecdsa-nist-p256", der), "sha256", hashed, good)).toBe("EKEYREJECTED");
  });

  it("depends on what the kernel has", () => {
    const good = signDigest(key, "sha3-256", digest("sha3-256", message));
    const signature = { algorithm: "rsa", hash: "sha3-256", digest: digest("sha3-256", message), bytes: good } as const;
    expect(verifySignature(publicKey, signature, support)).toBeNull();
    expect(verifySignature(publicKey, signature, { ...support, release: Release.parse("6.1") })).toBe("EINVAL");
    const config = Kconfig.withDefaults({ CRYPTO_RSA: false });
    expect(verifySignature(publicKey, signature, { ...support, config })).toBe("ENOENT");
  });

  it("is the same by OpenSSL and in JavaScript", () => {
    if (key.algorithm !== "rsa") throw new Error("an RSA key");
    const { n, e } = key.rsa;
    const native = node.rsaRaise(numberToBytesBE(n, 256), numberToBytesBE(e, 3))!;
    expect(portable.rsaRaise(numberToBytesBE(n, 256), numberToBytesBE(e, 3))).toBeNull();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 256, maxLength: 256 }), (bytes) => {
        bytes[0] = 0;
        expect(new Uint8Array(native(bytes))).toEqual(numberToBytesBE(raise(bytesToNumberBE(bytes), e, n), 256));
      }),
      runs(30),
    );
    expect(node.rsaRaise(Uint8Array.of(4), Uint8Array.of(3))).toBeNull();
  });

  it("signs without DigestInfo for version 1", () => {
    const bare = signBare(key, digest("sha1", message));
    if (key.algorithm !== "rsa") throw new Error("an RSA key");
    expect(numberToBytesBE(raise(bytesToNumberBE(bare), key.rsa.e, key.rsa.n), 256)).toEqual(
      block([0, 1], 0xff, new Uint8Array(), digest("sha1", message)),
    );
    expect(() => signBare(ours("ec.key"), hashed)).toThrow(TypeError);
    expect(() => signDigest(key, "sm3", hashed)).toThrow(RangeError);
  });
});
