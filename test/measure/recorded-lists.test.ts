// Every list that a real kernel has written: read, verified, written again as it was.
import { describe, expect, it } from "vitest";
import { entryName, type LogEntry, readLog, verifyLog, writeLog } from "../../src/measure/index.ts";
import { bytesOf, hexOf, listReads, measuredLines, recordings } from "./recordings.ts";

const all = recordings().filter((r) => (r.boot.measured ?? []).length > 0);

async function entriesOf(bytes: Uint8Array): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const entry of readLog(bytes)) entries.push(entry);
  return entries;
}

/** Without what is measured of the list files themselves as they are opened to be read. */
const content = (entries: readonly LogEntry[]) =>
  entries
    .filter((entry) => !entryName(entry)?.includes("_runtime_measurements"))
    .map(({ pcr, digest, template, fields }) => ({
      pcr,
      digest: hexOf(digest),
      template: template.title,
      fields: fields.map(hexOf),
    }));

it("has recordings of both kernels and of a TPM", () => {
  expect(all.length).toBeGreaterThan(100);
  expect(all.some((r) => r.kernel.release.startsWith("6.1."))).toBe(true);
  expect(all.some((r) => r.kernel.tpm === true)).toBe(true);
  expect(all.flatMap((r) => listReads(r, "binary")).length).toBeGreaterThan(50);
});

describe.each(all.map((r) => [r.name, r] as const))("%s", (_, recording) => {
  it("has entries whose template digests are recomputed", async () => {
    const report = await verifyLog(bytesOf(measuredLines(recording)));
    expect(report.faults).toEqual([]);
    expect(report.complete).toBe(true);
  });

  it("has lists that come out as they were read", async () => {
    for (const form of ["ascii", "binary"] as const)
      for (const { bytes } of listReads(recording, form)) {
        const entries = await entriesOf(bytes);
        expect(hexOf(writeLog(entries, { kind: form }))).toBe(hexOf(bytes));
        expect((await verifyLog(bytes)).faults).toEqual([]);
      }
  });

  it("has the same entries in ASCII, binary and as they came", async () => {
    const ascii = listReads(recording, "ascii");
    for (const { step, bytes } of listReads(recording, "binary")) {
      const binary = content(await entriesOf(bytes));
      expect(content(await entriesOf(bytesOf(measuredLines(recording, step + 1))))).toEqual(binary);
      const beside = ascii.find((read) => Math.abs(read.step - step) === 1);
      if (beside !== undefined) expect(content(await entriesOf(beside.bytes))).toEqual(binary);
    }
  });
});
