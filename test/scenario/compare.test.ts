import { describe, expect, it } from "vitest";
import { compareStep } from "../../src/scenario/compare.ts";

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `user;0;0;3f010000;k${i}`);
const compared = (kernel: string[], imasim: string[]) =>
  compareStep(
    0,
    "keyctl",
    { keys: kernel },
    { outcome: { keys: imasim }, log: [], measured: [], environment: new Set<string>() },
  );

describe("lists of keys", () => {
  it("of sixteen are compared in their order", () => {
    expect(compared(names(16), names(16))).toEqual([]);
    expect(compared(names(16), names(16).reverse())).toHaveLength(1);
  });

  it("of more are compared without it: a kernel draws it anew in each boot", () => {
    expect(compared(names(17), names(17).reverse())).toEqual([]);
    expect(compared(names(17), names(18).slice(1))).toHaveLength(1);
  });
});

it("what the environment chose is not compared, the rest is", () => {
  const read = (ret: number, hex: string) =>
    compareStep(
      0,
      "keyctl",
      { ret: 4, data: "abcd" },
      { outcome: { ret, hex }, log: [], measured: [], environment: new Set(["data", "hex"]) },
    );
  expect(read(4, "00000001")).toEqual([]);
  expect(read(8, "0000000100000002")).toHaveLength(1);
});
