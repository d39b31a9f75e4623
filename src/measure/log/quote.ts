// Which beginning of a log explains PCR values, such as those of a quote: it was taken while entries were still being added, so the
// log may be longer; and the kernel may have extended a bank with padded SHA1 digests.

import { type Extended, nearestAlteration } from "./alteration.ts";
import type { Extension } from "./extension.ts";
import type { Fault } from "./fault.ts";
import type { PcrValue } from "./pcr-file.ts";
import { BankReplay, type ExtendMode } from "./replay.ts";

/** How the values were reached: with the digests that the log has, or recomputed ones, in which mode. */
export interface QuoteTrack {
  readonly bank: string;
  readonly pcr: number;
  readonly mode: ExtendMode;
  readonly digests: "listed" | "computed";
}

export type QuoteResult =
  /** The first `entries` entries explain the values; `after` follow, `afterInPcr` of them in the quoted PCRs. */
  | {
      readonly kind: "match";
      readonly entries: number;
      readonly after: number;
      readonly afterInPcr: number;
      readonly tracks: readonly QuoteTrack[];
      /** The first entry among them whose data or digest was altered in the log. */
      readonly altered: Fault | null;
    }
  /** No beginning explains them, but one would if it were not for this entry. */
  | { readonly kind: "altered"; readonly entry: number; readonly offset: number; readonly reason: string }
  | { readonly kind: "unexplained"; readonly reason: string };

interface Track {
  readonly replay: BankReplay;
  readonly listed: boolean;
}

interface Item {
  readonly wanted: PcrValue;
  tracks: Track[];
  /** The track that holds the value now. */
  holder: Track | null;
  /** After how many entries one first did. */
  firstAt: number | null;
}

/** So many extensions of a log are kept to look for an alteration. */
const MAX_KEPT = 2000;

export class QuoteSearch {
  readonly #items: Item[];
  #match: { readonly entries: number; readonly tracks: readonly QuoteTrack[] } | null = null;
  #entries = 0;
  #afterInPcr = 0;
  #forkedAtMismatch = false;
  #forkedAtViolation = false;
  readonly #kept = new Map<Item, Extended[]>();

  constructor(wanted: readonly PcrValue[]) {
    this.#items = wanted.map((value) => ({ wanted: value, tracks: [], holder: null, firstAt: null }));
  }

  /** The log's own algorithm is known only now: it may have been settled by the first digest. */
  #start(own: string): void {
    for (const item of this.#items) {
      const { bank } = item.wanted;
      item.tracks =
        bank === own
          ? [{ replay: new BankReplay(bank), listed: true }]
          : [{ replay: new BankReplay(bank), listed: false }];
      if (bank !== own && bank !== "sha1") item.tracks.push({ replay: new BankReplay(bank, "padded"), listed: false });
      this.#kept.set(item, []);
    }
    this.#look(() => true);
  }

  #look(concerns: (item: Item) => boolean): void {
    for (const item of this.#items) {
      if (!concerns(item)) continue;
      const { pcr, value } = item.wanted;
      item.holder = item.tracks.find(({ replay }) => replay.holds(pcr, value)) ?? null;
      if (item.holder !== null) item.firstAt ??= this.#entries;
    }
    if (this.#match !== null || this.#items.some((item) => item.holder === null)) return;
    const tracks = this.#items.map(({ wanted, holder }) => ({
      bank: wanted.bank,
      pcr: wanted.pcr,
      mode: holder!.replay.mode,
      digests: holder!.listed ? ("listed" as const) : ("computed" as const),
    }));
    this.#match = { entries: this.#entries, tracks };
  }

  /** A digest that does not fit: from here on, data and digest of the log tell different stories. */
  #forkAtMismatch(own: string): void {
    this.#forkedAtMismatch = true;
    for (const item of this.#items)
      if (item.wanted.bank === own)
        item.tracks.push(...item.tracks.map(({ replay }) => ({ replay: replay.fork(), listed: false })));
  }

  /** The first violation: old kernels and unknown banks have fewer ones in it. */
  #forkAtViolation(own: string): void {
    this.#forkedAtViolation = true;
    for (const item of this.#items) {
      if (item.wanted.bank === "sha1") continue;
      const padded = item.tracks.filter(
        ({ replay, listed }) => replay.mode === "padded" || (item.wanted.bank === own && listed),
      );
      item.tracks.push(...padded.map(({ replay, listed }) => ({ replay: replay.fork("padded-short"), listed })));
    }
  }

  /** Whether no value is looked for. */
  get idle(): boolean {
    return this.#items.length === 0;
  }

  entry(extension: Extension): void {
    if (this.#items.length === 0) return;
    if (this.#entries === 0) this.#start(extension.ownAlgo);
    const { pcr } = extension.record!;
    if (this.#match !== null) {
      this.#entries++;
      if (this.#items.some((item) => item.wanted.pcr === pcr)) this.#afterInPcr++;
      return;
    }
    if (!extension.fits && !this.#forkedAtMismatch) this.#forkAtMismatch(extension.ownAlgo);
    if (extension.zero && !this.#forkedAtViolation) this.#forkAtViolation(extension.ownAlgo);
    this.#entries++;
    for (const item of this.#items) {
      for (const { replay, listed } of item.tracks) extension.apply(replay, listed);
      this.#keep(item, extension);
    }
    this.#look((item) => item.wanted.pcr === pcr);
  }

  #keep(item: Item, extension: Extension): void {
    const kept = this.#kept.get(item)!;
    if (this.#entries > MAX_KEPT) {
      kept.length = 0;
      return;
    }
    const { pcr, number, offset, digest } = extension.record!;
    const own = item.wanted.bank === extension.ownAlgo;
    kept.push({
      pcr,
      number,
      offset,
      digest: extension.zero ? null : (own ? digest : extension.computed(item.wanted.bank)).slice(),
    });
  }

  /** @param faults what was found wrong with the entries themselves, in their order */
  result(faults: readonly Fault[]): QuoteResult {
    if (this.#entries === 0 && this.#items.length > 0) this.#start("sha1");
    const inData = faults.filter(
      (f) => f.code === "digest-mismatch" || f.code === "false-violation" || f.code === "unreadable",
    );
    if (this.#match !== null) {
      const { entries, tracks } = this.#match;
      const altered = inData.find((f) => f.entry < entries) ?? null;
      return { kind: "match", entries, after: this.#entries - entries, afterInPcr: this.#afterInPcr, tracks, altered };
    }
    const first = inData[0];
    if (first !== undefined) return { kind: "altered", entry: first.entry, offset: first.offset, reason: first.reason };
    const apart = this.#items.filter((item) => item.firstAt !== null);
    if (apart.length > 0)
      return {
        kind: "unexplained",
        reason: `no beginning of the log explains all values at once: ${this.#items
          .map(
            ({ wanted, firstAt }) =>
              `${wanted.bank}:${wanted.pcr} ${firstAt === null ? "is never reached" : `is reached after ${firstAt} entries`}`,
          )
          .join(", ")}`,
      };
    const found = nearestAlteration(
      this.#items.map((item) => ({ wanted: item.wanted, extended: this.#kept.get(item) ?? [] })),
    );
    if (found !== null) return { kind: "altered", ...found };
    return {
      kind: "unexplained",
      reason:
        "no beginning of the log explains the values, and every template digest fits its data: the log and the values are of different boots, entries are missing, or whole entries were made up",
    };
  }
}
