// Writes into docs/walkthroughs what their scenarios are and what their commands print, after either has changed. The words between stay as they are:
// whether they still hold has to be read. `npm run walkthroughs` builds the package first.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "docs", "walkthroughs");
const command = join(root, "dist", "cli", "main.node.js");

function printed(line) {
  const env = { ...process.env, NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...line.split(" ")], {
    cwd: root,
    env,
    encoding: "utf8",
  });
  if (status !== 0 && status !== 1) throw new Error(`imasim ${line}: ${stderr}`);
  return stdout.trimEnd();
}

for (const name of readdirSync(folder)) {
  const page = readFileSync(join(folder, name), "utf8");
  const scenarios = page.replace(
    /```yaml\n# (examples\/[\w-]+\.yaml)\n.*?```/gs,
    (_, file) => `\`\`\`yaml\n# ${file}\n${readFileSync(join(root, file), "utf8")}\`\`\``,
  );
  const outputs = scenarios.replace(
    /```sh\nnpx imasim (.*?)\n```\n\n```text\n.*?```/gs,
    (_, line) => `\`\`\`sh\nnpx imasim ${line}\n\`\`\`\n\n\`\`\`text\n${printed(line)}\n\`\`\``,
  );
  if (outputs !== page) writeFileSync(join(folder, name), outputs);
}
