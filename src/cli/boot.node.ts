// imasim boot: simulates whole boots, and tells how far the machine comes.
import { dirname, resolve } from "node:path";
import { Command } from "commander";
import type { BootStep } from "../kernel/index.ts";
import { parseBootDescriptions, playBootDescription } from "../scenario/index.ts";
import { bootLines, denying } from "./boot-text.ts";
import { print, readBytes, readText } from "./bytes.node.ts";
import { palette } from "./colour.ts";
import { decisionJson } from "./decision-json.ts";
import { inFile } from "./in-file.ts";

const HELP = `
@file in a description names a file relative to it; \`imasim schema boot\` prints the JSON schema. Exit status: 0 every machine comes up, 1 one does not
or it is not known, 2 unusable input.`;

export function bootCommand(): Command {
  return new Command("boot")
    .description(
      "simulate whole boots, from the kernel to the services: who is denied first, and does the machine come up?",
    )
    .argument("<file...>", "descriptions of boots in JSON or YAML")
    .option("--json", "one JSON object a boot")
    .addHelpText("after", HELP)
    .action((files: readonly string[], options: { readonly json?: boolean }) => {
      const colour = palette(process.stdout.isTTY === true, process.env);
      for (const file of files) {
        for (const description of parseBootDescriptions(readText(file), file)) {
          const simulated = inFile(file, () =>
            playBootDescription(description, (name) => readBytes(resolve(dirname(file), name))),
          );
          const { verdict, reason, unknowns, firstDenied, steps } = simulated;
          if (verdict !== "comes-up") process.exitCode = 1;
          if (options.json !== true) {
            print(`${bootLines(file, description, simulated, colour).join("\n")}\n\n`);
            continue;
          }
          const denied = firstDenied === null ? null : deniedJson(firstDenied, steps.indexOf(firstDenied));
          const json = { file, name: description.name, verdict, reason, unknowns, firstDenied: denied };
          print(`${JSON.stringify({ ...json, steps: steps.map(stepJson) })}\n`);
        }
      }
    });
}

/** What most readers want of the step: the whole of it is `steps[step]`. */
function deniedJson(step: BootStep, index: number) {
  const decision = denying(step);
  const rules = (decision?.rules ?? []).filter(({ outcome }) => outcome === "matched");
  return {
    step: index,
    file: step.file,
    errno: step.errno,
    cause: decision?.cause ?? null,
    rules: rules.map(({ number, text }) => ({ number, text })),
  };
}

const stepJson = ({ decisions, ...step }: BootStep) => ({ ...step, decisions: decisions.map(decisionJson) });
