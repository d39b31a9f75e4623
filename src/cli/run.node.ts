// imasim run: plays scenarios.
import { dirname, resolve } from "node:path";
import { Command } from "commander";
import type { Decision } from "../appraise/index.ts";
import { parseScenarios, playScenarios } from "../scenario/index.ts";
import { readBytes, readText } from "./bytes.node.ts";
import { palette } from "./colour.ts";
import { decisionJson } from "./decision-json.ts";
import { inFile } from "./in-file.ts";
import { playedLines } from "./played-text.ts";

interface RunOptions {
  readonly json?: boolean;
}

export function runCommand(): Command {
  return new Command("run")
    .description("play scenarios on a simulated kernel, and tell what it allowed, denied, measured and logged, and why")
    .argument("<file...>", "scenarios in JSON or YAML; a YAML stream of several is one machine that is booted again")
    .option("--json", "one JSON object a boot")
    .addHelpText("after", "\n@file in a scenario names a file relative to it. Exit status: 0 played, 2 unusable input.")
    .action((files: readonly string[], options: RunOptions) => {
      const colour = palette(process.stdout.isTTY === true, process.env);
      for (const file of files) {
        const scenarios = parseScenarios(readText(file), file);
        const boots = inFile(file, () => playScenarios(scenarios, (name) => readBytes(resolve(dirname(file), name))));
        boots.forEach((played, i) => {
          const scenario = scenarios[i]!;
          if (options.json === true)
            process.stdout.write(
              `${JSON.stringify({ file, name: scenario.name, boot: played.boot, steps: played.steps.map(stepJson) })}\n`,
            );
          else process.stdout.write(`${playedLines(file, scenario, played, colour).join("\n")}\n\n`);
        });
      }
    });
}

function stepJson(step: {
  readonly outcome: object;
  readonly log: readonly string[];
  readonly measured: readonly string[];
  readonly step: object;
  readonly decisions: readonly Decision[];
  readonly refusal: string | null;
}) {
  const decisions = step.decisions.map(decisionJson);
  return {
    step: step.step,
    outcome: step.outcome,
    log: step.log,
    measured: step.measured,
    decisions,
    refusal: step.refusal,
  };
}
