import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errno/index.ts";
import {
  decodeXattr,
  encodeXattr,
  HASH_ALGORITHMS,
  hashAlgorithmOfXattr,
  hashByName,
  hashXattr,
  IMA_XATTR,
  type IntegrityXattr,
} from "../../src/formats/index.ts";
import { Release } from "../../src/release/index.ts";
import { runs } from "../fuzz.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const signature = fc.oneof(
  fc.record({
    version: fc.constantFrom(2 as const, 3 as const),
    hash: fc.nat(255),
    keyId: fc.nat(0xffffffff),
    signature: fc.uint8Array({ minLength: 1, maxLength: 600 }),
  }),
  fc.record({
    version: fc.constant(1 as const),
    timestamp: fc.nat(0xffffffff),
    algorithm: fc.nat(255),
    hash: fc.nat(255),
    keyId: bytes(8),
    mpiCount: fc.nat(255),
    mpi: fc.uint8Array({ minLength: 2, maxLength: 600 }),
  }),
);
const xattr: fc.Arbitrary<IntegrityXattr> = fc.oneof(
  fc.record({ type: fc.constant(IMA_XATTR.DIGEST), digest: fc.oneof(bytes(16), bytes(20)) }),
  fc.record({ type: fc.constant(IMA_XATTR.EVM_HMAC), hmac: bytes(20) }),
  fc
    .constantFrom(...HASH_ALGORITHMS)
    .chain(({ id, size }) =>
      fc.record({ type: fc.constant(IMA_XATTR.DIGEST_NG), algorithm: fc.constant(id), digest: bytes(size) }),
    ),
  fc.record({
    type: fc.constantFrom(IMA_XATTR.DIGSIG, IMA_XATTR.EVM_PORTABLE_DIGSIG, IMA_XATTR.VERITY_DIGSIG),
    signature,
  }),
);

/** Code and place of the error that decoding gives. */
function refusal(hex: string): string {
  try {
    decodeXattr(hexToBytes(hex));
  } catch (error) {
    if (error instanceof InputError) return `${error.code} ${error.where}`;
    throw error;
  }
  return "taken";
}

