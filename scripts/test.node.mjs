// `npm test`: the checks, then the test suite (which builds the package that it tests), then one line that counts both.
// Arguments go to vitest: `npm test -- test/vfs`. The last line is also left in build/test/summary.txt.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runChecks } from "./check.node.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = join(root, "build", "test");
const report = join(out, "vitest.json");

/** Counts vitest's report; a file that could not be loaded and a run that fails for no test's sake count as failures. */
function countTests(status) {
  let text;
  try {
    text = JSON.parse(readFileSync(report, "utf8"));
  } catch {
    return { passed: 0, failed: 1 };
  }
  const count = { passed: text.numPassedTests, failed: text.numFailedTests };
  for (const file of text.testResults) {
    const blamed = file.assertionResults.some((test) => test.status === "failed");
    if (file.status === "failed" && !blamed) count.failed += 1;
  }
  if (count.failed === 0 && (status !== 0 || !text.success || count.passed === 0)) count.failed = 1;
  return count;
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const checks = runChecks();
const { status } = spawnSync(
  process.execPath,
  [
    join(root, "node_modules", "vitest", "vitest.mjs"),
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: ["ignore", "inherit", "inherit"] },
);
const tests = countTests(status);
const failed = checks.failed + tests.failed;
const summary = `${checks.passed + tests.passed} passed, ${failed} failed`;
writeFileSync(join(out, "summary.txt"), `${summary}\n`);
console.log(summary);
process.exitCode = failed === 0 ? 0 : 1;
