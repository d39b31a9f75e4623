import { numberToBytesBE } from "@noble/curves/utils.js";
import { concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digest, type HashName, PublicKey, verifySignature } from "../../src/crypto/index.ts";
import { Kconfig, Release } from "../../src/release/index.ts";
import { runs } from "../fuzz.ts";
import { CURVE_OIDS, der, type GostCurve, type GostKey, gostKey, gostParameters, oid } from "./gost.ts";

const support = { release: Release.parse("6.12"), config: Kconfig.withDefaults() };
const message = utf8ToBytes("what is signed");
const CURVES = Object.keys(CURVE_OIDS) as GostCurve[];
const DIGEST = { streebog256: oid("2a85030701010202"), streebog512: oid("2a85030701010203") } as const;

const publicKey = (key: GostKey, bytes = der(4, key.coordinates), parameters = gostParameters(CURVE_OIDS[key.curve])) =>
  new PublicKey("ecrdsa", bytes, false, { hash: key.hash, parameters });
const check = (key: PublicKey, hash: HashName, bytes: Uint8Array, made = digest(hash, message), of = support) =>
  verifySignature(key, { algorithm: null, hash, digest: made, bytes }, of);
const signed = (key: GostKey): Uint8Array => key.sign(digest(key.hash, message));

describe("EC-RDSA", () => {
  it.each(CURVES)("%s: signatures verify over what was signed, and over nothing else", (curve) => {
    const secret = fc.bigInt({ min: 1n, max: (1n << 250n) - 1n });
    fc.assert(
      fc.property(secret, secret, fc.uint8Array({ maxLength: 9 }), fc.nat(), (d, nonce, text, at) => {
        const key = gostKey(curve, d);
        const hashed = digest(key.hash, text);
        const signature = key.sign(hashed, nonce);
        expect(check(publicKey(key), key.hash, signature, hashed)).toBeNull();
        const place = at % signature.length;
        const spoiled = signature.with(place, signature[place]! ^ 1);
        expect(check(publicKey(key), key.hash, spoiled, hashed)).toBe("EKEYREJECTED");
        const other = hashed.with(at % hashed.length, hashed[at % hashed.length]! ^ 1);
        expect(check(publicKey(key), key.hash, signature, other)).toBe("EKEYREJECTED");
      }),
      runs(4),
    );
  });

  const key = gostKey("A", 0x123456789n);
  const long = gostKey("512A", 0x123456789n);
  const [s, r] = [signed(key).subarray(0, 32), signed(key).subarray(32)];
  const n = hexToBytes("ffffffffffffffffffffffffffffffff6c611070995ad10045841b09b761b893");

  it.each<[string, Uint8Array, string]>([
    ["r before s", concatBytes(r, s), "EKEYREJECTED"],
    ["r of zero", concatBytes(s, new Uint8Array(32)), "EKEYREJECTED"],
    ["s of zero", concatBytes(new Uint8Array(32), r), "EKEYREJECTED"],
    ["r of the order", concatBytes(s, n), "EKEYREJECTED"],
    ["a byte too few", signed(key).subarray(1), "EBADMSG"],
    ["a signature of 512 bits", signed(long), "EBADMSG"],
  ])("%s", (_, signature, errno) => expect(check(publicKey(key), "streebog256", signature)).toBe(errno));

  it("goes with one hash, by its length", () => {
    expect(check(publicKey(key), "streebog512", signed(key))).toBe("EBADMSG");
    expect(check(publicKey(key), "sha256", signed(key))).toBe("EINVAL");
    expect(check(publicKey(key), "streebog256", signed(key), new Uint8Array(32))).toBe("EKEYREJECTED");
  });

  it("an algorithm that is not built in is not found", () => {
    const config = Kconfig.withDefaults({ CRYPTO_ECRDSA: false });
    expect(check(publicKey(key), "streebog256", signed(key), undefined, { ...support, config })).toBe("ENOENT");
  });

  const point = der(4, key.coordinates);
  it.each<[string, Uint8Array, Uint8Array, string | null]>([
    ["curve and digest", point, gostParameters(CURVE_OIDS.A, DIGEST.streebog256), null],
    ["the same curve by another name", point, gostParameters(CURVE_OIDS["256B"]), null],
    ["bytes after the key", concatBytes(point, point), gostParameters(CURVE_OIDS.A), null],
    ["no parameters", point, new Uint8Array(), "EBADMSG"],
    ["NULL", point, Uint8Array.of(5, 0), "EBADMSG"],
    [
      "parameters of encryption too",
      point,
      gostParameters(CURVE_OIDS.A, DIGEST.streebog256, oid("2a850302021f01")),
      "EBADMSG",
    ],
    ["an unknown curve", point, gostParameters("2a850302022309"), "EINVAL"],
    ["a curve known by name", point, gostParameters("2a8503070102010101"), "ENOPKG"],
    ["a curve of another kind", point, gostParameters("2a8648ce3d030107"), "ENOPKG"],
    ["a curve of another length", point, gostParameters(CURVE_OIDS["512A"]), "ENOPKG"],
    ["the digest of the other length", point, gostParameters(CURVE_OIDS.A, DIGEST.streebog512), "EINVAL"],
    ["a bare point", key.coordinates, gostParameters(CURVE_OIDS.A), "EBADMSG"],
    ["a point too short", der(4, key.coordinates.subarray(2)), gostParameters(CURVE_OIDS.A), "ENOPKG"],
    ["a point beside the curve", der(4, key.coordinates.with(0, 0)), gostParameters(CURVE_OIDS.A), "EKEYREJECTED"],
    ["the point of zeros", der(4, new Uint8Array(64)), gostParameters(CURVE_OIDS.A), "EKEYREJECTED"],
    [
      "a coordinate beyond the field",
      der(4, new Uint8Array(64).fill(255)),
      gostParameters(CURVE_OIDS.A),
      "EKEYREJECTED",
    ],
  ])("a key with %s", (_, bytes, parameters, errno) => {
    expect(check(publicKey(key, bytes, parameters), "streebog256", signed(key))).toBe(errno);
  });

  it("a digest of zero counts as one", () => {
    const zero = new Uint8Array(32);
    expect(check(publicKey(key), "streebog256", key.sign(zero), zero)).toBeNull();
    expect(check(publicKey(key), "streebog256", key.sign(zero), numberToBytesBE(1n, 32).reverse())).toBeNull();
  });
});
