// docs/fidelity.md counts the recordings as they are. That each step of them agrees is proven where they are replayed.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const script: string = new URL("../../scripts/fidelity.node.mjs", import.meta.url).href;
const { fidelityPage, recordings } = (await import(script)) as {
  fidelityPage: (rows: readonly object[]) => string;
  recordings: () => readonly { readonly steps: number }[];
};

it("the page of fidelity is up to date: else npm run fidelity", () => {
  const rows = recordings().map((row) => ({ ...row, agreed: row.steps }));
  expect(rows.length).toBeGreaterThan(400);
  const page = readFileSync(fileURLToPath(new URL("../../docs/fidelity.md", import.meta.url)), "utf8");
  expect(page).toBe(fidelityPage(rows));
});
