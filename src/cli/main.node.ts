#!/usr/bin/env node
// The imasim command.
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { auditCommand } from "./audit.node.ts";
import { certCommand } from "./cert.ts";
import { inspectCommand } from "./inspect.ts";
import { logCommand } from "./log.node.ts";
import { modesCommand } from "./modes.node.ts";
import { policyCommand } from "./policy.node.ts";
import { assemble, failure } from "./program.ts";
import { replayCommand } from "./replay.node.ts";
import { runCommand } from "./run.node.ts";
import { schemaCommand } from "./schema.ts";

const SUBCOMMANDS: readonly (() => Command)[] = [
  runCommand,
  modesCommand,
  replayCommand,
  schemaCommand,
  policyCommand,
  inspectCommand,
  certCommand,
  logCommand,
  auditCommand,
];

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
  await assemble(
    version,
    SUBCOMMANDS.map((make) => make()),
  ).parseAsync();
} catch (error) {
  const { line, status } = failure(error);
  if (line !== undefined) process.stderr.write(`${line}\n`);
  process.exitCode = status;
}
