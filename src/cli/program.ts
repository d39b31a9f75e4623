// The frame of the imasim command: its subcommands under one roof, and what becomes of an error: one line and a status.
import { Command, CommanderError } from "commander";
import { InputError } from "../errno/index.ts";

/** How the command ends; 0 is success, and what 1 means is said by each subcommand. */
export const STATUS = { badInput: 2, internalError: 70 } as const;

/** The command with its subcommands. It throws a CommanderError instead of ending the process. */
export function assemble(version: string, subcommands: readonly Command[]): Command {
  const program = new Command("imasim")
    .description("Simulates the Linux kernel's IMA and EVM: what would it measure, deny and log, and why?")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", "\nExit status: 0 all is well, 1 see the subcommand's help, 2 unusable input.")
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`imasim: ${oneLine(text.replace(/^error: /, ""))}\n`) });
  for (const subcommand of subcommands) {
    inherit(subcommand, program);
    program.addCommand(subcommand);
  }
  return program;
}

/** Commander passes settings on to what `.command()` makes, not to what `.addCommand()` is given. */
function inherit(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  for (const below of command.commands) inherit(below, command);
}

/** What to print for an error that reached the top, if anything is left to print, and the status to end with. */
export function failure(error: unknown): { readonly line: string | undefined; readonly status: number } {
  if (error instanceof CommanderError) {
    return { line: undefined, status: error.exitCode === 0 ? 0 : STATUS.badInput };
  }
  if (error instanceof InputError) return { line: `imasim: ${oneLine(error.message)}`, status: STATUS.badInput };
  if (isFileError(error)) return { line: `imasim: ${error.path}: ${reasonOf(error)}`, status: STATUS.badInput };
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { line: `imasim: internal error: ${oneLine(message)}`, status: STATUS.internalError };
}

const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, " ");

/** A file that the user named and the system would not give: an error of node:fs. */
function isFileError(error: unknown): error is Error & { code: string; path: string } {
  return (
    error instanceof Error && "syscall" in error && "path" in error && typeof error.path === "string" && "code" in error
  );
}

/** Node's message is `ENOENT: no such file or directory, open 'path'`. */
function reasonOf(error: Error & { code: string }): string {
  return /^\w+: (.*?), \w+/.exec(error.message)?.[1] ?? error.code;
}
