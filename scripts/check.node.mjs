// What is checked without running the project: `npm run check` does all of it, says what failed and stops at nothing.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const tool = (path) => join(root, "node_modules", path);

/** @type {Record<string, string[]>} what each check is called and the script that it runs */
const CHECKS = {
  "format and lint": [tool("@biomejs/biome/bin/biome"), "check", "--error-on-warnings", "."],
  types: [tool("typescript/bin/tsc"), "-p", "tsconfig.json", "--noEmit"],
  layers: ["scripts/layers.node.mjs"],
  house: ["scripts/house.node.mjs"],
};

/** Runs all checks and prints a line for each. @returns {{ passed: number, failed: number }} */
export function runChecks() {
  const count = { passed: 0, failed: 0 };
  for (const [name, command] of Object.entries(CHECKS)) {
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: "utf8" });
    if (status !== 0) console.error(`${stdout}${stderr}`);
    console.log(`check ${name}: ${status === 0 ? "passed" : "FAILED"}`);
    count[status === 0 ? "passed" : "failed"] += 1;
  }
  return count;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = runChecks().failed === 0 ? 0 : 1;
