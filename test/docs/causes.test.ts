// The pages of docs/causes are right: each scenario leads to its cause, and to the very record that the page shows.
import { describe, expect, it } from "vitest";
import { CAUSES } from "../../src/appraise/causes.ts";
import { causePage, pageName, pageNames, readme } from "./cause-pages.ts";

describe("the page of", () => {
  it.each(CAUSES)("$cause", ({ cause, op, since }) => {
    const { text, played, record } = causePage(cause);
    expect(text.startsWith(`# ${cause}\n\n\`op=${op}\`${since === undefined ? "" : `, since ${since}`}\n`)).toBe(true);
    expect(record).toContain(` op=${op} cause=${cause} `);
    const records = played.kernel.auditLines;
    expect(records.filter((line) => line === record)).toHaveLength(1);
    expect(records.filter((line) => line.startsWith(record.slice(0, "audit: type=1800".length)))).toEqual([record]);
    // It is the last step that the scenario is about.
    expect(played.steps.at(-1)!.log).toContain(record);
    expect(text).toContain("\n## What mends it\n");
  });
});

it("no page without a cause, and each in the table", () => {
  expect(pageNames().sort()).toEqual(CAUSES.map(({ cause }) => pageName(cause)).sort());
  const rows = [...readme().matchAll(/^\| \[(.+)\]\((.+)\) \| (\w+) \| ([\d.]*) +\|$/gm)];
  expect(rows.map(([, cause, page, op, since]) => ({ cause, page, op, since }))).toEqual(
    CAUSES.map(({ cause, op, since = "" }) => ({ cause, page: pageName(cause), op, since })),
  );
});
