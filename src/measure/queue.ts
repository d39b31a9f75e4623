// The queue of entries of a running kernel: duplicates are refused, each new entry extends a PCR; what user space has staged and
// deleted is gone from it, not from the memory for duplicates (security/integrity/ima/ima_queue.c).
import type { Denial } from "../errno/index.ts";
import type { MeasureSetup } from "./boot-parameter.ts";
import type { Entry, TemplateData } from "./entry.ts";
import { slotDigests } from "./slot.ts";

/** What became of an entry: `exists` stands for EEXIST, `suspended` for ENODEV. */
export type AddOutcome = "added" | "exists" | "suspended";

const SHA1_SIZE = 20;
/** PCR and digest as one string, a character a byte. */
function keyOf(pcr: number, digest: Uint8Array): string {
  let key = `${pcr}:`;
  for (let i = 0; i < digest.length; i++) key += String.fromCharCode(digest[i]!);
  return key;
}

/** What the kernel counts for an entry in a binary list: a nameless template's format, although it is written, counts nothing. */
function countedSize(data: TemplateData): number {
  const name = data.template.name === "" ? 0 : data.template.titleBytes.length;
  return 4 + SHA1_SIZE + 4 + name + 4 + data.fields.reduce((sum, field) => sum + 4 + field.length, 0);
}

export class EntryQueue {
  readonly #setup: MeasureSetup;
  readonly #seen = new Set<string>();
  /** The slot whose digests tell duplicates. */
  readonly #keySlot: number;
  #current: Entry[] = [];
  #staged: Entry[] = [];
  #currentSize = 0;
  #stagedSize = 0;
  #everAdded = 0;
  #everAddedSize = 0;
  #suspended = false;

  constructor(setup: MeasureSetup) {
    this.#setup = setup;
    const key = setup.release.has("per-bank-digests") ? setup.hash : "sha1";
    this.#keySlot = setup.slots.findIndex((slot) => slot.algo === key);
  }

  /** Entries that the ordinary list files show. */
  get current(): readonly Entry[] {
    return this.#current;
  }

  /** Entries that user space has staged and not yet deleted. */
  get staged(): readonly Entry[] {
    return this.#staged;
  }

  /** Bytes counted for the entries, without a header: of those still there, and of all since boot. */
  get size(): number {
    return this.#currentSize + this.#stagedSize;
  }
  get everAddedSize(): number {
    return this.#everAddedSize;
  }
  get everAdded(): number {
    return this.#everAdded;
  }

  /** The machine is going down: releases that know of it refuse further entries. */
  suspend(): void {
    this.#suspended = this.#setup.release.has("suspend-measurements");
  }

  #append(entry: Entry): void {
    const size = countedSize(entry);
    this.#current.push(entry);
    this.#currentSize += size;
    this.#everAdded++;
    this.#everAddedSize += size;
  }

  /**
   * Adds an entry and extends its PCR.
   * @returns what became of it, and the TPM's response code.
   */
  add(data: TemplateData, pcr: number, violation: boolean): { readonly outcome: AddOutcome; readonly tpm: number } {
    const { slots, tpm, littleEndian, deduplicate } = this.#setup;
    if (this.#suspended) return { outcome: "suspended", tpm: 0 };
    const digests = violation ? slots.map((slot) => new Uint8Array(slot.size)) : slotDigests(slots, data, littleEndian);
    const key = keyOf(pcr, digests[this.#keySlot]!);
    if (!violation && deduplicate && this.#seen.has(key)) return { outcome: "exists", tpm: 0 };
    this.#append({ template: data.template, fields: data.fields, pcr, digests });
    this.#seen.add(key);
    const banks = slots.filter((slot) => slot.bank);
    const extension = violation ? banks.map((slot) => slot.spoiler) : digests.slice(0, banks.length);
    return { outcome: "added", tpm: tpm?.extend(pcr, extension) ?? 0 };
  }

  /** Takes an entry over from the kernel before: it extends nothing and no later entry is its duplicate. */
  restore(data: TemplateData, pcr: number, zero: boolean): void {
    const { slots, littleEndian } = this.#setup;
    const digests = zero ? slots.map((slot) => new Uint8Array(slot.size)) : slotDigests(slots, data, littleEndian);
    this.#append({ ...data, pcr, digests });
  }

  /** Moves all current entries to the staged ones. */
  stage(): Denial {
    if (this.#staged.length > 0) return "EEXIST";
    if (this.#current.length === 0) return "ENOENT";
    if (this.#suspended) return "EACCES";
    [this.#staged, this.#stagedSize] = [this.#current, this.#currentSize];
    [this.#current, this.#currentSize] = [[], 0];
    return null;
  }

  /** Deletes the staged entries; with ima_flush_htable all digests are forgotten, so that any entry may come again. */
  deleteStaged(): Denial {
    if (this.#staged.length === 0) return "ENOENT";
    if (this.#suspended) return "ESTALE";
    [this.#staged, this.#stagedSize] = [[], 0];
    // The whole table is replaced, so what came after the staging is forgotten as well.
    if (this.#setup.flushSeen) this.#seen.clear();
    return null;
  }

  /** Deletes the first `count` current entries. */
  deleteFirst(count: number): Denial {
    if (count > this.#current.length) return "ENOENT";
    if (this.#suspended) return "ESTALE";
    for (const entry of this.#current.splice(0, count)) this.#currentSize -= countedSize(entry);
    return null;
  }
}
