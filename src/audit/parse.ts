// Integrity records as people have them: dmesg, journalctl (its JSON too), auditd's log, ausearch, raw or interpreted
// (kernel/audit.c: kauditd_printk_skb; auditd's names of the types: auparse's typetab).
import { InputError } from "../errno/index.ts";
import { splitFields } from "./fields.ts";
import { AUDIT_TYPE, type AuditType } from "./record-type.ts";

export interface AuditField {
  readonly name: string;
  /** Decoded: without quotes, hex-encoded names as text. */
  readonly value: string;
  /** The bytes of a hex-encoded value, where text does not say all of them. */
  readonly bytes?: Uint8Array;
}

export interface AuditRecord {
  readonly type: AuditType;
  /** The line of the text that it stands on, from 1. */
  readonly line: number;
  /** `1700000000.123`, or a date as ausearch -i has it; null where the source has none (journald's own copies). */
  readonly time: string | null;
  readonly serial: number | null;
  /** In the order of the record. */
  readonly fields: readonly AuditField[];
}

export interface AuditLog {
  readonly records: readonly AuditRecord[];
  /** A fault for each line that claims to be an integrity record and is none: `bad-stamp`, `bad-field`, `bad-hex`, `cut-record`. */
  readonly faults: readonly InputError[];
  /** Lines that are something else. */
  readonly others: number;
}

const utf8 = new TextDecoder();
const NAMES: readonly string[] = Object.keys(AUDIT_TYPE);
const NUMBERS: ReadonlySet<number> = new Set(Object.values(AUDIT_TYPE));

/** `audit: type=1800 audit(…): …`, whatever a log puts before it. */
const PRINTED = /(?:^|[\s\]>])audit: type=(\d{1,9})(?: (.*))?$/s;
/** `type=INTEGRITY_DATA msg=audit(…): …`; types that a tool has no name for are UNKNOWN[1807]. */
const AUDITD = /^(?:node=\S+ )?type=(?:UNKNOWN\[(\d{1,9})\]|([A-Z][A-Z_0-9]*)|(\d{1,9}))(?: msg=(.*))?$/s;
/** `audit[812]: INTEGRITY_DATA pid=…`: journald's own reading. */
const JOURNAL = /(?:^|\s)audit(?:\[\d+\])?: (INTEGRITY_[A-Z_]+)(?: (.*))?$/s;
const STAMP = /^audit\(([^()]*?):(\d{1,15})\) ?: ?(.*)$/s;
/** Seconds and milliseconds, or the date of ausearch -i. */
const RAW_TIME = /^\d{1,15}\.\d{1,3}$/;
const DATE = /^\d\d[/.-]\d\d[/.-]\d{2,4} \d\d:\d\d:\d\d\.\d{1,3}$/;

/** Fields that a user chose, so that audit quotes or hex-encodes them (audit_log_untrustedstring). */
const UNTRUSTED: ReadonlySet<string> = new Set(["comm", "name", "dev", "file", "hash", "exe", "xattr"]);

/** What a record of a type cannot be without. */
const REQUIRED: Readonly<Record<AuditType, readonly string[]>> = {
  [AUDIT_TYPE.INTEGRITY_DATA]: ["op", "cause", "comm", "res"],
  [AUDIT_TYPE.INTEGRITY_METADATA]: ["op", "cause", "comm", "res"],
  [AUDIT_TYPE.INTEGRITY_STATUS]: ["op", "cause", "comm", "res"],
  [AUDIT_TYPE.INTEGRITY_HASH]: ["op", "cause", "comm", "res"],
  [AUDIT_TYPE.INTEGRITY_PCR]: ["op", "cause", "comm", "res"],
  [AUDIT_TYPE.INTEGRITY_RULE]: ["file", "hash"],
  [AUDIT_TYPE.INTEGRITY_EVM_XATTR]: ["res"],
  [AUDIT_TYPE.INTEGRITY_POLICY_RULE]: ["res"],
  [AUDIT_TYPE.INTEGRITY_USERSPACE]: [],
};

/** auditd parts what it adds (`UID="root"`) from the record by a group separator. */
const ENRICHED = "\u001d";

interface Claim {
  readonly type: AuditType;
  readonly body: string;
  /** null where the source has no stamp. */
  readonly stamp: { readonly time: string; readonly serial: number } | null;
}

