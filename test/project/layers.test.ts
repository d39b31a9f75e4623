// The check of the floors is itself checked: each of its rules must find what is planted.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";

const script: string = new URL("../../scripts/layers.node.mjs", import.meta.url).href;
const { layerFaults }: { layerFaults(root: string): string[] } = await import(script);

const planted: string[] = [];
afterEach(() => {
  for (const folder of planted.splice(0)) rmSync(folder, { recursive: true });
});

function faultsOf(files: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), "imasim-layers-"));
  planted.push(root);
  const manifest = {
    imports: { "#crypto": { node: "./dist/crypto/backend.node.js", default: "./dist/crypto/backend.portable.js" } },
    dependencies: { zod: "*", "@noble/hashes": "*" },
    devDependencies: { "fast-check": "*" },
  };
  for (const [path, text] of Object.entries({ "package.json": JSON.stringify(manifest), ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return layerFaults(root);
}

describe("floors", () => {
  it("lets a folder import from below, from itself and from what its row names", () => {
    const faults = faultsOf({
      "src/kernel/boot.ts":
        'import { z } from "zod";\nimport { a } from "../vfs/inode.ts";\nimport "./task.ts";\nimport "../errno/index.ts";\n',
      "src/kernel/task.ts": "export const t = 1;\n",
      "src/vfs/inode.ts": 'import "../formats/ima.ts";\nexport const a = 1;\n',
      "src/formats/ima.ts": 'import { sha256 } from "@noble/hashes/sha2.js";\nimport "../crypto/digest.ts";\n',
      "src/crypto/digest.ts": 'import * as backend from "#crypto";\n',
      "src/crypto/backend.node.ts": 'import { createHash } from "node:crypto";\n',
      "src/crypto/backend.portable.ts": "",
      "src/index.ts": 'export * from "./kernel/boot.ts";\n',
      "src/cli/main.node.ts": 'import { boot } from "../index.ts";\nprocess.exitCode = 1;\n',
      "src/errno/index.ts": "",
    });
    expect(faults).toEqual([]);
  });

  it.each([
    [
      "upwards",
      "src/vfs/inode.ts",
      '\nimport { iint } from "../appraise/iint.ts";',
      /^src\/vfs\/inode\.ts:2: imports upwards: \.\.\/appraise\/iint\.ts/,
    ],
    ["upwards by type", "src/vfs/inode.ts", 'import type { I } from "../appraise/iint.ts";', /:1: imports upwards/],
    ["upwards in a type", "src/vfs/inode.ts", 'let a: import("../appraise/iint.ts").I;', /:1: imports upwards/],
    ["upwards when run", "src/vfs/inode.ts", 'await import("../appraise/iint.ts");', /:1: imports upwards/],
    ["upwards by re-export", "src/vfs/inode.ts", 'export * from "../appraise/iint.ts";', /:1: imports upwards/],
    ["sideways", "src/evm/digest.ts", 'import "../policy/match.ts";', /^src\/evm\/digest\.ts:1: imports sideways/],
    ["against its own row", "src/crypto/digest.ts", 'import "../formats/ima.ts";', /:1: imports sideways/],
    ["upwards to the root export", "src/kernel/boot.ts", 'import "../index.ts";', /:1: imports upwards/],
    ["from a folder without a floor", "src/utils/all.ts", "", /^src\/utils\/all\.ts:1: src\/utils stands on no floor/],
    ["out of src", "src/vfs/inode.ts", 'import "../../test/x.ts";', /:1: imports test\/x\.ts, which is outside src/],
    ["a computed name", "src/vfs/inode.ts", "await import(name);", /:1: imports a name that is computed/],
    ["no TypeScript", "src/vfs/inode.ts", "const = ;", /^src\/vfs\/inode\.ts:1: /],
  ])("finds an import that runs %s", (_, file, text, reason) => {
    expect(faultsOf({ [file]: text })).toEqual([expect.stringMatching(reason)]);
  });
});

describe("circles", () => {
  it("finds one between files and shows the way round", () => {
    const faults = faultsOf({
      "src/vfs/a.ts": '\nimport "./b.ts";',
      "src/vfs/b.ts": 'import { type C } from "./c.ts";',
      "src/vfs/c.ts": 'export { a } from "./a.ts";',
    });
    expect(faults).toEqual([
      "src/vfs/a.ts:2: imports itself in a circle: src/vfs/a.ts:2 -> src/vfs/b.ts:1 -> src/vfs/c.ts:1 -> src/vfs/a.ts",
    ]);
  });

  it("leaves alone the circle that is gone when types are", () => {
    expect(
      faultsOf({ "src/vfs/a.ts": 'import type { B } from "./b.ts";', "src/vfs/b.ts": 'import "./a.ts";' }),
    ).toEqual([]);
  });

  it("finds one between folders though only types run through it", () => {
    const faults = faultsOf({
      "src/release/a.ts": 'import type { B } from "../errno/b.ts";',
      "src/errno/b.ts": 'import type { A } from "../release/a.ts";',
    });
    expect(faults).toContainEqual(expect.stringContaining("imports itself in a circle"));
  });
});

describe("code for browsers", () => {
  it.each([
    ["node:fs", 'import { readFileSync } from "node:fs";', /:1: imports node:fs in code meant for browsers/],
    ["fs without node:", 'import { readFileSync } from "fs";', /:1: imports fs in code meant for browsers/],
    ["Buffer", "export const a = 1;\nBuffer.from([]);", /:2: uses Buffer in code meant for browsers/],
    ["Buffer as a type", "export let a: Buffer;", /:1: uses Buffer/],
    ["process by way of globalThis", "globalThis.process.exit();", /:1: uses process/],
    ["process declared to be there", "declare const process: { pid: number };", /:1: uses process/],
    ["process in a shorthand property", "export const a = { process };", /:1: uses process/],
    ["__dirname", "export const a = __dirname;", /:1: uses __dirname/],
    ["a file that needs Node", 'import "./b.node.ts";', /:1: imports \.\/b\.node\.ts, which needs Node/],
    [
      "a development dependency",
      'import fc from "fast-check";',
      /:1: imports fast-check, which the published package does not depend on/,
    ],
    ["an import without .ts", 'import "./b.js";', /:1: imports \.\/b\.js: a relative import ends in \.ts/],
    ["an unknown sub-path", 'import "#nowhere";', /:1: #nowhere is not in the imports/],
  ])("finds %s", (_, text, reason) => {
    expect(faultsOf({ "src/vfs/a.ts": text })).toEqual([expect.stringMatching(reason)]);
  });

  it("takes a name for what it is where it stands", () => {
    const faults = faultsOf({
      "src/kernel/a.ts": [
        "function run(process: { pid: number }) { return process.pid; }",
        "const { process: renamed } = { process: 1 };",
        "interface Table { process: number; find(process: number): void; [module: string]: unknown }",
        "for (const module of [1]) run({ pid: module });",
        'export const text = "Buffer"; // Buffer, process',
        "class Buffer {}",
        "export const b = new Buffer();",
      ].join("\n"),
    });
    expect(faults).toEqual([]);
  });
});
