// Builds the published package: dist by the TypeScript compiler, schemas by `imasim schema`.
// Everything is made aside and moved in at the end, so that a failed build leaves the last good one.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const aside = join(root, "build", `package-${process.pid}`);

/** The documents whose JSON schemas are published. */
const SCHEMAS = ["scenario", "trace", "boot"];

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

/** The command that was just built prints them: one place says what a schema of ours looks like. */
function writeSchemas() {
  // The nearest package.json decides what `#crypto` is and which version this is.
  copyFileSync(join(root, "package.json"), join(aside, "package.json"));
  mkdirSync(join(aside, "schemas"));
  for (const name of SCHEMAS) {
    const command = [join(aside, "dist", "cli", "main.node.js"), "schema", name];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
    if (status !== 0) fail(`imasim schema ${name}: ${stderr}`);
    writeFileSync(join(aside, "schemas", `${name}.schema.json`), stdout);
  }
}

compile();
makeExecutable();
writeSchemas();
for (const folder of ["dist", "schemas"]) {
  rmSync(join(root, folder), { recursive: true, force: true });
  renameSync(join(aside, folder), join(root, folder));
}
rmSync(aside, { recursive: true });
