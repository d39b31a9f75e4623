import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

it("every benchmark runs", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/bench.node.mjs", "--once"], {
    cwd: root,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const files = readdirSync(`${root}/bench`).filter((file) => file.endsWith(".bench.ts"));
  expect(stdout.trim().split("\n").length).toBeGreaterThanOrEqual(files.length);
});

it("asks for a benchmark that is there", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/bench.node.mjs", "--once", "nosuch"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(status).toBe(2);
  expect(stderr).toContain("no file or suite has nosuch in its name");
});
