// Audit records as a replay compares them: field by field, the volatile ones aside.
import { splitFields } from "../audit/index.ts";

/** Fields that say which process and which moment it was, not what was decided. */
const VOLATILE: ReadonlySet<string> = new Set(["pid", "ses", "ppid", "exe", "tty"]);

/** Which of the kernel's workers takes up a piece of work is chance. */
const worker = (raw: string): string => raw.replace(/^"kworker\/[^"]*"$/, '"kworker"');

export interface RecordFields {
  readonly type: number;
  /** In order, without the volatile ones. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

const RECORD = /^audit: type=(\d+) audit\([^)]*\): ?(.*)$/s;

/** null for a line that is no audit record. */
export function parseRecord(line: string): RecordFields | null {
  const m = RECORD.exec(line);
  if (m === null) return null;
  const fields = splitFields(m[2]!)
    .filter(({ name }) => !VOLATILE.has(name))
    .map(({ name, raw }) => [name, name === "comm" ? worker(raw) : raw] as const);
  return { type: Number(m[1]), fields };
}

/** INTEGRITY_DATA … INTEGRITY_USERSPACE: what IMA and EVM write. */
export function isIntegrityRecord(line: string): boolean {
  return /^audit: type=180[0-8] /.test(line);
}

/** printk lines of IMA, EVM and the integrity code they share. */
export function isIntegrityLine(line: string): boolean {
  return /^(ima|evm|integrity):/.test(line);
}

/** A record as text for comparison and for showing a difference. */
export function recordText(line: string): string {
  const record = parseRecord(line);
  return record === null
    ? line
    : [`type=${record.type}`, ...record.fields.map(([name, value]) => (name === "" ? value : `${name}=${value}`))].join(
        " ",
      );
}
