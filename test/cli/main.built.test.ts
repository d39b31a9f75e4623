// The command as a process: what only a process shows.
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const command = `${root}/dist/cli/main.node.js`;
const imasim = (...args: string[]) => spawnSync(command, args, { cwd: root, encoding: "utf8" });

it("knows its version", () => {
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { version: string };
  expect(imasim("--version")).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: "" });
});

it("has every subcommand that src/cli makes", () => {
  const made = readdirSync(`${root}/src/cli`).flatMap((file) => {
    const text = readFileSync(`${root}/src/cli/${file}`, "utf8");
    return [...text.matchAll(/^export function (\w+)Command\(/gm)].map((match) => match[1] ?? "");
  });
  expect(made).toEqual(expect.arrayContaining(["run", "replay", "schema", "policy", "inspect", "cert", "log"]));
  const shown = [...imasim("--help").stdout.matchAll(/^ {2}(\w+) .*?\S/gm)].map((match) => match[1]);
  expect(shown.sort()).toEqual([...made, "help"].sort());
});

it("refuses what it does not know in one line, with status 2", () => {
  expect(imasim("--nosuch")).toMatchObject({ status: 2, stdout: "", stderr: "imasim: unknown option '--nosuch'\n" });
});

it.each([
  ["run", "nosuch", "no such file or directory"],
  ["replay", "nosuch", "no such file or directory"],
  ["run", "test", "illegal operation on a directory"],
  ["replay", "test", "illegal operation on a directory"],
])("%s %s is refused in one line that names the file", (subcommand, file, why) => {
  expect(imasim(subcommand, file)).toMatchObject({ status: 2, stdout: "", stderr: `imasim: ${file}: ${why}\n` });
});

it("ends quietly when its reader goes away", async () => {
  const child = spawn(command, ["schema", "trace"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let err = "";
  child.stderr.on("data", (data) => (err += String(data)));
  const status = await new Promise((done) => child.on("close", done));
  expect({ status, err }).toEqual({ status: 141, err: "" });
});
