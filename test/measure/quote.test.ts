// PCR values explained by the beginning of a log, or not: what matchQuote answers is never wrong.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HashName } from "../../src/crypto/index.ts";
import {
  isEventLog,
  matchQuote,
  type PcrValue,
  parsePcr,
  parsePcrFile,
  replayEventLog,
  SimulatedTpm,
  templateDigest,
  writeLog,
} from "../../src/measure/index.ts";
import { runs } from "../fuzz.ts";
import { entry, type ListedEntry } from "./arbitraries.ts";
import { bytesOf, fromHex, hexOf } from "./recordings.ts";

const BANKS = ["sha1", "sha256"] as const;

/** What a TPM holds after these entries: independent of the replay of logs. */
function pcrAfter(entries: readonly ListedEntry[], bank: HashName, pcr = 10): PcrValue {
  const tpm = new SimulatedTpm({ banks: [bank] });
  const size = tpm.banks[0]!.size;
  for (const { pcr: index, template, fields, digest } of entries) {
    const zero = digest.every((b) => b === 0);
    tpm.extend(index, [zero ? new Uint8Array(size).fill(0xff) : templateDigest(bank, { template, fields })]);
  }
  return { bank, pcr, value: tpm.pcr(bank, pcr) };
}

const inPcr10: fc.Arbitrary<ListedEntry[]> = fc.array(entry("sha1"), { minLength: 2, maxLength: 10 }).map((list) =>
  list.map((e, i) => {
    // Entries that differ, all in one PCR: each value has one beginning that explains it.
    const fields = e.fields.map((data, at) =>
      e.template.fields[at]!.shape === "text" && data.length > 0
        ? Uint8Array.of(...bytesOf(`${i}`), ...data).slice(-256)
        : data,
    );
    const changed = { ...e, pcr: 10, fields };
    return { ...changed, digest: e.digest.every((b) => b === 0) ? e.digest : templateDigest("sha1", changed) };
  }),
);
const log = fc.tuple(inPcr10, fc.nat(), fc.constantFrom("ascii" as const, "binary" as const));
const distinct = (entries: readonly ListedEntry[]) =>
  new Set(entries.map((e) => hexOf(e.digest))).size === entries.length;

