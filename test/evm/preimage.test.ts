import { createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type EvmPreimageInput, evmDigest, evmHmac, printPreimage } from "../../src/evm/preimage.ts";
import { runs } from "../fuzz.ts";

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replace(/[^0-9a-f]/g, ""), "hex"));
const hex = (b: Uint8Array) => Buffer.from(b).toString("hex");

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);
const IMA = bytes("0404 11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437");
const UUID = bytes("11112222-3333-4444-5555-666677778888");
/** A file on ext4 whose security.evm a 6.12 kernel wrote. */
const recorded: Omit<EvmPreimageInput, "type"> = {
  xattrs: [{ name: "security.ima", value: IMA }],
  inode: { ino: 12, generation: 0x3e4e98f6, uid: 0, gid: 0, mode: 0o100644 },
  fsuuid: UUID,
};

describe("the preimage", () => {
  it("gives the HMAC that a kernel wrote", () => {
    const { preimage, digest } = evmHmac(recorded, KEY);
    expect(hex(preimage)).toBe(
      `040411507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437` +
        `0c00000000000000f6984e3e0000000000000000a4810000${"11112222333344445555666677778888"}`,
    );
    expect(hex(digest)).toBe("2d2e534bc97e39f61bf41041e7ceea9f60926eae");
  });

  it("leaves inode number, generation and file system out of portable signatures", () => {
    const elsewhere = {
      ...recorded,
      inode: { ...recorded.inode, ino: 99, generation: 7 },
      fsuuid: new Uint8Array(16).fill(9),
    };
    const a = evmDigest({ ...recorded, type: "portable", algorithm: "sha256" });
    const b = evmDigest({ ...elsewhere, type: "portable", algorithm: "sha256" });
    expect(a.preimage.length).toBe(IMA.length + 24);
    expect(hex(b.digest)).toBe(hex(a.digest));
    expect(hex(a.digest)).toBe(createHash("sha256").update(a.preimage).digest("hex"));
  });

  it("holds the upper half of a large inode number", () => {
    const { preimage } = evmHmac({ ...recorded, xattrs: [], inode: { ...recorded.inode, ino: 0x1_0000_0002 } }, KEY);
    expect(hex(preimage.subarray(0, 8))).toBe("0200000001000000");
  });

  it("is four bytes shorter on a 32-bit kernel", () => {
    expect(hex(evmHmac({ ...recorded, bits: 32 }, KEY).preimage.subarray(IMA.length))).toBe(
      "0c000000f6984e3e0000000000000000a4810000" + "11112222333344445555666677778888",
    );
  });

  it("prints field by field what was hashed", () => {
    const { fields } = evmHmac(recorded, KEY);
    expect(printPreimage(fields).split("\n")).toEqual([
      `   0  security.ima               ${hex(IMA)}`,
      "  34  ino                        0c00000000000000  12",
      "  42  generation                 f6984e3e  1045338358",
      "  46  uid                        00000000  0",
      "  50  gid                        00000000  0",
      "  54  mode                       a481  0100644",
      "  56  padding                    0000  0",
      "  58  fsuuid                     11112222333344445555666677778888  11112222-3333-4444-5555-666677778888",
      "",
    ]);
  });

  it("refuses a key that does not fit the kernel's buffer", () => {
    expect(() => evmHmac(recorded, new Uint8Array(129))).toThrow(RangeError);
  });

  const input = fc.record({
    type: fc.constantFrom("hmac", "signature", "portable") satisfies fc.Arbitrary<EvmPreimageInput["type"]>,
    xattrs: fc.array(
      fc.record({
        name: fc.constantFrom("security.ima", "security.capability"),
        value: fc.uint8Array({ maxLength: 40 }),
      }),
      { maxLength: 3 },
    ),
    inode: fc.record({
      ino: fc.maxSafeNat(),
      generation: fc.nat(0xffff_ffff),
      uid: fc.nat(0xffff_ffff),
      gid: fc.nat(0xffff_ffff),
      mode: fc.nat(0xffff),
    }),
    fsuuid: fc.option(fc.uint8Array({ minLength: 16, maxLength: 16 })),
    bits: fc.constantFrom(32 as const, 64 as const),
  });

  it("has fields that join to the hashed bytes, and an HMAC under the key padded to 128 bytes", () => {
    fc.assert(
      fc.property(input, fc.uint8Array({ minLength: 20, maxLength: 128 }), (given, key) => {
        const { preimage, digest, fields } = evmHmac(given, key);
        expect(Buffer.concat(fields.map((f) => f.bytes)).equals(preimage)).toBe(true);
        expect(fields.every((f, i) => f.offset === fields.slice(0, i).reduce((n, g) => n + g.bytes.length, 0))).toBe(
          true,
        );
        const padded = Buffer.alloc(128);
        padded.set(key);
        expect(hex(digest)).toBe(createHmac("sha1", padded).update(preimage).digest("hex"));
      }),
      runs(100),
    );
  });
});
