// Fails when a file breaks a rule that neither formatter nor compiler knows: length and name of a source, marks of
// unfinished work, and words that mean nothing to a reader of the project (paths and hosts of one machine, numbers of a tracker).
// Run as `node scripts/house.node.mjs [DIR]`; prints `file:line: reason`, one line each.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAX_LINES = 400;
const SOURCE = /^src\/.*\.ts$/;
const COLLECTOR = /^(utils?|helpers?|common|misc|types|shared|lib)(\.|$)/;

/** What no line may hold: `where` are the files it is looked for in. */
const RULES = [
  { where: /./, what: /(?<![\w.-])\/work\//, why: "a path of one machine" },
  {
    where: /./,
    what: /https?:\/\/[^/\s"'`]*(registry|artifactory|nexus|mirror|proxy)/i,
    why: "the host of a package registry",
  },
  { where: /./, what: /\bissue\s+#?\d/i, why: "the number of an entry in a tracker" },
  { where: SOURCE, what: /\b(TODO|FIXME)\b/, why: "a mark of unfinished work" },
  { where: SOURCE, what: /@ts-(ignore|nocheck|expect-error)/, why: "silences the compiler" },
  {
    where: SOURCE,
    what: /^\s*[\w.#!?[\]()"']+[.\]][\w#]*!? = (async )?(function\b|\([^()]*\)(: [^=]+)? =>|\w+ =>)/m,
    why: "V8 takes a function that is written where it is assigned to a property for one that lives long, and all that it sees with it: give it a name first",
  },
];

/** The files of the project as a clone has them, without asking git, which need not be there. */
function projectFiles(root) {
  const ignored = new Set([".git", "node_modules"]);
  const suffixes = [];
  for (const line of readFileSync(join(root, ".gitignore"), "utf8").split("\n")) {
    if (line.startsWith("*")) suffixes.push(line.slice(1));
    else if (line !== "") ignored.add(line.replace(/\/$/, ""));
  }
  const walk = (folder) =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (ignored.has(entry.name) || suffixes.some((suffix) => entry.name.endsWith(suffix))) return [];
      return entry.isDirectory() ? walk(path) : [path];
    });
  return walk("").sort();
}

/**
 * @param {string} root the project's folder
 * @returns {string[]} `file:line: reason`, empty when all is well
 */
export function houseFaults(root) {
  const faults = [];
  for (const file of projectFiles(root)) {
    const text = readFileSync(join(root, file), "utf8");
    if (text.includes("\0")) continue;
    const lines = text.split("\n");
    if (SOURCE.test(file)) {
      const length = lines.at(-1) === "" ? lines.length - 1 : lines.length;
      if (length > MAX_LINES) faults.push(`${file}:${MAX_LINES + 1}: ${length} lines, at most ${MAX_LINES}`);
      for (const part of file.split("/").slice(1)) {
        if (COLLECTOR.test(part)) faults.push(`${file}:1: ${part} says nothing about what is in it`);
      }
    }
    const rules = RULES.filter(({ where, what }) => where.test(file) && what.test(text));
    if (rules.length === 0) continue;
    for (const [index, line] of lines.entries()) {
      for (const { what, why } of rules) {
        const found = what.exec(line);
        if (found !== null) faults.push(`${file}:${index + 1}: ${found[0]}: ${why}`);
      }
    }
  }
  return faults;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const faults = houseFaults(process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url)));
  for (const fault of faults) console.error(fault);
  console.log(`house: ${faults.length === 0 ? "in order" : `${faults.length} faults`}`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
