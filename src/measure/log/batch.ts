// Entries checked many at a time. Logs are long and nearly all of their entries are right: a batch answers only whether all of them are,
// and extends the PCRs if so. Otherwise they are looked at one by one, which tells what is wrong.
import type { HashName } from "../../crypto/hash.ts";
import { LANES_CAPACITY, type LanesHash, ONES, ShaLanes } from "../../crypto/lanes/lanes.ts";
import type { LogRecord } from "./record.ts";
import type { BankReplay } from "./replay.ts";

const isLanesHash = (algo: HashName): algo is LanesHash => algo === "sha1" || algo === "sha256";

export class RecordBatch {
  readonly #replays: readonly BankReplay[];
  readonly #lanes: ShaLanes;
  readonly #pcrs = new Uint8Array(LANES_CAPACITY);
  /** The slot of each entry's digest: its own, or ONES. */
  readonly #slots = new Int32Array(LANES_CAPACITY);
  readonly #picked = new Int32Array(LANES_CAPACITY);
  #count = 0;
  #violations = 0;
  readonly #templates = new Map<string, number>();
  /** The template of the last entries, and how many of them are not in the map yet. */
  #title = "";
  #titled = 0;

  private constructor(replays: readonly BankReplay[], lanes: ShaLanes) {
    this.#replays = replays;
    this.#lanes = lanes;
  }

  /**
   * @param own the algorithm of the log's digests
   * @returns null where other algorithms than SHA-1 and SHA-256 are wanted, or the platform has no fast ones.
   */
  static create(own: HashName, replays: readonly BankReplay[]): RecordBatch | null {
    if (!isLanesHash(own) || !replays.every(({ algo }) => isLanesHash(algo))) return null;
    const wanted = new Set([own, ...replays.map(({ algo }) => algo as LanesHash)]);
    const lanes = ShaLanes.create([...wanted], own);
    return lanes === null ? null : new RecordBatch(replays, lanes);
  }

  get count(): number {
    return this.#count;
  }

  get violations(): number {
    return this.#violations;
  }

  /** How many entries of each template. */
  get templates(): ReadonlyMap<string, number> {
    this.#countTemplates("");
    return this.#templates;
  }

  #countTemplates(next: string): void {
    if (this.#titled > 0) this.#templates.set(this.#title, (this.#templates.get(this.#title) ?? 0) + this.#titled);
    this.#title = next;
    this.#titled = 0;
  }

  /** Takes an entry. False: it is too long, or there are too many. */
  add(record: LogRecord): boolean {
    const at = this.#count;
    if (at === LANES_CAPACITY) return false;
    const { title } = record.template;
    if (title !== this.#title) this.#countTemplates(title);
    const { data, preimageStart, preimageEnd, digestData, digestStart } = record;
    if (record.isZero()) {
      this.#slots[at] = ONES;
      this.#violations++;
    } else {
      if (!this.#lanes.add(at, data, preimageStart, preimageEnd, digestData, digestStart)) return false;
      this.#slots[at] = at;
    }
    this.#pcrs[at] = record.pcr;
    this.#titled++;
    this.#count++;
    return true;
  }

  /** Whether every digest of the log fits its data. To be asked once. */
  fits(): boolean {
    return this.#lanes.finish();
  }

  /** Extends the PCRs of all banks. */
  extend(): void {
    const done = new Set<number>();
    for (let first = 0; first < this.#count; first++) {
      const pcr = this.#pcrs[first]!;
      if (first > 0 && pcr === this.#pcrs[first - 1]) continue;
      if (done.has(pcr)) continue;
      done.add(pcr);
      let count = 0;
      for (let i = first; i < this.#count; i++) if (this.#pcrs[i] === pcr) this.#picked[count++] = this.#slots[i]!;
      for (const replay of this.#replays)
        replay.change(pcr, (value) => this.#lanes.extend(replay.algo as LanesHash, value, this.#picked, count));
    }
  }

  clear(): void {
    this.#templates.clear();
    this.#title = "";
    this.#titled = 0;
    this.#count = 0;
    this.#violations = 0;
  }
}
