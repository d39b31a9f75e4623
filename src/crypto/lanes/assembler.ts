// As much of WebAssembly's binary format (WebAssembly Core Specification 2.0, chapter 5) as the rounds of SHA-1 and SHA-256 need.

/** Bytes of instructions, nested as it comes. An expression leaves one value on the stack, a statement none. */
export type Code = readonly (number | Code)[];

/** LEB128 of an unsigned number. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const more = rest > 0x7f ? 0x80 : 0;
    bytes.push((rest & 0x7f) | more);
    rest >>>= 7;
  } while (rest !== 0);
  return bytes;
}

/** LEB128 of a signed number of 32 bits. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ; rest >>= 7) {
    const low = rest & 0x7f;
    if (rest >> 6 === 0 || rest >> 6 === -1) {
      bytes.push(low);
      return bytes;
    }
    bytes.push(low | 0x80);
  }
}

/** Made once: code of a hundred rounds holds few different ones, very often. */
const vectorOp = (code: number): Code => [0xfd, ...unsigned(code)];
const [V_ADD, V_AND, V_OR, V_XOR] = [vectorOp(0xae), vectorOp(0x4e), vectorOp(0x50), vectorOp(0x51)];
const [V_SPLAT, V_LOAD_SPLAT, V_SHIFT_LEFT, V_SHIFT_RIGHT] = [
  vectorOp(0x11),
  vectorOp(0x09),
  vectorOp(0xab),
  vectorOp(0xad),
];
const GET = Array.from({ length: 64 }, (_, local): Code => [0x20, local]);

/** Locals are numbered from 0 to 63. */
export const get = (local: number): Code => GET[local]!;
export const set = (local: number, value: Code): Code => [value, 0x21, local];
/** Sets and leaves the value on the stack. */
export const tee = (local: number, value: Code): Code => [value, 0x22, local];
/** Runs the body again while `condition`, computed behind it, is not 0. */
export const repeatWhile = (body: Code, condition: Code): Code => [0x03, 0x40, body, condition, 0x0d, 0x00, 0x0b];

/** What the rounds compute with: one word of 32 bits, or four side by side in a vector. */
export interface Words {
  constant(value: number): Code;
  /** The same word at an address of memory, a multiple of 4; in a vector, four times. */
  spread(address: Code, offset: number): Code;
  add(a: Code, b: Code): Code;
  and(a: Code, b: Code): Code;
  xor(a: Code, b: Code): Code;
  shiftRight(a: Code, bits: number): Code;
  rotateRight(a: Code, bits: number): Code;
}

const i32 = (value: number): Code => [0x41, ...signed(value)];
const BITS = Array.from({ length: 32 }, (_, bits) => i32(bits));

export const ONE_WORD = {
  constant: i32,
  spread: (address, offset) => [address, 0x28, 2, unsigned(offset)],
  add: (a, b) => [a, b, 0x6a],
  and: (a, b) => [a, b, 0x71],
  xor: (a, b) => [a, b, 0x73],
  shiftRight: (a, bits) => [a, BITS[bits]!, 0x76],
  rotateRight: (a, bits) => [a, BITS[bits]!, 0x78],
} as const satisfies Words;

export const FOUR_WORDS = {
  constant: (value) => [i32(value), V_SPLAT],
  spread: (address, offset) => [address, V_LOAD_SPLAT, 2, unsigned(offset)],
  add: (a, b) => [a, b, V_ADD],
  and: (a, b) => [a, b, V_AND],
  xor: (a, b) => [a, b, V_XOR],
  shiftRight: (a, bits) => [a, BITS[bits]!, V_SHIFT_RIGHT],
  rotateRight: (a, bits) => [a, BITS[bits]!, V_SHIFT_RIGHT, a, BITS[32 - bits]!, V_SHIFT_LEFT, V_OR],
} as const satisfies Words;

export const store = (address: Code, offset: number, word: Code): Code => [address, word, 0x36, 2, unsigned(offset)];
export const loadVector = (address: Code, offset: number): Code => [address, vectorOp(0), 2, unsigned(offset)];
export const storeVector = (address: Code, offset: number, vector: Code): Code => [
  address,
  vector,
  vectorOp(11),
  2,
  unsigned(offset),
];
export const lessThan = (a: Code, b: Code): Code => [a, b, 0x49];

/** A function of `parameters` words that returns nothing. Its locals: parameters, then words, then vectors. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: number;
  readonly words: number;
  readonly vectors: number;
  readonly body: Code;
}

function write(code: Code, out: number[]): number[] {
  for (const part of code)
    if (typeof part === "number") out.push(part);
    else write(part, out);
  return out;
}

const [I32, V128] = [0x7f, 0x7b];
const list = (items: Code): Code => [unsigned(items.length), items];
function sized(code: Code): Code {
  const bytes = write(code, []);
  return [unsigned(bytes.length), bytes];
}
const section = (id: number, items: Code): Code => [id, sized(list(items))];
const text = (name: string): Code => sized([...new TextEncoder().encode(name)]);

/** A module that exports the functions, and `memory` of so many pages of 64 KiB. */
export function assemble(functions: readonly WasmFunction[], pages: number): Uint8Array {
  const types = functions.map(({ parameters }) => [0x60, list(new Array<number>(parameters).fill(I32)), 0]);
  const bodies = functions.map(({ words, vectors, body }) => {
    const locals = list([
      [unsigned(words), I32],
      [unsigned(vectors), V128],
    ]);
    return sized([locals, body, 0x0b]);
  });
  const exported = functions.map(({ name }, i) => [text(name), 0, unsigned(i)]);
  const sections = [
    section(1, types),
    section(
      3,
      functions.map((_, i) => unsigned(i)),
    ),
    section(5, [[0, unsigned(pages)]]),
    section(7, [[text("memory"), 2, 0], ...exported]),
    section(10, bodies),
  ];
  return Uint8Array.from(write([[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], sections], []));
}
