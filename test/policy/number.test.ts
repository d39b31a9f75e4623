import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseInt32, parseUnsigned } from "../../src/policy/number.ts";
import { runs } from "../fuzz.ts";

describe("an unsigned number", () => {
  it("is read as written, up to 64 bits", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 1n << 66n }),
        fc.constantFrom("", "+"),
        fc.nat(30),
        (value, plus, zeros) => {
          const pad = "0".repeat(zeros);
          const expected = value < 1n << 64n ? value : "ERANGE";
          expect(parseUnsigned(`${plus}${pad}${value}`, 10)).toBe(expected);
          expect(parseUnsigned(`${plus}0x${pad}${value.toString(16)}`, 16)).toBe(expected);
          expect(parseUnsigned(`${plus}${pad}${value.toString(16).toUpperCase()}`, 16)).toBe(expected);
        },
      ),
      runs(300),
    );
  });

  it.each([
    ["", 10, "EINVAL"],
    ["+", 10, "EINVAL"],
    ["-1", 10, "EINVAL"],
    ["++1", 10, "EINVAL"],
    ["0x10", 10, "EINVAL"],
    ["0x", 16, "EINVAL"],
    ["0x0x1", 16, "EINVAL"],
    ["1 ", 10, "EINVAL"],
    ["99999999999999999999x", 10, "ERANGE"],
    ["9999999999999999999x", 10, "EINVAL"],
    ["0XfF", 16, 0xffn],
  ] as const)("%j in base %i is %s", (text, base, expected) => {
    expect(parseUnsigned(text, base)).toBe(expected);
  });
});

it.each([
  ["0", 0],
  ["-0", 0],
  ["+7", 7],
  ["0063", 63],
  ["-2147483648", -2147483648],
  ["2147483648", "ERANGE"],
  ["-2147483649", "ERANGE"],
  ["-+1", "EINVAL"],
  ["", "EINVAL"],
])("the signed number %j is %s", (text, expected) => {
  expect(parseInt32(text)).toBe(expected);
});
