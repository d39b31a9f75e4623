// SM3 (GB/T 32905-2016, draft-sca-cfrg-sm3), a kernel's CRYPTO_SM3_GENERIC. OpenSSL has it, @noble/hashes does not.
import { Chi, HashMD, Maj } from "@noble/hashes/_md.js";
import { type CHash, createHasher, rotl } from "@noble/hashes/utils.js";

// biome-ignore format: a table reads better in columns
const IV = [
  0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e,
] as const;

const parity = (x: number, y: number, z: number): number => x ^ y ^ z;
const p0 = (x: number): number => x ^ rotl(x, 9) ^ rotl(x, 17);
const p1 = (x: number): number => x ^ rotl(x, 15) ^ rotl(x, 23);

class Sm3 extends HashMD<Sm3> {
  readonly #state = Int32Array.from(IV);
  readonly #words = new Int32Array(68);

  constructor() {
    super(64, 32, 8, false);
  }

  protected get(): number[] {
    return [...this.#state];
  }

  protected set(...words: number[]): void {
    this.#state.set(words);
  }

  protected process(view: DataView, offset: number): void {
    const w = this.#words;
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(offset + 4 * i, false);
    for (let i = 16; i < 68; i++)
      w[i] = p1(w[i - 16]! ^ w[i - 9]! ^ rotl(w[i - 3]!, 15)) ^ rotl(w[i - 13]!, 7) ^ w[i - 6]!;
    const s = this.#state;
    let [a, b, c, d, e, f, g, h] = [s[0]!, s[1]!, s[2]!, s[3]!, s[4]!, s[5]!, s[6]!, s[7]!];
    for (let i = 0; i < 64; i++) {
      const early = i < 16;
      const a12 = rotl(a, 12);
      const ss1 = rotl((a12 + e + rotl(early ? 0x79cc4519 : 0x7a879d8a, i % 32)) | 0, 7);
      const tt1 = ((early ? parity(a, b, c) : Maj(a, b, c)) + d + (ss1 ^ a12) + (w[i]! ^ w[i + 4]!)) | 0;
      const tt2 = ((early ? parity(e, f, g) : Chi(e, f, g)) + h + ss1 + w[i]!) | 0;
      [d, c, b, a] = [c, rotl(b, 9), a, tt1];
      [h, g, f, e] = [g, rotl(f, 19), e, p0(tt2)];
    }
    const round = [a, b, c, d, e, f, g, h];
    for (let i = 0; i < 8; i++) s[i] = s[i]! ^ round[i]!;
  }

  protected roundClean(): void {
    this.#words.fill(0);
  }

  destroy(): void {
    this.destroyed = true;
    this.#state.fill(0);
  }

  _cloneInto(to: Sm3 = new Sm3()): Sm3 {
    to.set(...this.#state);
    return this._cloneIntoMeta(to);
  }
}

export const sm3: CHash = /* @__PURE__ */ createHasher(() => new Sm3());
