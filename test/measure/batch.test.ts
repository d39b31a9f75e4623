// Long logs are checked many entries at a time: the report is the one that entry by entry gives.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LogReport, verifyLog, writeLog } from "../../src/measure/index.ts";
import { runs } from "../fuzz.ts";
import { cut, entry, type ListedEntry } from "./arbitraries.ts";

/** Long enough for some batches behind the entries that are always looked at one by one. */
const ENTRIES = 4000;
const BANKS = ["sha1", "sha256"] as const;

/** Without WebAssembly every entry is looked at alone. */
async function oneByOne(log: readonly Uint8Array[], algo: "sha1" | "sha256"): Promise<LogReport> {
  const { WebAssembly: platform } = globalThis as { WebAssembly?: unknown };
  try {
    Object.assign(globalThis, { WebAssembly: undefined });
    return await verifyLog(log, { banks: BANKS, algo });
  } finally {
    Object.assign(globalThis, { WebAssembly: platform });
  }
}

const repeated = (entries: readonly ListedEntry[]): ListedEntry[] =>
  Array.from({ length: ENTRIES }, (_, i) => entries[i % entries.length]!);

function inserted(bytes: Uint8Array, at: number, byte: number): Uint8Array {
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes.subarray(0, at));
  longer[at] = byte;
  longer.set(bytes.subarray(at), at + 1);
  return longer;
}

const long = fc.constantFrom(...BANKS).chain((algo) =>
  fc.record({
    algo: fc.constant(algo),
    kind: fc.constantFrom("ascii" as const, "binary" as const),
    entries: fc.array(entry(algo), { minLength: 1, maxLength: 40 }),
    size: fc.integer({ min: 30_000, max: 300_000 }),
  }),
);

describe("batches", () => {
  it("say of right logs what one by one says", async () => {
    await fc.assert(
      fc.asyncProperty(long, async ({ algo, kind, entries, size }) => {
        const log = cut(writeLog(repeated(entries), { kind }), [size]);
        const report = await verifyLog(log, { banks: BANKS, algo });
        expect(report.faultCount).toBe(0);
        expect(report.entries).toBe(ENTRIES);
        expect(report).toEqual(await oneByOne(log, algo));
      }),
      runs(12),
    );
  });

  it("say of wrong logs what one by one says", async () => {
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.constantFrom("set", "insert", "cut") });
    await fc.assert(
      fc.asyncProperty(long, fc.array(change, { minLength: 1, maxLength: 6 }), async (given, changes) => {
        const { algo, kind, entries, size } = given;
        let bytes = writeLog(repeated(entries), { kind });
        for (const { at, byte, kind: how } of changes) {
          const place = at % bytes.length;
          if (how === "set") bytes[place] = byte;
          else if (how === "insert") bytes = inserted(bytes, place, byte);
          else if (place > bytes.length / 2) bytes = bytes.slice(0, place);
        }
        const log = cut(bytes, [size]);
        const outcome = await verifyLog(log, { banks: BANKS, algo }).catch((error: unknown) => String(error));
        expect(outcome).toEqual(await oneByOne(log, algo).catch((error: unknown) => String(error)));
      }),
      runs(25),
    );
  });
});
