// The pages of docs/lint are right: their bad example gets the finding, their good one does not.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FAULTS, LINTS, type LintId, lintPolicy, parsePolicy } from "../../src/policy/index.ts";

const PAGES = new URL("../../docs/lint/", import.meta.url);
const FENCE = /^## (Bad|Good)\n\n```ima-policy ?(.*)\n([^`]*)```$/gm;

interface Example {
  readonly kind: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly text: string;
}

function examplesOf(page: string): Example[] {
  return [...page.matchAll(FENCE)].map(([, kind, info, text]) => ({
    kind: kind!,
    settings: new Map(info!.split(" ").map((setting) => setting.split(/=(.*)/) as [string, string])),
    text: text!,
  }));
}

function findingsOf({ settings, text }: Example): string[] {
  const [symbol, value] = settings.get("config")?.split("=") ?? [];
  const policy = parsePolicy(text, {
    release: settings.get("release") ?? "6.12",
    config: symbol === undefined ? {} : { [symbol]: value === "y" },
  });
  expect(policy.diagnostics).toEqual([]);
  const also = settings.get("also");
  return lintPolicy(policy, also === undefined ? {} : { releases: [also] }).map((finding) => finding.code);
}

describe("the page of", () => {
  it.each(Object.keys(LINTS) as LintId[])("%s", (id) => {
    const page = readFileSync(new URL(`${id}.md`, PAGES), "utf8");
    expect(page.startsWith(`# ${id}\n`)).toBe(true);
    const examples = examplesOf(page);
    expect(examples.map((example) => example.kind)).toEqual(["Bad", "Good"]);
    expect(findingsOf(examples[0]!)).toContain(id);
    expect(findingsOf(examples[1]!)).not.toContain(id);
  });

  it("every finding, and of nothing else, with a row in the list", () => {
    const readme = readFileSync(new URL("README.md", PAGES), "utf8");
    const ids = Object.keys(LINTS).sort();
    expect(
      readdirSync(PAGES)
        .filter((name) => name !== "README.md")
        .sort(),
    ).toEqual(ids.map((id) => `${id}.md`));
    expect([...readme.matchAll(/^\| \[([\w-]+)\]/gm)].map(([, id]) => id!).sort()).toEqual(ids);
  });
});

it("the page of the faults has them all", () => {
  const page = readFileSync(new URL("../policy-faults.md", PAGES), "utf8");
  const rows = new Map(
    [...page.matchAll(/^\| `([\w-]+)` \| (.*) \|$/gm)].map(([, code, meaning]) => [code!, meaning!]),
  );
  for (const [code, meaning] of Object.entries(FAULTS)) expect(rows.get(code)).toBe(meaning);
  expect(rows.size).toBe(Object.keys(FAULTS).length + 4);
});