describe("matchQuote", () => {
  it("finds the beginning and counts what follows", async () => {
    await fc.assert(
      fc.asyncProperty(log, async ([entries, n, kind]) => {
        const count = n % (entries.length + 1);
        const quote = BANKS.map((bank) => pcrAfter(entries.slice(0, count), bank));
        const after = entries.length - count;
        expect(await matchQuote(writeLog(entries, { kind }), quote)).toMatchObject({
          kind: "match",
          entries: count,
          after,
          afterInPcr: after,
          altered: null,
        });
      }),
      runs(150),
    );
  });

  it("names the entry whose data was altered, or whose digest was", async () => {
    await fc.assert(
      fc.asyncProperty(log, fc.boolean(), async ([entries, n, kind], inDigest) => {
        const at = n % entries.length;
        const victim = entries[at]!;
        const field = victim.fields.findIndex(
          (data, i) => data.length > 0 && victim.template.fields[i]!.shape === "text",
        );
        fc.pre(victim.digest.some((b) => b !== 0) && (inDigest || field >= 0));
        const flip = (bytes: Uint8Array) => bytes.map((b, i) => (i === 0 ? (b === 0x7a ? 0x79 : 0x7a) : b));
        const altered = entries.with(at, {
          ...victim,
          ...(inDigest
            ? { digest: flip(victim.digest) }
            : { fields: victim.fields.map((data, i) => (i === field ? flip(data) : data)) }),
        });
        const whole = writeLog(altered, { kind });
        const sha1 = await matchQuote(whole, [pcrAfter(entries, "sha1")]);
        // The log's own digests, or the recomputed ones, still lead to the value.
        expect(sha1).toMatchObject({
          kind: "match",
          entries: entries.length,
          altered: { entry: at },
          tracks: [{ digests: inDigest ? "computed" : "listed" }],
        });
        const sha256 = await matchQuote(whole, [pcrAfter(entries, "sha256")]);
        if (inDigest) expect(sha256).toMatchObject({ kind: "match", altered: { entry: at } });
        else expect(sha256).toMatchObject({ kind: "altered", entry: at });
      }),
      runs(150),
    );
  });

  it("names an entry that was put in, or changed places with the next", async () => {
    await fc.assert(
      fc.asyncProperty(log, entry("sha1"), fc.boolean(), async ([entries, n, kind], extra, swap) => {
        fc.pre(distinct([...entries, extra]));
        const at = n % (entries.length - (swap ? 1 : 0));
        const quote = BANKS.map((bank) => pcrAfter(entries, bank));
        const changed = swap
          ? entries.with(at, entries[at + 1]!).with(at + 1, entries[at]!)
          : entries.toSpliced(at, 0, { ...extra, pcr: 10 });
        expect(await matchQuote(writeLog(changed, { kind }), quote)).toMatchObject({ kind: "altered", entry: at });
      }),
      runs(100),
    );
  });

  it("does not explain values of another log", async () => {
    await fc.assert(
      fc.asyncProperty(log, async ([entries, n, kind]) => {
        fc.pre(distinct(entries));
        const at = n % entries.length;
        const quote = [pcrAfter(entries, "sha256")];
        const missing = await matchQuote(writeLog(entries.toSpliced(at, 1), { kind }), quote);
        expect(missing.kind).toBe(entries.length === 1 ? "altered" : "unexplained");
        // Values of two banks that were not read at the same time.
        const apart = [pcrAfter(entries, "sha256"), pcrAfter(entries.slice(0, -1), "sha1")];
        expect(await matchQuote(writeLog(entries, { kind }), apart)).toMatchObject({
          kind: "unexplained",
          reason: `no beginning of the log explains all values at once: sha256:10 is reached after ${entries.length} entries, sha1:10 is reached after ${entries.length - 1} entries`,
        });
      }),
      runs(100),
    );
  });

  it("explains banks with padded SHA1 digests, whichever ones a violation has", async () => {
    await fc.assert(
      fc.asyncProperty(inPcr10, fc.constantFrom(20, 48), async (entries, ones) => {
        const tpm = new SimulatedTpm({ banks: ["sha384"] });
        for (const { digest } of entries) {
          const padded = new Uint8Array(48);
          padded.set(digest);
          tpm.extend(10, [digest.every((b) => b === 0) ? padded.fill(0xff, 0, ones) : padded]);
        }
        const violations = entries.some(({ digest }) => digest.every((b) => b === 0));
        const only = entries.every(({ digest }) => digest.every((b) => b === 0));
        const mode = violations && ones === 20 ? "padded-short" : only ? "computed" : "padded";
        const quote = [{ bank: "sha384" as const, pcr: 10, value: tpm.pcr("sha384", 10) }];
        expect(await matchQuote(writeLog(entries, { kind: "binary" }), quote)).toMatchObject({
          kind: "match",
          tracks: [{ mode }],
        });
      }),
      runs(60),
    );
  });

  it("tells entries of other PCRs from those of the quoted one", async () => {
    await fc.assert(
      fc.asyncProperty(inPcr10, fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }), async (list, elsewhere) => {
        const entries = list.map((e, i) => (elsewhere[i] === true ? { ...e, pcr: 11 } : e));
        const quoted = entries.filter(({ pcr }) => pcr === 10);
        const count = quoted.length === 0 ? 0 : entries.indexOf(quoted[Math.floor(quoted.length / 2)]!) + 1;
        expect(
          await matchQuote(writeLog(entries, { kind: "ascii" }), [pcrAfter(entries.slice(0, count), "sha1")]),
        ).toMatchObject({
          kind: "match",
          entries: count,
          after: entries.length - count,
          afterInPcr: entries.slice(count).filter(({ pcr }) => pcr === 10).length,
        });
      }),
      runs(60),
    );
  });

  it("wants a value, and an empty log explains zeros only", async () => {
    await expect(matchQuote(new Uint8Array(0), [])).rejects.toThrow(/no PCR value is given/);
    const zeros = { bank: "sha1" as const, pcr: 10, value: new Uint8Array(20) };
    expect(await matchQuote(new Uint8Array(0), [zeros])).toMatchObject({ kind: "match", entries: 0, after: 0 });
    expect(await matchQuote(new Uint8Array(0), [{ ...zeros, value: new Uint8Array(20).fill(1) }])).toMatchObject({
      kind: "unexplained",
    });
  });
});

