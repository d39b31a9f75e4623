// The PCRs of a bank as the entries of a log extend them.
import { digestInto } from "../../crypto/digest.ts";
import { HASH_ALGORITHMS, type HashName } from "../../crypto/hash.ts";
import { isDynamicPcr, PCR_COUNT } from "../tpm.ts";
import { same } from "./digest-check.ts";

/**
 * What a kernel extends a bank with. `computed`: the template digest in the bank's hash, ones for a violation. `padded`: the SHA1 digest filled
 * up with zeros, where the kernel cannot compute the bank's hash; still ones all over for a violation. `padded-short`: the same with 20
 * bytes of ones, before 5.8 and in banks that the kernel does not know.
 */
export type ExtendMode = "computed" | "padded" | "padded-short";

const SHA1_SIZE = 20;

export class BankReplay {
  readonly algo: HashName;
  readonly size: number;
  readonly mode: ExtendMode;
  /** For each PCR that was extended: its value, then room for the digest that it is extended with. */
  readonly #states: (Uint8Array | undefined)[] = [];
  readonly #spoiler: Uint8Array;

  constructor(algo: HashName, mode: ExtendMode = "computed") {
    this.algo = algo;
    this.mode = mode;
    this.size = HASH_ALGORITHMS.find((row) => row.name === algo)!.size;
    this.#spoiler = new Uint8Array(this.size).fill(0xff, 0, mode === "padded-short" ? SHA1_SIZE : this.size);
  }

  /** A copy that goes its own way from here, perhaps in another mode. */
  fork(mode: ExtendMode = this.mode): BankReplay {
    const twin = new BankReplay(this.algo, mode);
    this.#states.forEach((state, pcr) => {
      twin.#states[pcr] = state?.slice();
    });
    return twin;
  }

  /** The state of a PCR that a TPM extends; null for others. */
  #state(pcr: number): Uint8Array | null {
    if (pcr >= PCR_COUNT || isDynamicPcr(pcr)) return null;
    let state = this.#states[pcr];
    if (state === undefined) {
      state = new Uint8Array(2 * this.size);
      this.#states[pcr] = state;
    }
    return state;
  }

  /** Extends a PCR with a digest, filled up with zeros where it is shorter. What a TPM refuses changes nothing. */
  extend(pcr: number, digest: Uint8Array): void {
    const state = this.#state(pcr);
    if (state === null) return;
    const { size } = this;
    for (let i = 0; i < size; i++) state[size + i] = digest[i] ?? 0;
    digestInto(this.algo, state, state, 0);
  }

  /** Lets `extend` work on the value of a PCR in place. */
  change(pcr: number, extend: (value: Uint8Array) => void): void {
    const state = this.#state(pcr);
    if (state !== null) extend(state.subarray(0, this.size));
  }

  /** What a violation does to a PCR. */
  spoil(pcr: number): void {
    this.extend(pcr, this.#spoiler);
  }

  /** Gives a PCR a value of zeros and a last byte: PCR 0 starts with the locality of the TPM's startup. */
  start(pcr: number, last: number): void {
    const state = new Uint8Array(2 * this.size);
    state[this.size - 1] = last;
    this.#states[pcr] = state;
  }

  /** Whether a PCR has this value. */
  holds(pcr: number, value: Uint8Array): boolean {
    const state = this.#states[pcr];
    if (state === undefined)
      return value.length === this.size && value.every((b) => b === (isDynamicPcr(pcr) ? 0xff : 0));
    return state[0] === value[0] && same(value, state.subarray(0, this.size));
  }

  /** The values of the PCRs that were extended. */
  values(): Map<number, Uint8Array> {
    const values = new Map<number, Uint8Array>();
    this.#states.forEach((state, pcr) => {
      if (state !== undefined) values.set(pcr, state.slice(0, this.size));
    });
    return values;
  }
}
