// Writes docs/fidelity.md: what the recordings of real kernels hold, by family and kernel, and how far the simulator agrees with them.
// `npm run fidelity` builds the package, replays every recording and writes the page; a test holds the page against the recordings.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const traces = join(root, "test", "traces");

const HEAD = `# How faithful it is

Each recording is a scenario that was played on a real kernel, with what the kernel answered: outcome of each step, measurement entries, integrity
records and log lines. A replay plays the same scenario here and compares all of it, byte for byte where bytes were recorded. A step agrees
when nothing in it differs. \`imasim replay\` compares a recording of your own; [what is left out](not-modelled.md) stands on its own page.

This page is written by \`npm run fidelity\`.

`;

/** Every recording, without a look at how it replays. */
export function recordings() {
  const families = readdirSync(traces, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return families.flatMap((family) =>
    readdirSync(join(traces, family))
      .filter((name) => name.endsWith(".trace.json"))
      .sort()
      .map((name) => {
        const file = join(traces, family, name);
        const { kernel, boot, results } = JSON.parse(readFileSync(file, "utf8"));
        // A kernel that stopped on the way answered no more.
        const answered = results.filter((result) => result !== null);
        const answers = [boot, ...answered];
        const records = answers.flatMap(({ log = [] }) => log).filter((line) => /^audit: type=180[0-7] /.test(line));
        const entries = answers.flatMap(({ measured = [] }) => measured);
        const machine = kernel.backend === "qemu" ? "QEMU" : "user-mode Linux";
        return {
          family,
          file,
          kernel: `${kernel.release} (${machine})`,
          steps: answered.length,
          records: records.length,
          entries: entries.length,
        };
      }),
  );
}

const COLUMNS = ["recordings", "steps", "agreed", "records", "entries"];

/** Adds up rows of the same family and kernel. */
function sums(rows, keyOf) {
  const found = new Map();
  for (const row of rows) {
    const key = keyOf(row);
    const sum = found.get(key) ?? Object.fromEntries(COLUMNS.map((column) => [column, 0]));
    for (const column of COLUMNS) sum[column] += row[column] ?? 1;
    found.set(key, sum);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

const cells = (sum) => COLUMNS.map((column) => sum[column].toLocaleString("en")).join(" | ");
const numbers = COLUMNS.map(() => "---:").join(" | ");
const titles = "recordings | steps | steps that agree | records compared | list entries compared";

/** @param rows recordings with `agreed`, the number of steps that agree */
export function fidelityPage(rows) {
  const kernels = sums(rows, (row) => row.kernel).map(([kernel, sum]) => `| ${kernel} | ${cells(sum)} |`);
  const families = sums(rows, (row) => `${row.family} | ${row.kernel}`).map(
    ([key, sum]) => `| ${key} | ${cells(sum)} |`,
  );
  const [[, all]] = sums(rows, () => "");
  return `${HEAD}## By kernel

| kernel | ${titles} |
| --- | ${numbers} |
${kernels.join("\n")}
| all | ${cells(all)} |

## By family

| family | kernel | ${titles} |
| --- | --- | ${numbers} |
${families.join("\n")}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { parseDocument, replayTrace, traceSchema } = await import(join(root, "dist", "scenario", "index.js"));
  const rows = recordings().map((row) => {
    const { agreed, differences } = replayTrace(parseDocument(readFileSync(row.file, "utf8"), traceSchema, row.file));
    for (const { step, op, what } of differences) console.log(`${row.file}: step ${step} ${op}, ${what}`);
    return { ...row, agreed };
  });
  writeFileSync(join(root, "docs", "fidelity.md"), fidelityPage(rows));
}
