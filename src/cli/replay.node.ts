// imasim replay: plays recordings of real kernels, and reports where imasim would have answered otherwise.
import { Command } from "commander";
import { parseDocument, replayTrace, traceSchema } from "../scenario/index.ts";
import { readText } from "./bytes.node.ts";
import { palette } from "./colour.ts";
import { inFile } from "./in-file.ts";

interface ReplayOptions {
  readonly json?: boolean;
}

const DIFFERENT = 1;
const MAX_SHOWN = 1000;

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
};

export function replayCommand(): Command {
  return new Command("replay")
    .description("play recordings of real kernels, and report each step whose outcome, records or list entries differ")
    .argument("<file...>", "traces in JSON or YAML")
    .option(
      "--json",
      'one object a file: {"file","steps","agreed","unrecorded","differences":[{"step","op","what","kernel","imasim"}]}',
    )
    .addHelpText(
      "after",
      "\nSteps count from 0; the boot is step -1. Exit status: 0 all agree, 1 some step differs, 2 unusable input.",
    )
    .action((files: readonly string[], options: ReplayOptions) => {
      const colour = palette(process.stdout.isTTY === true, process.env);
      // All are read before the first is played: unusable input is reported, not half of it played.
      const traces = files.map((file) => ({
        file,
        trace: parseDocument(readText(file), traceSchema, file),
      }));
      for (const { file, trace } of traces) {
        const { steps, agreed, unrecorded, differences } = inFile(file, () => replayTrace(trace));
        if (differences.length > 0) process.exitCode = DIFFERENT;
        if (options.json === true) {
          process.stdout.write(`${JSON.stringify({ file, steps, agreed, unrecorded, differences })}\n`);
          continue;
        }
        const missing = unrecorded === 0 ? "" : `, ${unrecorded} more have no result`;
        const count = `${agreed} of ${steps} steps agree${missing}`;
        process.stdout.write(`${file}: ${differences.length === 0 ? colour.good(count) : colour.bad(count)}\n`);
        for (const d of differences)
          process.stdout.write(
            `  step ${d.step} ${d.op}, ${d.what}\n    kernel: ${shown(d.kernel)}\n    imasim: ${shown(d.imasim)}\n`,
          );
      }
    });
}
