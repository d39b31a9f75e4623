// Compiles src and bench to build/bench, runs the suites of every bench/*.bench.ts with tinybench and prints one table
// for each. bench/README.md has the convention.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Bench } from "tinybench";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = join(root, "build", "bench");

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { once: { type: "boolean", default: false }, time: { type: "string", default: "500" } },
});
const time = Number(options.time);
if (!(time > 0)) fail(`--time ${options.time}: not a number of milliseconds`);

function fail(why) {
  console.error(`bench: ${why}`);
  process.exit(2);
}

/** Type errors are for `npm run check` to judge: code that compiles to something is measured. */
function compile() {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", join(root, "bench", "tsconfig.json")], {
    encoding: "utf8",
  });
  if (status !== 0) console.error(`${stdout}bench: compiled in spite of the errors above`);
  // The nearest package.json decides what `imasim` and `#crypto` are: here, what was just compiled.
  const { name, version, type, imports, exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const here = JSON.parse(JSON.stringify({ name, version, type, imports, exports }).replaceAll('"./dist/', '"./src/'));
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "package.json"), JSON.stringify(here));
}

/** The tasks of a suite take turns, so that a busy minute of the machine does not meet one of them alone. */
const TURNS = 4;

async function measure(suite) {
  const tasks = new Map();
  await suite.run((name, task, { aim, bytes, before } = {}) => {
    if (tasks.has(name)) fail(`${suite.name}: two tasks named ${name}`);
    tasks.set(name, { task, aim, bytes, before, samples: [] });
  }, options);
  if (tasks.size === 0) fail(`${suite.name}: no task`);
  if (suite.peer !== undefined && !tasks.has(suite.peer))
    fail(`${suite.name}: no task named ${suite.peer} to be the peer`);
  if (options.once) {
    for (const { task, before } of tasks.values()) {
      before?.();
      await task();
    }
    return console.log(`${suite.name}: ${tasks.size} tasks called`);
  }
  const turns = suite.calls ?? TURNS;
  for (let turn = 0; turn < turns; turn++) {
    const bench = new Bench({
      name: suite.name,
      ...(suite.calls === undefined
        ? {
            time: time / TURNS,
            iterations: 5,
            warmup: turn === 0,
            warmupTime: suite.warmup ?? 250,
            warmupIterations: 5,
          }
        : { time: 0, iterations: 1, warmup: false }),
      throws: true,
      subtractTimerOverhead: true,
      retainSamples: true,
    });
    for (const [name, { task, before }] of tasks)
      bench.add(name, task, before === undefined ? {} : { beforeEach: () => before() });
    await bench.run();
    for (const { name, result } of bench.tasks) tasks.get(name).samples.push(result.latency.samples);
  }
  for (const task of tasks.values()) task.samples = Float64Array.from(task.samples.flat()).sort();
  const at = ({ samples }, part) => samples[Math.floor((samples.length - 1) * part)];
  const peer = suite.peer === undefined ? undefined : at(tasks.get(suite.peer), 0.5);
  const rows = [...tasks].map(([name, task]) => {
    const { aim, bytes, samples } = task;
    // A busy machine spoils means; what a call takes is the median, and the mean stands beside it.
    const median = at(task, 0.5);
    const perOp = median * 1000;
    return [
      name,
      Math.round(1000 / median).toLocaleString("en"),
      round(perOp),
      round(samples[0] * 1000),
      round((samples.reduce((sum, sample) => sum + sample, 0) / samples.length) * 1000),
      round(at(task, 0.99) * 1000),
      bytes === undefined ? "" : (bytes / perOp).toFixed(0),
      peer === undefined ? "" : name === suite.peer ? "peer" : `${round(peer / median)}x`,
      aim === undefined ? "" : perOp <= aim ? `met (${aim})` : `MISSED (${aim})`,
    ];
  });
  printTable(suite, rows);
}

const round = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

function printTable(suite, rows) {
  const table = [["task", "ops/s", "µs/op", "min µs", "mean µs", "p99 µs", "MB/s", "ratio", "aim µs"], ...rows];
  const used = table[0].map((_, column) => column).filter((column) => rows.some((row) => row[column] !== ""));
  const width = used.map((column) => Math.max(...table.map((row) => row[column].length)));
  console.log(`\n${suite.name}${suite.peer === undefined ? "" : `   (peer: ${suite.peer})`}`);
  for (const row of table) {
    console.log(
      `  ${used.map((column, at) => (at === 0 ? row[column].padEnd(width[at]) : row[column].padStart(width[at]))).join("  ")}`,
    );
  }
}

compile();
process.chdir(root);
if (!options.once)
  console.log(
    `Node ${process.version}, ${process.platform} ${process.arch}, ${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown"}`,
  );
const files = readdirSync(join(root, "bench"))
  .filter((file) => file.endsWith(".bench.ts"))
  .sort();
let ran = 0;
for (const file of files) {
  const { default: found } = await import(pathToFileURL(join(out, "bench", file.replace(/\.ts$/, ".js"))).href);
  const suites = Array.isArray(found) ? found : [found];
  for (const suite of suites) {
    if (typeof suite?.run !== "function" || typeof suite.name !== "string")
      fail(`bench/${file}: the default export is no suite`);
    if (wanted.length > 0 && !wanted.some((word) => file.includes(word) || suite.name.includes(word))) continue;
    await measure(suite);
    ran += 1;
  }
}
if (ran === 0 && wanted.length > 0) fail(`no file or suite has ${wanted.join(" or ")} in its name`);
