// The pages of docs/causes are right: each scenario leads to its cause, and to the very record that the page shows.
import { describe, expect, it } from "vitest";
import { CAUSES } from "../../src/appraise/causes.ts";
import { RECORD_CAUSES, type RecordCause, recordCause } from "../../src/appraise/record-causes.ts";
import { causePage, pageName, pageNames, pageText, playPage, readme } from "./cause-pages.ts";

const recordPage = ({ op, cause }: RecordCause): string => pageName(`${op}-${cause}`);
const head = ({ cause, op, since }: Pick<RecordCause, "cause" | "op" | "since">): string =>
  `# ${cause}\n\n\`op=${op}\`${since === undefined ? "" : `, since ${since}`}\n`;

/** What no scenario produces: the page says why, under the heading of the example. */
const UNPRODUCED = /\n## For example\n\nNo scenario produces it\. \S.*\n\n## What mends it\n/;
const isProduced = (row: RecordCause): boolean => !UNPRODUCED.test(pageText(recordPage(row)));

describe("the page of", () => {
  it.each(CAUSES)("$cause", (row) => {
    const { cause, op } = row;
    const { text, played, record } = causePage(cause);
    expect(text.startsWith(head(row))).toBe(true);
    expect(record).toContain(` op=${op} cause=${cause} `);
    const records = played.kernel.auditLines;
    expect(records.filter((line) => line === record)).toHaveLength(1);
    expect(records.filter((line) => line.startsWith(record.slice(0, "audit: type=1800".length)))).toEqual([record]);
    // It is the last step that the scenario is about.
    expect(played.steps.at(-1)!.log).toContain(record);
    expect(text).toContain("\n## What mends it\n");
  });

  it.each(RECORD_CAUSES.filter(isProduced))("$op $cause", (row) => {
    const { text, played, record } = playPage(recordPage(row));
    expect(text.startsWith(head(row))).toBe(true);
    const [, op, cause] = / op=(\S+) cause=(.+?) comm=/.exec(record)!;
    expect(recordCause(op!, cause!)).toBe(row);
    expect(played.kernel.auditLines.filter((line) => line === record)).toHaveLength(1);
    expect(played.steps.at(-1)!.log).toContain(record);
    expect(text).toContain("\n## What mends it\n");
  });

  it.each(RECORD_CAUSES.filter((row) => !isProduced(row)))("$op $cause, which no scenario produces", (row) => {
    expect(pageText(recordPage(row)).startsWith(head(row))).toBe(true);
  });
});

it("no page without a cause, and each in a table", () => {
  const pages = [...CAUSES.map(({ cause }) => pageName(cause)), ...RECORD_CAUSES.map(recordPage)];
  expect(pageNames().sort()).toEqual(pages.sort());
  const rows = [...readme().matchAll(/^\| \[(.+)\]\((.+)\) \| (\w+) \| ([\d.]*) +\|$/gm)];
  expect(rows.map(([, cause, page, op, since]) => ({ cause, page, op, since }))).toEqual(
    CAUSES.map(({ cause, op, since = "" }) => ({ cause, page: pageName(cause), op, since })),
  );
  const records = [...readme().matchAll(/^\| (\w+) \| \[(.+)\]\((.+)\) \| ([\d.]*) +\|$/gm)];
  const listed = records.map(([, op, cause, page, since]) => ({ cause, page, op, since }));
  expect(listed).toEqual(
    RECORD_CAUSES.map((row) => ({ cause: row.cause, page: recordPage(row), op: row.op, since: row.since ?? "" })),
  );
});
