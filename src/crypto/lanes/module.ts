// The module that hashes: four messages at once, and the chain of a PCR that is extended again and again.
import {
  assemble,
  type Code,
  FOUR_WORDS,
  get,
  loadVector,
  ONE_WORD,
  repeatWhile,
  set,
  store,
  storeVector,
  tee,
  type WasmFunction,
} from "./assembler.ts";
import {
  knownBlock,
  type RoundLocals,
  SHA1_START,
  SHA256_CONSTANTS,
  SHA256_START,
  sha1Rounds,
  sha256KnownRounds,
  sha256Rounds,
} from "./rounds.ts";

/** Bytes of a block of four messages side by side. */
export const LANES_BLOCK = 256;

/** Where the module's tables lie in memory; what is hashed lies behind `end`. */
const CONSTANTS = 0;
const PADDING = 256;
export const TABLES_END = 512;
/** What follows 64 bytes of message. */
const PADDING_BLOCK = [0x80000000 | 0, ...new Array<number>(14).fill(0), 512];
/** The words of memory from address 0 on. */
export const TABLES: readonly number[] = [...SHA256_CONSTANTS, ...knownBlock(PADDING_BLOCK)];

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);
const { add, constant, spread } = ONE_WORD;
const move = (local: number, by: number): Code => set(local, add(get(local), constant(by)));
const oneLess = (local: number): Code => tee(local, add(get(local), constant(-1)));

/**
 * Digests of four messages of the same number of blocks. Parameters: the address of the blocks, in which word by word those of the four
 * lie side by side; their count; the address for the digests, laid out in the same way.
 */
function digestLanes(name: string, start: readonly number[], rounds: (locals: RoundLocals) => Code): WasmFunction {
  const size = start.length;
  const [blocks, count, out, address] = range(0, 4);
  const chain = range(4, size);
  const state = range(4 + size, size);
  const message = range(4 + 2 * size, 16);
  const scratch = 4 + 2 * size + 16;
  const block = [
    message.map((local, i) => set(local, loadVector(get(blocks!), 16 * i))),
    state.map((local, i) => set(local, get(chain[i]!))),
    rounds({ state, message, scratch, address: address! }),
    chain.map((local, i) => set(local, FOUR_WORDS.add(get(local), get(state[i]!)))),
    move(blocks!, LANES_BLOCK),
  ];
  const body = [
    chain.map((local, i) => set(local, FOUR_WORDS.constant(start[i]!))),
    repeatWhile(block, oneLess(count!)),
    chain.map((local, i) => storeVector(get(out!), 16 * i, get(local))),
  ];
  return { name, parameters: 3, words: 1, vectors: 2 * size + 17, body };
}

/**
 * Extends a value: value = digest(value, next) for each of the next values, whose words lie where `digestLanes` puts those of one lane.
 * Parameters: the address of the addresses of these; their count, at least 1; the address of the value.
 * @param rest what follows value and next in the block, where they do not fill it
 * @param last the rounds of the block behind it, where they do
 */
function extendChain(
  name: string,
  start: readonly number[],
  rounds: (locals: RoundLocals) => Code,
  rest: readonly number[],
  last: ((locals: RoundLocals) => Code) | null,
): WasmFunction {
  const size = start.length;
  const [list, count, value, next, scratch, address] = range(0, 6);
  const chain = range(6, size);
  const state = range(6 + size, size);
  const message = range(6 + 2 * size, 16);
  const locals = { state, message, scratch: scratch!, address: address! };
  const block = (words: Code, from: readonly Code[]): Code => [
    state.map((local, i) => set(local, from[i]!)),
    words,
    chain.map((local, i) => set(local, add(from[i]!, get(state[i]!)))),
  ];
  const extension = [
    set(next!, spread(get(list!), 0)),
    chain.map((local, i) => [set(message[i]!, get(local)), set(message[size + i]!, spread(get(next!), 16 * i))]),
    rest.map((word, i) => set(message[2 * size + i]!, constant(word))),
    block(rounds(locals), start.map(constant)),
    last === null ? [] : block(last(locals), chain.map(get)),
    move(list!, 4),
  ];
  const body = [
    chain.map((local, i) => set(local, spread(get(value!), 4 * i))),
    repeatWhile(extension, oneLess(count!)),
    chain.map((local, i) => store(get(value!), 4 * i, get(local))),
  ];
  return { name, parameters: 3, words: 3 + 2 * size + 16, vectors: 0, body };
}

/** @param pages of 64 KiB of memory */
export const lanesModule = (pages: number): Uint8Array =>
  assemble(
    [
      digestLanes("digestSha1", SHA1_START, (locals) => sha1Rounds(FOUR_WORDS, locals)),
      digestLanes("digestSha256", SHA256_START, (locals) => sha256Rounds(FOUR_WORDS, locals, CONSTANTS)),
      extendChain(
        "extendSha1",
        SHA1_START,
        (locals) => sha1Rounds(ONE_WORD, locals),
        // The end of a message of 40 bytes.
        [0x80000000 | 0, 0, 0, 0, 0, 320],
        null,
      ),
      extendChain(
        "extendSha256",
        SHA256_START,
        (locals) => sha256Rounds(ONE_WORD, locals, CONSTANTS),
        [],
        (locals) => sha256KnownRounds(ONE_WORD, locals, PADDING),
      ),
    ],
    pages,
  );
