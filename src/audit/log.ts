// The kernel log: printk lines and audit records, each kind in its own order. Audit records reach the real log through a thread, so
// how the two kinds interleave says nothing.
import type { AuditType } from "./record-type.ts";

export interface LogLine {
  readonly kind: "printk" | "audit";
  /** As dmesg shows it, without time stamp; audit stamps are all `audit(0.0:0)`. */
  readonly text: string;
}

/** A printk that the kernel limits: so many lines in one window of a call site (include/linux/ratelimit_types.h). */
const RATELIMIT_BURST = 10;

/** A record of the log buffer holds this much of a message, its level and terminator aside (kernel/printk/internal.h: PRINTKRB_RECORD_MAX). */
const PRINTK_MAX = 1021;
/** Before "long-log-records" there was room for a prefix (kernel/printk/printk.c: LOG_LINE_MAX). */
export const OLD_PRINTK_MAX = PRINTK_MAX - 32;
const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();
const cut = (text: string, max: number): string =>
  text.length * 3 <= max ? text : fromUtf8.decode(utf8.encode(text).subarray(0, max));

/** The stamp as it is shown here, and its length in a kernel whose clock has ten digits: `audit(1700000000.000:SERIAL)`. */
const STAMP = "audit(0.0:0)";
const stampLength = (serial: number): number => 22 + String(serial).length;

export class KernelLog {
  readonly #lines: LogLine[] = [];
  readonly #limited = new Map<string, number>();
  readonly #onceSeen = new Set<string>();
  /** Number of the last audit record; the first one says that auditing was initialised. */
  #serial = 1;
  /** Whether the audit subsystem runs: where it is built in, unless audit=0 switched it off for good. */
  readonly auditing: boolean;

  readonly #max: number;

  /** @param options.max bytes of a message that the log buffer keeps */
  constructor(options: { readonly auditing?: boolean; readonly max?: number } = {}) {
    this.auditing = options.auditing ?? true;
    this.#max = options.max ?? PRINTK_MAX;
  }

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  printk(text: string): void {
    this.#lines.push({ kind: "printk", text: cut(text, this.#max) });
  }

  /** pr_*_once: only the first line of `site`. */
  printkOnce(site: string, text: string): void {
    if (this.#onceSeen.has(site)) return;
    this.#onceSeen.add(site);
    this.printk(text);
  }

  /** pr_*_ratelimited: the first 10 lines of `site`; simulated time stands still within a window of 5 s. */
  printkRatelimited(site: string, text: string): void {
    const sent = this.#limited.get(site) ?? 0;
    if (sent >= RATELIMIT_BURST) return;
    this.#limited.set(site, sent + 1);
    this.printk(text);
  }

  /** `body` without type and stamp. */
  audit(type: AuditType | number, body: string): void {
    if (!this.auditing) return;
    this.#serial++;
    // The log buffer cuts a record with its real stamp.
    const max = this.#max - stampLength(this.#serial) + STAMP.length;
    this.#lines.push({ kind: "audit", text: cut(`audit: type=${type} ${STAMP}: ${body}`, max) });
  }

  /** A record of somebody else takes a number. */
  passSerial(): void {
    this.#serial++;
  }
}
