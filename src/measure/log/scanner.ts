// What the two scanners share: pieces of a log come in, records go out, what is left waits for the next piece.
import type { InputError } from "../../errno/index.ts";
import type { LogRecord } from "./record.ts";
import { type LogLimits, logError } from "./source.ts";

/** Hears of every entry; the record and all that hangs on it is valid until the call returns. */
export interface LogVisitor {
  entry(record: LogRecord): void;
  /**
   * The bytes of the entries seen since the last time are about to go. False: they are shown again, from the first on, and must then be
   * taken as they come.
   */
  settle(): boolean;
  /** An entry that cannot be read, while its end is known: `number`, `offset` and `size` of the record say where it is. */
  broken(error: InputError, record: LogRecord): void;
}

export interface Scanner {
  /** Byte order of the numbers in the log; an ASCII list tells it only by its first template digest. */
  readonly littleEndian: boolean;
  /** Reads on. @throws InputError `bad-log` with the place behind which nothing more can be read. */
  push(piece: Uint8Array, visitor: LogVisitor): void;
  /** The log is over. @throws InputError `bad-log` where it ends within an entry. */
  end(visitor: LogVisitor): void;
}

/** Bytes that were not read yet, in one growing buffer: a piece is copied once, however long the entry is that it belongs to. */
export class PendingBytes {
  bytes = new Uint8Array(1 << 16);
  start = 0;
  end = 0;
  /** Where `start` is in the log. */
  offset = 0;

  get length(): number {
    return this.end - this.start;
  }

  append(piece: Uint8Array): void {
    if (this.end + piece.length > this.bytes.length) {
      const rest = this.length;
      const larger =
        rest + piece.length > this.bytes.length
          ? new Uint8Array(Math.max(this.bytes.length * 2, rest + piece.length))
          : this.bytes;
      larger.set(this.bytes.subarray(this.start, this.end));
      this.bytes = larger;
      this.start = 0;
      this.end = rest;
    }
    this.bytes.set(piece, this.end);
    this.end += piece.length;
  }

  consume(size: number): void {
    this.start += size;
    this.offset += size;
  }
}

/** A visitor is asked to settle after so many entries at most. */
const SETTLE_AFTER = 1024;

/**
 * Shows the pending entries to the visitor and lets it settle.
 * @param next shows one; whether there was one
 * @param again forgets what is known of the bytes that come next
 */
export function readSettled(
  pending: PendingBytes,
  record: LogRecord,
  visitor: LogVisitor,
  next: () => boolean,
  again: () => void,
): void {
  for (let more = true; more; ) {
    const { start, offset } = pending;
    const { number } = record;
    let failure: unknown = null;
    try {
      for (let count = 0; more && count < SETTLE_AFTER; count++) {
        more = next();
        if (!more) break;
        record.number++;
        pending.consume(record.size);
      }
    } catch (error) {
      failure = error;
    }
    if (visitor.settle()) {
      if (failure !== null) throw failure;
      continue;
    }
    more = true;
    pending.start = start;
    pending.offset = offset;
    record.number = number;
    again();
  }
}

/** @throws InputError `bad-log` at an entry: the message tells its number. */
export const entryError = (number: number, offset: number, why: string): InputError =>
  logError("bad-log", offset, `entry ${number}: ${why}`);

export function checkSize(size: number, limits: LogLimits, number: number, offset: number): void {
  if (size > limits.maxEntryBytes)
    throw entryError(number, offset, `an entry of ${size} bytes, longer than ${limits.maxEntryBytes}`);
}
