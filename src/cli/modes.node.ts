// imasim modes: one scenario under each mode of appraisal, side by side.
import { dirname, resolve } from "node:path";
import { Command } from "commander";
import { compareModes, parseScenarios } from "../scenario/index.ts";
import { print, readBytes, readText } from "./bytes.node.ts";
import { palette } from "./colour.ts";
import { modesLines } from "./modes-text.ts";

const HELP = `
A cell is ok, the errno with its cause, or ok (cause) where the mode let a failed appraisal pass. +label: fix mode wrote security.ima; +1: one entry
was measured. Where a step or a certificate switches EVM on, EVM left off and evm=fix are shown too. Of a YAML stream each boot is compared after those before it, played
as they are written. Exit status: 0 played, 2 unusable input.`;

export function modesCommand(): Command {
  return new Command("modes")
    .description("play a scenario under ima_appraise=off, log, fix and enforce, and show what each step comes to")
    .argument("<file...>", "scenarios in JSON or YAML")
    .option("--json", "one JSON object a boot")
    .addHelpText("after", HELP)
    .action((files: readonly string[], options: { readonly json?: boolean }) => {
      const colour = palette(process.stdout.isTTY === true, process.env);
      for (const file of files) {
        const scenarios = parseScenarios(readText(file), file);
        scenarios.forEach((scenario, i) => {
          const comparison = compareModes(scenario, {
            before: scenarios.slice(0, i),
            read: (name) => readBytes(resolve(dirname(file), name)),
          });
          if (options.json === true) print(`${JSON.stringify({ file, name: scenario.name, ...comparison })}\n`);
          else print(`${modesLines(file, scenario, comparison, colour).join("\n")}\n\n`);
        });
      }
    });
}
