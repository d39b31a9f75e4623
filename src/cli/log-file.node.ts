// Files that imasim log reads, with a progress bar for long ones in a terminal.
import { createReadStream, fstatSync, openSync } from "node:fs";
import { InputError } from "../errno/index.ts";
import { isEventLog, type PcrValue, parsePcrFile, replayEventLog } from "../measure/index.ts";
import { readBytes } from "./bytes.node.ts";

/** No bar for less. */
const LONG = 8 * 2 ** 20;
const WIDTH = 40;
const PIECE = 2 ** 18;

export interface LogFile {
  readonly source: AsyncIterable<Uint8Array>;
  /** To be called with the bytes read so far. */
  readonly onBytes: (read: number) => void;
  /** Takes the bar away. */
  readonly done: () => void;
}

/** @throws InputError `not-a-file` for a directory, and the error of node:fs where the file cannot be opened. */
export function openLogFile(file: string): LogFile {
  const fd = file === "-" ? 0 : openSync(file, "r");
  const stat = fstatSync(fd);
  if (stat.isDirectory()) throw new InputError("not-a-file", file, "is a directory");
  const source = createReadStream("", { fd, highWaterMark: PIECE, autoClose: fd !== 0 });
  return { source, ...progressBar(stat.size) };
}

function progressBar(size: number): Pick<LogFile, "onBytes" | "done"> {
  if (process.stderr.isTTY !== true || size < LONG) return { onBytes: () => {}, done: () => {} };
  let shown = -1;
  return {
    onBytes(read) {
      const percent = Math.floor((100 * read) / size);
      if (percent === shown) return;
      shown = percent;
      const filled = Math.round((WIDTH * Math.min(read, size)) / size);
      process.stderr.write(`\r[${"#".repeat(filled)}${".".repeat(WIDTH - filled)}] ${String(percent).padStart(3)} %`);
    },
    done() {
      if (shown >= 0) process.stderr.write(`\r${" ".repeat(WIDTH + 8)}\r`);
    },
  };
}

/**
 * PCR values from a file: the output of a tool that reads PCRs, JSON, or the firmware's binary event log.
 * @throws InputError `bad-pcr`, `bad-event-log`.
 */
export function readPcrFile(file: string): PcrValue[] {
  const bytes = readBytes(file);
  return isEventLog(bytes) ? replayEventLog(bytes, file) : parsePcrFile(new TextDecoder().decode(bytes), file);
}

/** Runs `work` on a file; errors about its bytes then name it. */
export async function withLogFile<T>(file: string, work: (log: LogFile) => Promise<T>): Promise<T> {
  const log = openLogFile(file);
  try {
    return await work(log);
  } catch (error) {
    if (!(error instanceof InputError) || !/^byte \d/.test(error.where)) throw error;
    throw new InputError(error.code, `${file}, ${error.where}`, error.message.slice(error.where.length + 2));
  } finally {
    log.done();
  }
}
