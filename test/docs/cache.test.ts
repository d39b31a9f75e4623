// docs/cache.md names every mark that the cache of an inode has.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { DONE, Iint } from "../../src/appraise/iint.ts";

const page = readFileSync(new URL("../../docs/cache.md", import.meta.url), "utf8");

/** As the kernel writes it: updateXattr is UPDATE_XATTR; one word of a compound stays whole there. */
const kernelName = (field: string): string =>
  field
    .replace("OpenWriters", "Openwriters")
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .toUpperCase();

it("has a row or a line for each mark", () => {
  const atomic = Object.entries(new Iint())
    .filter(([, value]) => typeof value === "boolean")
    .map(([field]) => kernelName(field));
  expect(atomic).toHaveLength(6);
  const done = Object.keys(DONE).map((name) => name.replace(/^(FILE|MMAP|BPRM|CREDS)_APPRAISED$/, "$1_"));
  for (const name of [...atomic, ...done, "NEW_FILE"]) expect(page, name).toContain(name);
});
