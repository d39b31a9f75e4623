// The list's way over a kexec: how much memory it gets, how it is written there, and how the next kernel takes it over
// (security/integrity/ima/ima_kexec.c; ima_template.c: ima_restore_measurement_list).
import { ByteWriter } from "./byte-writer.ts";
import type { TemplateData } from "./entry.ts";
import { writeBinary } from "./entry-binary.ts";
import type { MeasurementList } from "./list.ts";
import {
  lookupTemplate,
  namelessTemplate,
  parseTemplateFormat,
  TEMPLATES,
  type TemplateDescriptor,
} from "./template.ts";

const VERSION = 1;
/** struct ima_kexec_hdr: u16 version, 6 bytes unused, u64 size of all, u64 number of entries. */
const HEADER_SIZE = 24;
const SHA1_SIZE = 20;
/** A template name is as long as the longest built-in format at most. */
const MAX_NAME = Math.max(...TEMPLATES.map((t) => t.format.length));

export interface KexecMemory {
  readonly pageSize?: number;
  /** RAM in bytes. */
  readonly total: number;
}

/** What the list is counted as, header included; Infinity without CONFIG_IMA_KEXEC. */
export const runtimeSize = (list: MeasurementList): number =>
  list.setup.kexec ? list.queue.size + HEADER_SIZE : Number.POSITIVE_INFINITY;

/** The size of the segment that kexec_file_load sets aside; null, with a log line, where there is none. */
export function kexecSegment(list: MeasurementList, memory: KexecMemory): number | null {
  const page = memory.pageSize ?? 4096;
  const extra = list.setup.kexecExtra === 0 ? page / 2 : list.setup.kexecExtra;
  const size = Math.ceil((runtimeSize(list) + extra) / page) * page;
  if (size / page <= Math.floor(memory.total / page / 2)) return size;
  list.setup.log.printk("ima: Binary measurement list too large.");
  return null;
}

/** The critical data that releases since 6.16 measure at `kexec_load` and `kexec_execute`, label `ima_kexec`. */
export const kexecEvent = (list: MeasurementList, segment: number): string =>
  `kexec_segment_size=${segment};ima_binary_runtime_size=${list.setup.kexec ? list.queue.everAddedSize + HEADER_SIZE : "18446744073709551615"};` +
  `ima_runtime_measurements_count=${list.queue.everAdded};`;

/**
 * Writes the list, staged entries first, as it is at this moment: when the new kernel is loaded, or, since 6.16, when it starts.
 * @param segment the bytes set aside. An entry that does not fit is cut off; if there are more, the list is incomplete.
 */
export function dumpList(
  list: MeasurementList,
  segment: number,
): { readonly bytes: Uint8Array; readonly complete: boolean } {
  const { littleEndian, slots } = list.setup;
  const sha1 = slots.findIndex((slot) => slot.algo === "sha1");
  const out = new ByteWriter().bytes(new Uint8Array(HEADER_SIZE));
  let count = 0;
  let complete = true;
  for (const entry of [...list.queue.staged, ...list.queue.current]) {
    if (out.length >= segment) {
      complete = false;
      break;
    }
    count++;
    writeBinary(out, entry, entry.digests[sha1]!, littleEndian);
  }
  const bytes = out.done().subarray(0, segment);
  const header = new DataView(bytes.buffer);
  header.setUint16(0, VERSION, littleEndian);
  header.setBigUint64(8, BigInt(bytes.length), littleEndian);
  header.setBigUint64(16, BigInt(count), littleEndian);
  return { bytes, complete };
}

/** Cuts pieces out of a buffer, each of a fixed size or behind its length; stops before the first that does not fit. */
function pieces(
  bytes: Uint8Array,
  at: number,
  sizes: readonly (number | null)[],
  littleEndian: boolean,
): { readonly found: Uint8Array[]; readonly end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: Uint8Array[] = [];
  let end = at;
  for (const fixed of sizes) {
    if (fixed === null && end + 4 > bytes.length) break;
    const size = fixed ?? view.getUint32(end, littleEndian);
    const start = end + (fixed === null ? 4 : 0);
    if (start + size > bytes.length) {
      end = start;
      break;
    }
    found.push(bytes.subarray(start, start + size));
    end = start + size;
  }
  return { found, end };
}

