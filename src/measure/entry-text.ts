// The ASCII form of an entry (security/integrity/ima/ima_fs.c: ima_ascii_measurements_show; ima_template_lib.c:
// ima_show_template_data_ascii).
import type { ByteWriter } from "./byte-writer.ts";
import type { Entry } from "./entry.ts";
import { untilNul } from "./entry-binary.ts";
import type { FieldShape } from "./template-field.ts";

const COLON = 0x3a;

/** Appends the data of one field as a list shows it. Data that no kernel makes is shown as far as it goes. */
export function writeField(out: ByteWriter, shape: FieldShape, data: Uint8Array, littleEndian: boolean): void {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
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
      if (data.length === 1) out.text(String(view.getUint8(0)));
      else if (data.length === 2) out.text(String(view.getUint16(0, littleEndian)));
      else if (data.length === 4) out.text(String(view.getUint32(0, littleEndian)));
      else if (data.length === 8) out.text(String(view.getBigUint64(0, littleEndian)));
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
