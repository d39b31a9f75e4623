// The binary form of an entry (security/integrity/ima/ima_fs.c: ima_measurements_show).
import type { ByteWriter } from "./byte-writer.ts";
import type { Entry } from "./entry.ts";
import { isOldIma } from "./template.ts";

/** Bytes of a C string: up to its first NUL. */
export function untilNul(data: Uint8Array): Uint8Array {
  for (let i = 0; i < data.length; i++) if (data[i] === 0) return data.subarray(0, i);
  return data;
}

/**
 * Appends an entry: PCR, template digest, template name behind its length, then the fields, each behind its length and all behind the
 * length of all; the template `ima` has its digest without a length, its name without the final NUL, and no length of all.
 */
export function writeBinary(out: ByteWriter, entry: Entry, digest: Uint8Array, littleEndian: boolean): void {
  const title = entry.template.titleBytes;
  out.uint32(entry.pcr, littleEndian).bytes(digest).uint32(title.length, littleEndian).bytes(title);
  if (isOldIma(entry.template)) {
    entry.template.fields.forEach(({ id }, i) => {
      const data = entry.fields[i]!;
      const shown = id === "n" ? untilNul(data) : data;
      if (id === "n") out.uint32(shown.length, littleEndian);
      out.bytes(shown);
    });
    return;
  }
  out.uint32(
    entry.fields.reduce((sum, data) => sum + 4 + data.length, 0),
    littleEndian,
  );
  for (const data of entry.fields) out.uint32(data.length, littleEndian).bytes(data);
}
