// boot_aggregate: the digest of what firmware and boot loader left in the PCRs (security/integrity/ima/ima_crypto.c:
// ima_calc_boot_aggregate; ima_init.c: ima_add_boot_aggregate).
import { digest } from "../crypto/digest.ts";
import { HASH_ALGORITHMS, type HashName } from "../crypto/hash.ts";
import type { Release } from "../release/index.ts";
import type { EventDigest } from "./event.ts";
import type { SimulatedTpm } from "./tpm.ts";

export const BOOT_AGGREGATE = "boot_aggregate";

/**
 * The bank whose PCRs are aggregated: that of the wanted hash, else SHA256, else SHA1, undefined where none fits.
 * `banks` are the mapped banks in the TPM's order.
 */
export function aggregateBank<Bank extends { readonly name: HashName; readonly mapped: boolean }>(
  banks: readonly Bank[],
  wanted: HashName,
): Bank | undefined {
  const mapped = banks.filter((bank) => bank.mapped);
  return ([wanted, "sha256", "sha1"] as const)
    .map((name) => mapped.find((bank) => bank.name === name))
    .find((bank) => bank !== undefined);
}

/** The PCRs that the aggregate of a bank covers: 0-7, and in banks other than SHA1 also 8 and 9 since 5.9. */
export function aggregatedPcrs(bank: HashName, release: Release | undefined): number {
  return bank !== "sha1" && (release === undefined || release.has("boot-aggregate-pcr-8-9")) ? 10 : 8;
}

/** The aggregate over PCR values that start with PCR 0. */
export function aggregate(bank: HashName, pcrs: readonly Uint8Array[]): Uint8Array {
  return digest(bank, ...pcrs);
}

const zeros = (algo: HashName): Uint8Array => new Uint8Array(HASH_ALGORITHMS.find((row) => row.name === algo)!.size);

function ofBank(tpm: SimulatedTpm, bank: HashName, release: Release): Uint8Array {
  const pcrs = Array.from({ length: aggregatedPcrs(bank, release) }, (_, i) => tpm.pcr(bank, i));
  return aggregate(bank, pcrs);
}

/** The digest of the boot_aggregate entry; zeros without a TPM, and, with `unsuitable` called, where no bank fits. */
export function bootAggregate(
  tpm: SimulatedTpm | null,
  hash: HashName,
  release: Release,
  unsuitable: () => void,
): EventDigest {
  const wanted = release.has("boot-aggregate-bank") ? hash : "sha1";
  if (tpm === null) return { algo: wanted, bytes: zeros(wanted) };
  const bank = release.has("boot-aggregate-bank")
    ? aggregateBank(tpm.banks, wanted)
    : tpm.banks.find((b) => b.name === "sha1");
  if (bank === undefined) {
    if (release.has("boot-aggregate-bank")) unsuitable();
    return { algo: wanted, bytes: zeros(wanted) };
  }
  return { algo: bank.name, bytes: ofBank(tpm, bank.name, release) };
}

/** What the field `d` records: the aggregate of the SHA1 bank; null where the TPM has none, or there is no TPM. */
export function sha1Aggregate(tpm: SimulatedTpm | null, release: Release): Uint8Array | null {
  return tpm?.banks.some((bank) => bank.name === "sha1") === true ? ofBank(tpm, "sha1", release) : null;
}
