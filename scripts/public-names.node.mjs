// What the package lets its users import: the names of every export path, values and types apart, read from dist.
// `npm run public-names` writes them to test/project/public-names.json, against which a test holds the build: a name
// that comes or goes is a decision, never an accident.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseSync } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Every name that a declaration file exports, through all its re-exports. */
function declaredNames(file) {
  const { program } = parseSync(file, readFileSync(file, "utf8"));
  return program.body.flatMap((statement) => {
    if (statement.type === "ExportAllDeclaration") {
      if (statement.exported) return [statement.exported.name];
      return declaredNames(join(dirname(file), statement.source.value.replace(/\.[jt]s$/, ".d.ts")));
    }
    if (statement.type === "ExportDefaultDeclaration") return ["default"];
    if (statement.type !== "ExportNamedDeclaration") return [];
    const { declaration, specifiers } = statement;
    if (declaration?.type === "VariableDeclaration") return declaration.declarations.map(({ id }) => id.name);
    return declaration ? [declaration.id.name] : specifiers.map(({ exported }) => exported.name);
  });
}

/** @returns {Promise<Record<string, { values: string[], types: string[] }>>} */
export async function publicNames() {
  const { name, exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const found = {};
  for (const [path, target] of Object.entries(exports)) {
    if (typeof target === "string") continue;
    const values = Object.keys(await import(pathToFileURL(join(root, target.default)).href)).sort();
    const types = [...new Set(declaredNames(join(root, target.types)))].filter((each) => !values.includes(each)).sort();
    found[path.replace(".", name)] = { values, types };
  }
  return found;
}

if (process.argv.includes("--write")) {
  const file = join(root, "test", "project", "public-names.json");
  writeFileSync(file, `${JSON.stringify(await publicNames(), null, 2)}\n`);
  console.log(`wrote ${file}`);
}
