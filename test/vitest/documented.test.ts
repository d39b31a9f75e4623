import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");

it("docs/testing.md shows the example that runs here", () => {
  expect(read("../../docs/testing.md")).toContain(`\`\`\`typescript\n${read("./strace.example.test.ts")}\`\`\`\n`);
});
