// The hash algorithms of TPM PCR banks (TCG Algorithm Registry) and which of them the kernel maps to a hash of its own
// (drivers/char/tpm/tpm2-cmd.c: tpm2_hash_map). A bank of another algorithm is extended with padded SHA1.
import type { HashName } from "../crypto/hash.ts";
import { InputError } from "../errno/index.ts";

export interface TpmAlgorithm {
  /** TPM_ALG_ID. */
  readonly id: number;
  /** As the kernel names the hash, and as sysfs names the bank. */
  readonly name: HashName;
  /** Digest size in bytes. */
  readonly size: number;
  /** Whether the kernel knows which of its hashes this is. */
  readonly mapped: boolean;
}

export const TPM_ALGORITHMS: readonly TpmAlgorithm[] = [
  { id: 0x0004, name: "sha1", size: 20, mapped: true },
  { id: 0x000b, name: "sha256", size: 32, mapped: true },
  { id: 0x000c, name: "sha384", size: 48, mapped: true },
  { id: 0x000d, name: "sha512", size: 64, mapped: true },
  { id: 0x0012, name: "sm3", size: 32, mapped: true },
  { id: 0x0027, name: "sha3-256", size: 32, mapped: false },
  { id: 0x0028, name: "sha3-384", size: 48, mapped: false },
  { id: 0x0029, name: "sha3-512", size: 64, mapped: false },
];

/** @throws InputError `bad-bank` for a name that no TPM bank has. */
export function tpmAlgorithm(name: string, where = "bank"): TpmAlgorithm {
  const found = TPM_ALGORITHMS.find((a) => a.name === name);
  if (found === undefined)
    throw new InputError(
      "bad-bank",
      where,
      `'${name.slice(0, 40)}' is none of the PCR banks ${TPM_ALGORITHMS.map((a) => a.name).join(", ")}`,
    );
  return found;
}
