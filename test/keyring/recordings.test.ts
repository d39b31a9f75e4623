// Every recording with key steps (test/data/key-recordings holds nothing else: random walks, damaged certificates), played on the key service alone: results, listings and log lines.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { KeyWorld, type Outcome, type Trace } from "./replay-keys.ts";
import { pem } from "./test-keys.node.ts";

const ROOTS = ["../traces/", "../data/key-recordings/"];
const traces = ROOTS.flatMap((path) => {
  const root = fileURLToPath(new URL(path, import.meta.url));
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".trace.json"))
    .sort()
    .map((name) => `${root}${name}`);
});

/** The recorder kept only lines that look like ours. */
const KEPT = /audit|ima|evm|integrity|x509|loading|keyring|module|fs-verity/i;

function printed(outcome: Outcome): readonly string[] {
  return (outcome.log ?? []).filter((line) => KEPT.test(line) && !line.startsWith("audit:"));
}

function result({ ret, errno, error, description, keys, data, hex }: Outcome): Outcome {
  const shown = data ?? (hex === undefined ? undefined : Buffer.from(hex, "hex").toString("latin1"));
  return JSON.parse(JSON.stringify({ ret, errno, error, description, keys, data: shown })) as Outcome;
}

describe("recordings", () => {
  let steps = 0;
  for (const name of traces) {
    const trace = JSON.parse(readFileSync(name, "utf8")) as Trace;
    if (!trace.steps.some((step) => step.op === "addkey" || step.op === "keyctl")) continue;
    it(name.replace(/.*\/|\.trace\.json/g, ""), () => {
      const module = pem("modsign.crt");
      // The recorded 6.1 kernels were built with another module signing key.
      const own = trace.kernel.config.includes('CONFIG_MODULE_SIG_KEY="modsign.pem"');
      const world = new KeyWorld(trace, { module, compiledIn: own ? [module, pem("ca.pem")] : [pem("ca.pem")] });
      for (const [i, step] of trace.steps.entries()) {
        const ours = world.play(step);
        if (ours === undefined) continue;
        let theirs = trace.results[i]!;
        if (step.cmd === "read" && ours.ret !== undefined && ours.data === undefined) {
          const { data: _data, hex: _hex, ...rest } = theirs;
          theirs = rest;
        }
        steps++;
        expect({ step: i, ...result(ours), log: printed(ours) }).toEqual({
          step: i,
          ...result(theirs),
          log: printed(theirs),
        });
      }
    });
  }
  it("had something to play", () => expect(steps).toBeGreaterThan(1200));
});
