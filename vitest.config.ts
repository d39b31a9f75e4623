import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // Tests run on the sources, never on dist, which may be of yesterday; tsconfig.json has the same three.
    alias: [
      { find: /^#crypto$/, replacement: source("src/crypto/backend.node.ts") },
      { find: /^imasim$/, replacement: source("src/index.ts") },
      { find: /^imasim\/(\w+)$/, replacement: source("src/$1/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
  },
});
