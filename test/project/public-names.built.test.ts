// A name that is public is a promise. `npm run public-names` writes the list anew when it is meant to change.
import { expect, it } from "vitest";
import pinned from "./public-names.json" with { type: "json" };

type Names = Record<string, { values: string[]; types: string[] }>;
const script: string = new URL("../../scripts/public-names.node.mjs", import.meta.url).href;
const { publicNames }: { publicNames(): Promise<Names> } = await import(script);

it("exports the names that are written down, and no others", async () => {
  expect(await publicNames()).toEqual(pinned satisfies Names);
});
