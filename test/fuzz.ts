// How often property tests run. In `npm test` they run from one fixed seed, so that the same commit gives the same
// answer everywhere; `npm run fuzz` takes new seeds and runs each property FUZZ_RUNS (50) times as often.
import fc from "fast-check";
import { vi } from "vitest";

const factor = Number(process.env.FUZZ_RUNS ?? "1");

/** Milliseconds: enough for what takes a minute in `npm test` to run many times as often. */
const PATIENCE = 3_600_000;

if (process.env.FUZZ_RUNS === undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 20 });
else vi.setConfig({ testTimeout: PATIENCE });

/** The `numRuns` of a property that is run `normal` times in `npm test`. */
export function runs(normal: number): { numRuns: number } {
  return { numRuns: Math.ceil(normal * factor) };
}

/** The `numRuns` of a decoder on damaged input: 10,000 in `npm test`, a million in `npm run fuzz`. */
export const decoderRuns = { numRuns: factor === 1 ? 10_000 : Math.ceil(20_000 * factor) };