/** What `journalctl -o json` has in MESSAGE, as its other forms print it; any other line as it is. Messages that are no text are lists of bytes. */
function messageOf(line: string): string {
  if (!line.startsWith("{")) return line;
  try {
    const { MESSAGE: message } = JSON.parse(line) as { readonly MESSAGE?: unknown };
    const text = Array.isArray(message) ? utf8.decode(Uint8Array.from(message, Number)) : String(message);
    return text.startsWith("INTEGRITY_") ? `audit: ${text}` : text;
  } catch {
    return line;
  }
}

const known = (type: number): type is AuditType => NUMBERS.has(type);

/** The record that a line claims to be; null for lines of other kinds. @throws InputError `bad-stamp` */
function claim(text: string, where: string): Claim | null {
  const auditd = AUDITD.exec(text);
  const printed = auditd === null ? PRINTED.exec(text) : null;
  const journal = auditd === null && printed === null ? JOURNAL.exec(text) : null;
  const name = auditd?.[2] ?? journal?.[1];
  const number = auditd?.[1] ?? auditd?.[3] ?? printed?.[1];
  const type =
    name === undefined ? Number(number ?? 0) : NAMES.includes(name) ? AUDIT_TYPE[name as keyof typeof AUDIT_TYPE] : 0;
  if (!known(type)) return null;
  if (journal !== null) return { type, body: journal[2] ?? "", stamp: null };
  const stamp = STAMP.exec(auditd?.[4] ?? printed?.[2] ?? "");
  const [, time = "", serial = "", body = ""] = stamp ?? [];
  if (stamp === null || !(RAW_TIME.test(time) || DATE.test(time)))
    throw new InputError("bad-stamp", where, "no stamp of the form audit(seconds.milliseconds:serial)");
  return { type, body, stamp: { time, serial: Number(serial) } };
}

function decoded(name: string, raw: string, interpreted: boolean, where: string): AuditField {
  if (raw.startsWith('"')) {
    if (raw.length < 2 || !raw.endsWith('"'))
      throw new InputError("cut-record", where, `${name}: a quote is not closed`);
    return { name, value: raw.slice(1, -1) };
  }
  if (!UNTRUSTED.has(name) || interpreted || raw === "(null)") return { name, value: raw };
  if (!/^([0-9A-Fa-f]{2})*$/.test(raw))
    throw new InputError("bad-hex", where, `${name}: neither in quotes nor pairs of hex digits`);
  const bytes = Uint8Array.from(raw.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return { name, value: utf8.decode(bytes), bytes };
}

function record({ type, body, stamp }: Claim, line: number, where: string): AuditRecord {
  const raw = splitFields(body.split(ENRICHED)[0]!);
  const stray = raw.find(({ name }) => name === "");
  // A rule that was refused may hold anything.
  if (stray !== undefined && type !== AUDIT_TYPE.INTEGRITY_POLICY_RULE)
    throw new InputError("bad-field", where, `'${stray.raw.slice(0, 40)}' is no field`);
  // ausearch -i names users and results, and leaves out quotes.
  const interpreted = stamp !== null && !RAW_TIME.test(stamp.time);
  const fields = raw.map(({ name, raw: value }) => decoded(name, value, interpreted, where));
  const missing = REQUIRED[type].find((name) => !fields.some((field) => field.name === name));
  if (missing !== undefined) throw new InputError("cut-record", where, `the record has no ${missing}=`);
  return { type, line, time: stamp?.time ?? null, serial: stamp?.serial ?? null, fields };
}

/**
 * Reads the integrity records (types 1800 to 1808) out of a log of any kind. What is no such record is passed over; a line that claims to be one and
 * cannot be read is a fault, and the rest is read all the same.
 * @param source names the text in faults: `source:line`
 */
export function parseAuditLog(text: string, source: string): AuditLog {
  const records: AuditRecord[] = [];
  const faults: InputError[] = [];
  let others = 0;
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  lines.forEach((content, i) => {
    const where = `${source}:${i + 1}`;
    try {
      const claimed = claim(messageOf(content), where);
      if (claimed === null) others++;
      else records.push(record(claimed, i + 1, where));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      faults.push(error);
    }
  });
  return { records, faults, others };
}

/** The value of a record's field, or undefined. */
export function auditField(record: AuditRecord, name: string): string | undefined {
  return record.fields.find((field) => field.name === name)?.value;
}

/** Whether the record tells of a success: `res=1`, or `res=yes` where it was interpreted; null where it does not say. */
export function auditSucceeded(record: AuditRecord): boolean | null {
  const res = auditField(record, "res");
  return res === undefined ? null : res === "1" || res === "yes" || res === "success";
}
