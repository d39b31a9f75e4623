// Reads ASCII lists (security/integrity/ima/ima_fs.c: ima_ascii_measurements_show). A name may hold newlines: a line that begins no entry
// belongs to the one before. No name can look like the beginning of an entry, since its blanks are underscores.
import { readHex } from "../hex.ts";
import { EVENT_NAME_MAX, type FieldShape } from "../template-field.ts";
import type { DigestCheck } from "./digest-check.ts";
import { type LogForm, lineDigestSize, linePcr } from "./form.ts";
import { hasPaddedName, LogRecord } from "./record.ts";
import { checkSize, entryError, type LogVisitor, PendingBytes, readSettled, type Scanner } from "./scanner.ts";
import type { LogLimits } from "./source.ts";
import { ANY_TEMPLATE, TemplateNames } from "./template-names.ts";

const [NEWLINE, SPACE, COLON] = [0x0a, 0x20, 0x3a];
/** Bytes that show whether a line begins an entry: PCR, the longest digest, blanks. */
const HEADER = 3 + 128 + 1;

export class AsciiScanner implements Scanner {
  readonly #form: LogForm;
  readonly #limits: LogLimits;
  readonly #names = new TemplateNames();
  readonly #check: DigestCheck;
  readonly #pending = new PendingBytes();
  readonly #record: LogRecord;
  #data = new Uint8Array(4096);
  #over = false;
  /** How far the pending bytes, from their start, were searched for the end of an entry. */
  #searched = 0;
  /** Whether a template digest has told the byte order. */
  #settled = false;
  /** Blanks behind the last field of what was read last. */
  #rest = 0;

  constructor(form: LogForm, limits: LogLimits, check: DigestCheck) {
    this.#check = check;
    this.#form = form;
    this.#record = new LogRecord(ANY_TEMPLATE, form.littleEndian, form.digestSize);
    this.#record.digestData = new Uint8Array(form.digestSize);
    this.#limits = limits;
  }

  get littleEndian(): boolean {
    return this.#record.littleEndian;
  }

  push(piece: Uint8Array, visitor: LogVisitor): void {
    this.#pending.append(piece);
    this.#read(visitor);
  }

  end(visitor: LogVisitor): void {
    this.#over = true;
    this.#read(visitor);
  }

