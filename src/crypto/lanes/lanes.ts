// SHA-1 and SHA-256 of very many short messages, and the chains that extend PCRs with them. A call into a native library costs more than
// the digest of a hundred bytes; here four messages are hashed side by side in one WebAssembly vector each, and a whole chain in one call.
import { LANES_BLOCK, lanesModule, TABLES, TABLES_END } from "./module.ts";

export type LanesHash = "sha1" | "sha256";

/** So many digests are kept at a time, in slots 0 to LANES_CAPACITY - 1. */
export const LANES_CAPACITY = 1024;
/** The slot of a digest that is all ones. */
export const ONES = LANES_CAPACITY;

const LANES = 4;
const WORDS: { readonly [hash in LanesHash]: number } = { sha1: 5, sha256: 8 };
/** Words between two digests in memory: room for the longer one. */
const STEP = 8;
const DIGESTS = 4 * STEP * (LANES_CAPACITY + 1);
/** Messages of 1 to so many blocks of 64 bytes, padding included; longer ones are refused. */
const MAX_BLOCKS = 16;

/** Where things lie in memory: places for four waiting messages of each number of blocks; four digests; a PCR and what it is extended with. */
const WAITING = Array.from({ length: MAX_BLOCKS }, (_, i) => TABLES_END + (LANES_BLOCK * i * (i + 1)) / 2);
const OUT = TABLES_END + (LANES_BLOCK * MAX_BLOCKS * (MAX_BLOCKS + 1)) / 2;
const VALUE = OUT + 4 * LANES * STEP;
const LIST = VALUE + 4 * STEP;
const DIGESTS_AT: { readonly [hash in LanesHash]: number } = {
  sha1: LIST + 4 * LANES_CAPACITY,
  sha256: LIST + 4 * LANES_CAPACITY + DIGESTS,
};
const END = DIGESTS_AT.sha256 + DIGESTS;
const PAGE = 2 ** 16;

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  digestSha1(blocks: number, count: number, out: number): void;
  digestSha256(blocks: number, count: number, out: number): void;
  extendSha1(list: number, count: number, value: number): void;
  extendSha256(list: number, count: number, value: number): void;
}

/** What is used of the platform's WebAssembly: its types come with those of browsers only. */
interface Platform {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
}

/** Made when it is first wanted, always the same. */
let compiled: object | null = null;

function instantiate(): Exports | null {
  const { WebAssembly: platform } = globalThis as { readonly WebAssembly?: Platform };
  if (platform === undefined) return null;
  try {
    compiled ??= new platform.Module(lanesModule(Math.ceil(END / PAGE)));
    return new platform.Instance(compiled).exports as Exports;
  } catch {
    // No vectors, or a page whose policy forbids code that is made at run time.
    return null;
  }
}

export class ShaLanes {
  readonly #exports: Exports;
  readonly #hashes: readonly LanesHash[];
  readonly #expected: LanesHash | null;
  /** All memory. Messages and digests are numbers in it, so that the byte order of the machine does not matter. */
  readonly #words: Int32Array;
  /** For each number of blocks, less one: the slots of the messages that wait until they are four. */
  readonly #slots = WAITING.map(() => new Int32Array(LANES));
  readonly #waiting = WAITING.map(() => 0);
  /** Views of the buffers in which messages and expected digests came last: seldom others than before. */
  #messages: DataView = new DataView(new ArrayBuffer(0));
  #digests: DataView = this.#messages;

  /** Whether a digest was not the expected one. */
  #wrong = false;

  private constructor(exports: Exports, hashes: readonly LanesHash[], expected: LanesHash | null) {
    this.#exports = exports;
    this.#hashes = hashes;
    this.#expected = expected;
    this.#words = new Int32Array(exports.memory.buffer);
    this.#words.set(TABLES);
    for (const at of Object.values(DIGESTS_AT)) this.#words.fill(-1, at / 4 + STEP * ONES, at / 4 + STEP * (ONES + 1));
  }

