// The recordings that the tests replay.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseDocument, type Trace, traceSchema } from "imasim/scenario";

const folder = fileURLToPath(new URL("../traces/", import.meta.url));

export const families: readonly string[] = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();

export function tracesOf(family: string): string[] {
  return readdirSync(`${folder}${family}`)
    .filter((name) => name.endsWith(".trace.json"))
    .sort();
}

export function readTrace(family: string, name: string): Trace {
  const file = `${folder}${family}/${name}`;
  return parseDocument(readFileSync(file, "utf8"), traceSchema, name);
}
