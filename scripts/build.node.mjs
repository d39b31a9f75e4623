// Builds the published package: dist by the TypeScript compiler, schemas from the zod schemas of dist/scenario.
// Everything is made aside and moved in at the end, so that a failed build leaves the last good one.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { z } from "zod";

const root = fileURLToPath(new URL("..", import.meta.url));
const aside = join(root, "build", `package-${process.pid}`);

/** The published name of each JSON schema and the export of src/scenario that it is made from. */
const SCHEMAS = { scenario: "scenarioSchema", trace: "traceSchema" };

function fail(why) {
  console.error(`build: ${why}`);
  rmSync(aside, { recursive: true, force: true });
  process.exit(1);
}

function compile() {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const config = join(root, "tsconfig.build.json");
  const run = spawnSync(process.execPath, [tsc, "-p", config, "--outDir", join(aside, "dist")], { stdio: "inherit" });
  if (run.status !== 0) fail("the compiler found errors");
}

/** What `bin` names must start as a program does. */
function makeExecutable() {
  const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const path of Object.values(bin)) {
    const file = join(aside, path);
    if (!existsSync(file)) fail(`package.json names ${path}, which no source makes`);
    chmodSync(file, 0o755);
  }
}

async function writeSchemas() {
  // `#crypto` and the like resolve by the nearest package.json: here, to what was just compiled.
  writeFileSync(join(aside, "package.json"), readFileSync(join(root, "package.json")));
  const scenario = await import(pathToFileURL(join(aside, "dist", "scenario", "index.js")).href);
  mkdirSync(join(aside, "schemas"));
  for (const [name, exported] of Object.entries(SCHEMAS)) {
    const schema = scenario[exported];
    if (schema === undefined) fail(`src/scenario/index.ts does not export ${exported}`);
    const json = { title: `imasim ${name}`, ...z.toJSONSchema(schema, { io: "input" }) };
    writeFileSync(join(aside, "schemas", `${name}.schema.json`), `${JSON.stringify(json, null, 2)}\n`);
  }
}

compile();
makeExecutable();
await writeSchemas();
for (const folder of ["dist", "schemas"]) {
  rmSync(join(root, folder), { recursive: true, force: true });
  renameSync(join(aside, folder), join(root, folder));
}
rmSync(aside, { recursive: true });
