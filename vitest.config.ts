import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["imasim-source", "node", "import", "default"] },
  ssr: { resolve: { conditions: ["imasim-source", "node", "import", "default"] } },
  test: {
    include: ["test/**/*.test.ts", "src/**/*.test.ts"],
    testTimeout: 60_000,
  },
});
