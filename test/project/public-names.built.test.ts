// A name that is public is a promise. `npm run public-names` writes the list anew when it is meant to change.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

type Names = Record<string, { values: string[]; types: string[] }>;
const script: string = new URL("../../scripts/public-names.node.mjs", import.meta.url).href;
const { publicNames }: { publicNames(): Promise<Names> } = await import(script);

it("exports the names that are written down, and no others", async () => {
  const pinned = JSON.parse(readFileSync(new URL("./public-names.json", import.meta.url), "utf8")) as Names;
  expect(await publicNames()).toEqual(pinned);
});
