// Whether a boot_aggregate is the digest of given PCR values (security/integrity/ima/ima_crypto.c: ima_calc_boot_aggregate).
import { HASH_ALGORITHMS, type HashName, hashByName } from "../../crypto/hash.ts";
import { aggregate, aggregatedPcrs } from "../boot-aggregate.ts";
import { toHex } from "../hex.ts";
import { same } from "./digest-check.ts";
import type { PcrValue } from "./pcr-file.ts";
import type { LogEntry } from "./record.ts";

export interface BootCheck {
  readonly entry: number;
  readonly algo: string;
  readonly digest: Uint8Array;
  /** `unchecked`: the PCRs of its bank were not given. `no-tpm`: all zero, the kernel found no TPM. */
  readonly status: "matches" | "differs" | "no-tpm" | "unchecked";
  readonly problem: string | null;
}

export class BootAggregateCheck {
  readonly #values: readonly PcrValue[];

  constructor(values: readonly PcrValue[]) {
    this.#values = values;
  }

  check(entry: LogEntry): BootCheck {
    const { algo, digest } = fileDigest(entry) ?? { algo: "none", digest: new Uint8Array(0) };
    const found = (status: BootCheck["status"], problem: string | null): BootCheck => ({
      entry: entry.number,
      algo,
      digest,
      status,
      problem,
    });
    const known = HASH_ALGORITHMS.find((row) => row.name === (algo === "sm3-256" ? "sm3" : hashByName(algo)?.name));
    const expected = known === undefined ? [] : this.#expected(known.name);
    const none = digest.every((b) => b === 0);
    if (expected.length === 0) return found(none ? "no-tpm" : "unchecked", null);
    if (expected.some((value) => same(value, digest))) return found("matches", null);
    const should = toHex(expected[0]!);
    return found(
      "differs",
      `boot_aggregate is ${none ? "zero" : toHex(digest)}, but that of the given PCRs is ${should}`,
    );
  }

  /** What the aggregate of a bank can be: of PCR 0-9, or 0-7 as releases before 5.9 have it; none where a PCR is not given. */
  #expected(bank: HashName): Uint8Array[] {
    const values = Array.from(
      { length: aggregatedPcrs(bank, undefined) },
      (_, i) => this.#values.find((v) => v.bank === bank && v.pcr === i)?.value,
    );
    return [values, values.slice(0, 8)]
      .filter((list): list is Uint8Array[] => list.every((value) => value !== undefined))
      .map((list) => aggregate(bank, list));
  }
}

/** The file digest of an entry and the name of its algorithm; null where its template has none. */
export function fileDigest(
  entry: Pick<LogEntry, "template" | "fields">,
): { readonly algo: string; readonly digest: Uint8Array } | null {
  const index = entry.template.fields.findIndex(({ id }) => id === "d-ng" || id === "d-ngv2" || id === "d");
  const data = entry.fields[index];
  if (data === undefined) return null;
  if (entry.template.fields[index]!.shape === "digest")
    return { algo: data.length === 16 ? "md5" : "sha1", digest: data };
  const nul = data.indexOf(0);
  if (nul < 1) return null;
  const label = new TextDecoder().decode(data.subarray(0, nul - 1));
  return { algo: label.slice(label.lastIndexOf(":") + 1), digest: data.subarray(nul + 1) };
}
