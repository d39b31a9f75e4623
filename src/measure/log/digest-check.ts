// Template digests recomputed: does the digest that a log has fit the data behind it?
import { digestInto } from "../../crypto/digest.ts";
import { HASH_ALGORITHMS, type HashName } from "../../crypto/hash.ts";
import { TPM_ALGORITHMS } from "../tpm-algorithm.ts";
import type { LogRecord } from "./record.ts";

const sizeOf = (algo: HashName): number => HASH_ALGORITHMS.find((row) => row.name === algo)!.size;
const SHA1_SIZE = 20;

/** The algorithms in which a list file may have digests of this size, the likely one first. */
export const algorithmsOfSize = (size: number): HashName[] =>
  TPM_ALGORITHMS.filter((a) => a.size === size).map((a) => a.name);

export class DigestCheck {
  /** How the log's digests are computed; a guess by their size until the first of them was checked. */
  algo: HashName;
  /** The digest of the record last checked. */
  computed: Uint8Array;
  readonly #candidates: readonly HashName[];
  /** Whether a digest that fits has told the algorithm. */
  settled = false;

  /** @param algo where it is known; else told by the size and the first digest. */
  constructor(digestSize: number, algo?: HashName) {
    this.#candidates = algo === undefined ? algorithmsOfSize(digestSize) : [algo];
    this.algo = this.#candidates[0]!;
    this.computed = new Uint8Array(sizeOf(this.algo));
  }

  /** Computes the digest of a record's data in `algo`. */
  compute(algo: HashName, record: LogRecord, out: Uint8Array): void {
    digestInto(algo, record.preimage, out, 0);
  }

  /** Whether the record's own digest fits its data; `computed` then holds what fits, else what would. */
  fits(record: LogRecord): boolean {
    if (this.#fitsIn(this.algo, record)) {
      this.settled = true;
      return true;
    }
    if (this.settled) return false;
    for (const algo of this.#candidates.slice(1)) {
      if (!this.#fitsIn(algo, record)) continue;
      this.algo = algo;
      this.settled = true;
      return true;
    }
    this.compute(this.algo, record, this.computed);
    return false;
  }

  #fitsIn(algo: HashName, record: LogRecord): boolean {
    const { digest } = record;
    const { computed } = this;
    if (digest.length !== computed.length) return false;
    this.compute(algo, record, computed);
    return same(digest, computed);
  }

  /** Whether the record has the SHA1 digest filled up with zeros: a bank whose hash the kernel cannot compute. */
  isPaddedSha1(record: LogRecord): boolean {
    const { digest } = record;
    for (let i = SHA1_SIZE; i < digest.length; i++) if (digest[i] !== 0) return false;
    if (digest.length <= SHA1_SIZE) return false;
    const sha1 = new Uint8Array(SHA1_SIZE);
    this.compute("sha1", record, sha1);
    if (!same(digest.subarray(0, SHA1_SIZE), sha1)) return false;
    this.computed.fill(0).set(sha1);
    return true;
  }
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
}