describe("PCR values", () => {
  const sha1 = "ab".repeat(20);
  const sha256 = "cd".repeat(32);

  it("come from the files of other tools", () => {
    const expected = [
      { bank: "sha1", pcr: 0, value: fromHex(sha1) },
      { bank: "sha256", pcr: 10, value: fromHex(sha256) },
    ];
    const files = [
      `  sha1:\n    0 : 0x${sha1.toUpperCase()}\n  sha256:\n    10: 0x${sha256.toUpperCase()}\n`,
      `pcrread: tsspcrread -halg sha1\n0: ${sha1}\npcrread: tsspcrread -halg sha256\n10: ${sha256}\n`,
      `PCR-00: ${sha1.replace(/../g, "$& ").toUpperCase()}\nsha256:\nPCR-10: ${sha256}\n`,
      JSON.stringify({ sha1: { 0: sha1 }, sha256: { 10: sha256 } }),
    ];
    for (const file of files) expect(parsePcrFile(file)).toEqual(expected);
    expect(parsePcr(`sha256:10=${sha256}`)).toEqual(expected[1]);
    expect(parsePcr(`sm3_256:10=${sha256}`).bank).toBe("sm3");
  });

  it.each([
    ["", /holds no PCR value/],
    ["hello\n", /line 1: 'hello' is neither a bank nor a PCR/],
    [`sha1:\n 24: ${sha1}\n`, /line 2: there is no PCR 24/],
    [`sha256:\n 1: ${sha1}\n`, /line 2: a PCR of the bank sha256 has 64 hex digits/],
    ["{", /broken JSON/],
    ['{"sha1":7}', /sha1: wants an object/],
    ['{"sha1":{"1":7}}', /sha1\.1: wants hex digits in quotes/],
    [`{"md5":{"1":"00"}}`, /'md5' is no bank/],
  ])("are refused: %j", (file, reason) => {
    expect(() => parsePcrFile(file, "file")).toThrow(reason);
  });

  it.each(["sha256:10", "sha256=10", `sha256:10=${sha1}`, "x:1=00", `sha1:-1=${sha1}`])("are refused: %s", (text) => {
    expect(() => parsePcr(text)).toThrow(/^pcr: /);
  });
});

describe("firmware's event log", () => {
  const u16 = (n: number) => [n & 0xff, n >> 8];
  const u32 = (n: number) => [...u16(n & 0xffff), ...u16(n >>> 16)];
  const ids = { sha1: 4, sha256: 11 };
  const specId = (algos: readonly [number, number][]) => {
    const data = [
      ...bytesOf("Spec ID Event03\0"),
      ...u32(0),
      0,
      2,
      0,
      2,
      ...u32(algos.length),
      ...algos.flat().flatMap(u16),
      0,
    ];
    return [...u32(0), ...u32(3), ...new Array<number>(20).fill(0), ...u32(data.length), ...data];
  };
  const event = (pcr: number, type: number, digests: readonly [number, Uint8Array][], data: readonly number[]) => [
    ...u32(pcr),
    ...u32(type),
    ...u32(digests.length),
    ...digests.flatMap(([id, d]) => [...u16(id), ...d]),
    ...u32(data.length),
    ...data,
  ];
  const both: [number, number][] = [
    [ids.sha1, 20],
    [ids.sha256, 32],
  ];
  const some = (byte: number): [number, Uint8Array][] => [
    [ids.sha1, new Uint8Array(20).fill(byte)],
    [ids.sha256, new Uint8Array(32).fill(byte)],
  ];

  it("is replayed in each of its banks, locality included", () => {
    const bytes = Uint8Array.from([
      ...specId(both),
      ...event(0, 3, some(0), [...bytesOf("StartupLocality\0"), 3]),
      ...event(0, 8, some(1), [1, 2]),
      ...event(7, 1, some(2), []),
      ...event(7, 4, some(3), []),
    ]);
    expect(isEventLog(bytes)).toBe(true);
    const values = replayEventLog(bytes);
    const start = new Uint8Array(32);
    start[31] = 3;
    const tpm = new SimulatedTpm({ banks: ["sha256"], pcrs: { sha256: { 0: start } } });
    tpm.extend(0, [some(1)[1]![1]]);
    tpm.extend(7, [some(2)[1]![1]]);
    tpm.extend(7, [some(3)[1]![1]]);
    for (const pcr of [0, 1, 7, 9])
      expect(hexOf(values.find((v) => v.bank === "sha256" && v.pcr === pcr)!.value)).toBe(
        hexOf(tpm.pcr("sha256", pcr)),
      );
    expect(values.filter((v) => v.bank === "sha1").length).toBe(24);
  });

  it("is refused where it is broken", () => {
    const whole = Uint8Array.from([...specId(both), ...event(1, 1, some(1), [1])]);
    for (let size = 1; size < whole.length; size++) {
      if (size === specId(both).length) continue;
      expect(() => replayEventLog(whole.subarray(0, size))).toThrow(/^event log, byte \d+: /);
    }
    expect(() =>
      replayEventLog(Uint8Array.from([...specId(both), ...event(1, 1, [[12, new Uint8Array(48)]], [])])),
    ).toThrow(/algorithm 0xc is not among/);
    expect(() => replayEventLog(Uint8Array.from(specId([[4, 0]])))).toThrow(/digests of 0 bytes/);
    expect(() => replayEventLog(Uint8Array.from([...specId(both), ...event(99, 1, [], [])]))).toThrow(/no PCR 99/);
  });

  it("answers any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (tail, headed) => {
        const bytes = headed ? Uint8Array.from([...specId(both), ...tail]) : tail;
        try {
          replayEventLog(bytes);
        } catch (error) {
          expect(error).toMatchObject({ name: "InputError", code: "bad-event-log" });
        }
      }),
      runs(300),
    );
  });
});
