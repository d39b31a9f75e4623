// Streebog, GOST R 34.11-2012 (RFC 6986), a kernel's CRYPTO_STREEBOG. Neither @noble/hashes nor OpenSSL without its GOST engine has it.
import { abytes, aexists, aoutput, type CHash, createHasher, type Hash, hexToBytes } from "@noble/hashes/utils.js";

const BLOCK = 64;
/** The substitution pi of RFC 6986, 6.2. */
const PI = /* @__PURE__ */ hexToBytes(
  [
    "fceedd11cf6e3116fbc4fada23c5044de977f0db932e99ba1736f1bb14cd5fc1f918655ae25cef21811c3c428b018e4f058402aee36a8fa0060bed987fd4d31f",
    "eb342c51eac848abf22a68a2fd3aceccb5700e56080c7612bf7213479cb75d8715a19629107b9ac7f391786f9d9eb2b13275193dff358a7e6d54c680c3bd0d57",
    "dff524a93ea843c9d779d6f67c22b903e00fecde7a94b0bcdce828504e330a4aa79760731e0062441ab83882649f2641ad454692275e552f8ca3a57d69d5953b",
    "0758b34086ac1df730376be488d9e789e11b83494c3ff8fe8d53aa90cad88561207167a42d2b095bcb9b25d0bee56c5259a674d2e6f4b4c0d166afc2394b63b6",
  ].join(""),
);
/** The matrix of the linear transformation of RFC 6986, 6.4: what bit b of byte t of a column adds, entry 8 * t + b. */
const LINEAR = [
  "641c314b2b8ee083c83862965601dd1b8d70c431ac02a73607e095624504536c0edd37c48a08a6d81ca76e95091051ad3853dc371220a24770a6a56e2440598e",
  "a48b474f9ef5dc18550b8e9e21f7a530aa16012142f35760492c024284fbaec09258048415eb419d39b008152acb8227727d102a548b194ee4fa2054a80b329c",
  "f97d86d98a327728effa11af0964ee50c3e9224312c8c1a09bcf4486248d9f5d2b838811480723ba561b0d22900e4669ac361a443d1c8cd2456c34887a3805b9",
  "5b068c651810a89eb60c05ca30204d2171180a8960409a42e230140fc0802984d960281e9d1d5215afc0503c273aa42a439da0784e74555486275df09ce8aaa8",
  "0321658cba93c1380642ca05693b9f700c84890ad27623e018150f14b9ec46dd302a1e286fc58ca760543c50de970553c0a878a0a1330aa69d4df05d5f661451",
  "accc9ca9328a89504585254f64090fa08a174a9ec8121e5d092e94218d243cba125c35420748786924b86a840e90f0d2486dd4151c3dfdb990dab52a387ae76f",
  "46b60f011a83988e8c711e02341b2d0105e23c0468365a020ad97808d06cb40414aff010bdd875082843fd2067adea105086e740ce47c920a011d380818e8f40",
  "83478b07b24687641b8e0b0e798c13c83601161cf205268d6c022c38f90a4c07d8045870ef14980ead08b0e0c3282d1c47107ddd9b505a388e20faa72ba0b470",
].join("");
/** The round constants of RFC 6986, 6.5, as the bytes stand in memory. */
const ROUND = /* @__PURE__ */ [
  "0745a6f2596580dd234d74cc3674760515d360a4082a42a20169679291e07c4bfcc485758db84e7116d0452e43766a2f1f7c65c0812fcbebe9daca1eda5b08b1",
  "b79bb121700479e656cdcbd71ba2dd55caa70adbc261b55c5899d6126b17b59a3101b5160f5ed561982b230a72eafef3d7b5700f469de34f1a2f9da98ab5a36f",
  "b20aba0af5961e9931db7a8643f4b6c209db6260373ac9c1b19e3590e40fe2d37b7b29b11475eaf28b1f9c525f5ef10635843d6a28fc390ac72fce2bacdc74f5",
  "2ed1e384bcbe0c22f137e893a1ea5334be0352933313b7d875d603ed822cd7a93f355e68ad1c729d7d3c5c337e858e48dde4715da0e148f9d26615e8b3df1fef",
  "57fe6c7cfd581760f563eaa97ea2567a161a2723b700ffdfa3f53a254717cdbfbdff0f80d7359e354a1086161f1c157f6323a96c0c413f9a994747adac6bea4b",
  "6e7d64467a4068fa354f903672c571bfb6c6bec2661ff20ab4b79a1cb7a6facfc68ef09ab49a7f186ca44251f9c4662dc039307a3bc3a46fd9d33a1daeae4fae",
  "93d4143a4d568688f34a3ca24c45173504054a2883694706372c822dc5ab9209c9937a19333e47d3c987bfe6c7c69e39540924bffe86ac51ecc5aaee160ec7f4",
  "1ee702bfd40d7fa4d9a8515935c2ac362fc4a5d12b8dd16990069b92cb2b89f49ac4db4d3b44b4891ede369c71f8b74e41416e0c02aae703a7c9934d425b1f9b",
  "db5a238351446172602a1fcb92dc380e549c07a69a8a2b7bb1ceb2db0b440a8084090de0b755d93c244289251b3a7d3ade5f16ecd89a4c949b223116545a8f37",
  "ed9c4598fbc7b474c3b63b15d1fa9836f452763b306c1e7a4b3369af0267e79f0361331b8ae1ff1fdb788aff1ce74189f3f3e4b248e52a38526f0580a6debeab",
  "1b2df381cda4ca6b5dd86fc04a59a2de986e477d1dcdbaefcab948eaef711d8a79668414218001206107abebbb6bfad894fe5a63cdc60230fb89c8efd09ecd7b",
  "20d71bf14a92bc48991bb2d9d517f4fa5228e188aaa41de786cc91189def805d9b9f2130d41220f8771ddfbc323ca4cd7ab14904b08013d2ba3116f167e78e37",
].map(hexToBytes);
const NOTHING = /* @__PURE__ */ new Uint8Array(BLOCK);

