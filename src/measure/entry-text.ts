// The ASCII form of an entry (security/integrity/ima/ima_fs.c: ima_ascii_measurements_show; ima_template_lib.c:
// ima_show_template_data_ascii).
import type { ByteWriter } from "./byte-writer.ts";
import type { Entry } from "./entry.ts";
import { untilNul } from "./entry-binary.ts";
import type { FieldShape } from "./template-field.ts";

const COLON = 0x3a;

function unsigned(data: Uint8Array, littleEndian: boolean): bigint {
  let value = 0n;
  for (let i = 0; i < data.length; i++) value = (value << 8n) | BigInt(data[littleEndian ? data.length - 1 - i : i]!);
  return value;
}

/** Appends the data of one field as a list shows it. Data that no kernel makes is shown as far as it goes. */
export function writeField(out: ByteWriter, shape: FieldShape, data: Uint8Array, littleEndian: boolean): void {
  switch (shape) {
    case "digest":
    case "hex":
      out.hex(data);
      return;
    case "text":
      out.bytes(untilNul(data));
      return;
    case "uint16":
    case "uint32":
      if ([1, 2, 4, 8].includes(data.length)) out.text(String(unsigned(data, littleEndian)));
      return;
    default: {
      // The label up to its NUL, then the digest behind the last colon of the label and the NUL.
      const label = untilNul(data);
      const colon = label.lastIndexOf(COLON);
      if (colon !== 0) out.bytes(label);
      out.hex(data.subarray(Math.min(colon + 2, data.length)));
    }
  }
}

/** Appends an entry's line with its newline. An empty field leaves nothing behind its blank. */
export function writeLine(out: ByteWriter, entry: Entry, digest: Uint8Array, littleEndian: boolean): void {
  out
    .text(`${String(entry.pcr).padStart(2)} `)
    .hex(digest)
    .text(` ${entry.template.title}`);
  entry.template.fields.forEach(({ shape }, i) => {
    out.text(" ");
    writeField(out, shape, entry.fields[i]!, littleEndian);
  });
  out.text("\n");
}
