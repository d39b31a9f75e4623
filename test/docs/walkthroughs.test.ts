// The walk-throughs: their scenarios are the files that they name, their commands print what the pages show.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { auditCommand } from "../../src/cli/audit.node.ts";
import { inspectCommand } from "../../src/cli/inspect.ts";
import { logCommand } from "../../src/cli/log.node.ts";
import { modesCommand } from "../../src/cli/modes.node.ts";
import { policyCommand } from "../../src/cli/policy.node.ts";
import { assemble } from "../../src/cli/program.ts";
import { runCommand } from "../../src/cli/run.node.ts";
import { codeBlocks, shows } from "../project/examples.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const COMMANDS = [runCommand, modesCommand, logCommand, policyCommand, inspectCommand, auditCommand];

const folder = `${root}docs/walkthroughs/`;
const pages = readdirSync(folder).filter((name) => name.endsWith(".md"));

/** Runs `npx imasim …` in this process, at the root of the repository. @returns what it prints */
async function imasim(line: string): Promise<string> {
  const [npx, name, ...args] = line.split(" ");
  expect([npx, name]).toEqual(["npx", "imasim"]);
  const here = args.map((arg) => (arg.startsWith("examples/") ? root + arg : arg));
  let out = "";
  vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    out += String(chunk);
    return true;
  });
  await assemble(
    "1.0.0",
    COMMANDS.map((make) => make()),
  ).parseAsync(here, { from: "user" });
  vi.restoreAllMocks();
  return out.replaceAll(root, "");
}

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

it("the list of walk-throughs names each", () => {
  const list = readFileSync(`${folder}README.md`, "utf8");
  expect([...list.matchAll(/\]\(([\w-]+\.md)\)/g)].map((match) => match[1]).sort()).toEqual(
    pages.filter((name) => name !== "README.md").sort(),
  );
});

describe.each(pages.filter((name) => name !== "README.md"))("%s", (page) => {
  const blocks = codeBlocks(readFileSync(folder + page, "utf8"));

  it("shows the scenario that it names", () => {
    const scenarios = blocks.filter(({ language }) => language === "yaml");
    expect(scenarios.length).toBeGreaterThan(0);
    for (const { text } of scenarios) {
      const [, file, content] = /^# (examples\/[\w-]+\.yaml)\n(.*)$/s.exec(text) ?? [];
      expect(content).toBe(readFileSync(`${root}${file}`, "utf8"));
    }
  });

  it.each(blocks.filter(({ language }) => language === "sh"))("line $line: $text", async ({ text, output }) => {
    const printed = await imasim(text.trim());
    if (output === undefined || !shows(output, printed)) expect(printed).toBe(output);
  });
});
