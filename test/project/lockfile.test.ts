// `npm ci` refuses a lock file that leaves out a dependency, also one for a platform that the writer of the lock did not have.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

interface Entry {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const text = readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8");
const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, Entry>> };

/** The folders in which Node looks for what `folder` imports, from the inside out. */
function lookup(folder: string): string[] {
  const parts = folder.split("/node_modules/");
  return [...parts.map((_, index) => `${parts.slice(0, parts.length - index).join("/node_modules/")}/`), ""];
}

it("has an entry for every dependency of every entry", () => {
  const missing = Object.entries(packages).flatMap(
    ([folder, { dependencies, devDependencies, optionalDependencies }]) => {
      const named = Object.keys({
        ...dependencies,
        ...(folder === "" ? devDependencies : {}),
        ...optionalDependencies,
      });
      const lost = named.filter((name) => !lookup(folder).some((at) => `${at}node_modules/${name}` in packages));
      return lost.map((name) => `${folder}: ${name}`);
    },
  );
  expect(missing).toEqual([]);
});

it("names no host to fetch from", () => {
  expect(text).not.toContain('"resolved"');
});
