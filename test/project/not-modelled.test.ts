// A difference between releases that no code asks for changes nothing: docs/not-modelled.md has to name each such row, and no other.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { FEATURES } from "../../src/release/features.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

it("differences between releases are asked for, or named as not modelled", () => {
  const sources = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && entry.name !== "features.ts")
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .join("\n");
  const page = readFileSync(join(root, "docs", "not-modelled.md"), "utf8");
  for (const name of Object.keys(FEATURES))
    expect({ name, named: page.includes(`\`${name}\``) }).toEqual({ name, named: !sources.includes(`"${name}"`) });
});
