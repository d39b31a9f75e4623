#!/usr/bin/env node
// The imasim command.
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { assemble, failure } from "./program.ts";

/** In the order of the help. Each loads what it needs, which takes longer than many a command itself. */
const SUBCOMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import("./run.node.ts")).runCommand(),
  modes: async () => (await import("./modes.node.ts")).modesCommand(),
  boot: async () => (await import("./boot.node.ts")).bootCommand(),
  replay: async () => (await import("./replay.node.ts")).replayCommand(),
  schema: async () => (await import("./schema.ts")).schemaCommand(),
  policy: async () => (await import("./policy.node.ts")).policyCommand(),
  inspect: async () => (await import("./inspect.ts")).inspectCommand(),
  cert: async () => (await import("./cert.ts")).certCommand(),
  log: async () => (await import("./log.node.ts")).logCommand(),
  audit: async () => (await import("./audit.node.ts")).auditCommand(),
};

/** The one that is asked for, else all: for the help, and to say what there is. */
const wanted = (name = ""): (() => Promise<Command>)[] =>
  Object.hasOwn(SUBCOMMANDS, name) ? [SUBCOMMANDS[name]!] : Object.values(SUBCOMMANDS);

// A reader that went away (`imasim … | head`) is no error of ours: end as a program does that SIGPIPE killed.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(128 + 13);
  });
}

const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
const { version } = JSON.parse(manifest) as { version: string };
try {
  await assemble(version, await Promise.all(wanted(process.argv[2]).map((make) => make()))).parseAsync();
} catch (error) {
  const { line, status } = failure(error);
  if (line !== undefined) process.stderr.write(`${line}\n`);
  process.exitCode = status;
}
