import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import { decodeTwoIntegers } from "../../src/crypto/asn1.ts";
import { CURVES } from "../../src/crypto/ecdsa.ts";
import {
  type CurveName,
  digest,
  type HashName,
  PublicKey,
  parsePrivateKey,
  publicKeyOf,
  signDigest,
  verifySignature,
} from "../../src/crypto/index.ts";
import { Kconfig, Release } from "../../src/release/index.ts";
import { testFile } from "../keyring/test-keys.node.ts";

const support = { release: Release.parse("6.12"), config: Kconfig.withDefaults() };
const message = utf8ToBytes("what is signed");
const HASHES: readonly HashName[] = [
  "sha1",
  "sha224",
  "sha256",
  "sha384",
  "sha512",
  "sha3-256",
  "sha3-384",
  "sha3-512",
];

const check = (key: PublicKey, hash: HashName, bytes: Uint8Array, made = digest(hash, message)) =>
  verifySignature(key, { algorithm: "ecdsa", hash, digest: made, bytes }, support);

const element = (tag: number, value: Uint8Array, extra = 0): Uint8Array => {
  const length = value.length;
  const minimal = length < 0x80 ? [length] : [0x81, length];
  return Uint8Array.of(tag, ...(extra === 0 ? minimal : [0x82, length >> 8, length & 0xff]), ...value);
};

describe("ECDSA", () => {
  it.each(["p192", "p256", "p384", "p521"])(
    "%s: what node:crypto signs verifies here, and the other way round",
    (name) => {
      const file = testFile(`corpus/${name}.key`);
      const native = createPrivateKey(Buffer.from(file));
      const key = parsePrivateKey(file);
      for (const hash of HASHES) {
        const signature = new Uint8Array(sign(hash, message, native));
        expect(check(publicKeyOf(key), hash, signature)).toBeNull();
        expect(check(publicKeyOf(key), hash, signature, digest(hash, signature))).toBe("EKEYREJECTED");
        const made = signDigest(key, hash, digest(hash, message));
        expect(made).toEqual(signDigest(key, hash, digest(hash, message)));
        expect(check(publicKeyOf(key), hash, made)).toBeNull();
        expect(verify(hash, message, createPublicKey(native), made)).toBe(true);
      }
    },
  );

  const key = parsePrivateKey(testFile("corpus/p256.key"));
  const publicKey = publicKeyOf(key);
  const good = signDigest(key, "sha256", digest("sha256", message));
  const parsed = decodeTwoIntegers(good, () => null);
  const [r, s] = parsed.ok ? parsed.value : [new Uint8Array(), new Uint8Array()];
  const order = CURVES["ecdsa-nist-p256"].curve.Point.Fn.ORDER;
  const sequence = (...parts: Uint8Array[]): Uint8Array => element(0x30, concatBytes(...parts));
  const integer = (value: Uint8Array): Uint8Array => element(0x02, value);

  it("takes what the kernel's decoder takes", () => {
    // Bytes behind the signature, lengths in more bytes than needed, integers that would be negative, either half of s.
    expect(check(publicKey, "sha256", concatBytes(good, Uint8Array.of(1, 2, 3)))).toBeNull();
    expect(check(publicKey, "sha256", element(0x30, concatBytes(element(2, r, 1), element(2, s, 1)), 1))).toBeNull();
    const bare = (value: Uint8Array): Uint8Array => value.subarray(value.length - 32);
    expect(check(publicKey, "sha256", sequence(integer(bare(r)), integer(bare(s))))).toBeNull();
    const otherHalf = numberToBytesBE(order - bytesToNumberBE(s), 33);
    expect(check(publicKey, "sha256", sequence(integer(r), integer(otherHalf)))).toBeNull();
  });

  it.each([
    ["nothing", new Uint8Array(), "EBADMSG"],
    ["r and s without DER", concatBytes(r.subarray(-32), s.subarray(-32)), "EBADMSG"],
    ["r alone", sequence(integer(r)), "EBADMSG"],
    ["a third number inside", sequence(integer(r), integer(s), integer(s)), "EBADMSG"],
    ["an empty number", sequence(integer(new Uint8Array()), integer(s)), "EINVAL"],
    ["r longer than the curve", sequence(integer(new Uint8Array(34)), integer(s)), "EINVAL"],
    [
      "r with a first byte too many",
      sequence(integer(concatBytes(Uint8Array.of(1), r.subarray(-32))), integer(s)),
      "EINVAL",
    ],
    ["r of zero", sequence(integer(Uint8Array.of(0)), integer(s)), "EBADMSG"],
    ["s of zero", sequence(integer(r), integer(Uint8Array.of(0))), "EBADMSG"],
    ["s of the order", sequence(integer(r), integer(numberToBytesBE(order, 33))), "EBADMSG"],
    ["r and s exchanged", sequence(integer(s), integer(r)), "EKEYREJECTED"],
  ] as const)("refuses %s", (_name, signature, expected) => {
    expect(check(publicKey, "sha256", signature)).toBe(expected);
  });

  it("wants an uncompressed point on the curve, and a hash that the kernel signs with", () => {
    const point = publicKey.bytes;
    const other = (bytes: Uint8Array, algorithm: CurveName = "ecdsa-nist-p256") => new PublicKey(algorithm, bytes);
    expect(check(other(concatBytes(Uint8Array.of(2), point.subarray(1, 33))), "sha256", good)).toBe("EINVAL");
    expect(check(other(point.subarray(0, 64)), "sha256", good)).toBe("EINVAL");
    expect(check(other(new Uint8Array(65).fill(4, 0, 1)), "sha256", good)).toBe("EINVAL");
    expect(check(other(point, "ecdsa-nist-p384"), "sha256", good)).toBe("EINVAL");
    expect(check(other(new Uint8Array()), "sha256", good)).toBe("EINVAL");
    expect(check(publicKey, "rmd160", good)).toBe("EINVAL");
    const old = { ...support, release: Release.parse("6.1") };
    const sha3 = { algorithm: null, hash: "sha3-256", digest: digest("sha3-256", message), bytes: good } as const;
    expect(verifySignature(publicKey, sha3, old)).toBe("EINVAL");
    const without = { ...support, config: Kconfig.withDefaults({ CRYPTO_ECDSA: false }) };
    expect(verifySignature(publicKey, { ...sha3, hash: "sha256" }, without)).toBe("ENOENT");
    expect(verifySignature(publicKey, { ...sha3, algorithm: "rsa" }, support)).toBe("EKEYREJECTED");
  });
});
