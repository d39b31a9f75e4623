// Reads logs from real machines, ASCII or binary, entry by entry.
import type { HashName } from "../../crypto/hash.ts";
import { InputError } from "../../errno/index.ts";
import { AsciiScanner } from "./ascii.ts";
import { BinaryScanner } from "./binary.ts";
import { DigestCheck } from "./digest-check.ts";
import { detectForm, HEAD_SIZE, type LogForm } from "./form.ts";
import { type LogEntry, toEntry } from "./record.ts";
import type { LogVisitor, Scanner } from "./scanner.ts";
import { DEFAULT_LIMITS, type LogLimits, type LogSource, openLog } from "./source.ts";

export interface LogOptions {
  /** The algorithm of the log's template digests; told by their size and the first of them, where left out. */
  readonly algo?: HashName;
  readonly limits?: Partial<LogLimits>;
  /** Hears how many bytes of the file have been read. */
  readonly onBytes?: (read: number) => void;
}

/** Takes the pieces of a log and shows its entries to a visitor. */
export class LogReader {
  readonly #visitor: LogVisitor;
  readonly #limits: LogLimits;
  readonly #algo: HashName | undefined;
  #head = new Uint8Array(0);
  #scanner: Scanner | null = null;
  #form: LogForm | null = null;
  check: DigestCheck | null = null;

  constructor(visitor: LogVisitor, limits: LogLimits, algo?: HashName) {
    this.#visitor = visitor;
    this.#limits = limits;
    this.#algo = algo;
  }

  /** null before the first entry. */
  get form(): LogForm | null {
    return this.#form && { ...this.#form, littleEndian: this.#scanner?.littleEndian ?? true };
  }

  #begin(): Scanner {
    const form = detectForm(this.#head);
    const check = new DigestCheck(form.digestSize, this.#algo);
    const scanner =
      form.kind === "ascii"
        ? new AsciiScanner(form, this.#limits, check)
        : new BinaryScanner(form, this.#limits, check);
    [this.#form, this.check, this.#scanner] = [form, check, scanner];
    scanner.push(this.#head, this.#visitor);
    this.#head = new Uint8Array(0);
    return scanner;
  }

  /** @throws InputError `bad-log` where this is no measurement list, or stops being one. */
  push(piece: Uint8Array): void {
    if (this.#scanner !== null) {
      this.#scanner.push(piece, this.#visitor);
      return;
    }
    const head = new Uint8Array(this.#head.length + piece.length);
    head.set(this.#head);
    head.set(piece, this.#head.length);
    this.#head = head;
    if (head.length >= HEAD_SIZE) this.#begin();
  }

  /** @throws InputError `bad-log` where the log ends within an entry. */
  end(): void {
    if (this.#scanner === null && this.#head.length === 0) return;
    (this.#scanner ?? this.#begin()).end(this.#visitor);
  }
}

/**
 * Yields the entries of a log. Memory does not grow with the log.
 * @throws InputError `bad-log`, `bad-gzip`, `log-too-long` with the entry and the byte at which the log cannot be read on.
 */
export async function* readLog(source: LogSource, options: LogOptions = {}): AsyncGenerator<LogEntry> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  let ready: LogEntry[] = [];
  let fault: InputError | null = null;
  const visitor: LogVisitor = {
    entry: (record) => {
      if (fault === null) ready.push(toEntry(record));
    },
    settle: () => true,
    broken: (error) => {
      fault ??= error;
    },
  };
  const reader = new LogReader(visitor, limits, options.algo);
  const flush = function* (): Generator<LogEntry> {
    yield* ready;
    ready = [];
    if (fault !== null) throw fault;
  };
  const guarded = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      fault ??= error;
    }
  };
  for await (const piece of openLog(source, limits, options.onBytes)) {
    guarded(() => reader.push(piece));
    yield* flush();
  }
  guarded(() => reader.end());
  yield* flush();
}
