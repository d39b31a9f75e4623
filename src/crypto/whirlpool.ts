// Whirlpool (ISO/IEC 10118-3:2004) and its truncations, a kernel's CRYPTO_WP512. Neither @noble/hashes nor OpenSSL 3 without its
// legacy provider has it.
import { HashMD } from "@noble/hashes/_md.js";
import { type CHash, createHasher } from "@noble/hashes/utils.js";

const ROUNDS = 10;
/** The two 4-bit boxes that the S-box is built from, and the first row of the circulant diffusion matrix. */
const E_BOX = [1, 11, 9, 12, 13, 6, 15, 3, 14, 8, 7, 4, 10, 2, 5, 0] as const;
const R_BOX = [7, 12, 11, 13, 14, 4, 9, 15, 6, 3, 8, 10, 2, 5, 1, 0] as const;
const DIFFUSION = [1, 1, 4, 1, 8, 5, 2, 9] as const;

/** Product in GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let [x, y] = [a, b]; y > 0; y >>= 1) {
    if (y & 1) product ^= x;
    x = x & 0x80 ? (x << 1) ^ 0x11d : x << 1;
  }
  return product;
}

function substitution(x: number): number {
  const high = E_BOX[x >> 4]!;
  const low = E_BOX.indexOf((x & 15) as (typeof E_BOX)[number]);
  const mixed = R_BOX[high ^ low]!;
  return (E_BOX[high ^ mixed]! << 4) | E_BOX.indexOf((low ^ mixed) as (typeof E_BOX)[number]);
}

/** S-box and diffusion in one: entry `256 * t + x` is what byte x in column t adds to a row, as two 32-bit halves. */
interface Tables {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  readonly sbox: Uint8Array;
}

/** Made when they are first wanted, always the same: who hashes with something else does not wait for them. */
let made: Tables | null = null;

function tables(): Tables {
  if (made !== null) return made;
  const high = new Uint32Array(2048);
  const low = new Uint32Array(2048);
  const sbox = Uint8Array.from({ length: 256 }, (_, x) => substitution(x));
  for (let t = 0; t < 8; t++)
    for (let x = 0; x < 256; x++)
      for (let column = 0; column < 8; column++) {
        const byte = multiply(sbox[x]!, DIFFUSION[(column - t + 8) % 8]!);
        const half = column < 4 ? high : low;
        half[256 * t + x]! |= byte << (24 - 8 * (column % 4));
      }
  made = { high, low, sbox };
  return made;
}

class Whirlpool extends HashMD<Whirlpool> {
  readonly #state = new Uint32Array(16);

  constructor(outputLen: number) {
    super(64, outputLen, 32, false);
  }

  protected get(): number[] {
    return [...this.#state];
  }

  protected set(...words: number[]): void {
    this.#state.set(words);
  }

  protected process(view: DataView, offset: number): void {
    const key = Uint32Array.from(this.#state);
    const data = Uint32Array.from(this.#state, (word, i) => word ^ view.getUint32(offset + 4 * i));
    const next = new Uint32Array(16);
    const { sbox } = tables();
    for (let round = 0; round < ROUNDS; round++) {
      diffuse(key, next);
      for (let i = 0; i < 8; i++) next[i >> 2]! ^= sbox[8 * round + i]! << (24 - 8 * (i % 4));
      key.set(next);
      diffuse(data, next);
      for (let i = 0; i < 16; i++) data[i] = next[i]! ^ key[i]!;
    }
    for (let i = 0; i < 16; i++) this.#state[i]! ^= data[i]! ^ view.getUint32(offset + 4 * i);
  }

  protected roundClean(): void {}

  destroy(): void {
    this.destroyed = true;
    this.#state.fill(0);
  }

  _cloneInto(to: Whirlpool = new Whirlpool(this.outputLen)): Whirlpool {
    to.set(...this.#state);
    return this._cloneIntoMeta(to);
  }
}

/** Byte t of row `row - t` goes to row `row` through table t. Rows are pairs of big-endian words. */
function diffuse(from: Uint32Array, to: Uint32Array): void {
  const known = tables();
  for (let row = 0; row < 8; row++) {
    let high = 0;
    let low = 0;
    for (let t = 0; t < 8; t++) {
      const word = from[2 * ((row - t + 8) % 8) + (t >> 2)]!;
      const entry = 256 * t + ((word >>> (24 - 8 * (t % 4))) & 0xff);
      high ^= known.high[entry]!;
      low ^= known.low[entry]!;
    }
    to[2 * row] = high;
    to[2 * row + 1] = low;
  }
}

export const wp512: CHash = /* @__PURE__ */ createHasher(() => new Whirlpool(64));
export const wp384: CHash = /* @__PURE__ */ createHasher(() => new Whirlpool(48));
export const wp256: CHash = /* @__PURE__ */ createHasher(() => new Whirlpool(32));
