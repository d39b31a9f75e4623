// RSA against micro-rsa-dsa-dh, a library that runs in browsers too: the same signatures byte for byte, and the same answers to damaged ones,
// as far as the library goes: whole messages, eight hashes, yes or no.
import { utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import * as peer from "micro-rsa-dsa-dh/rsa.js";
import { describe, expect, it } from "vitest";
import {
  digest,
  type HashName,
  parsePrivateKey,
  publicKeyOf,
  signDigest,
  verifySignature,
} from "../../src/crypto/index.ts";
import { Kconfig, Release } from "../../src/release/index.ts";
import { damaged } from "../damage.ts";
import { runs } from "../fuzz.ts";
import { testFile } from "../keyring/test-keys.node.ts";

const support = { release: Release.parse("6.12"), config: Kconfig.withDefaults() };
const SCHEMES = {
  sha1: peer.PKCS1_SHA1,
  sha224: peer.PKCS1_SHA224,
  sha256: peer.PKCS1_SHA256,
  sha384: peer.PKCS1_SHA384,
  sha512: peer.PKCS1_SHA512,
  "sha3-256": peer.PKCS1_SHA3_256,
  "sha3-384": peer.PKCS1_SHA3_384,
  "sha3-512": peer.PKCS1_SHA3_512,
} as const satisfies { readonly [name in HashName]?: object };
const HASHES = Object.keys(SCHEMES) as (keyof typeof SCHEMES)[];
const message = utf8ToBytes("what is signed");

function keys(name: string) {
  const key = parsePrivateKey(testFile(name));
  if (key.algorithm !== "rsa") throw new Error(`${name} is no RSA key`);
  const { n, e, d } = key.rsa;
  return { ours: key, theirs: { publicKey: { n, e }, privateKey: { n, d } } };
}
const check = (key: ReturnType<typeof keys>, hash: HashName, bytes: Uint8Array): string | null =>
  verifySignature(publicKeyOf(key.ours), { algorithm: "rsa", hash, digest: digest(hash, message), bytes }, support);

describe("RSA and its peer", () => {
  it.each(["corpus/r1024.key", "ima.key", "corpus/r3072.key", "corpus/r4096.key"])("%s: what either signs", (name) => {
    const key = keys(name);
    for (const [i, hash] of HASHES.entries()) {
      const made = signDigest(key.ours, hash, digest(hash, message));
      expect(SCHEMES[hash].verify(key.theirs.publicKey, message, made)).toBe(true);
      expect(check(key, hash, made)).toBeNull();
      // It signs without the Chinese remainders, so that large keys take it long.
      if (name === "corpus/r1024.key" || i === 2)
        expect(SCHEMES[hash].sign(key.theirs.privateKey, message)).toEqual(made);
    }
  });

  it("agree on signatures that are damaged, or of another hash", () => {
    const key = keys("corpus/r1024.key");
    const good = HASHES.map((hash) => signDigest(key.ours, hash, digest(hash, message)));
    const tried = fc.oneof(fc.constantFrom(...good), damaged(good));
    fc.assert(
      fc.property(tried, fc.constantFrom(...HASHES), (bytes, hash) => {
        // It takes any number below the modulus; the kernel has no use for 0, 1 and the modulus less one, which are no signatures either.
        expect(check(key, hash, bytes) === null).toBe(SCHEMES[hash].verify(key.theirs.publicKey, message, bytes));
      }),
      runs(300),
    );
  });
});
