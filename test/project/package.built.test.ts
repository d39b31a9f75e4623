// The package as its users meet it: packed, looked at by publint and are-the-types-wrong, installed in an empty folder, used there.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeBlocks } from "./examples.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const packed = join(root, "build", `pack-${process.pid}`);
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, string | object>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
};
const consumer = mkdtempSync(join(tmpdir(), "imasim-consumer-"));

/** Bytes; a package that outgrows them has taken in what does not belong. */
const BUDGET = { packed: 700_000, unpacked: 3_000_000 };

interface Tarball {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}
let tarball: Tarball;

function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  expect(status, `${command} ${args.join(" ")}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
const attw = join(root, "node_modules", "@arethetypeswrong", "cli", "dist", "index.js");

beforeAll(() => {
  mkdirSync(packed, { recursive: true });
  const report = run(root, "npm", "pack", "--ignore-scripts", "--json", "--pack-destination", packed);
  tarball = (JSON.parse(report) as Tarball[])[0]!;
});

afterAll(() => {
  for (const folder of [packed, consumer]) rmSync(folder, { recursive: true, force: true });
});

describe("the tarball", () => {
  it("holds the build, the schemas and the papers, and nothing else", () => {
    const strangers = tarball.files
      .map(({ path }) => path)
      .filter((path) => !/^(dist\/.+\.(js|d\.ts)|schemas\/(scenario|trace|boot)\.schema\.json)$/.test(path))
      .filter((path) => !["package.json", "README.md", "CHANGELOG.md", "LICENSE", "NOTICE"].includes(path));
    expect(strangers).toEqual([]);
    const paths = tarball.files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(["dist/index.js", "dist/index.d.ts", "schemas/scenario.schema.json", "LICENSE", "NOTICE"]),
    );
    expect(paths.filter((path) => /\.test\.|\.trace\./.test(path))).toEqual([]);
  });

  it("keeps to its size", () => {
    expect(tarball.size).toBeLessThan(BUDGET.packed);
    expect(tarball.unpackedSize).toBeLessThan(BUDGET.unpacked);
  });

  it("pleases publint", async () => {
    const bytes = readFileSync(join(packed, tarball.filename));
    const pack = { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer };
    const { messages, pkg } = await publint({ pack, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  it("has the types right", () => {
    run(root, process.execPath, attw, join(packed, tarball.filename), "--profile", "esm-only", "--format", "ascii");
  });
});

describe("installed in an empty folder", () => {
  beforeAll(() => {
    writeFileSync(join(consumer, "package.json"), '{ "name": "consumer", "private": true, "type": "module" }');
    run(
      consumer,
      "npm",
      "install",
      "--prefer-offline",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      join(packed, tarball.filename),
    );
    // Optional peers come from whoever tests with them.
    for (const name of Object.keys(manifest.peerDependencies))
      symlinkSync(join(root, "node_modules", name), join(consumer, "node_modules", name));
  }, 120_000);

  it("runs README's first example, which a strict compiler accepts", () => {
    const example = codeBlocks(readFileSync(join(root, "README.md"), "utf8")).find(({ language }) => language === "ts");
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      target: "es2023",
      lib: ["es2023", "dom"],
      module: "nodenext",
      types: [],
    };
    writeFileSync(join(consumer, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["example.ts"] }));
    writeFileSync(join(consumer, "example.ts"), example?.text ?? "");
    run(consumer, process.execPath, tsc, "-p", ".");
    run(consumer, process.execPath, "example.js");
  });

  it("gives vitest's assertions the types of the matchers", () => {
    const compilerOptions = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: "es2023",
      module: "nodenext",
      types: [],
    };
    writeFileSync(join(consumer, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["matchers.ts"] }));
    writeFileSync(
      join(consumer, "matchers.ts"),
      'import { matchers } from "imasim/vitest";\nimport { expect } from "vitest";\nexpect.extend(matchers);\n' +
        'expect(() => 1).not.toBeDenied({ cause: "missing-hash" });\n' +
        "// @ts-expect-error a cause is a word\nexpect(() => 1).toBeDenied({ cause: 1 });\n",
    );
    run(consumer, process.execPath, tsc, "-p", ".");
  });

  it("has every export path", () => {
    const { exports } = manifest;
    const modules = Object.keys(exports).filter((path) => typeof exports[path] === "object");
    const program = modules.map((path) => `await import(${JSON.stringify(path.replace(".", "imasim"))});\n`).join("");
    writeFileSync(join(consumer, "paths.mjs"), program);
    run(consumer, process.execPath, "paths.mjs");
  });

  it("answers as a command", () => {
    expect(run(consumer, "npx", "imasim", "--help")).toContain("Usage: imasim");
  });
});
