// imasim boot: simulates whole boots, and tells how far the machine comes.
import { dirname, resolve } from "node:path";
import { Command } from "commander";
import { InputError } from "../errno/index.ts";
import type { BootStep } from "../kernel/index.ts";
import { type BootDescription, parseBootDescriptions, playBootDescription } from "../scenario/index.ts";
import { bootLines, denying } from "./boot-text.ts";
import { print, readBytes, readText } from "./bytes.node.ts";
import { palette } from "./colour.ts";
import { decisionJson } from "./decision-json.ts";
import { inFile } from "./in-file.ts";
import { unpack } from "./unpack.node.ts";

const HELP = `
@file in a description names a file relative to it; \`imasim schema boot\` prints the JSON schema. The options go before what descriptions say, and do
without one. An archive of a root with its xattrs: tar --xattrs --xattrs-include='*' --format=pax -C ROOT -cf FILE . (as root). Exit status: 0 every machine
comes up, 1 one does not or it is not known, 2 unusable input.`;

interface BootCommandOptions {
  readonly json?: boolean;
  readonly root?: string;
  readonly fstype?: string;
  readonly initramfs?: string;
  readonly cmdline?: string;
}

/** What is booted where no description is given. */
const BARE: BootDescription = { initramfs: null };
const ROOT_TYPE = "ext4";

/** A description with what the options say in its place. Files that they name are relative to where the command runs. */
function changed(description: BootDescription, options: BootCommandOptions): BootDescription {
  const { root, fstype, initramfs, cmdline } = options;
  const at = (file: string) => `@${resolve(file)}`;
  const disk = root === undefined && fstype === undefined ? undefined : { fstype: ROOT_TYPE, ...description.root };
  return {
    ...description,
    ...(cmdline !== undefined && { kernel: { ...description.kernel, cmdline } }),
    ...(initramfs !== undefined && { initramfs: at(initramfs) }),
    ...(disk && {
      root: { ...disk, ...(root !== undefined && { tar: at(root) }), ...(fstype !== undefined && { fstype }) },
    }),
  };
}

/** The descriptions with the name of their file, or the one that options make alone. */
function descriptionsOf(files: readonly string[], options: BootCommandOptions): [string, BootDescription][] {
  if (files.length === 0) {
    if (options.root === undefined && options.initramfs === undefined)
      throw new InputError("nothing-to-boot", "", "give a description, --root or --initramfs");
    return [[options.root ?? options.initramfs ?? "", changed(BARE, options)]];
  }
  return files.flatMap((file) =>
    parseBootDescriptions(readText(file), file).map((each): [string, BootDescription] => [
      file,
      changed(each, options),
    ]),
  );
}

export function bootCommand(): Command {
  return new Command("boot")
    .description(
      "simulate whole boots, from the kernel to the services: who is denied first, and does the machine come up?",
    )
    .argument("[file...]", "descriptions of boots in JSON or YAML")
    .option("--root <file>", "a tar archive of the root file system, with its xattrs")
    .option("--fstype <type>", "what the root is: ext4, xfs, btrfs …")
    .option("--initramfs <file>", "the image that the boot loader loads: cpio, plain or gzip")
    .option("--cmdline <text>", "the kernel's command line")
    .option("--json", "one JSON object a boot")
    .addHelpText("after", HELP)
    .action((files: readonly string[], options: BootCommandOptions) => {
      const colour = palette(process.stdout.isTTY === true, process.env);
      for (const [file, description] of descriptionsOf(files, options)) {
        const read = (name: string) => readBytes(resolve(dirname(file), name));
        const simulated = inFile(file, () => playBootDescription(description, { read, unpack }));
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
