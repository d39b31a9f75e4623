// What readers of logs, PCR values and kexec's list are given, damaged and random: a value or an InputError.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errno/index.ts";
import {
  isEventLog,
  lookupTemplate,
  matchQuote,
  parsePcr,
  parsePcrFile,
  parseTemplateFormat,
  readLog,
  replayEventLog,
  TEMPLATES,
  templateDigest,
  verifyLog,
  writeLog,
} from "../../src/measure/index.ts";
import { damaged, damagedText } from "../damage.ts";
import { decoderRuns } from "../fuzz.ts";
import type { ListedEntry } from "./arbitraries.ts";
import { bytesOf, fromHex } from "./recordings.ts";

const hash = fromHex(`${"5e".repeat(32)}`);
const listed = (name: string, ...fields: readonly Uint8Array[]): ListedEntry => {
  const template = lookupTemplate(name)!;
  return { pcr: 10, template, fields, digest: templateDigest("sha1", { template, fields }) };
};
const ng = Uint8Array.of(...bytesOf("sha256:\0"), ...hash);
const entries = [
  listed("ima", hash.subarray(12), bytesOf("boot_aggregate")),
  listed("ima-ng", ng, bytesOf("/usr/bin/a file\0")),
  listed("ima-sig", ng, bytesOf("/usr/bin/b\0"), Uint8Array.of(3, 2, 4, ...hash)),
  listed("ima-buf", ng, bytesOf("critical\0"), bytesOf("6.12")),
  listed("ima-modsig", ng, bytesOf("/m.ko\0"), new Uint8Array(), ng, bytesOf("0\0")),
];
const logs = [
  ...[entries.slice(0, 1), entries.slice(1, 2), entries.slice(2), entries].map((some) =>
    writeLog(some, { kind: "ascii" }),
  ),
  ...[true, false].map((littleEndian) => writeLog(entries, { kind: "binary", littleEndian })),
];

function typed(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
  }
}
const settled = (error: unknown): void => {
  if (!(error instanceof InputError)) throw error;
};

describe("damaged and random input", () => {
  it("as a log", async () => {
    const limits = { maxEntryBytes: 1 << 16 };
    const collect = async (bytes: Uint8Array): Promise<void> => {
      for await (const { size } of readLog(bytes, { limits })) expect(size).toBeGreaterThan(0);
    };
    const wanted = [{ bank: "sha1", pcr: 10, value: new Uint8Array(20) }] as const;
    await fc.assert(
      fc.asyncProperty(damaged(logs), async (bytes) => {
        await collect(bytes).catch(settled);
        await verifyLog(bytes, { limits }).catch(settled);
        await matchQuote(bytes, wanted, { limits }).catch(settled);
      }),
      decoderRuns,
    );
  }, 600_000);

  it("as an event log of the firmware", () => {
    // EV_NO_ACTION with the Spec ID of a crypto-agile log (sha1 and sha256), then one event.
    const head = `00000000030000000${"0".repeat(39)}25000000`;
    const spec = `${Buffer.from("Spec ID Event03\0").toString("hex")}00000000000202020200000004001400`;
    const log = fromHex(`${head}${spec}0b00200000`)!;
    const event = fromHex(`0700000001000000020000000400${"11".repeat(20)}0b00${"22".repeat(32)}02000000abcd`)!;
    const good = Uint8Array.of(...log, ...event);
    expect(replayEventLog(good).map(({ bank, pcr }) => `${bank}:${pcr}`)).toContain("sha256:7");
    fc.assert(
      fc.property(damaged([good]), (bytes) => {
        isEventLog(bytes);
        typed(() => replayEventLog(bytes));
      }),
      decoderRuns,
    );
  }, 600_000);

  it("as PCR values and template formats", () => {
    const values = [
      `sha256:10=${"ab".repeat(32)}`,
      `sha256:\n  0 : 0x${"AB".repeat(32)}\n  10: 0x${"00".repeat(32)}\nsha1:\n 10: ${"00".repeat(20)}\n`,
      `PCR-00: ${"AB ".repeat(20)}\nPCR-10: ${"00 ".repeat(20)}\n`,
      `{"sha256": {"0": "${"ab".repeat(32)}"}}`,
      ...TEMPLATES.map(({ format }) => format),
    ];
    const words = ["sha256:", "sha3_256", "PCR-", "0x", "10", "24", ":", "=", "\n", " ", "{", '"', "|", "d-ng", "n"];
    fc.assert(
      fc.property(damagedText(values, words), (text) => {
        typed(() => parsePcr(text));
        typed(() => parsePcrFile(text));
        parseTemplateFormat(text);
      }),
      decoderRuns,
    );
  }, 600_000);
});