/** Substitution and linear transformation in one: entry `256 * t + x`, the two halves of a 64-bit word. */
interface Tables {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

/** Made when they are first wanted, always the same: who hashes with something else does not wait for them. */
let made: Tables | null = null;

function tables(): Tables {
  if (made !== null) return made;
  const high = new Uint32Array(2048);
  const low = new Uint32Array(2048);
  for (let t = 0; t < 8; t++)
    for (let x = 0; x < 256; x++)
      for (let bit = 0; bit < 8; bit++) {
        if (((PI[x]! >> bit) & 1) === 0) continue;
        const at = 16 * (8 * t + bit);
        high[256 * t + x]! ^= Number.parseInt(LINEAR.slice(at, at + 8), 16);
        low[256 * t + x]! ^= Number.parseInt(LINEAR.slice(at + 8, at + 16), 16);
      }
  made = { high, low };
  return made;
}

/** X, S, P and L in a row: to = L(P(S(a xor b))). */
function transform(a: Uint8Array, b: Uint8Array, to: Uint8Array): void {
  const mixed = a.map((byte, i) => byte ^ b[i]!);
  const view = new DataView(to.buffer, to.byteOffset);
  const known = tables();
  for (let column = 0; column < 8; column++) {
    let high = 0;
    let low = 0;
    for (let t = 0; t < 8; t++) {
      const entry = 256 * t + mixed[8 * t + column]!;
      high ^= known.high[entry]!;
      low ^= known.low[entry]!;
    }
    view.setUint32(8 * column, low, true);
    view.setUint32(8 * column + 4, high, true);
  }
}

/** The compression function g: mixes `block` into `state` at bit count `count`. */
function compress(state: Uint8Array, count: Uint8Array, block: Uint8Array): void {
  const key = new Uint8Array(BLOCK);
  const data = new Uint8Array(BLOCK);
  transform(state, count, key);
  transform(key, block, data);
  for (let i = 0; i < 11; i++) {
    transform(key, ROUND[i]!, key);
    transform(key, data, data);
  }
  transform(key, ROUND[11]!, key);
  for (let i = 0; i < BLOCK; i++) state[i]! ^= key[i]! ^ data[i]! ^ block[i]!;
}

/** Adds a little-endian number to another, modulo 2^512. */
function add(to: Uint8Array, amount: Uint8Array): void {
  let carry = 0;
  for (let i = 0; i < BLOCK; i++) {
    carry += to[i]! + (amount[i] ?? 0);
    to[i] = carry;
    carry >>= 8;
  }
}

const bits = (bytes: number): Uint8Array => Uint8Array.of((8 * bytes) & 0xff, (8 * bytes) >> 8);

class Streebog implements Hash<Streebog> {
  readonly blockLen = BLOCK;
  readonly outputLen: number;
  readonly canXOF = false;
  readonly #state: Uint8Array;
  readonly #count = new Uint8Array(BLOCK);
  readonly #sum = new Uint8Array(BLOCK);
  readonly #rest = new Uint8Array(BLOCK);
  #filled = 0;
  protected finished = false;
  protected destroyed = false;

  constructor(outputLen: number) {
    this.outputLen = outputLen;
    this.#state = new Uint8Array(BLOCK).fill(outputLen === 32 ? 1 : 0);
  }

  update(bytes: Uint8Array): this {
    aexists(this);
    abytes(bytes);
    for (let at = 0; at < bytes.length; ) {
      const take = Math.min(BLOCK - this.#filled, bytes.length - at);
      this.#rest.set(bytes.subarray(at, at + take), this.#filled);
      this.#filled += take;
      at += take;
      if (this.#filled < BLOCK) continue;
      this.#absorb(BLOCK);
      this.#filled = 0;
    }
    return this;
  }

  #absorb(length: number): void {
    compress(this.#state, this.#count, this.#rest);
    add(this.#count, bits(length));
    add(this.#sum, this.#rest);
  }

  digestInto(out: Uint8Array): void {
    aexists(this);
    aoutput(out, this);
    this.finished = true;
    this.#rest.fill(0, this.#filled);
    this.#rest[this.#filled] = 1;
    this.#absorb(this.#filled);
    compress(this.#state, NOTHING, this.#count);
    compress(this.#state, NOTHING, this.#sum);
    out.set(this.#state.subarray(BLOCK - this.outputLen));
  }

  digest(): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(this.outputLen);
    this.digestInto(out);
    this.destroy();
    return out;
  }

  destroy(): void {
    this.destroyed = true;
    for (const part of [this.#state, this.#count, this.#sum, this.#rest]) part.fill(0);
  }

  _cloneInto(to: Streebog = new Streebog(this.outputLen)): Streebog {
    to.#state.set(this.#state);
    to.#count.set(this.#count);
    to.#sum.set(this.#sum);
    to.#rest.set(this.#rest);
    to.#filled = this.#filled;
    to.finished = this.finished;
    to.destroyed = this.destroyed;
    return to;
  }

  clone(): Streebog {
    return this._cloneInto();
  }
}

export const streebog256: CHash = /* @__PURE__ */ createHasher(() => new Streebog(32));
export const streebog512: CHash = /* @__PURE__ */ createHasher(() => new Streebog(64));
