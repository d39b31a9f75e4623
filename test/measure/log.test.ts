// Logs read, written, verified: the round trip over all templates, and what is said of logs that are wrong.
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HashName } from "../../src/crypto/index.ts";
import { InputError } from "../../src/errno/index.ts";
import {
  diffLogs,
  entryName,
  explainEntry,
  type LogEntry,
  type LogSource,
  lookupTemplate,
  readLog,
  templateDigest,
  verifyLog,
  writeLog,
} from "../../src/measure/index.ts";
import { runs } from "../fuzz.ts";
import { algo, cut, entry, type ListedEntry, pieceSizes } from "./arbitraries.ts";
import { bytesOf, fromHex, hexOf } from "./recordings.ts";

async function entriesOf(source: LogSource, algorithm?: HashName): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const each of readLog(source, algorithm && { algo: algorithm })) entries.push(each);
  return entries;
}

const content = ({ pcr, digest, template, fields }: ListedEntry) =>
  `${pcr} ${hexOf(digest)} ${template.title} ${fields.map(hexOf).join(" ")}`;

const ng = (name: string, digest = "5e"): ListedEntry => {
  const template = lookupTemplate("ima-ng")!;
  const fields = [bytesOf("sha256:\0"), bytesOf(`${name}\0`)];
  fields[0] = Uint8Array.of(...fields[0]!, ...fromHex(digest.repeat(32)));
  return { pcr: 10, template, fields, digest: templateDigest("sha1", { template, fields }) };
};
const violation = (name: string): ListedEntry => ({ ...ng(name, "00"), digest: new Uint8Array(20) });

describe("round trip", () => {
  it.each([
    ["ascii", true],
    ["ascii", false],
    ["binary", true],
    ["binary", false],
  ] as const)("%s, little-endian %s", async (kind, littleEndian) => {
    const log = algo.chain((a) =>
      fc.tuple(fc.constant(a), fc.array(entry(a, littleEndian), { minLength: 1, maxLength: 12 })),
    );
    await fc.assert(
      fc.asyncProperty(log, pieceSizes, async ([algorithm, entries], sizes) => {
        const whole = writeLog(entries, { kind, littleEndian });
        // Without a digest that tells the order, numbers of an ASCII list are taken as little-endian.
        fc.pre(kind === "binary" || littleEndian || !violatesFirst(entries));
        const read = await entriesOf(cut(whole, sizes), algorithm);
        expect(read.map(content)).toEqual(entries.map(content));
        expect(hexOf(writeLog(read, { kind, littleEndian }))).toBe(hexOf(whole));
        expect(read.map((e) => hexOf(whole.subarray(e.offset, e.offset + e.size)))).toEqual(
          read.map((e) => hexOf(writeLog([e], { kind, littleEndian }))),
        );
        const report = await verifyLog(cut(whole, sizes), { algo: algorithm });
        expect(report.faults).toEqual([]);
        expect(report).toMatchObject({
          entries: entries.length,
          bytes: whole.length,
          complete: true,
          form: { kind, littleEndian },
        });
      }),
      runs(200),
    );
  });

  /** The first entry does not tell the byte order: a violation, the old template, fields that are all empty. */
  function violatesFirst(entries: readonly ListedEntry[]): boolean {
    const first = entries[0]!;
    const empty = first.fields.every((data) => data.length === 0);
    return first.template.name === "ima" || empty || first.digest.every((b) => b === 0);
  }

  it("tells the algorithm by the size of the digests and the first of them", async () => {
    for (const a of ["sha1", "sha256", "sm3", "sha3-256", "sha384", "sha512"] as const) {
      const { template, fields } = ng("/a");
      const whole = writeLog([{ pcr: 10, template, fields, digest: templateDigest(a, { template, fields }) }], {
        kind: "binary",
      });
      expect(await verifyLog(whole)).toMatchObject({ algo: a, faultCount: 0 });
    }
  });

  it("takes the digests of a bank that the kernel cannot compute: padded SHA1", async () => {
    const { template, fields, digest } = ng("/a");
    const padded = new Uint8Array(48);
    padded.set(digest);
    const whole = writeLog([{ pcr: 10, template, fields, digest: padded }], { kind: "ascii" });
    expect((await verifyLog(whole)).faults).toEqual([]);
  });

  it("reads gzip, in pieces of any size", async () => {
    const entries = [ng("/a"), ng("/b", "00"), violation("/c")];
    const packed = gzipSync(writeLog(entries, { kind: "ascii" }));
    for (const size of [1, 2, 7, 10_000])
      expect((await entriesOf(cut(packed, [size]))).map(content)).toEqual(entries.map(content));
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of cut(packed, [5])) controller.enqueue(piece);
        controller.close();
      },
    });
    expect((await entriesOf(stream)).length).toBe(3);
  });

  it("takes an empty log as one of no entries", async () => {
    expect(await verifyLog(new Uint8Array(0))).toMatchObject({ entries: 0, faultCount: 0, complete: true, form: null });
    expect(await entriesOf([])).toEqual([]);
  });
});

