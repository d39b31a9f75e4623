// The cases of ima-evm-utils' checker of policies (tests/ima_policy_check.test), re-expressed as data: a new rule, the rules that are
// loaded, and the bits 1 invalid, 2 overlap, 4 same.
import { describe, expect, it } from "vitest";
import { checkOverlap } from "../../src/policy/index.ts";

type Case = readonly [rule: string, loaded: string, bits: number];

// biome-ignore format: a table reads better in columns
const CASES: readonly Case[] = [
  ["measure func=FILE_CHECK", "", 0],
  ["", "", 1],
  ["measure fun=FILE_CHECK", "", 1],
  ["func=FILE_CHECK", "", 1],
  ["measure func=FILE_CHECK", "dont_appraise func=FILE_CHECK", 0],
  ["audit func=FILE_CHECK", "dont_appraise func=FILE_CHECK", 0],
  ["appraise func=FILE_CHECK", "dont_measure func=FILE_CHECK", 0],
  ["dont_measure func=FILE_CHECK", "hash func=FILE_CHECK", 0],
  ["measure func=FILE_CHECK uid=0", "measure func=FILE_CHECK uid=1", 0],
  ["measure func=FILE_CHECK uid=0 permit_directio", "measure func=FILE_CHECK uid=1 permit_directio", 0],
  ["measure func=FILE_CHECK uid=0 mask=MAY_READ permit_directio", "measure func=FILE_CHECK uid=0 mask=MAY_EXEC permit_directio", 0],
  ["measure func=FILE_CHECK uid=0 mask=MAY_READ permit_directio", "measure func=FILE_CHECK uid=0 mask=MAY_EXEC", 0],
  ["appraise func=FILE_CHECK", "appraise uid=0", 2],
  ["appraise func=FILE_CHECK", "measure func=FILE_CHECK", 2],
  ["appraise func=FILE_CHECK", "measure func=MMAP_CHECK", 2],
  ["measure func=FILE_CHECK", "dont_measure func=FILE_CHECK", 2],
  ["measure func=FILE_CHECK", "dont_measure func=FILE_CHECK permit_directio", 2],
  ["measure func=FILE_CHECK permit_directio", "dont_measure func=FILE_CHECK", 2],
  ["measure func=FILE_CHECK mask=MAY_EXEC", "measure func=FILE_CHECK mask=^MAY_EXEC", 2],
  ["measure func=FILE_CHECK mask=^MAY_READ", "measure func=FILE_CHECK mask=^MAY_EXEC", 2],
  ["measure func=FILE_CHECK", "measure func=FILE_CHECK permit_directio", 2],
  ["measure func=FILE_CHECK permit_directio", "measure func=FILE_CHECK", 2],
  ["measure func=MMAP_CHECK", "measure func=MMAP_CHECK_REQPROT", 2],
  ["measure func=FILE_CHECK mask=^MAY_EXEC", "dont_measure func=FILE_CHECK mask=^MAY_EXEC", 2],
  ["measure func=FILE_CHECK uid>0", "measure func=FILE_CHECK uid>1", 2],
  ["measure func=FILE_CHECK uid>1", "measure func=FILE_CHECK uid<1", 2],
  ["appraise func=FILE_CHECK", "appraise func=FILE_CHECK", 4],
  ["appraise mask=MAY_READ func=FILE_CHECK", "appraise func=FILE_CHECK mask=MAY_READ", 4],
  ["appraise mask=MAY_READ func=FILE_CHECK permit_directio appraise_type=imasig", "appraise func=FILE_CHECK mask=MAY_READ permit_directio appraise_type=imasig", 4],
  ["measure func=MMAP_CHECK_REQPROT", "measure func=MMAP_CHECK_REQPROT", 4],
  ["measure func=FILE_CHECK", "measure func=PATH_CHECK", 4],
  ["measure mask=^MAY_READ func=FILE_CHECK", "measure func=PATH_CHECK mask=^MAY_READ", 4],
  ["measure mask=^MAY_READ func=FILE_CHECK uid>0", "measure func=PATH_CHECK uid>0 mask=^MAY_READ", 4],
  ["measure mask=^MAY_READ func=FILE_CHECK uid<1", "measure func=PATH_CHECK uid<1 mask=^MAY_READ", 4],
  ["appraise func=FILE_CHECK", "appraise func=FILE_CHECK\nmeasure func=FILE_CHECK", 6],
  ["appraise func=FILE_CHECK", "measure func=FILE_CHECK\nappraise func=FILE_CHECK", 6],
  ["appraise func=FILE_CHECK mask=MAY_READ", "appraise func=FILE_CHECK mask=MAY_READ\nappraise func=FILE_CHECK mask=MAY_READ permit_directio", 6],
  ["appraise func=PATH_CHECK mask=MAY_READ", "appraise func=FILE_CHECK mask=MAY_READ\nappraise func=FILE_CHECK mask=MAY_READ permit_directio", 6],
  ["appraise func=FILE_CHECK mask=MAY_READ uid=0", "appraise func=FILE_CHECK mask=MAY_READ uid=1\nappraise func=FILE_CHECK mask=MAY_READ uid=2\nappraise func=FILE_CHECK mask=MAY_READ uid=3", 0],
  ["appraise func=FILE_CHECK mask=MAY_READ uid=0", "appraise func=FILE_CHECK mask=MAY_READ uid=1\nappraise func=FILE_CHECK mask=MAY_READ uid=0\nappraise func=FILE_CHECK mask=MAY_READ uid=3", 4],
];

/** Where that checker is wrong: it takes ids with > and < for equal to anything. No user is above and below 1. */
const WRONG_ABOUT_RANGES: ReadonlyMap<number, number> = new Map([[26, 0]]);

describe("a new rule against the loaded ones", () => {
  it.each(
    CASES.map(([rule, loaded, bits], at) => [at + 1, rule, loaded, WRONG_ABOUT_RANGES.get(at + 1) ?? bits] as const),
  )("%i: %s | %s", (_, rule, loaded, bits) => {
    const { invalid, overlapping, same } = checkOverlap(`${rule}\n`, loaded === "" ? "" : `${loaded}\n`, {
      release: "6.12",
    });
    expect((invalid ? 1 : 0) | (overlapping.length > 0 ? 2 : 0) | (same.length > 0 ? 4 : 0)).toBe(bits);
  });

  it("names the loaded rules that it means", () => {
    const loaded = "measure func=KEY_CHECK\nmeasure uid<10\nmeasure uid>9\nmeasure func=BPRM_CHECK uid<7\n";
    const { overlapping } = checkOverlap("measure uid=5\n", loaded, { release: "6.12" });
    expect(overlapping.map((rule) => rule.uid)).toEqual([10, 7]);
  });
});
