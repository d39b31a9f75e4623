// Policies that are known to be bad: the search finds what each forgot, within seconds, and cuts it down to a few steps. A good one stays whole.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { findHole, type HoleSearch, type UseKind } from "../../src/fast-check/index.ts";
import { parseScenarios, playScenario } from "../../src/scenario/index.ts";
import { runs } from "../fuzz.ts";

const SECONDS = 10;
const LONGEST = 4;

const read = (folder: string) =>
  readdirSync(new URL(`./${folder}/`, import.meta.url)).map((file) => {
    const text = readFileSync(new URL(`./${folder}/${file}`, import.meta.url), "utf8");
    return { name: file.replace(".yaml", ""), ...(parse(text) as HoleSearch & { about: string }) };
  });

const bad = read("policies");
const [good] = read("good");

describe("a bad policy", () => {
  it("comes in many kinds", () => expect(bad.length).toBeGreaterThanOrEqual(20));

  it.each(bad)("$name: $about", ({ name: _name, about: _about, ...search }) => {
    const start = performance.now();
    const hole = findHole({ ...search, runs: 3000 });
    expect((performance.now() - start) / 1000).toBeLessThan(SECONDS);
    expect(hole).not.toBeNull();
    expect(hole?.attack.length).toBeLessThanOrEqual(LONGEST);
    // What is printed is what was found: it plays, and its last step is let pass.
    const [scenario] = parseScenarios(hole?.document ?? "", "hole");
    const last = playScenario(scenario!).steps.at(-1)!.outcome;
    expect(["EACCES", "EPERM"]).not.toContain(last["errno"]);
    expect(last["error"]).toBeUndefined();
  });
});

describe("a good policy", () => {
  it.each<UseKind>(["exec", "map", "read", "kernel-module", "kexec-image", "firmware"])(
    "keeps its promise of %s",
    (use) => {
      // The six together are more than 100,000 attacks under `npm run fuzz`, new ones each time.
      const { numRuns } = runs(350);
      const seed = process.env["FUZZ_RUNS"] === undefined ? 1 : Date.now() & 0x7fffffff;
      expect(findHole({ ...good!, promise: { use, is: "authentic" }, runs: numRuns, seed })).toBeNull();
    },
  );
});
