import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  digest,
  parsePrivateKey,
  publicKeyOf,
  type Signature,
  SignatureCache,
  signDigest,
  verifySignature,
} from "../../src/crypto/index.ts";
import { Kconfig, Release } from "../../src/release/index.ts";
import { runs } from "../fuzz.ts";
import { testFile } from "../keyring/test-keys.node.ts";

const support = { release: Release.parse("6.12"), config: Kconfig.withDefaults() };
const keys = ["ima.key", "ec.key"].map((name) => parsePrivateKey(testFile(name)));
const data = [Uint8Array.of(1), Uint8Array.of(2)];
const signatures: readonly Signature[] = keys.flatMap((key) =>
  data.flatMap((bytes) =>
    (["sha256", "sha512"] as const).map((hash) => ({
      algorithm: null,
      hash,
      digest: digest(hash, bytes),
      bytes: signDigest(key, hash, digest(hash, bytes)),
    })),
  ),
);

describe("remembered verifications", () => {
  it("are those that would be made", () => {
    const cache = new SignatureCache(support);
    const publicKeys = keys.map(publicKeyOf);
    // Signatures that meet in one place of the cache: bytes are changed where it does not look.
    const changed = fc.tuple(fc.constantFrom(...signatures), fc.constantFrom(null, 0, 20), fc.boolean());
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...publicKeys), changed), { maxLength: 12 }), (asked) => {
        for (const [key, [signature, at, inDigest]] of asked) {
          const { digest: d, bytes } = signature;
          const flip = (all: Uint8Array): Uint8Array => (at === null ? all : all.with(at + 4, all[at + 4]! ^ 1));
          const wanted = inDigest ? { ...signature, digest: flip(d) } : { ...signature, bytes: flip(bytes) };
          expect(cache.verify(key, wanted)).toBe(verifySignature(key, wanted, support));
        }
      }),
      runs(60),
    );
  });

  it("are not changed by who asked", () => {
    const cache = new SignatureCache(support);
    const key = publicKeyOf(keys[0]!);
    const mine = { ...signatures[0]!, bytes: signatures[0]!.bytes.slice() };
    expect(cache.verify(key, mine)).toBeNull();
    mine.bytes[10]! ^= 1;
    expect(cache.verify(key, mine)).not.toBeNull();
    expect(cache.verify(key, signatures[0]!)).toBeNull();
  });
});
