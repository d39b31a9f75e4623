import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  any,
  choice,
  context,
  decodeAsn1,
  type Field,
  group,
  leaf,
  listOf,
  optional,
  TAG,
} from "../../src/crypto/asn1.ts";
import { runs } from "../fuzz.ts";

/** Notes what it meets. */
const note =
  (name: string) =>
  (found: string[], { value }: { readonly value: Uint8Array }) => {
    found.push(`${name} ${bytesToHex(value)}`);
    return null;
  };
const integer = leaf<string[]>(TAG.INTEGER, note("int"));
const grammar: Field<string[]> = group<string[]>(
  TAG.SEQUENCE,
  [
    integer,
    optional(leaf(TAG.BOOLEAN, note("bool"))),
    choice([leaf(TAG.OID, note("oid")), listOf(TAG.SET, integer, note("set"))]),
    optional(group(context(0, true), [any(note("any"))], note("explicit"))),
  ],
  note("all"),
);

function decode(hex: string): string[] | string {
  const found: string[] = [];
  return decodeAsn1(grammar, found, hexToBytes(hex)) ?? found;
}

describe("the kernel's ASN.1 decoder", () => {
  it("calls actions as elements end", () => {
    expect(decode("300b 020105 3106 020101 020102".replace(/ /g, ""))).toEqual([
      "int 05",
      "int 01",
      "int 02",
      "set 020101020102",
      "all 0201053106020101020102",
    ]);
    expect(decode("300c0201050101ff0601aaa0020500")).toBe("EBADMSG");
    expect(decode("300d0201050101ff0601aaa0020500")).toEqual([
      "int 05",
      "bool ff",
      "oid aa",
      "any ",
      "explicit 0500",
      "all 0201050101ff0601aaa0020500",
    ]);
  });

  it.each([
    ["bytes behind it", "30060201050601aaffff", true],
    ["a length in one byte too many", "308106 0201050601aa", true],
    ["a length in two bytes", "30820006 0201050601aa", true],
    ["a length in three bytes", "3083000006 0201050601aa", false],
    ["indefinite length", "3080 0201050601aa 0000", true],
    ["indefinite length without its end", "3080 0201050601aa", false],
    ["indefinite length of a primitive", "3008 0280 05 0000 0601aa", false],
    ["an empty list", "3005 020105 3100", false],
    ["bytes left over inside", "3008 020105 0601aa 0500", false],
    ["an element cut short", "3006 020105 0602aa", false],
    ["a constructed integer", "3006 220105 0601aa", false],
    ["a primitive SEQUENCE", "1006 0201050601aa", true],
    ["a high tag number", "3006 1f0105 0601aa", false],
    ["a choice that is missing at the end", "3003 020105", true],
    ["a choice that is missing before something else", "3005 020105 a000", false],
    ["nothing", "", false],
  ])("%s", (_name, hex, taken) => {
    expect(Array.isArray(decode(hex.replace(/ /g, "")))).toBe(taken);
  });

  it("shows a choice that is missing at the end the last element once more", () => {
    const times = group<string[]>(TAG.SEQUENCE, [
      choice([leaf(TAG.INTEGER), leaf(TAG.BOOLEAN)], note("first")),
      choice([leaf(TAG.INTEGER), leaf(TAG.BOOLEAN)], note("second")),
    ]);
    const found: string[] = [];
    expect(decodeAsn1(times, found, hexToBytes("3003020105"))).toBeNull();
    expect(found).toEqual(["first 05", "second 05"]);
  });

  it("stops at a refusal, and at 65535 bytes", () => {
    const refusing = group<null>(TAG.SEQUENCE, [leaf(TAG.INTEGER, () => "ENOPKG"), leaf(TAG.INTEGER, () => "EINVAL")]);
    expect(decodeAsn1(refusing, null, hexToBytes("3006020101020102"))).toBe("ENOPKG");
    expect(decodeAsn1(grammar, [], new Uint8Array(65536))).toBe("EMSGSIZE");
  });

  it("answers to anything, and what it takes it takes again with bytes behind it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const whole = Uint8Array.of(TAG.SEQUENCE, bytes.length, ...bytes);
        const first: string[] = [];
        const second: string[] = [];
        const answer = decodeAsn1(grammar, first, whole);
        expect(decodeAsn1(grammar, second, Uint8Array.of(...whole, 1, 2, 3))).toBe(answer);
        expect(second).toEqual(first);
      }),
      runs(1000),
    );
  });
});
