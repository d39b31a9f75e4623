// The binary form of an entry (security/integrity/ima/ima_fs.c: ima_measurements_show).
import type { ByteWriter } from "./byte-writer.ts";
import type { Entry } from "./entry.ts";
import { isOldIma } from "./template.ts";

const utf8 = new TextEncoder();
const encodedTitles = new WeakMap<object, Uint8Array>();

/** Bytes of a C string: up to its first NUL. */
export function untilNul(data: Uint8Array): Uint8Array {
  const nul = data.indexOf(0);
  return nul < 0 ? data : data.subarray(0, nul);
}

/**
 * Appends an entry: PCR, template digest, template name behind its length, then the fields, each behind its length and all behind the
 * length of all; the template `ima` has its digest without a length, its name without the final NUL, and no length of all.
 */
export function writeBinary(out: ByteWriter, entry: Entry, digest: Uint8Array, littleEndian: boolean): void {
  let title = encodedTitles.get(entry.template);
  if (title === undefined) {
    title = utf8.encode(entry.template.title);
    encodedTitles.set(entry.template, title);
  }
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