  /**
   * @param hashes what is computed of every message
   * @param expected the one of them of which it is known beforehand what it should be
   * @returns null where the platform has no WebAssembly with vectors, or does not allow it.
   */
  static create(hashes: readonly LanesHash[], expected: LanesHash | null): ShaLanes | null {
    const exports = instantiate();
    return exports === null ? null : new ShaLanes(exports, hashes, expected);
  }

  /** Lays down the expected digest of a slot. Whether it is all zero. */
  expect(slot: number, bytes: Uint8Array, start: number): boolean {
    if (bytes.buffer !== this.#digests.buffer) this.#digests = new DataView(bytes.buffer);
    const view = this.#digests;
    const words = this.#words;
    const hash = this.#expected!;
    const first = DIGESTS_AT[hash] / 4 + STEP * slot;
    const end = first + WORDS[hash];
    let all = 0;
    for (let to = first, at = bytes.byteOffset + start; to < end; to++, at += 4) {
      const word = view.getInt32(at);
      words[to] = word;
      all |= word;
    }
    return all === 0;
  }

  /** Takes the bytes from `start` to `end` as the message of a slot. False: they are too many. */
  add(slot: number, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    // One bit and the length in 64 bits follow each message.
    const group = (length + 8) >> 6;
    if (group >= MAX_BLOCKS) return false;
    if (bytes.buffer !== this.#messages.buffer) this.#messages = new DataView(bytes.buffer);
    const view = this.#messages;
    const words = this.#words;
    let to = WAITING[group]! / 4 + this.#waiting[group]!;
    const last = to + LANES * (16 * (group + 1) - 1);
    let at = bytes.byteOffset + start;
    const whole = at + (length & ~3);
    for (; at < whole; at += 4, to += LANES) words[to] = view.getInt32(at);
    let bits = 24;
    let tail = 0;
    for (const over = bytes.byteOffset + end; at < over; at++, bits -= 8) tail |= view.getUint8(at) << bits;
    words[to] = tail | (0x80 << bits);
    for (to += LANES; to < last; to += LANES) words[to] = 0;
    words[last] = 8 * length;
    this.#slots[group]![this.#waiting[group]!++] = slot;
    if (this.#waiting[group] === LANES) this.#hash(group);
    return true;
  }

  /** Computes what still waits. Whether every digest since the last time was the expected one. */
  finish(): boolean {
    for (let group = 0; group < MAX_BLOCKS; group++) if (this.#waiting[group]! > 0) this.#hash(group);
    const right = !this.#wrong;
    this.#wrong = false;
    return right;
  }

  #hash(group: number): void {
    const words = this.#words;
    const slots = this.#slots[group]!;
    const count = this.#waiting[group]!;
    for (const hash of this.#hashes) {
      if (hash === "sha1") this.#exports.digestSha1(WAITING[group]!, group + 1, OUT);
      else this.#exports.digestSha256(WAITING[group]!, group + 1, OUT);
      const size = WORDS[hash];
      let different = 0;
      for (let lane = 0; lane < count; lane++) {
        const to = DIGESTS_AT[hash] / 4 + STEP * slots[lane]!;
        const from = OUT / 4 + lane;
        if (hash === this.#expected)
          for (let i = 0; i < size; i++) different |= words[to + i]! ^ words[from + LANES * i]!;
        else for (let i = 0; i < size; i++) words[to + i] = words[from + LANES * i]!;
      }
      if (different !== 0) this.#wrong = true;
    }
    this.#waiting[group] = 0;
  }

  /** Extends a PCR's value with the digests of the first `count` slots listed, at least one. */
  extend(hash: LanesHash, value: Uint8Array, slots: Int32Array, count: number): void {
    const words = this.#words;
    const size = WORDS[hash];
    const view = new DataView(value.buffer, value.byteOffset);
    for (let i = 0; i < size; i++) words[VALUE / 4 + i] = view.getInt32(4 * i);
    for (let i = 0; i < count; i++) words[LIST / 4 + i] = DIGESTS_AT[hash] + 4 * STEP * slots[i]!;
    if (hash === "sha1") this.#exports.extendSha1(LIST, count, VALUE);
    else this.#exports.extendSha256(LIST, count, VALUE);
    for (let i = 0; i < size; i++) view.setInt32(4 * i, words[VALUE / 4 + i]!);
  }
}
