// The hash algorithms in which template digests are kept: one slot a PCR bank, and further ones for SHA1 and ima_hash where the TPM
// has no such bank (security/integrity/ima/ima_crypto.c: ima_init_crypto, ima_calc_field_array_hash).
import type { KernelLog } from "../audit/index.ts";
import { HASH_ALGORITHMS, type HashName, hashNameOf } from "../crypto/hash.ts";
import type { Release } from "../release/index.ts";
import { type Entry, type TemplateData, templateDigests } from "./entry.ts";
import type { SimulatedTpm } from "./tpm.ts";

export interface Slot {
  readonly algo: HashName;
  /** Digest size in bytes. */
  readonly size: number;
  /** Whether the kernel computes this algorithm; if not, the slot holds SHA1 digests, filled up with zeros. */
  readonly computed: boolean;
  /** Part of the name of this slot's list files; null where it has none. */
  readonly fileSuffix: string | null;
  /** Whether it is a bank of the TPM. */
  readonly bank: boolean;
  /** Digest with which a violation spoils the PCR. */
  readonly spoiler: Uint8Array;
}

const SHA1_SIZE = 20;
const sizeOf = (algo: HashName): number => HASH_ALGORITHMS.find((row) => row.name === algo)!.size;
const onesUpTo = (ones: number, size: number): Uint8Array => new Uint8Array(size).fill(0xff, 0, ones);

export interface SlotEnvironment {
  readonly release: Release;
  readonly log: KernelLog;
  readonly tpm: SimulatedTpm | null;
  /** Whether the kernel can allocate a hash algorithm now. */
  readonly hashAvailable: (algo: HashName) => boolean;
}

/** What a printk line says of an algorithm that cannot be had: ENOENT of crypto_alloc_shash. */
function allocate(algo: HashName, { release, log, hashAvailable }: SlotEnvironment): boolean {
  if (hashAvailable(algo)) return true;
  const name = hashNameOf(HASH_ALGORITHMS.find((row) => row.name === algo)!, release);
  log.printk(`ima: Can not allocate ${name} (reason: -2)`);
  return false;
}

/**
 * Allocates ima_hash and the algorithms of all slots, with the kernel's log lines.
 * @returns the slots in the kernel's order: banks, SHA1, ima_hash; null where ima_hash or SHA1 cannot be had.
 */
export function allocateSlots(hash: HashName, environment: SlotEnvironment): Slot[] | null {
  const { release, log, tpm } = environment;
  if (!allocate(hash, environment)) return null;
  const row = HASH_ALGORITHMS.find((r) => r.name === hash)!;
  log.printk(`ima: Allocated hash algorithm: ${hashNameOf(row, release)}`);

  const perBank = release.has("per-bank-digests");
  const slots: Slot[] = [];
  for (const bank of tpm?.banks ?? []) {
    const computed = perBank && bank.mapped && (bank.name === hash || allocate(bank.name, environment));
    if (bank.name === "sha1" && perBank && !computed) return null;
    slots.push({
      algo: bank.name,
      size: bank.size,
      computed: computed || bank.name === "sha1",
      bank: true,
      fileSuffix: bank.mapped ? bank.name : release.has("list-unknown-bank") ? `tpm_alg_${bank.id.toString(16)}` : null,
      spoiler: onesUpTo(perBank && bank.mapped ? bank.size : SHA1_SIZE, bank.size),
    });
  }
  for (const algo of ["sha1", hash] as const) {
    if (slots.some((slot) => slot.algo === algo) || (algo !== "sha1" && !perBank)) continue;
    if (algo !== hash && !allocate(algo, environment)) return null;
    const size = sizeOf(algo);
    slots.push({
      algo,
      size,
      computed: true,
      bank: false,
      fileSuffix: algo === "sha1" ? "sha1" : null,
      spoiler: onesUpTo(size, size),
    });
  }
  return slots;
}

/** The template digest of each slot. */
export function slotDigests(slots: readonly Slot[], data: TemplateData, littleEndian: boolean): Entry["digests"] {
  const digests = templateDigests(
    slots.map((slot) => (slot.computed ? slot.algo : "sha1")),
    data,
    littleEndian,
  );
  return slots.map((slot, i) => {
    if (slot.computed) return digests[i]!;
    const padded = new Uint8Array(slot.size);
    padded.set(digests[i]!);
    return padded;
  });
}
