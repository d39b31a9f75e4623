// The library in a browser: every export path is bundled as for one and run where nothing but a browser's globals exists.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { build } from "vite";
import { afterAll, beforeAll, expect, it } from "vitest";
import { codeBlocks } from "./examples.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const work = join(root, "build", `browser-${process.pid}`);

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
}
const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
const modules = Object.entries(exports).flatMap(([path, target]) =>
  typeof target === "string" ? [] : [{ name: path.replace(".", "imasim"), file: join(root, target.default) }],
);

beforeAll(() => mkdirSync(work, { recursive: true }));
afterAll(() => rmSync(work, { recursive: true, force: true }));

function refuseNode(this: { error(why: string): never }, target: string, importer: string | undefined): null {
  if (isBuiltin(target)) this.error(`${importer} imports ${target}`);
  return null;
}

/** One script for a browser out of a module's text; what the bundler warns of is an error. */
async function bundle(name: string, text: string): Promise<string> {
  const entry = join(work, name);
  writeFileSync(entry, text);
  const warnings: string[] = [];
  const result = await build({
    root: work,
    configFile: false,
    logLevel: "silent",
    plugins: [{ name: "no-node", enforce: "pre", resolveId: refuseNode }],
    resolve: { alias: modules.map((each) => ({ find: new RegExp(`^${each.name}$`), replacement: each.file })) },
    build: {
      write: false,
      minify: false,
      target: "es2023",
      lib: { entry, formats: ["iife"], name: "bundle" },
      rolldownOptions: { onwarn: ({ message }) => void warnings.push(message) },
    },
  });
  expect(warnings).toEqual([]);
  const [output] = Array.isArray(result) ? result : [];
  const chunk = output?.output[0];
  if (chunk?.type !== "chunk") throw new Error("the bundler made no script");
  return chunk.code;
}

/** Runs a script with the globals of browsers that the sources may use. */
function runInBrowser(script: string, more: object = {}): string {
  let printed = "";
  const console = { log: (...values: unknown[]) => (printed += `${values.join(" ")}\n`) };
  const globals = { console, crypto, performance, structuredClone, TextDecoder, TextEncoder, URL, atob, btoa, ...more };
  runInContext(script, createContext(globals));
  return printed;
}

it.each(modules)("$name loads", async ({ name }) => {
  // fast-check itself has timers; nothing of ours has.
  const timers = name === "imasim/fast-check" ? { setTimeout, clearTimeout } : {};
  runInBrowser(
    await bundle("load.js", `import * as all from ${JSON.stringify(name)};\nconsole.log(Object.keys(all).length);\n`),
    timers,
  );
});

it("a module of Node is refused", async () => {
  await expect(bundle("node.js", 'import { hash } from "node:crypto";\nconsole.log(hash);\n')).rejects.toThrow(
    "imports node:crypto",
  );
});

it("README's first example says there what it says in Node", async () => {
  const example =
    codeBlocks(readFileSync(join(root, "README.md"), "utf8")).find(({ language }) => language === "ts")?.text ?? "";
  const printed = runInBrowser(await bundle("example.ts", example));
  // The same text for Node: types are taken out by the same compiler, and `imasim` is this package.
  const { transformWithOxc } = await import("vite");
  const { code } = await transformWithOxc(example, "example.ts");
  writeFileSync(join(work, "example.mjs"), code);
  const { stdout } = spawnSync(process.execPath, [join(work, "example.mjs")], { encoding: "utf8" });
  expect(printed).toBe(stdout);
  expect(printed).not.toBe("");
});
