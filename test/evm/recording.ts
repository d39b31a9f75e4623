// Recordings of real kernels around EVM.
import { readdirSync, readFileSync } from "node:fs";

export interface Step {
  readonly op: string;
  readonly path?: string;
  readonly file?: string;
  readonly text?: string;
  readonly hex?: string;
  readonly name?: string;
  readonly fd?: string;
  readonly device?: string;
  readonly fstype?: string;
  readonly type?: string;
  readonly description?: string;
  readonly keyring?: string;
  readonly as?: { readonly uid?: number; readonly euid?: number };
  readonly mode?: string;
  readonly flags?: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  readonly len?: number;
  readonly atime?: number;
  readonly mtime?: number;
  readonly from?: string;
  readonly to?: string;
  readonly nofollow?: boolean;
}
export interface StepResult {
  readonly ret?: number;
  readonly errno?: string;
  readonly data?: string;
  readonly hex?: string;
  readonly names?: readonly string[];
  readonly written?: number;
  readonly write?: string;
  readonly open?: string;
  readonly ino?: number;
  readonly generation?: number;
  readonly mode?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly log?: readonly string[];
}
interface DiskFile {
  readonly hex?: string;
  readonly mode?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly generation?: number;
  readonly xattrs?: Readonly<Record<string, string>>;
}
export interface Recording {
  readonly name: string;
  readonly kernel: { readonly release: string; readonly cmdline: string; readonly config: readonly string[] };
  readonly disks?: Readonly<
    Record<
      string,
      { readonly fstype: string; readonly uuid: string; readonly files?: Readonly<Record<string, DiskFile>> }
    >
  >;
  readonly boot: { readonly log: readonly string[] };
  readonly steps: readonly Step[];
  readonly results: readonly StepResult[];
}

const TRACES = new URL("../traces/", import.meta.url);

/** The recordings of a family whose name the pattern matches. */
export function recordings(family: string, pattern: RegExp): Recording[] {
  const files = readdirSync(new URL(`${family}/`, TRACES)).filter((f) => pattern.test(f));
  return files.sort().map((f) => JSON.parse(readFileSync(new URL(`${family}/${f}`, TRACES), "utf8")) as Recording);
}

export const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The decrypted payload of the encrypted key `evm-key` that a step adds, where it adds one. */
export function evmKeyOf(step: Step, result: StepResult): Uint8Array | null {
  if (step.op !== "addkey" || step.type !== "encrypted" || step.description !== "evm-key" || result.errno) return null;
  const m = /^new (?:default )?\S+:\S+ (\d+) ([0-9a-f]+)$/.exec(step.text ?? "");
  return m ? fromHex(m[2]!) : null;
}
