// What is wrong with an entry of a log.
import type { InputError } from "../../errno/index.ts";
import { entryName, type LogRecord, toEntry } from "./record.ts";

export type FaultCode =
  /** Cannot be read at all. */
  | "unreadable"
  /** A field that no kernel writes like this. */
  | "bad-field"
  /** The template digest does not fit the data. */
  | "digest-mismatch"
  /** An all-zero template digest, as violations have, over data that is not of a violation. */
  | "false-violation"
  /** boot_aggregate is not the digest of the given PCRs. */
  | "boot-aggregate-mismatch";

export interface Fault {
  readonly code: FaultCode;
  /** The entry, counted from 0, and the byte at which it begins. */
  readonly entry: number;
  readonly offset: number;
  /** The file or event that the entry names; null where that cannot be read. */
  readonly name: string | null;
  readonly reason: string;
}

/** At most so many faults are kept, however many there are. */
export const MAX_FAULTS = 1000;

export class FaultList {
  readonly kept: Fault[] = [];
  count = 0;

  add(code: FaultCode, record: LogRecord, reason: string): void {
    this.#keep(code, record, reason, () => entryName(toEntry(record)));
  }

  #keep(code: FaultCode, at: Pick<LogRecord, "number" | "offset">, reason: string, name: () => string | null): void {
    this.count++;
    if (this.kept.length < MAX_FAULTS)
      this.kept.push({ code, entry: at.number, offset: at.offset, name: name(), reason });
  }

  /** An error of a scanner as a fault. */
  unreadable(error: InputError, at: Pick<LogRecord, "number" | "offset">): void {
    this.#keep("unreadable", at, error.message.replace(/^byte \d+: entry \d+: /, ""), () => null);
  }
}