describe("faults", () => {
  const text = (...entries: readonly ListedEntry[]) => new TextDecoder().decode(writeLog(entries, { kind: "ascii" }));
  const verify = (log: string) => verifyLog(bytesOf(log));

  it("names the entry, the byte and the reason, and reads on", async () => {
    const log = text(ng("/a"), ng("/b"), ng("/c"), violation("/d"));
    const at = (line: number) => log.split("\n").slice(0, line).join("\n").length + (line === 0 ? 0 : 1);
    const altered = log.replace("/b", "/x");
    expect((await verify(altered)).faults).toEqual([
      {
        code: "digest-mismatch",
        entry: 1,
        offset: at(1),
        name: "/x",
        reason: expect.stringMatching(/^the template digest is [0-9a-f]{40}, but that of the data is [0-9a-f]{40}$/),
      },
    ]);
    const spoil = (line: number, from: string | RegExp, to: string) =>
      log
        .split("\n")
        .map((each, i) => (i === line ? each.replace(from, to) : each))
        .join("\n");
    const cases: [string, object[]][] = [
      [
        spoil(2, "sha256:", "sha25:"),
        [
          { code: "bad-field", entry: 2, reason: "field d-ng: no kernel has a hash algorithm 'sha25'" },
          { code: "digest-mismatch", entry: 2 },
        ],
      ],
      [
        spoil(0, "sha256:5e5e", "sha256:5e"),
        [
          { code: "bad-field", entry: 0, reason: "field d-ng: a digest of 32 bytes has 31" },
          { code: "digest-mismatch", entry: 0 },
        ],
      ],
      [
        spoil(0, "sha256:5e", "sha256:zz"),
        [{ code: "unreadable", entry: 0, reason: "field d-ng is not in hex digits" }],
      ],
      [
        spoil(2, "ima-ng", "ima-gn"),
        [{ code: "unreadable", entry: 2, reason: "'ima-gn' is neither a template nor a format of one" }],
      ],
      [spoil(0, "/a", "/a b"), [{ code: "digest-mismatch", entry: 0, name: "/a b" }]],
      // Nothing covers the name of a violation.
      [`${log}garbage\n`, []],
      [spoil(3, / 0{40} /, ` ${"0".repeat(39)}1 `), [{ code: "digest-mismatch", entry: 3 }]],
      [spoil(3, /:0{64}/, `:${"0".repeat(63)}1`), [{ code: "false-violation", entry: 3 }]],
    ];
    for (const [broken, faults] of cases) {
      const report = await verify(broken);
      expect(report.faults).toMatchObject(faults);
      expect(report.entries).toBe(4);
    }
  });

  it("takes a line that begins no entry as part of the name before, if the digest says so", async () => {
    const log = text(ng("/a\nb\n10 x"), ng("/b"));
    expect((await entriesOf(bytesOf(log))).map(entryName)).toEqual(
      ["/a\nb\n10_x", "/b"].map((n) => n.replace("_", " ")),
    );
    // Only if: here the digest is that of the first line alone.
    const broken = text(ng("/a")) + text(ng("/b")).replace("10 ", "1x ") + text(ng("/c"));
    expect((await verify(broken)).faults).toMatchObject([
      { code: "unreadable", entry: 1, reason: "no PCR and no digest of 20 bytes at the beginning of the line" },
    ]);
  });

  it("keeps a thousand faults and counts all", async () => {
    const line = text(ng("/a")).replace("/a", "/b");
    const report = await verify(line.repeat(1500));
    expect([report.faults.length, report.faultCount, report.entries]).toEqual([1000, 1500, 1500]);
  });

  it("reports where a binary log cannot be read on", async () => {
    const whole = writeLog([ng("/a"), ng("/b"), ng("/c")], { kind: "binary" });
    const size = whole.length / 3;
    const cases: [(b: Uint8Array) => Uint8Array, object][] = [
      [(b) => b.subarray(0, -1), { entry: 2, offset: 2 * size, reason: `the log ends ${size - 1} bytes into it` }],
      [(b) => b.fill(0xff, size, size + 4), { entry: 1, offset: size, reason: "there is no PCR 4294967295" }],
      [(b) => b.fill(0xff, size + 24, size + 28), { entry: 1, reason: "no template name has 4294967295 bytes" }],
      [
        (b) => b.fill(0x78, size + 28, size + 29),
        { entry: 1, reason: "'xma-ng' is neither a template nor a format of one" },
      ],
      [
        (b) => b.fill(0x7f, size + 34, size + 38),
        { entry: 1, reason: expect.stringMatching(/^an entry of \d+ bytes, longer than/) },
      ],
    ];
    for (const [spoil, fault] of cases) {
      const report = await verifyLog(spoil(whole.slice()));
      expect(report.complete).toBe(false);
      expect(report.faults).toMatchObject([{ code: "unreadable", ...fault }]);
    }
    // The length of all data leads on to the next entry, whatever is wrong within.
    const inner = whole.slice();
    inner.set([41], size + 38);
    const report = await verifyLog(inner);
    expect(report).toMatchObject({ entries: 3, complete: true, faults: [{ code: "unreadable", entry: 1 }] });
  });

  it("throws what is no log at all", async () => {
    for (const bytes of [
      bytesOf("hello\n"),
      new Uint8Array(5000),
      fromHex("0a000000ffff"),
      bytesOf("10 12ab ima-ng x\n"),
    ])
      await expect(verifyLog(bytes)).rejects.toThrow(/byte 0: this begins neither/);
    await expect(entriesOf(bytesOf(`${text(ng("/a"))}${text(ng("/b")).replace("ima-ng", "ima-xx")}`))).rejects.toThrow(
      /^byte 1\d\d: entry 1: 'ima-xx' is neither/,
    );
  });
});

