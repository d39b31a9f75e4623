// One entry of a log as the scanners see it: places in a buffer, no copies. A scanner has a single record and fills it anew for each
// entry; who wants to keep an entry copies it.
import type { Entry } from "../entry.ts";
import { isOldIma, MAX_FIELDS, type TemplateDescriptor } from "../template.ts";

export class LogRecord {
  /** Entries are counted from 0. */
  number = 0;
  /** Where it begins in the (unpacked) log, and how long it is there. */
  offset = 0;
  size = 0;
  pcr = 0;
  /** Byte order of the numbers in the data. */
  littleEndian: boolean;
  /** Where the template digest lies. */
  digestData: Uint8Array = new Uint8Array(0);
  digestStart = 0;
  readonly digestSize: number;
  template: TemplateDescriptor;
  data: Uint8Array = new Uint8Array(0);
  /** The piece of `data` that the template digest covers. */
  preimageStart = 0;
  preimageEnd = 0;
  readonly fieldStart = new Int32Array(MAX_FIELDS);
  readonly fieldEnd = new Int32Array(MAX_FIELDS);

  constructor(template: TemplateDescriptor, littleEndian: boolean, digestSize: number) {
    this.digestSize = digestSize;
    this.template = template;
    this.littleEndian = littleEndian;
  }

  /** All-zero template digest: how lists show a violation. */
  isZero(): boolean {
    const { digestData, digestStart } = this;
    for (let i = 0; i < this.digestSize; i++) if (digestData[digestStart + i] !== 0) return false;
    return true;
  }

  get digest(): Uint8Array {
    return this.digestData.subarray(this.digestStart, this.digestStart + this.digestSize);
  }

  /** What the template digest covers. */
  get preimage(): Uint8Array {
    return this.data.subarray(this.preimageStart, this.preimageEnd);
  }

  field(index: number): Uint8Array {
    return this.data.subarray(this.fieldStart[index]!, this.fieldEnd[index]!);
  }
}

/** An entry of a log, free of the buffer in which it was read. */
export interface LogEntry extends Omit<Entry, "digests"> {
  readonly number: number;
  readonly offset: number;
  readonly size: number;
  /** The template digest that the log has. */
  readonly digest: Uint8Array;
  /** Whether that is all zero. */
  readonly violation: boolean;
  /** Byte order of the numbers in the data. */
  readonly littleEndian: boolean;
}

export const toEntry = (record: LogRecord): LogEntry => ({
  number: record.number,
  offset: record.offset,
  size: record.size,
  pcr: record.pcr,
  digest: record.digest.slice(),
  template: record.template,
  fields: record.template.fields.map((_, i) => record.field(i).slice()),
  violation: record.isZero(),
  littleEndian: record.littleEndian,
});

const utf8 = new TextDecoder();

/** Which field of a template is the name of the file or event; -1 where none is. */
export function nameField({ fields }: TemplateDescriptor): number {
  for (let i = 0; i < fields.length; i++) if (fields[i]!.id === "n-ng" || fields[i]!.id === "n") return i;
  return -1;
}

/** The name in an entry, without its NUL; null where its template has none. */
export function entryName(entry: Pick<LogEntry, "template" | "fields">): string | null {
  const index = nameField(entry.template);
  if (index < 0) return null;
  return utf8.decode(entry.fields[index]!).replace(/\0.*$/s, "");
}

/** Whether template digests of this template cover a name filled up with NUL. */
export const hasPaddedName = isOldIma;
