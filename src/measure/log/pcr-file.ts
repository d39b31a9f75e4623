// PCR values from the tools that print them: tpm2_pcrread (`sha256:` and `  0 : 0x…`), tsspcrread (`-halg sha1` and `0: …`), sysfs of
// TPM 1.2 and evmctl (`PCR-00: …`), JSON ({"sha256": {"0": "…"}}); and from one argument, `sha256:10=…`.
import { HASH_ALGORITHMS, type HashName } from "../../crypto/hash.ts";
import { InputError } from "../../errno/index.ts";
import { fromHex } from "../hex.ts";
import { PCR_COUNT } from "../tpm.ts";
import { TPM_ALGORITHMS } from "../tpm-algorithm.ts";

export interface PcrValue {
  readonly bank: HashName;
  readonly pcr: number;
  readonly value: Uint8Array;
}

/** Names of banks that other tools use. */
const ALIASES: Readonly<Record<string, HashName>> = {
  sm3_256: "sm3",
  "sm3-256": "sm3",
  sha3_256: "sha3-256",
  sha3_384: "sha3-384",
  sha3_512: "sha3-512",
};

const bankOf = (name: string): HashName | undefined => {
  const lower = name.toLowerCase();
  return ALIASES[lower] ?? TPM_ALGORITHMS.find((a) => a.name === lower)?.name;
};

/** @throws InputError `bad-pcr` */
function pcrValue(where: string, bank: string, pcr: string, digits: string): PcrValue {
  const fail = (why: string): InputError => new InputError("bad-pcr", where, why);
  const algo = bankOf(bank);
  if (algo === undefined)
    throw fail(`'${bank.slice(0, 40)}' is no bank; banks are ${TPM_ALGORITHMS.map((a) => a.name).join(", ")}`);
  const index = /^\d{1,2}$/.test(pcr) ? Number(pcr) : PCR_COUNT;
  if (index >= PCR_COUNT) throw fail(`there is no PCR ${pcr.slice(0, 40)}; they are numbered 0 to ${PCR_COUNT - 1}`);
  const value = fromHex(digits.replace(/^0x/i, "").replace(/[\s:]/g, ""));
  const { size } = HASH_ALGORITHMS.find((row) => row.name === algo)!;
  if (value?.length !== size) throw fail(`a PCR of the bank ${algo} has ${2 * size} hex digits`);
  return { bank: algo, pcr: index, value };
}

/** Reads `sha256:10=<hex digits>`. @throws InputError `bad-pcr` */
export function parsePcr(text: string, where = "pcr"): PcrValue {
  const match = /^([^:=]+):([^:=]+)=(.*)$/s.exec(text.trim());
  if (match === null)
    throw new InputError("bad-pcr", where, `'${text.slice(0, 60)}' is not of the form sha256:10=<hex digits>`);
  return pcrValue(where, match[1]!, match[2]!, match[3]!);
}

function parseJson(text: string, where: string): PcrValue[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new InputError("bad-pcr", where, `broken JSON: ${error instanceof Error ? error.message : error}`);
  }
  const object = (value: unknown, at: string): [string, unknown][] => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new InputError("bad-pcr", at, "wants an object, bank name to PCR number to hex digits");
    return Object.entries(value);
  };
  return object(parsed, where).flatMap(([bank, pcrs]) =>
    object(pcrs, `${where}: ${bank}`).map(([pcr, digits]) => {
      const at = `${where}: ${bank}.${pcr}`;
      if (typeof digits !== "string") throw new InputError("bad-pcr", at, "wants hex digits in quotes");
      return pcrValue(at, bank, pcr, digits);
    }),
  );
}

/**
 * Reads a file of PCR values. Lines without a bank before them are of SHA1.
 * @throws InputError `bad-pcr` with the line.
 */
export function parsePcrFile(text: string, where = "PCR file"): PcrValue[] {
  if (/^\s*\{/.test(text)) return parseJson(text, where);
  const values: PcrValue[] = [];
  let bank = "sha1";
  text.split("\n").forEach((line, i) => {
    const at = `${where}, line ${i + 1}`;
    const value = /^\s*(?:PCR-?)?(\d+)\s*:\s*((?:0x)?[0-9a-f][0-9a-f\s]*)$/i.exec(line);
    const heading = /^\s*([a-z][\w-]*)\s*:\s*$/i.exec(line) ?? /^.*-halg\s+([\w-]+)/i.exec(line);
    if (value !== null) values.push(pcrValue(at, bank, value[1]!, value[2]!));
    else if (heading !== null && bankOf(heading[1]!) !== undefined) bank = heading[1]!;
    else if (line.trim() !== "" && !line.trimStart().startsWith("#"))
      throw new InputError("bad-pcr", at, `'${line.trim().slice(0, 60)}' is neither a bank nor a PCR with its value`);
  });
  if (values.length === 0) throw new InputError("bad-pcr", where, "holds no PCR value");
  return values;
}
