// The rounds of SHA-1 and SHA-256 (FIPS 180-4, 6.1.2 and 6.2.2), written once for one message and for four side by side.
import { type Code, get, lessThan, ONE_WORD, repeatWhile, set, type Words } from "./assembler.ts";

/** The locals that rounds work with. */
export interface RoundLocals {
  /** The working variables a, b, c, …: in, and out. */
  readonly state: readonly number[];
  /** 16 words of the message; they are used up. */
  readonly message: readonly number[];
  readonly scratch: number;
  /** A word, also where all others are vectors. */
  readonly address: number;
}

const primes = (count: number): number[] => {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime !== 0)) found.push(n);
  return found;
};
/** The first 32 bits behind the point. */
const fraction = (x: number): number => ((x - Math.floor(x)) * 2 ** 32) | 0;

export const SHA1_START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0] as const;
export const SHA256_START: readonly number[] = primes(8).map((prime) => fraction(Math.sqrt(prime)));
/** To be laid in memory as 64 words, where `sha256Rounds` is told. */
export const SHA256_CONSTANTS: readonly number[] = primes(64).map((prime) => fraction(Math.cbrt(prime)));
const SHA1_CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6] as const;

/** The variables as they are called in round `round`: they move up by one a round, by name only. */
const named = (state: readonly number[], round: number): number[] =>
  state.map((_, i) => state[(((i - round) % state.length) + state.length) % state.length]!);

const choose = ({ and, xor }: Words, x: Code, y: Code, z: Code): Code => xor(z, and(x, xor(y, z)));
const majority = ({ and, xor }: Words, x: Code, y: Code, z: Code): Code => xor(y, and(xor(x, y), xor(y, z)));

export function sha1Rounds(on: Words, { state, message, scratch }: RoundLocals): Code {
  const out: Code[] = [];
  for (let round = 0; round < 80; round++) {
    const [a, b, c, d, e] = named(state, round);
    const word = (at: number): number => message[(round + at) % 16]!;
    const [x, y, z] = [get(b!), get(c!), get(d!)];
    const quarter = Math.floor(round / 20);
    const mixed = quarter === 0 ? choose(on, x, y, z) : quarter === 2 ? majority(on, x, y, z) : on.xor(on.xor(x, y), z);
    if (round >= 16) {
      const sum = on.xor(on.xor(get(word(13)), get(word(8))), on.xor(get(word(2)), get(word(0))));
      out.push(set(scratch, sum), set(word(0), on.rotateRight(get(scratch), 31)));
    }
    const part = on.add(get(word(0)), on.constant(SHA1_CONSTANTS[quarter]!));
    out.push(set(e!, on.add(on.add(on.add(get(e!), part), mixed), on.rotateRight(get(a!), 27))));
    out.push(set(b!, on.rotateRight(x, 2)));
  }
  return out;
}

/**
 * 16 rounds. What is added in each lies in memory behind `address`.
 * @param message whether that is the constant alone, the message being added here, and what the message words then become
 */
function sha256Sixteen(on: Words, locals: RoundLocals, message: "in memory" | "last words" | "more words"): Code {
  const out: Code[] = [];
  const sigma = (x: Code, ...turns: readonly number[]): Code =>
    turns.map((bits) => on.rotateRight(x, bits)).reduce((sum, turned) => on.xor(sum, turned));
  for (let round = 0; round < 16; round++) {
    const [a, b, c, d, e, f, g, h] = named(locals.state, round).map(get);
    const [, , , dAt, , , , hAt] = named(locals.state, round);
    const word = (at: number): Code => get(locals.message[(round + at) % 16]!);
    const known = on.spread(get(locals.address), 4 * round);
    const added = message === "in memory" ? known : on.add(known, word(0));
    // What is known last is added last: the rounds wait for each other.
    out.push(set(locals.scratch, on.add(on.add(h!, added), choose(on, e!, f!, g!))), set(hAt!, sigma(e!, 6, 11, 25)));
    out.push(set(dAt!, on.add(on.add(d!, get(locals.scratch)), h!)));
    const rest = on.add(on.add(get(locals.scratch), h!), majority(on, a!, b!, c!));
    out.push(set(hAt!, on.add(rest, sigma(a!, 2, 13, 22))));
    if (message !== "more words") continue;
    const low = on.xor(sigma(word(1), 7, 18), on.shiftRight(word(1), 3));
    const high = on.xor(sigma(word(14), 17, 19), on.shiftRight(word(14), 10));
    out.push(set(locals.message[round]!, on.add(on.add(on.add(word(0), word(9)), low), high)));
  }
  return out;
}

/** Sets `address` to each sixteenth of a table of 64 words, up to `end` of them. */
const sixteenths = (address: number, table: number, end: number, body: Code): Code => [
  set(address, ONE_WORD.constant(table)),
  repeatWhile(
    [body, set(address, ONE_WORD.add(get(address), ONE_WORD.constant(64)))],
    lessThan(get(address), ONE_WORD.constant(table + 64 * end)),
  ),
];

/** @param constants where SHA256_CONSTANTS lie in memory */
export const sha256Rounds = (on: Words, locals: RoundLocals, constants: number): Code => [
  sixteenths(locals.address, constants, 3, sha256Sixteen(on, locals, "more words")),
  sha256Sixteen(on, locals, "last words"),
];

/** The rounds of a block that is known beforehand. @param table where the sums of its words and the constants lie in memory */
export const sha256KnownRounds = (on: Words, locals: RoundLocals, table: number): Code =>
  sixteenths(locals.address, table, 4, sha256Sixteen(on, locals, "in memory"));

/** What `sha256KnownRounds` wants of a block of 16 words: 64 sums of words and constants. */
export function knownBlock(block: readonly number[]): number[] {
  const rotated = (x: number, bits: number): number => (x >>> bits) | (x << (32 - bits));
  const words = [...block];
  for (let i = 16; i < 64; i++) {
    const [x, y] = [words[i - 15]!, words[i - 2]!];
    const low = rotated(x, 7) ^ rotated(x, 18) ^ (x >>> 3);
    const high = rotated(y, 17) ^ rotated(y, 19) ^ (y >>> 10);
    words.push((words[i - 16]! + low + words[i - 7]! + high) | 0);
  }
  return words.map((word, i) => (word + SHA256_CONSTANTS[i]!) | 0);
}
