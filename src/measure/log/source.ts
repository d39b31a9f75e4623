// Where the bytes of a log come from: in pieces, unpacked where they are gzip, and never more than a limit.
import { InputError } from "../../errno/index.ts";

/** A log as bytes, whole or in pieces: a Uint8Array, an (async) iterable of them such as a Node stream, or a web stream. */
export type LogSource = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

export interface LogLimits {
  /** Bytes of the whole log, unpacked. */
  readonly maxBytes: number;
  /** Bytes of one entry. */
  readonly maxEntryBytes: number;
  /** How many times larger than its file an unpacked log may be, beyond the first 16 MiB. */
  readonly maxRatio: number;
}

export const DEFAULT_LIMITS: LogLimits = { maxBytes: 2 ** 30, maxEntryBytes: 2 ** 24, maxRatio: 100 };

/** No log of so few bytes is taken for a bomb. */
const RATIO_FREE = 2 ** 24;

/** Readers keep what they make of one piece, so pieces are cut to this size. */
const PIECE = 2 ** 18;

/** An error about a place in the bytes of a log. */
export const logError = (code: string, offset: number, why: string): InputError =>
  new InputError(code, `byte ${offset}`, why);

async function* readStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function pieces(source: LogSource): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (source instanceof Uint8Array) return [source];
  // Not every browser iterates over web streams.
  return "getReader" in source ? readStream(source) : source;
}

const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b;

/** Counts what goes through; `onBytes` hears how many bytes of the file have been read. */
async function* counted(
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  onBytes: (sum: number) => void,
): AsyncGenerator<Uint8Array> {
  let sum = 0;
  for await (const piece of source) {
    sum += piece.length;
    onBytes(sum);
    if (piece.length > 0) yield piece;
  }
}

/** Packed bytes that are given to the unpacking stream at a time: a bomb then unpacks to some MiB before it is noticed. */
const PACKED_PIECE = 2 ** 14;

async function* slices(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  for await (const piece of source) for (let at = 0; at < piece.length; at += size) yield piece.subarray(at, at + size);
}

/**
 * Unpacks in lock-step: what is read next is packed input only while no output waits. The queues of the stream itself are not
 * relied on: those of Node count pieces where they should count bytes, and would take in a whole file.
 */
async function* gunzipped(source: AsyncIterable<Uint8Array>, at: () => number): AsyncGenerator<Uint8Array> {
  // TypeScript's streams distinguish buffers that no browser here tells apart.
  const unzip = new DecompressionStream("gzip") as unknown as TransformStream<Uint8Array, Uint8Array>;
  const [writer, reader] = [unzip.writable.getWriter(), unzip.readable.getReader()];
  const input = slices(source, PACKED_PIECE);
  // The source's own failure is not one of the packed data.
  let failure: { readonly error: unknown } | null = null;
  const broken = (error: unknown): unknown => {
    if (failure !== null) return failure.error;
    const why = error instanceof Error ? error.message : String(error);
    return logError("bad-gzip", at(), `the gzip data ends or breaks here (${why})`);
  };
  writer.closed.catch(() => {});
  let writing: Promise<void> | null = null;
  let over = false;
  const writeNext = async (): Promise<void> => {
    const next = await input.next().catch((error: unknown) => {
      failure = { error };
      throw error;
    });
    over = next.done === true;
    await (next.done === true ? writer.close() : writer.write(next.value));
    writing = null;
  };
  try {
    for (;;) {
      let waiting = true;
      const output = reader.read().finally(() => {
        waiting = false;
      });
      // A write may end only when output is taken, so that the first of the two is waited for.
      while (waiting && !(over && writing === null)) {
        writing ??= writeNext();
        await Promise.race([writing, output]);
      }
      const { done, value } = await output;
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw broken(error);
  } finally {
    // Not waited for: the source may be waiting for bytes that never come.
    Promise.allSettled([writing, reader.cancel(), input.return(undefined)]);
  }
}

/**
 * The bytes of a log, unpacked where they begin as gzip does.
 * @param onBytes hears how many bytes of the file, packed as they are, have been read.
 * @throws InputError `bad-gzip` for broken or truncated gzip data, `log-too-long` beyond a limit.
 */
export async function* openLog(
  source: LogSource,
  limits: LogLimits = DEFAULT_LIMITS,
  onBytes?: (read: number) => void,
): AsyncGenerator<Uint8Array> {
  let read = 0;
  const raw = counted(pieces(source), (sum) => {
    read = sum;
    onBytes?.(sum);
  });
  const first = await raw.next();
  if (first.done) return;
  let head = first.value;
  if (head.length === 1) {
    const second = await raw.next();
    if (!second.done) head = Uint8Array.of(head[0]!, ...second.value);
  }
  const whole = (async function* () {
    yield head;
    yield* raw;
  })();
  const packed = isGzip(head);
  let sum = 0;
  for await (const piece of packed ? gunzipped(whole, () => read) : whole) {
    sum += piece.length;
    if (sum > limits.maxBytes) throw logError("log-too-long", sum, `the log is longer than ${limits.maxBytes} bytes`);
    if (packed && sum > RATIO_FREE && sum > limits.maxRatio * read)
      throw logError("log-too-long", sum, `the log unpacks to more than ${limits.maxRatio} times its file`);
    for (let at = 0; at < piece.length; at += PIECE) yield piece.subarray(at, at + PIECE);
  }
}