describe("limits", () => {
  const one = writeLog([ng("/a")], { kind: "ascii" });
  const endless = function* () {
    for (;;) yield one;
  };

  it("ends an endless log, and an endless entry", async () => {
    await expect(verifyLog(endless(), { limits: { maxBytes: 1 << 20 } })).rejects.toThrow(/longer than 1048576 bytes/);
    const entry = (function* () {
      yield one.subarray(0, -1);
      for (;;) yield new Uint8Array(5000).fill(0x61);
    })();
    await expect(verifyLog(entry, { limits: { maxEntryBytes: 1 << 20 } })).rejects.toThrow(
      /entry 0: an entry of 1\d+ bytes, longer than/,
    );
    await expect(
      verifyLog(
        (function* () {
          for (;;) yield new Uint8Array(1000);
        })(),
      ),
    ).rejects.toThrow(/begins neither/);
  });

  it("does not unpack a bomb", async () => {
    const bomb = gzipSync(Buffer.alloc(one.length * 200_000, one));
    expect(bomb.length).toBeLessThan(200_000);
    await expect(verifyLog(bomb)).rejects.toThrow(/unpacks to more than 100 times its file/);
    await expect(verifyLog(gzipSync(new Uint8Array(1 << 25)))).rejects.toThrow(/begins neither/);
  });

  it("reports broken gzip", async () => {
    const packed = gzipSync(
      writeLog(
        Array.from({ length: 300 }, (_, i) => ng(`/${i}`)),
        { kind: "ascii" },
      ),
    );
    await expect(verifyLog(packed.subarray(0, 1000))).rejects.toThrow(/^byte 1000: the gzip data ends or breaks here/);
    const broken = Uint8Array.from(packed).fill(0x55, 500, 900);
    await expect(verifyLog(broken)).rejects.toThrow(InputError);
    const failing = (async function* () {
      yield packed.subarray(0, 1000);
      throw new Error("the disk is gone");
    })();
    await expect(verifyLog(failing)).rejects.toThrow(/^the disk is gone$/);
  });
});

