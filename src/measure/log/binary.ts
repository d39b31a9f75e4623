// Reads binary lists (security/integrity/ima/ima_fs.c: ima_measurements_show).
import type { InputError } from "../../errno/index.ts";
import { EVENT_NAME_MAX } from "../template-field.ts";
import type { DigestCheck } from "./digest-check.ts";
import { type LogForm, MAX_PCR } from "./form.ts";
import { hasPaddedName, LogRecord } from "./record.ts";
import { checkSize, entryError, type LogVisitor, PendingBytes, readSettled, type Scanner } from "./scanner.ts";
import type { LogLimits } from "./source.ts";
import { ANY_TEMPLATE, MAX_TITLE, TemplateNames } from "./template-names.ts";

/** The field `d` of the template `ima`: SHA1, or MD5. */
const OLD_DIGEST_SIZES = [20, 16] as const;

export class BinaryScanner implements Scanner {
  readonly #form: LogForm;
  readonly #limits: LogLimits;
  readonly #names = new TemplateNames();
  readonly #pending = new PendingBytes();
  readonly #record: LogRecord;
  /** Digest and name of the template `ima`, as its template digest covers them. */
  readonly #old = new Uint8Array(OLD_DIGEST_SIZES[0] + EVENT_NAME_MAX + 1);
  readonly #check: DigestCheck;
  /** Bytes that must be there before it is worth trying again. */
  #needed = 0;
  #over = false;
  /** What is wrong with the entry whose size is known nevertheless. */
  #problem: string | null = null;

  constructor(form: LogForm, limits: LogLimits, check: DigestCheck) {
    this.#form = form;
    this.#record = new LogRecord(ANY_TEMPLATE, form.littleEndian, form.digestSize);
    this.#limits = limits;
    this.#check = check;
  }

  get littleEndian(): boolean {
    return this.#form.littleEndian;
  }

  push(piece: Uint8Array, visitor: LogVisitor): void {
    this.#pending.append(piece);
    this.#read(visitor);
  }

