// Every example in the documents is run: ```ts blocks as programs of a user of the package (type-checked too), ```console and
// ```sh blocks as commands. A ```text block after one, and what follows a `$ command`, is what it prints.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeBlocks, shows } from "./examples.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const work = join(root, "build", `examples-${process.pid}`);
const bin = join(work, "bin");

interface Manifest {
  readonly bin: { readonly imasim: string };
  readonly scripts: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;

/** The commands that npm knows and that need no entry under "scripts". */
const NPM = new Set(["ci", "install", "pack", "publish", "version"]);

const documents = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"))
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`),
];
const blocks = documents.flatMap((document) =>
  codeBlocks(readFileSync(join(root, document), "utf8")).map((block) => ({
    ...block,
    at: `${document}:${block.line}`,
  })),
);
const programs = blocks
  .filter(({ language }) => language === "ts")
  .map((block, index) => ({ ...block, name: `example-${index}` }));
const transcripts = blocks.filter(({ language }) => language === "console" || language === "sh");

/** Runs a line of a document as a reader would at the root of a clone who has set up. */
function shell(command: string): { status: number | null; output: string } {
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, NO_COLOR: "1" };
  // The clone's own command, without asking npx.
  const line = command.replace(/\bnpx imasim\b/g, "imasim");
  const { status, stdout, stderr } = spawnSync("sh", ["-c", line], { cwd: root, env, encoding: "utf8", input: "" });
  return { status, output: `${stdout}${stderr}` };
}

/** `$ command` lines with what they print; without any `$`, each line is a command. */
function commandsOf(text: string): { command: string; output: string | undefined }[] {
  if (!text.startsWith("$ ")) {
    const lines = text.split("\n").map((line) => line.replace(/(^|\s)#.*$/, "").trim());
    return lines.filter((line) => line !== "").map((command) => ({ command, output: undefined }));
  }
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = "", ...output] = part.trimEnd().split("\n");
      return { command, output: output.length === 0 ? undefined : output.join("\n") };
    });
}

beforeAll(() => {
  mkdirSync(bin, { recursive: true });
  symlinkSync(join(root, manifest.bin.imasim), join(bin, "imasim"));
  const config = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: { noEmit: false, rootDir: ".", paths: {}, types: ["node"], noUnusedLocals: false },
    include: ["*.ts"],
  };
  writeFileSync(join(work, "tsconfig.json"), JSON.stringify(config));
  // Each program is a module, also one that imports nothing.
  for (const { name, text } of programs) writeFileSync(join(work, `${name}.ts`), `${text}\nexport {};\n`);
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

describe("the programs in the documents", () => {
  it("compile against the package", () => {
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", work], { encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  });

  it.each(programs)("$at runs", ({ name, output }) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(work, `${name}.js`)], {
      cwd: root,
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    if (output !== undefined && !shows(output, stdout)) expect(stdout).toBe(output);
  });
});

describe("the commands in the documents", () => {
  const commands = transcripts.flatMap(({ at, text }) => commandsOf(text).map((each) => ({ at, ...each })));

  it.each(commands)("$at: $command", ({ command, output }) => {
    for (const step of command.split("&&").map((part) => part.trim())) {
      const npm = /^npm (?:run )?(\S+)/.exec(step);
      if (npm === null) continue;
      const script = npm[1] ?? "";
      expect(NPM.has(script) || manifest.scripts[script] !== undefined, `npm knows ${script}`).toBe(true);
    }
    // What builds, tests or installs is not run inside the tests; that it is there has been seen.
    if (/^(npm|git|cd) /.test(command)) return;
    const ran = shell(command);
    if (output === undefined) expect(ran).toMatchObject({ status: 0 });
    else if (!shows(output, ran.output)) expect(ran.output).toBe(output);
  });

  it("includes the demo, which plays its scenario", () => {
    const play = manifest.scripts.demo?.replace("npm run --silent build && ", "") ?? "";
    expect(play).toMatch(/^node dist\//);
    expect(shell(play)).toMatchObject({ status: 0 });
  });
});
