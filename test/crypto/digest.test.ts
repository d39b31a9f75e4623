import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as node from "../../src/crypto/backend.node.ts";
import * as portable from "../../src/crypto/backend.portable.ts";
import {
  canDigest,
  createDigest,
  digest,
  HASH_ALGORITHMS,
  type HashName,
  hashAvailable,
  hashById,
  hashByName,
  hashNameOf,
  hmac,
} from "../../src/crypto/index.ts";
import { Kconfig, Release } from "../../src/release/index.ts";

const computed = HASH_ALGORITHMS.filter((row) => canDigest(row.name));

/** Test vectors of the standards: RFC 1320, RFC 6986, draft-sca-cfrg-sm3, ISO/IEC 10118-3. */
// biome-ignore format: a table reads better in columns
const VECTORS: readonly (readonly [HashName, string, string])[] = [
  ["md4", "", "31d6cfe0d16ae931b73c59d7e0c089c0"],
  ["md4", "abc", "a448017aaf21d8525fc10ae87aa6729d"],
  ["md4", "12345678901234567890123456789012345678901234567890123456789012345678901234567890", "e33b4ddc9c38f2199c3e7b164fcc0536"],
  ["md5", "abc", "900150983cd24fb0d6963f7d28e17f72"],
  ["sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
  ["rmd160", "abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"],
  ["sm3", "abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"],
  ["sm3", "abcd".repeat(16), "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"],
  ["wp512", "", "19fa61d75522a4669b44e39c1d2e1726c530232130d407f89afee0964997f7a73e83be698b288febcf88e3e03c4f0757ea8964e59b63d93708b138cc42a66eb3"],
  ["wp512", "abc", "4e2448a4c6f486bb16b6562c73b4020bf3043e3a731bce721ae1b303d97e6d4c7181eebdb6c57e277d0e34957114cbd6c797fc9d95d8b582d225292076d4eef5"],
  ["wp384", "abc", "4e2448a4c6f486bb16b6562c73b4020bf3043e3a731bce721ae1b303d97e6d4c7181eebdb6c57e277d0e34957114cbd6"],
  ["wp256", "abc", "4e2448a4c6f486bb16b6562c73b4020bf3043e3a731bce721ae1b303d97e6d4c"],
  ["streebog512", "012345678901234567890123456789012345678901234567890123456789012", "1b54d01a4af5b9d5cc3d86d68d285462b19abc2475222f35c085122be4ba1ffa00ad30f8767b3a82384c6574f024c311e2a481332b08ef7f41797891c1646f48"],
  ["streebog256", "012345678901234567890123456789012345678901234567890123456789012", "9d151eefd8590b89daa6ba6cb74af9275dd051026bb149a452fd84e5e57b5500"],
];

describe("digests", () => {
  it.each(VECTORS)("%s of %j", (name, text, hex) => {
    expect(bytesToHex(digest(name, utf8ToBytes(text)))).toBe(hex);
    expect(bytesToHex(portable.digest(name, [utf8ToBytes(text)]))).toBe(hex);
  });

  it.each(computed.map((row) => row.name))("%s is the same from both backends, however the input is cut", (name) => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300, size: "max" }), { maxLength: 4 }),
        fc.uint8Array({ maxLength: 200, size: "max" }),
        (parts, key) => {
          const whole = new Uint8Array(parts.flatMap((part) => [...part]));
          const expected = portable.digest(name, [whole]);
          expect(node.digest(name, parts)).toEqual(expected);
          expect(portable.digest(name, parts)).toEqual(expected);
          const running = createDigest(name);
          for (const part of parts) running.update(part);
          expect(running.digest()).toEqual(expected);
          const mac = portable.hmac(name, key, [whole]);
          expect(hmac(name, key, ...parts)).toEqual(mac);
          expect(node.hmac(name, key, [whole])).toEqual(mac);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("is the same beyond the length where parts are streamed", () => {
    const long = new Uint8Array(9000).map((_, i) => i * 7);
    for (const { name, size } of computed) {
      const cut = digest(name, long.subarray(0, 5), long.subarray(5));
      expect(cut).toEqual(portable.digest(name, [long]));
      expect(cut.length).toBe(size);
      expect(cut.constructor).toBe(Uint8Array);
    }
  });

  it("refuses what no supported kernel computes", () => {
    for (const name of ["rmd128", "rmd256", "rmd320", "tgr128", "tgr160", "tgr192"] as const) {
      expect(canDigest(name)).toBe(false);
      expect(() => digest(name, new Uint8Array())).toThrow(RangeError);
      expect(() => createDigest(name)).toThrow(RangeError);
      expect(() => hmac(name, new Uint8Array(), new Uint8Array())).toThrow(RangeError);
    }
  });
});

describe("the table of hash algorithms", () => {
  it("stands in the order of the ids", () => {
    expect(HASH_ALGORITHMS.map((row) => row.id)).toEqual(HASH_ALGORITHMS.map((_, i) => i));
    for (const row of HASH_ALGORITHMS) expect(hashByName(row.name)).toBe(row);
  });

  it("knows what a release knows", () => {
    const [old, new_] = [Release.parse("5.5"), Release.parse("6.12")];
    expect(hashByName("sm3-256", old)?.id).toBe(17);
    expect(hashByName("sm3", old)).toBeUndefined();
    expect(hashByName("sm3", new_)?.id).toBe(17);
    expect(hashByName("sm3-256", new_)).toBeUndefined();
    expect(hashById(20, old)).toBeUndefined();
    expect(hashById(20, new_)?.name).toBe("sha3-256");
    expect(hashById(23)).toBeUndefined();
    expect(hashById(-1)).toBeUndefined();
    expect(hashNameOf(hashById(17)!, old)).toBe("sm3-256");
    expect(hashNameOf(hashById(17)!, new_)).toBe("sm3");
    expect(hashByName("toString")).toBeUndefined();
  });

  it("needs the Kconfig symbol of an algorithm, built in", () => {
    const config = Kconfig.fromLines(["CONFIG_CRYPTO_SHA256=y", "CONFIG_CRYPTO_SHA512=m"]);
    expect(HASH_ALGORITHMS.filter((row) => hashAvailable(config, row.name)).map((row) => row.name)).toEqual([
      "sha256",
      "sha224",
    ]);
  });
});