  #read(visitor: LogVisitor): void {
    const pending = this.#pending;
    readSettled(
      pending,
      this.#record,
      visitor,
      () => {
        if (pending.length < Math.max(this.#needed, 1)) return false;
        const size = this.#next();
        if (size < 0) return false;
        this.#needed = 0;
        if (this.#problem === null) visitor.entry(this.#record);
        else visitor.broken(entryError(this.#record.number, pending.offset, this.#problem), this.#record);
        return true;
      },
      () => {
        this.#needed = 0;
      },
    );
  }

  end(visitor: LogVisitor): void {
    this.#over = true;
    this.#needed = 0;
    this.#read(visitor);
    const { length, offset } = this.#pending;
    if (length > 0) throw entryError(this.#record.number, offset, `the log ends ${length} bytes into it`);
  }

  #uint32(at: number): number {
    const { bytes } = this.#pending;
    return this.#form.littleEndian
      ? (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
      : ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  /** Remembers that an entry goes on to `end` at least. Whether it is there. */
  #have(end: number): boolean {
    const pending = this.#pending;
    if (end <= pending.end) return true;
    this.#needed = end - pending.start;
    checkSize(this.#needed, this.#limits, this.#record.number, pending.offset);
    return false;
  }

  /** Fills the record from the pending bytes. Its size, or -1 where bytes are missing. */
  #next(): number {
    const pending = this.#pending;
    const record = this.#record;
    const fault = (why: string): InputError => entryError(record.number, pending.offset, why);
    this.#problem = null;
    const digestAt = pending.start + 4;
    const titleAt = digestAt + this.#form.digestSize + 4;
    if (!this.#have(titleAt)) return -1;
    const pcr = this.#uint32(pending.start);
    if (pcr > MAX_PCR) throw fault(`there is no PCR ${pcr}`);
    const titleLength = this.#uint32(titleAt - 4);
    if (titleLength === 0 || titleLength > MAX_TITLE) throw fault(`no template name has ${titleLength} bytes`);
    const bodyAt = titleAt + titleLength;
    // Behind the name stands at least a length, or an old digest.
    if (!this.#have(bodyAt + 4)) return -1;
    const template = this.#names.find(pending.bytes, titleAt, bodyAt);
    if (template === null) {
      const title = new TextDecoder().decode(pending.bytes.subarray(titleAt, Math.min(bodyAt, titleAt + 60)));
      throw fault(`'${title}' is neither a template nor a format of one`);
    }
    record.offset = pending.offset;
    record.pcr = pcr;
    record.template = template;
    record.digestData = pending.bytes;
    record.digestStart = digestAt;
    const end = hasPaddedName(template) ? this.#oldFields(bodyAt, fault) : this.#fields(bodyAt);
    if (end < 0) return -1;
    record.size = end - pending.start;
    checkSize(record.size, this.#limits, record.number, pending.offset);
    return record.size;
  }

  #fields(bodyAt: number): number {
    const record = this.#record;
    const end = bodyAt + 4 + this.#uint32(bodyAt);
    if (!this.#have(end)) return -1;
    record.data = this.#pending.bytes;
    record.preimageStart = bodyAt + 4;
    record.preimageEnd = end;
    const count = record.template.fields.length;
    let at = bodyAt + 4;
    for (let i = 0; i < count; i++) {
      const start = at + 4;
      if (start > end) return this.#broken(`field ${record.template.fields[i]!.id} is missing from its data`, end);
      at = start + this.#uint32(at);
      if (at > end) return this.#broken(`field ${record.template.fields[i]!.id} is longer than its data`, end);
      record.fieldStart[i] = start;
      record.fieldEnd[i] = at;
    }
    return at === end ? end : this.#broken(`${end - at} bytes of data belong to no field`, end);
  }

  #broken(problem: string, end: number): number {
    this.#problem = problem;
    return end;
  }

  /**
   * The template `ima` does not tell how long its digest is. The size whose name can be one and whose template digest fits is taken; where
   * none fits, the first whose name can be one.
   */
  #oldFields(bodyAt: number, fault: (why: string) => InputError): number {
    const record = this.#record;
    let missing = false;
    let fallback = 0;
    for (const size of OLD_DIGEST_SIZES) {
      const nameAt = bodyAt + size + 4;
      if (nameAt > this.#pending.end) {
        missing = true;
        continue;
      }
      const length = this.#uint32(nameAt - 4);
      if (length === 0 || length > EVENT_NAME_MAX) continue;
      if (nameAt + length > this.#pending.end) {
        missing = true;
        continue;
      }
      this.#fillOld(bodyAt, size, length);
      // A violation's digest is always that of SHA1.
      if (record.isZero() ? size === OLD_DIGEST_SIZES[0] : this.#check.fits(record)) return nameAt + length;
      if (fallback === 0) fallback = size;
    }
    if (missing && !(this.#over && fallback !== 0)) {
      const longest = bodyAt + OLD_DIGEST_SIZES[0] + 4 + EVENT_NAME_MAX;
      this.#needed = Math.min(this.#pending.length + 1, longest - this.#pending.start);
      return -1;
    }
    if (fallback === 0) throw fault("what stands behind its digest is no name");
    const length = this.#uint32(bodyAt + fallback);
    this.#fillOld(bodyAt, fallback, length);
    return bodyAt + fallback + 4 + length;
  }

  #fillOld(bodyAt: number, digestSize: number, nameLength: number): void {
    const record = this.#record;
    const old = this.#old;
    const { bytes } = this.#pending;
    const nameAt = bodyAt + digestSize + 4;
    old.set(bytes.subarray(bodyAt, bodyAt + digestSize));
    old.fill(0, digestSize);
    old.set(bytes.subarray(nameAt, nameAt + nameLength), digestSize);
    record.data = old;
    record.preimageStart = 0;
    record.preimageEnd = digestSize + EVENT_NAME_MAX + 1;
    record.fieldStart[0] = 0;
    record.fieldEnd[0] = digestSize;
    record.fieldStart[1] = digestSize;
    record.fieldEnd[1] = digestSize + nameLength + 1;
  }
}
