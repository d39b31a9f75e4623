// Fails when the sources break the house's rules on imports:
//  - a folder imports from lower floors only, and beside it only what its row names;
//  - no import cycle: between folders none at all, between the files of a folder only by `import type`;
//  - code for browsers (every file without `.node.` in its name) uses nothing of Node;
//  - packages that the sources import are dependencies of the published package.
// Run as `node scripts/layers.node.mjs [DIR]`; prints `file:line: reason`, one line each.
import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { parseModule } from "./parse.node.mjs";

/** The floors of the house; `docs/architecture.md` says what lives on each. `beside`: folders of the same floor that may be imported. */
const FLOORS = {
  release: { floor: 0, beside: ["errno"] },
  errno: { floor: 0 },
  formats: { floor: 1, beside: ["crypto"] },
  crypto: { floor: 1 },
  audit: { floor: 1 },
  vfs: { floor: 2 },
  keyring: { floor: 2 },
  evm: { floor: 3 },
  policy: { floor: 3 },
  measure: { floor: 3 },
  appraise: { floor: 4 },
  kernel: { floor: 5 },
  scenario: { floor: 6 },
  "index.ts": { floor: 6 },
  cli: { floor: 7 },
  vitest: { floor: 7 },
  "fast-check": { floor: 7 },
};

/** Folders that only ever run in Node; their portable files may import their `.node.` files. */
const NODE_ONLY = new Set(["cli"]);

const PLATFORM = new Set([
  "Buffer",
  "process",
  "__dirname",
  "__filename",
  "require",
  "module",
  "global",
  "setImmediate",
]);

/** The first part of a path below src: a folder, or a file such as `index.ts`. */
const roomOf = (file) => file.split("/")[1];

/** Every import of the sources, resolved: `to` is a source file, or undefined for a package or Node itself. */
function readSources(root) {
  const { imports: subpaths = {} } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const sources = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) =>
      posix.join(
        "src",
        join(entry.parentPath, entry.name)
          .slice(join(root, "src").length + 1)
          .replaceAll("\\", "/"),
      ),
    )
    .sort();
  return sources.map((file) => {
    const { imports, uses, errors } = parseModule(file, readFileSync(join(root, file), "utf8"), PLATFORM);
    const edges = imports.flatMap(({ line, target, typeOnly }) =>
      resolve(file, target, subpaths).map((to) => ({ file, line, target, typeOnly, to })),
    );
    return { file, edges, uses, errors };
  });
}

/** A sub-path import has one target for each platform, so it is as many edges. */
function resolve(file, target, subpaths) {
  if (target?.startsWith(".")) return [posix.join(posix.dirname(file), target)];
  if (subpaths[target] === undefined) return [undefined];
  const leaves = (entry) => (typeof entry === "string" ? [entry] : Object.values(entry ?? {}).flatMap(leaves));
  return leaves(subpaths[target]).map((path) => path.replace(/^\.\/dist\//, "src/").replace(/\.js$/, ".ts"));
}

function floorFault({ file, target, to }) {
  const [from, into] = [roomOf(file), to === undefined ? undefined : roomOf(to)];
  if (to !== undefined && !to.startsWith("src/")) return `imports ${to}, which is outside src`;
  if (into === undefined || into === from || FLOORS[from] === undefined) return undefined;
  const [here, there] = [FLOORS[from], FLOORS[into]];
  if (there === undefined) return `imports ${to}: src/${into} stands on no floor`;
  if (there.floor < here.floor || here.beside?.includes(into)) return undefined;
  const way = there.floor === here.floor ? "sideways" : "upwards";
  return `imports ${way}: ${target} is in ${into} (floor ${there.floor}), ${from} is on floor ${here.floor}`;
}

function platformFault({ file, target, to, typeOnly }, dependencies) {
  if (target === undefined) return "imports a name that is computed, which nothing can check";
  const portable = !posix.basename(file).includes(".node.");
  if (portable && isBuiltin(target))
    return `imports ${target} in code meant for browsers (no .node. in the file's name)`;
  if (target.startsWith("#")) return to === undefined ? `${target} is not in the imports of package.json` : undefined;
  if (to !== undefined) {
    if (!target.endsWith(".ts")) return `imports ${target}: a relative import ends in .ts`;
    if (portable && !typeOnly && to.includes(".node.") && !NODE_ONLY.has(roomOf(file)))
      return `imports ${target}, which needs Node, in code meant for browsers`;
    return undefined;
  }
  if (isBuiltin(target)) return target.startsWith("node:") ? undefined : `imports ${target}: write node:${target}`;
  const name = target.split("/", target.startsWith("@") ? 2 : 1).join("/");
  return dependencies.has(name) ? undefined : `imports ${name}, which the published package does not depend on`;
}

/** For every file that imports itself in a circle, the shortest such circle as a list of edges; each file is named once. */
function cycles(edges) {
  const next = new Map();
  for (const edge of edges) next.set(edge.file, [...(next.get(edge.file) ?? []), edge]);
  const named = new Set();
  const circleFrom = (start) => {
    const visited = new Set();
    const queue = [[start, []]];
    for (const [file, path] of queue) {
      for (const edge of next.get(file) ?? []) {
        if (edge.to === start) return [...path, edge];
        if (visited.has(edge.to)) continue;
        visited.add(edge.to);
        queue.push([edge.to, [...path, edge]]);
      }
    }
    return undefined;
  };
  const found = [];
  for (const start of next.keys()) {
    const circle = named.has(start) ? undefined : circleFrom(start);
    if (circle === undefined) continue;
    found.push(circle);
    for (const { file } of circle) named.add(file);
  }
  return found;
}

/**
 * @param {string} root the project's folder
 * @returns {string[]} `file:line: reason`, empty when all is well
 */
export function layerFaults(root) {
  const sources = readSources(root);
  const { dependencies = {}, peerDependencies = {} } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const packages = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)]);
  const faults = [];
  for (const { file, edges, uses, errors } of sources) {
    if (FLOORS[roomOf(file)] === undefined) {
      faults.push(`${file}:1: src/${roomOf(file)} stands on no floor: give it a row in scripts/layers.node.mjs`);
    }
    for (const error of errors) faults.push(`${file}:1: ${error}`);
    for (const edge of edges) {
      for (const why of [floorFault(edge), platformFault(edge, packages)]) {
        if (why !== undefined) faults.push(`${file}:${edge.line}: ${why}`);
      }
    }
    if (posix.basename(file).includes(".node.")) continue;
    for (const { line, name } of uses) {
      faults.push(`${file}:${line}: uses ${name} in code meant for browsers (no .node. in the file's name)`);
    }
  }
  const binding = sources
    .flatMap(({ edges }) => edges)
    .filter(({ file, to, typeOnly }) => to !== undefined && (!typeOnly || roomOf(to) !== roomOf(file)));
  for (const circle of cycles(binding)) {
    const way = circle.map(({ file, line }) => `${file}:${line}`).join(" -> ");
    faults.push(`${circle[0].file}:${circle[0].line}: imports itself in a circle: ${way} -> ${circle[0].file}`);
  }
  return faults;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const faults = layerFaults(process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url)));
  for (const fault of faults) console.error(fault);
  console.log(`layers: ${faults.length === 0 ? "every import runs downwards" : `${faults.length} faults`}`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
