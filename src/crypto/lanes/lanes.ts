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
/** Messages of 1 to so many blocks of 64 bytes, padding included; longer ones are refused. */
const MAX_BLOCKS = 16;
/** The digests of four messages lie side by side as the messages do: so many words are from those of four to those of the next four. */
const STEP = 8 * LANES;
/** Fours of digests: full ones, one for each number of blocks that is not full in the end, and one of ones. */
const FOURS = LANES_CAPACITY / LANES + MAX_BLOCKS + 1;

/** Where things lie in memory: for each number of blocks, places for four waiting messages and for what their digests should be. */
const WAITING = Array.from({ length: MAX_BLOCKS }, (_, i) => TABLES_END + (LANES_BLOCK * i * (i + 1)) / 2);
const EXPECTED_AT = TABLES_END + (LANES_BLOCK * MAX_BLOCKS * (MAX_BLOCKS + 1)) / 2;
/** A PCR, and what it is extended with. */
const VALUE = EXPECTED_AT + 4 * STEP * MAX_BLOCKS;
const LIST = VALUE + 4 * 8;
const DIGESTS_AT: { readonly [hash in LanesHash]: number } = {
  sha1: LIST + 4 * LANES_CAPACITY,
  sha256: LIST + 4 * LANES_CAPACITY + 4 * STEP * FOURS,
};
const END = DIGESTS_AT.sha256 + 4 * STEP * FOURS;
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
  /** For each slot where its digests lie, counted from DIGESTS_AT. */
  readonly #places = new Int32Array(LANES_CAPACITY + 1);
  /** Fours of digests since the last time they were finished. */
  #fours = 0;
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
    const ones = STEP * (FOURS - 1);
    this.#places[ONES] = 4 * ones;
    for (const at of Object.values(DIGESTS_AT)) this.#words.fill(-1, at / 4 + ones, at / 4 + ones + STEP);
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

  /**
   * Takes the bytes from `start` to `end` as the message of a slot, and those of `digest` from `digestStart` on as what its digest should be,
   * where that is known. False: they are too many. At most LANES_CAPACITY messages until they are finished.
   */
  add(slot: number, bytes: Uint8Array, start: number, end: number, digest: Uint8Array, digestStart: number): boolean {
    const length = end - start;
    // One bit and the length in 64 bits follow each message.
    const group = (length + 8) >> 6;
    if (group >= MAX_BLOCKS) return false;
    const lane = this.#waiting[group]!;
    if (this.#expected !== null) this.#expect(EXPECTED_AT / 4 + STEP * group + lane, digest, digestStart);
    if (bytes.buffer !== this.#messages.buffer) this.#messages = new DataView(bytes.buffer);
    const view = this.#messages;
    const words = this.#words;
    let to = WAITING[group]! / 4 + lane;
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
    this.#slots[group]![lane] = slot;
    this.#waiting[group] = lane + 1;
    if (lane + 1 === LANES) this.#hash(group);
    return true;
  }

  #expect(first: number, digest: Uint8Array, start: number): void {
    if (digest.buffer !== this.#digests.buffer) this.#digests = new DataView(digest.buffer);
    const view = this.#digests;
    const words = this.#words;
    const end = first + LANES * WORDS[this.#expected!];
    for (let to = first, at = digest.byteOffset + start; to < end; to += LANES, at += 4) words[to] = view.getInt32(at);
  }

  /** Computes what still waits. Whether every digest since the last time was the expected one. */
  finish(): boolean {
    for (let group = 0; group < MAX_BLOCKS; group++) if (this.#waiting[group]! > 0) this.#hash(group);
    const right = !this.#wrong;
    this.#wrong = false;
    this.#fours = 0;
    return right;
  }

  #hash(group: number): void {
    const place = 4 * STEP * this.#fours++;
    const slots = this.#slots[group]!;
    const count = this.#waiting[group]!;
    for (let lane = 0; lane < count; lane++) this.#places[slots[lane]!] = place + 4 * lane;
    for (const hash of this.#hashes) {
      const out = DIGESTS_AT[hash] + place;
      if (hash === "sha1") this.#exports.digestSha1(WAITING[group]!, group + 1, out);
      else this.#exports.digestSha256(WAITING[group]!, group + 1, out);
      if (hash === this.#expected && !this.#fits(group, out, LANES * WORDS[hash])) this.#wrong = true;
    }
    this.#waiting[group] = 0;
  }

  /** Whether the digests of the messages of a group are the expected ones. */
  #fits(group: number, out: number, size: number): boolean {
    const words = this.#words;
    const count = this.#waiting[group]!;
    const expected = EXPECTED_AT / 4 + STEP * group;
    const found = out / 4;
    let different = 0;
    if (count === LANES) for (let i = 0; i < size; i++) different |= words[expected + i]! ^ words[found + i]!;
    else for (let i = 0; i < size; i++) if (i % LANES < count) different |= words[expected + i]! ^ words[found + i]!;
    return different === 0;
  }

  /** Extends a PCR's value with the digests of the first `count` slots listed, at least one, that were finished last. */
  extend(hash: LanesHash, value: Uint8Array, slots: Int32Array, count: number): void {
    const words = this.#words;
    const size = WORDS[hash];
    const view = new DataView(value.buffer, value.byteOffset);
    for (let i = 0; i < size; i++) words[VALUE / 4 + i] = view.getInt32(4 * i);
    for (let i = 0; i < count; i++) words[LIST / 4 + i] = DIGESTS_AT[hash] + this.#places[slots[i]!]!;
    if (hash === "sha1") this.#exports.extendSha1(LIST, count, VALUE);
    else this.#exports.extendSha256(LIST, count, VALUE);
    for (let i = 0; i < size; i++) view.setInt32(4 * i, words[VALUE / 4 + i]!);
  }
}
