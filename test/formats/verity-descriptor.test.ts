import { bytesToHex } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errno/index.ts";
import { decodeVerityDescriptor, encodeVerityDescriptor, verityDigest } from "../../src/formats/index.ts";
import { runs } from "../fuzz.ts";

const descriptor = fc.constantFrom({ id: 1, size: 32 }, { id: 2, size: 64 }).chain(({ id, size }) =>
  fc.record({
    version: fc.constant(1),
    hashAlgorithm: fc.constant(id),
    logBlockSize: fc.nat(30),
    salt: fc.uint8Array({ maxLength: 32 }),
    signatureLength: fc.nat(0xffffffff),
    dataSize: fc.nat(Number.MAX_SAFE_INTEGER),
    rootHash: fc.uint8Array({ minLength: size, maxLength: size }),
  }),
);

describe("fs-verity descriptors", () => {
  it("come back as they were", () => {
    fc.assert(
      fc.property(descriptor, (d) => {
        expect(decodeVerityDescriptor(encodeVerityDescriptor(d))).toEqual(d);
      }),
      runs(300),
    );
  });

  it("give the digest that fsverity-utils gives for an empty file", () => {
    const empty = {
      ...{ version: 1, hashAlgorithm: 1, logBlockSize: 12, salt: new Uint8Array(), signatureLength: 0, dataSize: 0 },
      rootHash: new Uint8Array(32),
    };
    const expected = "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95";
    expect(bytesToHex(verityDigest(empty))).toBe(expected);
    expect(bytesToHex(verityDigest({ ...empty, signatureLength: 700 }))).toBe(expected);
  });

  it.each([
    ["version", 0, 2, "bad-version"],
    ["hash algorithm", 1, 3, "unknown-hash"],
    ["length of the salt", 3, 33, "bad-length"],
    ["size of the file", 15, 0xff, "bad-length"],
    ["padding of the root", 16 + 40, 1, "not-zero"],
    ["padding of the salt", 80, 1, "not-zero"],
    ["reserved byte", 255, 1, "not-zero"],
  ])("are refused for their %s", (_, at, byte, code) => {
    const bytes = encodeVerityDescriptor({
      ...{ version: 1, hashAlgorithm: 1, logBlockSize: 12, salt: new Uint8Array(), signatureLength: 0, dataSize: 5 },
      rootHash: new Uint8Array(32).fill(7),
    });
    bytes[at] = byte;
    let refused: unknown;
    try {
      decodeVerityDescriptor(bytes);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(InputError);
    expect((refused as InputError).code).toBe(code);
  });

  it("are not made of what does not fit", () => {
    const d = { version: 1, hashAlgorithm: 1, logBlockSize: 12, signatureLength: 0, dataSize: 5 };
    const make = (salt: number, root: number) => () =>
      encodeVerityDescriptor({ ...d, salt: new Uint8Array(salt), rootHash: new Uint8Array(root) });
    expect(make(33, 32)).toThrow(RangeError);
    expect(make(32, 65)).toThrow(RangeError);
    expect(make(32, 64)).not.toThrow();
  });
});
