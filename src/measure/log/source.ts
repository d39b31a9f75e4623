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

function asStream(source: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await source.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await source.return(undefined);
    },
  });
}

async function* gunzipped(source: AsyncGenerator<Uint8Array>, at: () => number): AsyncGenerator<Uint8Array> {
  // TypeScript's streams distinguish buffers that no browser here tells apart.
  const unzip = new DecompressionStream("gzip") as unknown as TransformStream<Uint8Array, Uint8Array>;
  try {
    yield* readStream(asStream(source).pipeThrough(unzip));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw logError(
      "bad-gzip",
      at(),
      `the gzip data ends or breaks here (${error instanceof Error ? error.message : error})`,
    );
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
