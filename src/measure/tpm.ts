// A TPM as IMA uses it: banks of 24 PCRs that only grow by extending (TPM 2.0 Library Specification, part 1, 17; TCG PC Client
// Platform TPM Profile, 4.6; TPM Main Specification 1.2, part 3, 14), and the files in which the kernel shows them
// (drivers/char/tpm/tpm-sysfs.c).
import { digest } from "../crypto/digest.ts";
import { InputError } from "../errno/index.ts";
import type { Release } from "../release/index.ts";
import { fromHex, toHex } from "./hex.ts";
import { type TpmAlgorithm, tpmAlgorithm } from "./tpm-algorithm.ts";

/** PCRs of one bank: 0-23. */
export const PCR_COUNT = 24;

/** 17-22 belong to a dynamic launch that never happened: they hold ones, and the operating system may not extend them. */
export const isDynamicPcr = (index: number): boolean => index >= 17 && index <= 22;

/**
 * `noPcr`: TPM_RC_VALUE for the first handle, TPM_BADINDEX. `locality`: the operating system (locality 0) may not extend 17-22:
 * TPM_RC_LOCALITY, TPM_BAD_LOCALITY.
 */
const REFUSALS = { "2.0": { noPcr: 0x184, locality: 0x907 }, "1.2": { noPcr: 2, locality: 61 } } as const;

export interface TpmOptions {
  /** Of the TPM's specification; "2.0" where left out. One of 1.2 has the bank sha1 only. */
  readonly version?: "1.2" | "2.0";
  /** In the order in which the TPM reports its allocated banks. */
  readonly banks: readonly string[];
  /** What firmware and boot loader left in them: bank name -> PCR index -> value, as bytes or hex digits. */
  readonly pcrs?: Readonly<Record<string, Readonly<Record<number, Uint8Array | string>>>>;
}

/** One file of sysfs. */
export interface SysfsFile {
  /** Below /sys/class/tpm/tpm0/. */
  readonly path: string;
  readonly mode: number;
  read(): string;
}

export class SimulatedTpm {
  readonly version: "1.2" | "2.0";
  readonly banks: readonly TpmAlgorithm[];
  readonly #pcrs = new Map<string, Uint8Array[]>();

  /** @throws InputError `bad-bank`, `bad-pcr` for an unknown bank, a PCR outside 0-23 or a value of another size. */
  constructor(options: TpmOptions) {
    if (options.banks.length === 0) throw new InputError("bad-bank", "tpm.banks", "a TPM has at least one bank");
    this.version = options.version ?? "2.0";
    this.banks = options.banks.map((name, i) => tpmAlgorithm(name, `tpm.banks[${i}]`));
    if (this.version === "1.2" && this.banks.some(({ name }) => name !== "sha1"))
      throw new InputError("bad-bank", "tpm.banks", "a TPM 1.2 has the bank sha1 and no other");
    for (const bank of this.banks) {
      if (this.#pcrs.has(bank.name)) throw new InputError("bad-bank", "tpm.banks", `${bank.name} stands there twice`);
      const values = Array.from({ length: PCR_COUNT }, (_, i) =>
        new Uint8Array(bank.size).fill(isDynamicPcr(i) ? 0xff : 0),
      );
      this.#pcrs.set(bank.name, values);
    }
    for (const [name, given] of Object.entries(options.pcrs ?? {})) {
      const values = this.#pcrs.get(name);
      if (values === undefined) throw new InputError("bad-bank", `tpm.pcrs.${name}`, "this TPM has no such bank");
      for (const [key, value] of Object.entries(given)) {
        const where = `tpm.pcrs.${name}.${key}`;
        const size = values[0]!.length;
        const bytes = typeof value === "string" ? fromHex(value) : value;
        if (bytes === null || bytes.length !== size)
          throw new InputError("bad-pcr", where, `a PCR of the ${name} bank has ${size} bytes`);
        if (!(Number(key) in values)) throw new InputError("bad-pcr", where, `PCRs are numbered 0 to ${PCR_COUNT - 1}`);
        values[Number(key)] = bytes.slice();
      }
    }
  }

  /**
   * The value of one PCR, as a copy.
   * @throws InputError `bad-bank`, `bad-pcr`.
   */
  pcr(bank: string, index: number): Uint8Array {
    const values = this.#pcrs.get(bank);
    if (values === undefined) throw new InputError("bad-bank", "bank", `this TPM has no bank '${bank.slice(0, 40)}'`);
    const value = values[index];
    if (value === undefined) throw new InputError("bad-pcr", "pcr", `PCRs are numbered 0 to ${PCR_COUNT - 1}`);
    return value.slice();
  }

  /**
   * TPM2_PCR_Extend, or TPM_Extend, with one digest a bank, in the order of `banks`.
   * @returns 0, or the TPM's response code: nothing is extended then.
   */
  extend(index: number, digests: readonly Uint8Array[]): number {
    const refusals = REFUSALS[this.version];
    if (!(index >= 0 && index < PCR_COUNT)) return refusals.noPcr;
    if (isDynamicPcr(index)) return refusals.locality;
    this.banks.forEach((bank, i) => {
      const values = this.#pcrs.get(bank.name)!;
      values[index] = digest(bank.name, values[index]!, digests[i]!);
    });
    return 0;
  }

  /**
   * `pcr-<bank>/<index>` for each bank whose algorithm the kernel knows: upper-case hex and a newline. A TPM 1.2 has `pcrs` beside them, a
   * line for each PCR.
   */
  sysfs(release: Release): SysfsFile[] {
    const files: SysfsFile[] = [];
    const add = (path: string, read: () => string): void => {
      files.push({ path, mode: 0o444, read });
    };
    if (this.version === "1.2") add("pcrs", () => this.#pcrLines());
    if (release.has("tpm-version-file")) add("tpm_version_major", () => `${this.version[0]}\n`);
    for (const bank of this.banks.filter((b) => b.mapped && release.has("tpm-pcr-files")))
      for (let i = 0; i < PCR_COUNT; i++)
        add(`pcr-${bank.name}/${i}`, () => `${toHex(this.pcr(bank.name, i)).toUpperCase()}\n`);
    return files;
  }

  #pcrLines(): string {
    const line = (value: Uint8Array, i: number): string =>
      `PCR-${String(i).padStart(2, "0")}: ${toHex(value).toUpperCase().replace(/../g, "$& ")}\n`;
    return this.#pcrs.get("sha1")!.map(line).join("");
  }
}
