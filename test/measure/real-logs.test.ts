// Lists from machines of other people: what a kernel wrote is never refused. test/data/real-logs/README.md tells where they are from.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  diffLogs,
  type LogEntry,
  matchQuote,
  parsePcr,
  readLog,
  verifyLog,
  writeLog,
} from "../../src/measure/index.ts";
import { hexOf } from "./recordings.ts";

const read = (name: string): Uint8Array => readFileSync(`test/data/real-logs/${name}`);

async function entriesOf(log: Uint8Array): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const entry of readLog(log)) entries.push(entry);
  return entries;
}

describe("the list of an agent of Keylime", () => {
  const log = read("rust-keylime.ascii");
  const SHA1 = "82231c67a69da98dc5b3aa10f6343d33109225fc";
  const SHA256 = "c4a065637fc6a7c55f2811dd06cb45dd037133be2b3dc5c3e6fbe6bf061db724";

  it("fits in each of its digests, and leads to its PCR values", async () => {
    const report = await verifyLog(log, { banks: ["sha1", "sha256"] });
    expect(report).toMatchObject({ entries: 826, violations: 0, faults: [], complete: true, algo: "sha1" });
    expect(hexOf(report.pcrs.get("sha1")!.get(10)!)).toBe(SHA1);
    expect(hexOf(report.pcrs.get("sha256")!.get(10)!)).toBe(SHA256);
    expect(report.boots).toMatchObject([{ entry: 0, algo: "sha1", status: "no-tpm" }]);
  });

  it("explains these values, and names the entry that keeps it from doing so", async () => {
    const quote = [parsePcr(`sha256:10=${SHA256}`), parsePcr(`sha1:10=${SHA1}`)];
    expect(await matchQuote(log, quote)).toMatchObject({ kind: "match", entries: 826, after: 0, altered: null });
    const text = new TextDecoder().decode(log).replace("/init\n", "/exit\n");
    expect(await matchQuote(new TextEncoder().encode(text), [quote[0]!])).toMatchObject({ kind: "altered", entry: 1 });
  });

  it("comes out as it was, and is the same list in its other form", async () => {
    const entries = await entriesOf(log);
    expect(hexOf(writeLog(entries, { kind: "ascii" }))).toBe(hexOf(log));
    const binary = writeLog(entries, { kind: "binary" });
    expect(hexOf(writeLog(await entriesOf(binary), { kind: "ascii" }))).toBe(hexOf(log));
    expect((await diffLogs(log, binary)).files).toEqual([]);
  });
});

describe("lines of Keylime's tests", () => {
  const log = read("keylime-lines.ascii");

  it("fit in each of their digests: signatures of RSA and ECDSA, none, a buffer, the first template", async () => {
    const report = await verifyLog(log);
    expect(report).toMatchObject({ entries: 6, faults: [] });
    expect([...report.templates]).toEqual([
      ["ima-sig", 3],
      ["ima-buf", 1],
      ["ima", 1],
      ["ima-ng", 1],
    ]);
    expect(hexOf(writeLog(await entriesOf(log), { kind: "ascii" }))).toBe(hexOf(log));
  });
});
