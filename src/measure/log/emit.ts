// Writes entries as a list file has them. What was read from such a file comes out as it was.
import { ByteWriter } from "../byte-writer.ts";
import { writeBinary } from "../entry-binary.ts";
import { writeLine } from "../entry-text.ts";
import type { LogEntry } from "./record.ts";

export interface EmitForm {
  readonly kind: "ascii" | "binary";
  /** Byte order of a binary list and of the numbers in the data; little-endian where left out. */
  readonly littleEndian?: boolean;
}

/** The entries with the template digests that they have. */
export function writeLog(
  entries: Iterable<Pick<LogEntry, "pcr" | "digest" | "template" | "fields">>,
  form: EmitForm,
): Uint8Array {
  const out = new ByteWriter();
  const littleEndian = form.littleEndian ?? true;
  for (const { digest, ...entry } of entries) {
    const listed = { ...entry, digests: [digest] };
    if (form.kind === "ascii") writeLine(out, listed, digest, littleEndian);
    else writeBinary(out, listed, digest, littleEndian);
  }
  return out.done();
}