describe("values of security.ima and security.evm", () => {
  it("come back as they were", () => {
    fc.assert(
      fc.property(xattr, (value) => {
        expect(decodeXattr(encodeXattr(value))).toEqual(value);
      }),
      runs(500),
    );
  });

  it("cut anywhere are refused, or are another value", () => {
    fc.assert(
      fc.property(xattr, fc.nat(), (value, cut) => {
        const whole = encodeXattr(value);
        const part = whole.subarray(0, cut % whole.length);
        try {
          expect(encodeXattr(decodeXattr(part))).toEqual(part);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      runs(500),
    );
  });

  it("have every byte of a version 2 header in its place", () => {
    expect(decodeXattr(hexToBytes("030204a07ccbb90003aabbcc"))).toEqual({
      type: IMA_XATTR.DIGSIG,
      signature: { version: 2, hash: 4, keyId: 0xa07ccbb9, signature: hexToBytes("aabbcc") },
    });
  });

  it("have every byte of a version 1 header in its place", () => {
    expect(decodeXattr(hexToBytes("0301785634120001c1f03635eada76c2010008ff"))).toEqual({
      type: IMA_XATTR.DIGSIG,
      signature: {
        ...{ version: 1, timestamp: 0x12345678, algorithm: 0, hash: 1, keyId: hexToBytes("c1f03635eada76c2") },
        ...{ mpiCount: 1, mpi: hexToBytes("0008ff") },
      },
    });
  });

  it.each([
    ["", "truncated byte 0"],
    ["01aabb", "bad-length byte 1"],
    ["02aabb", "bad-length byte 1"],
    ["04", "truncated byte 1"],
    ["04ff00", "unknown-hash byte 1"],
    ["0404aabb", "bad-length byte 2"],
    ["03", "truncated byte 1"],
    ["0305", "bad-version byte 1"],
    ["030204a07ccbb90003", "truncated byte 9"],
    ["030204a07ccbb90300aabbcc", "bad-length byte 7"],
    ["030100000000000000000000000000000000", "truncated byte 18"],
    ["07", "unknown-type byte 0"],
    ["00", "unknown-type byte 0"],
  ])("%s is refused: %s", (hex, expected) => {
    expect(refusal(hex)).toBe(expected);
  });

  it("cannot be made with a number that has no room", () => {
    const made = (change: object): (() => Uint8Array) => {
      const plain = { version: 2 as const, hash: 4, keyId: 1, signature: new Uint8Array(4), ...change };
      return () => encodeXattr({ type: IMA_XATTR.DIGSIG, signature: plain });
    };
    expect(made({ signature: new Uint8Array(0x10000) })).toThrow(RangeError);
    expect(made({ signature: new Uint8Array() })).toThrow(RangeError);
    expect(made({ signature: new Uint8Array(0xffff) })).not.toThrow();
  });
});

describe("what the kernel writes for a digest", () => {
  it.each([
    ["md4", "01"],
    ["md5", "01"],
    ["sha1", "01"],
    ["rmd160", "0403"],
    ["sha256", "0404"],
    ["wp512", "040d"],
  ] as const)("%s begins with %s", (name, head) => {
    const row = hashByName(name)!;
    const digest = new Uint8Array(row.size).fill(0xab);
    expect(bytesToHex(hashXattr(row, digest))).toBe(head + "ab".repeat(row.size));
  });
});

describe("the algorithm that a file is hashed with", () => {
  const header = (type: number, version: number, hash: number, rest = 3): Uint8Array =>
    Uint8Array.of(type, version, hash, 1, 2, 3, 4, 0, rest, ...new Uint8Array(rest));
  const old = "6.1";
  const new_ = "6.12";
  it.each([
    ["no value", null, new_, "sha256"],
    ["one byte", Uint8Array.of(4), new_, "sha256"],
    ["version 2", header(3, 2, 6), new_, "sha512"],
    ["version 2, of an algorithm that nobody knows", header(3, 2, 99), new_, "sha256"],
    ["version 2, a header and nothing after it", header(3, 2, 6, 0), new_, "sha256"],
    ["version 1", header(3, 1, 6), new_, "sha256"],
    ["fs-verity, version 3", header(6, 3, 6), new_, "sha512"],
    ["fs-verity, version 2", header(6, 2, 6), new_, "sha256"],
    ["fs-verity before it was known", header(6, 3, 6), "5.17", "sha256"],
    ["digest with algorithm", Uint8Array.of(4, 5, ...new Uint8Array(48)), new_, "sha384"],
    ["digest with algorithm, too short for it", Uint8Array.of(4, 5), new_, "sha384"],
    ["digest of an algorithm that came later", Uint8Array.of(4, 20, 0), old, "sha256"],
    ["digest of that algorithm", Uint8Array.of(4, 20, 0), new_, "sha3-256"],
    ["plain, 16 bytes", Uint8Array.of(1, ...new Uint8Array(16).fill(1)), new_, "md5"],
    ["plain, 20 bytes", Uint8Array.of(1, ...new Uint8Array(20).fill(1)), new_, "sha1"],
    ["plain, 16 bytes and zeros", Uint8Array.of(1, ...new Uint8Array(16).fill(1), 0, 0, 0, 0), new_, "md5"],
    ["plain, 32 bytes", Uint8Array.of(1, ...new Uint8Array(32)), new_, "sha256"],
    ["an HMAC", Uint8Array.of(2, 6, 6), new_, "sha256"],
  ])("%s", (_, value, release, expected) => {
    expect(hashAlgorithmOfXattr(value, "sha256", Release.parse(release))).toBe(expected);
  });
});