/**
 * Takes over what the kernel before has left, entry by entry up to the first that cannot be used.
 * INVARIANT: no PCR is extended, no entry counts as a duplicate later.
 * @returns the errno with which it ended, negative; 0 where nothing was wrong.
 */
export function restoreList(list: MeasurementList, bytes: Uint8Array): number {
  const result = restoreEntries(list, bytes);
  if (result !== 0) list.setup.log.printk(`ima: Failed to restore the measurement list: ${result}`);
  return result;
}

const EINVAL = -22;

function restoreEntries(list: MeasurementList, bytes: Uint8Array): number {
  const { littleEndian, log } = list.setup;
  const refuse = (...lines: readonly string[]): number => {
    for (const line of lines) log.printk(`ima: ${line}`);
    return EINVAL;
  };
  if (bytes.length < HEADER_SIZE) return 0;
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (header.getUint16(0, littleEndian) !== VERSION)
    return refuse("attempting to restore a incompatible measurement list");
  const all = bytes.subarray(0, Math.min(bytes.length, Number(header.getBigUint64(8, littleEndian))));
  const count = header.getBigUint64(16, littleEndian);
  if (count === 0xffff_ffff_ffff_ffffn) return refuse("attempting to restore too many measurements");

  let at = HEADER_SIZE;
  for (let n = 1n; at < all.length && n <= count; n++) {
    const { found, end } = pieces(all, at, [4, SHA1_SIZE, null, null], littleEndian);
    const [pcr, digest, name, data] = found;
    if (pcr === undefined || digest === undefined || name === undefined || data === undefined)
      return refuse(`entry header: nr of fields mismatch: expected: 4, current: ${found.length}`);
    if (n === count && end !== all.length)
      return refuse("entry header: buf end mismatch: expected: (____ptrval____), current: (____ptrval____)");
    at = end;
    if (name.length > MAX_NAME) return refuse("attempting to restore a template name that is too long");
    const title = new TextDecoder().decode(name);
    if (title === "ima") return refuse(`attempting to restore an unsupported template "ima" failed`);
    const template = known(list, title);
    // A name that is no format ends the restoring, but not as an error.
    if (template === null) return 0;
    if (template.problem !== null)
      return refuse(template.problem, `attempting to restore the template fmt "${template.format}" failed`);
    const fields = pieces(
      data,
      0,
      template.fields.map(() => null),
      littleEndian,
    );
    const wanted = template.fields.length;
    if (fields.found.length !== wanted)
      return refuse(`template data: nr of fields mismatch: expected: ${wanted}, current: ${fields.found.length}`);
    if (fields.end !== data.length)
      return refuse("template data: buf end mismatch: expected: (____ptrval____), current: (____ptrval____)");
    const entry: TemplateData = { template, fields: fields.found.map((field) => field.slice()) };
    const number = new DataView(pcr.buffer, pcr.byteOffset, 4).getUint32(0, littleEndian);
    list.queue.restore(
      entry,
      number,
      digest.every((b) => b === 0),
    );
  }
  return 0;
}

/** The template of a restored entry: a known one, or one made of the name; null, with log lines, where it is no format. */
function known(list: MeasurementList, title: string): TemplateDescriptor | null {
  const { log, release } = list.setup;
  const found = lookupTemplate(title, list.templates);
  if (found !== undefined) return found;
  const parsed = parseTemplateFormat(title, release);
  if (parsed.ok) return list.addTemplate(namelessTemplate(title, release));
  log.printk(`ima: ${parsed.message}`);
  log.printk(`ima: attempting to initialize the template "${title}" failed`);
  return null;
}
