import { expect, it } from "vitest";
import { codeBlocks, shows } from "./examples.ts";

it("takes the code blocks of a document, each with what it prints", () => {
  const document = "# A\n\n```ts\nlet a;\n```\n\n```text\n1\n```\n\nwords\n\n```text\n2\n```\n```sh\nls\n```\n";
  expect(codeBlocks(document)).toEqual([
    { language: "ts", text: "let a;\n", line: 3, output: "1\n" },
    { language: "text", text: "1\n", line: 7, output: undefined },
    { language: "text", text: "2\n", line: 13, output: undefined },
    { language: "sh", text: "ls\n", line: 16, output: undefined },
  ]);
});

it.each([
  ["a b\n", "a b\n", true],
  ["a b\n", "a c\n", false],
  ["a\nb\n", "ab\n", false],
  ["a (b)\n", "a (b)", true],
  ["a.b\n", "axb\n", false],
  ["a …\nc\n", "a anything\nc\n", true],
  ["a …\nc\n", "a anything\nb\nc\n", false],
  ["a\n…\nc\n", "a\nb\nb\nc\n", true],
  ["a\n…\n", "b\n", false],
  ["a\n", "a\nb\n", false],
])("sees whether %j shows %j", (document, output, is) => {
  expect(shows(document, output)).toBe(is);
});