  #read(visitor: LogVisitor): void {
    const pending = this.#pending;
    readSettled(
      pending,
      this.#record,
      visitor,
      () => {
        if (pending.length === 0) return false;
        const end = this.#endOfEntry(pending.start + this.#searched);
        if (end < 0) {
          checkSize(pending.length, this.#limits, this.#record.number, pending.offset);
          return false;
        }
        this.#searched = 0;
        this.#record.offset = pending.offset;
        const problem = this.#entry(end);
        if (problem === null) visitor.entry(this.#record);
        else visitor.broken(entryError(this.#record.number, pending.offset, problem), this.#record);
        return true;
      },
      () => {
        this.#searched = 0;
      },
    );
  }

  /** The newline before the next line that begins an entry, or the end of the log; -1 where that is not there yet. */
  #endOfEntry(from: number): number {
    const { bytes, start, end } = this.#pending;
    for (let at = from; ; ) {
      const newline = bytes.indexOf(NEWLINE, at);
      if (newline < 0 || newline >= end) {
        if (this.#over) return end;
        this.#searched = end - start;
        return -1;
      }
      const next = newline + 1;
      if (next === end && this.#over) return newline;
      if (end - next < HEADER && !this.#over) {
        this.#searched = newline - start;
        return -1;
      }
      if (lineDigestSize(bytes, next, end) === this.#form.digestSize) return newline;
      at = next;
    }
  }

  /**
   * Fills the record with the entry up to `end`. Of several lines only the first is taken where it alone has the right template digest:
   * what follows is then no part of a name, but broken. Why it is no entry, or null.
   */
  #entry(end: number): string | null {
    const { bytes, start } = this.#pending;
    const record = this.#record;
    const sizeTo = (at: number): number => Math.min(at + 1, this.#pending.end) - start;
    const problem = this.#fill(end);
    record.size = sizeTo(end);
    const line = bytes.indexOf(NEWLINE, start);
    const single = line < 0 || line >= end;
    if (problem === null && ((this.#settled && single) || record.isZero() || this.#fits(end))) return null;
    if (single || this.#fill(line) !== null || record.isZero() || !this.#fits(line)) return this.#fill(end);
    record.size = sizeTo(line);
    return null;
  }

  /** Whether the digest of the record, filled up to `end`, fits, in one byte order or the other while that is not known. */
  #fits(end: number): boolean {
    const record = this.#record;
    for (const other of this.#settled ? [false] : [false, true]) {
      if (other) {
        record.littleEndian = !record.littleEndian;
        this.#fill(end);
      }
      if (!this.#check.fits(record)) continue;
      // Without a length that is not zero, as in the template ima, digests fit in either order.
      const { fields } = record.template;
      this.#settled ||= !hasPaddedName(record.template) && record.preimageEnd > 4 * fields.length;
      return true;
    }
    if (!this.#settled) record.littleEndian = !record.littleEndian;
    return false;
  }

  /** Fills the record with what stands up to `end`. Why it is no entry, or null. */
  #fill(end: number): string | null {
    const { bytes, start } = this.#pending;
    const record = this.#record;
    const digestSize = lineDigestSize(bytes, start, end);
    if (digestSize !== this.#form.digestSize)
      return `no PCR and no digest of ${this.#form.digestSize} bytes at the beginning of the line`;
    const titleAt = start + 3 + 2 * digestSize + 1;
    readHex(bytes, start + 3, titleAt - 1, record.digestData, 0);
    let titleEnd = bytes.indexOf(SPACE, titleAt);
    if (titleEnd < 0 || titleEnd > end) titleEnd = end;
    const template = this.#names.find(bytes, titleAt, titleEnd);
    if (template === null) {
      const title = new TextDecoder().decode(bytes.subarray(titleAt, Math.min(titleEnd, titleAt + 60)));
      return `'${title}' is neither a template nor a format of one`;
    }
    record.pcr = linePcr(bytes, start);
    record.template = template;
    // Each token grows by a length and a NUL at most.
    const room = 2 * (end - titleEnd) + 8 * (template.fields.length + 1) + EVENT_NAME_MAX;
    if (this.#data.length < room) this.#data = new Uint8Array(2 * room);
    const from = Math.min(titleEnd + 1, end);
    const problem = this.#fields(from, end, 0);
    if (problem === null || this.#rest === 0) return problem;
    // More tokens than fields: the blanks belong to the first text, if there is one.
    return this.#fields(from, end, this.#rest) === null ? null : problem;
  }

  /** One token a field; the first text takes `surplus` blanks. Missing fields at the end are empty. */
  #fields(from: number, end: number, surplus: number): string | null {
    const { bytes } = this.#pending;
    const record = this.#record;
    const data = this.#data;
    const { fields } = record.template;
    const padded = hasPaddedName(record.template);
    let blanks = surplus;
    let at = from;
    let out = 0;
    this.#rest = 0;
    record.data = data;
    for (let i = 0; i < fields.length; i++) {
      const { id, shape } = fields[i]!;
      let tokenEnd = nextBlank(bytes, at, end);
      for (; shape === "text" && blanks > 0; blanks--) tokenEnd = nextBlank(bytes, tokenEnd + 1, end);
      const lengthAt = out;
      if (!padded) out += 4;
      record.fieldStart[i] = out;
      const tokenOut = this.#token(id, shape, Math.min(at, tokenEnd), tokenEnd, out);
      if (typeof tokenOut === "string") return tokenOut;
      out = tokenOut;
      record.fieldEnd[i] = out;
      if (!padded) putUint(data, lengthAt, out - lengthAt - 4, 4, record.littleEndian);
      at = tokenEnd + 1;
    }
    if (at <= end) {
      for (let i = at - 1; i < end; i++) if (bytes[i] === SPACE) this.#rest++;
      return `more than ${fields.length} fields for the template ${record.template.title}`;
    }
    if (padded) {
      const full = record.fieldStart[1]! + EVENT_NAME_MAX + 1;
      if (out > full) return `a name of more than ${EVENT_NAME_MAX} bytes`;
      data.fill(0, out, full);
      out = full;
    }
    record.preimageStart = 0;
    record.preimageEnd = out;
    return null;
  }

  /** Turns the text of a field into its data, written at `out`. Where the data ends, or why there is none. */
  #token(id: string, shape: FieldShape, start: number, end: number, out: number): number | string {
    const { bytes } = this.#pending;
    const data = this.#data;
    // Every event has a name, if an empty one; all other fields may be empty.
    if (start === end && !(id === "n" || id === "n-ng")) return out;
    switch (shape) {
      case "text":
        copy(bytes, start, end, data, out);
        data[out + end - start] = 0;
        return out + end - start + 1;
      case "digest":
      case "hex":
        return this.#hexField(id, start, end, out);
      case "uint16":
      case "uint32": {
        const size = shape === "uint16" ? 2 : 4;
        const text = String.fromCharCode(...bytes.subarray(start, Math.min(end, start + 12)));
        const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
        if (!(value < 256 ** size)) return `field ${id} is no number of ${size} bytes`;
        putUint(data, out, value, size, this.#record.littleEndian);
        return out + size;
      }
      default: {
        let colon = end - 1;
        while (colon >= start && bytes[colon] !== COLON) colon--;
        if (colon < start) return `field ${id} has no colon before its digest`;
        copy(bytes, start, colon + 1, data, out);
        const digestAt = out + colon + 1 - start;
        data[digestAt] = 0;
        return this.#hexField(id, colon + 1, end, digestAt + 1);
      }
    }
  }

  #hexField(id: string, start: number, end: number, out: number): number | string {
    if (!readHex(this.#pending.bytes, start, end, this.#data, out)) return `field ${id} is not in hex digits`;
    return out + (end - start) / 2;
  }
}

/** The next blank from `at` on, or `end`. */
function nextBlank(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end && bytes[next] !== SPACE) next++;
  return Math.min(next, end);
}

function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  for (let i = start; i < end; i++) to[at + i - start] = from[i]!;
}

function putUint(out: Uint8Array, at: number, value: number, size: number, littleEndian: boolean): void {
  for (let i = 0; i < size; i++) out[littleEndian ? at + i : at + size - 1 - i] = value >>> (8 * i);
}
