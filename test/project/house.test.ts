import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, it } from "vitest";

const script: string = new URL("../../scripts/house.node.mjs", import.meta.url).href;
const { houseFaults }: { houseFaults(root: string): string[] } = await import(script);

const planted: string[] = [];
afterEach(() => {
  for (const folder of planted.splice(0)) rmSync(folder, { recursive: true });
});

function faultsOf(file: string, text: string): string[] {
  const root = mkdtempSync(join(tmpdir(), "imasim-house-"));
  planted.push(root);
  writeFileSync(join(root, ".gitignore"), "dist/\n*.tgz\n");
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
  return houseFaults(root);
}

const lines = (count: number): string => "// a line\n".repeat(count);
const path = ["", "work", "main"].join("/");

it.each([
  ["a source that is too long", "src/vfs/inode.ts", lines(401), "src/vfs/inode.ts:401: 401 lines, at most 400"],
  ["a source named for nothing", "src/vfs/utils.ts", "", "src/vfs/utils.ts:1: utils.ts says nothing"],
  ["a folder named for nothing", "src/helpers/inode.ts", "", "src/helpers/inode.ts:1: helpers says nothing"],
  ["a path of one machine", "docs/a.md", `\nsee ${path}`, "docs/a.md:2: "],
  [
    "the host of a registry",
    "package-lock.json",
    `"https://${"registry"}.example.org/x"`,
    "the host of a package registry",
  ],
  ["the number in a tracker", "test/a.test.ts", `// ${"issue"} 12`, "the number of an entry in a tracker"],
  ["unfinished work", "src/vfs/inode.ts", `// ${"TO"}${"DO"}: later`, "src/vfs/inode.ts:1: TODO"],
  ["a function that V8 keeps", "src/vfs/a.ts", "  a.b!.c = (d, e) => d + e;\n", "src/vfs/a.ts:1:   a.b!.c = (d, e) =>"],
  ["a silenced compiler", "src/vfs/inode.ts", `// @ts-${"ignore"}`, "src/vfs/inode.ts:1: @ts-ignore"],
])("finds %s", (_, file, text, reason) => {
  expect(faultsOf(file, text)).toEqual([expect.stringContaining(reason)]);
});

it.each([
  ["a source of the greatest length", "src/vfs/inode.ts", lines(400)],
  ["a path that only ends alike", "docs/a.md", "/home/work/main ./work/x"],
  ["a function with a name of its own", "src/vfs/a.ts", "const c = () => 1;\na.c = c;\na.d = list.map((x) => x);\n"],
  ["what git ignores", "dist/a.js", path],
  ["binary content", "test/data/a.bin", `\0${path}/`],
])("leaves alone %s", (_, file, text) => {
  expect(faultsOf(file, text)).toEqual([]);
});