describe("fuzz", () => {
  const log = fc.tuple(
    fc.constantFrom("ascii" as const, "binary" as const),
    fc.array(entry("sha1"), { minLength: 1, maxLength: 6 }),
  );
  const mutation = fc.array(
    fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.constantFrom("set", "cut", "insert") }),
    { minLength: 1, maxLength: 8 },
  );

  function mutate(whole: Uint8Array, mutations: readonly { at: number; byte: number; kind: string }[]): Uint8Array {
    let bytes = Array.from(whole);
    for (const { at, byte, kind } of mutations) {
      const place = at % Math.max(1, bytes.length);
      if (kind === "set") bytes[place] = byte;
      else if (kind === "cut") bytes = bytes.slice(0, place);
      else bytes.splice(place, 0, byte);
    }
    return Uint8Array.from(bytes);
  }

  it("answers truncated and mutated logs with a report or a typed error", async () => {
    await fc.assert(
      fc.asyncProperty(log, mutation, pieceSizes, async ([kind, entries], mutations, sizes) => {
        const bytes = mutate(writeLog(entries, { kind }), mutations);
        const outcome = await verifyLog(cut(bytes, sizes), { limits: { maxEntryBytes: 1 << 16 } }).catch(
          (e: unknown) => e,
        );
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(InputError);
        // How a log is cut into pieces changes nothing.
        const whole = await verifyLog(bytes, { limits: { maxEntryBytes: 1 << 16 } }).catch((e: unknown) => e);
        expect(whole).toEqual(outcome);
      }),
      runs(500),
    );
  });

  it("finds a byte that was changed", async () => {
    await fc.assert(
      fc.asyncProperty(log, fc.nat(), fc.integer({ min: 1, max: 255 }), async ([kind, entries], at, change) => {
        const whole = writeLog(entries, { kind });
        const broken = whole.slice();
        const place = at % whole.length;
        broken[place] = broken[place]! ^ change;
        const [before, after] = [await verifyLog(whole), await verifyLog(broken).catch(() => null)];
        if (after === null || after.faultCount > 0) return;
        // What no digest covers: the PCR, a violation, and the case of hex digits or the newline at the end of an ASCII list.
        const uncovered =
          hexOf(writeLog(await entriesOf(broken), { kind: "binary" })) ===
            hexOf(writeLog(await entriesOf(whole), { kind: "binary" })) ||
          before.violations > 0 ||
          JSON.stringify([...before.pcrs.values()].map((m) => [...m])) !==
            JSON.stringify([...after.pcrs.values()].map((m) => [...m])) ||
          entries.some((e) => e.pcr >= 17);
        expect(uncovered).toBe(true);
      }),
      runs(300),
    );
  });

  it("answers random bytes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 400 }),
        fc.constantFrom("", "1f8b0800", "0a000000"),
        async (tail, head) => {
          const outcome = await verifyLog(Uint8Array.of(...fromHex(head), ...tail)).catch((e: unknown) => e);
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(InputError);
        },
      ),
      runs(300),
    );
  });
});

describe("comparison", () => {
  it("tells added, changed and missing files", async () => {
    const before = writeLog([ng("/same"), ng("/gone"), ng("/changed"), ng("/twice"), ng("/twice", "01")], {
      kind: "ascii",
    });
    const after = writeLog(
      [ng("/changed", "02"), ng("/new"), ng("/same"), ng("/twice", "01"), ng("/twice"), violation("/same")],
      { kind: "binary" },
    );
    const sha = (byte: string) => `sha256:${byte.repeat(32)}`;
    expect(await diffLogs(before, after)).toEqual({
      files: [
        { name: "/gone", kind: "missing", before: [sha("5e")], after: [] },
        { name: "/changed", kind: "changed", before: [sha("5e")], after: [sha("02")] },
        { name: "/new", kind: "added", before: [], after: [sha("5e")] },
      ],
      same: 2,
      violations: [0, 1],
      entries: [5, 6],
    });
  });
});

describe("explanation", () => {
  it("gives the preimage piece by piece", async () => {
    await fc.assert(
      fc.property(entry("sha1"), ({ template, fields, digest }) => {
        const { parts, digests } = explainEntry({ template, fields }, ["sha1", "sha256"]);
        const all = Uint8Array.of(...parts.flatMap(({ bytes }) => [...bytes]));
        expect(digests.map((d) => d.algo)).toEqual(["sha1", "sha256"]);
        if (digest.some((b) => b !== 0)) expect(hexOf(digests[0]!.digest)).toBe(hexOf(digest));
        const old = template.name === "ima";
        expect(parts.filter(({ what }) => what === "length").length).toBe(old ? 0 : template.fields.length);
        if (old) expect(all.length).toBe(fields[0]!.length + 256);
      }),
      runs(100),
    );
    const { template, fields } = ng("/a b");
    expect(explainEntry({ template, fields }, []).parts.map(({ meaning }) => meaning)).toEqual([
      "40",
      `sha256:${"5e".repeat(32)}`,
      "5",
      "/a b",
    ]);
  });
});

it("lets go of a packed log that is not read to its end", async () => {
  const packed = gzipSync(
    writeLog(
      Array.from({ length: 3000 }, (_, i) => ng(`/${i}`)),
      { kind: "ascii" },
    ),
  );
  let returned = false;
  const source = (async function* () {
    try {
      yield* cut(packed, [1000]);
    } finally {
      returned = true;
    }
  })();
  for await (const { number } of readLog(source)) if (number === 5) break;
  await new Promise((done) => setTimeout(done, 50));
  expect(returned).toBe(true);
});
