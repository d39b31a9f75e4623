// What the recordings hold of measurement lists: entries as they came, list files as they were read, PCR values.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface Step {
  readonly op: string;
  readonly file?: string;
  readonly bank?: string;
  readonly index?: number;
}
interface Result {
  readonly data?: string;
  readonly hex?: string;
  readonly errno?: string;
  readonly measured?: readonly string[];
}
interface Trace {
  readonly kernel: {
    readonly release: string;
    readonly cmdline: string;
    readonly tpm?: boolean;
    readonly config: readonly string[];
  };
  readonly boot: { readonly log: readonly string[]; readonly measured?: readonly string[] };
  readonly steps: readonly Step[];
  /** null: the kernel panicked at this step, or before it. */
  readonly results: readonly (Result | null)[];
}

export interface Recording extends Trace {
  readonly name: string;
}

const root = fileURLToPath(new URL("../traces/", import.meta.url));

export function recordings(...families: readonly string[]): Recording[] {
  return (families.length > 0 ? families : readdirSync(root)).flatMap((family) =>
    readdirSync(`${root}${family}`)
      .filter((file) => file.endsWith(".trace.json"))
      .map((file) => ({
        ...(JSON.parse(readFileSync(`${root}${family}/${file}`, "utf8")) as Trace),
        name: file.replace(".trace.json", ""),
      })),
  );
}

const utf8 = new TextEncoder();
export const bytesOf = (text: string): Uint8Array => utf8.encode(text);
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

/** All entries of a boot in their order, as lines of the ASCII list. */
export function measuredLines(recording: Recording, upTo = Number.POSITIVE_INFINITY): string {
  const lines = [
    ...(recording.boot.measured ?? []),
    ...recording.results.slice(0, upTo).flatMap((result) => result?.measured ?? []),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** What a read of a list file gave, with the step it happened at. */
export function listReads(recording: Recording, form: "ascii" | "binary"): { step: number; bytes: Uint8Array }[] {
  return recording.steps.flatMap(({ op, file }, step) => {
    const result = recording.results[step] ?? null;
    if (
      result === null ||
      op !== "securityfsRead" ||
      !file?.includes(`${form}_runtime_measurements`) ||
      result.errno !== undefined
    )
      return [];
    return [{ step, bytes: result.hex === undefined ? bytesOf(result.data ?? "") : fromHex(result.hex) }];
  });
}
