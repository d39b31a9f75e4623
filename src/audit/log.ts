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
const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();
const cut = (text: string): string =>
  text.length * 3 <= PRINTK_MAX ? text : fromUtf8.decode(utf8.encode(text).subarray(0, PRINTK_MAX));

export class KernelLog {
  readonly #lines: LogLine[] = [];
  readonly #limited = new Map<string, number>();
  readonly #onceSeen = new Set<string>();
  /** Whether the audit subsystem runs: where it is built in, unless audit=0 switched it off for good. */
  readonly auditing: boolean;

  constructor(options: { readonly auditing?: boolean } = {}) {
    this.auditing = options.auditing ?? true;
  }

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  printk(text: string): void {
    this.#lines.push({ kind: "printk", text: cut(text) });
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
    this.#lines.push({ kind: "audit", text: `audit: type=${type} audit(0.0:0): ${body}` });
  }
}
