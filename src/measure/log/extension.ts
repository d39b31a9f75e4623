// What one entry extends the banks of a TPM with, as far as a log tells.
import { digestInto } from "../../crypto/digest.ts";
import { HASH_ALGORITHMS, type HashName } from "../../crypto/hash.ts";
import type { DigestCheck } from "./digest-check.ts";
import type { LogRecord } from "./record.ts";
import type { BankReplay } from "./replay.ts";

const sizeOf = (algo: HashName): number => HASH_ALGORITHMS.find((row) => row.name === algo)!.size;

/**
 * The digests of the current record, each computed once however many replays want it.
 * INVARIANT: between `begin` calls the record does not change.
 */
export class Extension {
  record: LogRecord | null = null;
  zero = false;
  /** Whether the record's digest fits its data, or there is none to fit. */
  fits = true;
  readonly #check: DigestCheck;
  readonly #computed = new Map<HashName, { readonly bytes: Uint8Array; of: number }>();

  constructor(check: DigestCheck) {
    this.#check = check;
  }

  /** The algorithm of the log's own digests. */
  get ownAlgo(): HashName {
    return this.#check.algo;
  }

  begin(record: LogRecord): void {
    this.record = record;
    this.zero = record.isZero();
    this.fits = this.zero || this.#check.fits(record) || this.#check.isPaddedSha1(record);
  }

  /** The template digest in `algo`, recomputed. Valid until the next record. */
  computed(algo: HashName): Uint8Array {
    const record = this.record!;
    let slot = this.#computed.get(algo);
    if (slot === undefined) {
      slot = { bytes: new Uint8Array(sizeOf(algo)), of: -1 };
      this.#computed.set(algo, slot);
    }
    if (slot.of !== record.number) {
      // A digest that fits need not be computed again.
      if (algo === this.ownAlgo && !this.zero) slot.bytes.set(this.#check.computed);
      else digestInto(algo, record.preimage, slot.bytes, 0);
      slot.of = record.number;
    }
    return slot.bytes;
  }

  /** Extends a replay as its mode wants it: with the digest that the log has, where `listed`, else with a computed one. */
  apply(replay: BankReplay, listed: boolean): void {
    const { pcr, digest } = this.record!;
    if (this.zero) replay.spoil(pcr);
    else if (listed) replay.extend(pcr, digest);
    else replay.extend(pcr, this.computed(replay.mode === "computed" ? replay.algo : "sha1"));
  }
}
