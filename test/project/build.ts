// Builds the package once before the tests that run on it.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export default function build(): void {
  const script = fileURLToPath(new URL("../../scripts/build.node.mjs", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8" });
  if (status !== 0) throw new Error(`The package does not build.\n${stdout}${stderr}`);
}
