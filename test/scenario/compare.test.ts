import { describe, expect, it } from "vitest";
import { compareStep } from "../../src/scenario/compare.ts";

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `user;0;0;3f010000;k${i}`);
const compared = (kernel: string[], imasim: string[]) =>
  compareStep(0, "keyctl", { keys: kernel }, { outcome: { keys: imasim }, log: [], measured: [] });

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
