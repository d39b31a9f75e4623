// MD4 (RFC 1320). A kernel has it as CRYPTO_MD4; security.ima can name it, and certificates of old CAs are signed with it.
import { Chi, HashMD, Maj } from "@noble/hashes/_md.js";
import { type CHash, createHasher, rotl } from "@noble/hashes/utils.js";

/** Per round: which message words in which order, the four rotations, and the constant (RFC 1320, 3.4). */
const ROUNDS = [
  { order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], turns: [3, 7, 11, 19], constant: 0, mix: Chi },
  {
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    turns: [3, 5, 9, 13],
    constant: 0x5a827999,
    mix: Maj,
  },
  {
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    turns: [3, 9, 11, 15],
    constant: 0x6ed9eba1,
    mix: (x: number, y: number, z: number) => x ^ y ^ z,
  },
] as const;

class Md4 extends HashMD<Md4> {
  #a = 0x67452301;
  #b = 0xefcdab89 | 0;
  #c = 0x98badcfe | 0;
  #d = 0x10325476;

  constructor() {
    super(64, 16, 8, true);
  }

  protected get(): number[] {
    return [this.#a, this.#b, this.#c, this.#d];
  }

  protected set(a: number, b: number, c: number, d: number): void {
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }

  protected process(view: DataView, offset: number): void {
    let [a, b, c, d] = [this.#a, this.#b, this.#c, this.#d];
    for (const { order, turns, constant, mix } of ROUNDS)
      for (let i = 0; i < 16; i++) {
        const word = view.getUint32(offset + 4 * order[i]!, true);
        const sum = (a + mix(b, c, d) + word + constant) | 0;
        [a, d, c, b] = [d, c, b, rotl(sum, turns[i % 4]!)];
      }
    this.set((this.#a + a) | 0, (this.#b + b) | 0, (this.#c + c) | 0, (this.#d + d) | 0);
  }

  protected roundClean(): void {}

  destroy(): void {
    this.destroyed = true;
    this.set(0, 0, 0, 0);
  }

  _cloneInto(to: Md4 = new Md4()): Md4 {
    to.set(this.#a, this.#b, this.#c, this.#d);
    return this._cloneIntoMeta(to);
  }
}

export const md4: CHash = /* @__PURE__ */ createHasher(() => new Md4());
