import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Tests that meet the package as its users do: they run on what `npm run build` makes, which is made anew before them. */
const ON_THE_BUILD = ["test/**/*.built.test.ts"];

export default defineConfig(({ mode }) => ({
  resolve: {
    // Tests run on the sources, never on dist, which may be of yesterday; tsconfig.json has the same three.
    alias: [
      { find: /^#crypto$/, replacement: source("src/crypto/backend.node.ts") },
      { find: /^imasim$/, replacement: source("src/index.ts") },
      { find: /^imasim\/([\w-]+)$/, replacement: source("src/$1/index.ts") },
    ],
  },
  test: {
    setupFiles: ["test/fuzz.ts"],
    testTimeout: 60_000,
    env: mode === "fuzz" ? { FUZZ_RUNS: process.env.FUZZ_RUNS ?? "50" } : {},
    projects: [
      { extends: true, test: { name: "sources", include: ["test/**/*.test.ts"], exclude: ON_THE_BUILD } },
      { extends: true, test: { name: "package", include: ON_THE_BUILD, globalSetup: ["test/project/build.ts"] } },
    ],
  },
}));
