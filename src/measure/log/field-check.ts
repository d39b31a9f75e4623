// Whether the data of a field is what a kernel could have written there.
import { HASH_ALGORITHMS } from "../../crypto/hash.ts";
import type { FieldShape } from "../template-field.ts";

const COLON = 0x3a;
const utf8 = new TextDecoder();

/** Digest sizes by the kernel's name, old names included. */
const SIZES: ReadonlyMap<string, number> = new Map(
  HASH_ALGORITHMS.flatMap((row) => [
    [row.name as string, row.size],
    ...("formerly" in row && row.formerly ? [[row.formerly.name as string, row.size] as const] : []),
  ]) as [string, number][],
);

/** What a label such as `sha256:` or `verity:sha256:` says of the digest behind it: its size, or why it is no label. */
function readLabel(label: string, typed: boolean): number | string {
  const parts = label.split(":");
  if (parts.pop() !== "" || parts.length !== (typed ? 2 : 1)) return `'${label}' is no label of a digest`;
  if (typed && parts[0] !== "ima" && parts[0] !== "verity") return `'${parts[0]}' is no type of digest`;
  return SIZES.get(parts.at(-1)!) ?? `no kernel has a hash algorithm '${parts.at(-1)}'`;
}

export class FieldCheck {
  /** Labels repeat: the last good one of each kind, with its NUL, and the size of the digest behind it. */
  readonly #last = { typed: new Uint8Array(0), typedSize: 0, plain: new Uint8Array(0), plainSize: 0 };

  /** Why the data from `start` to `end` does not have this shape; null where it does. Empty fields always do. */
  problem(shape: FieldShape, data: Uint8Array, start: number, end: number): string | null {
    const length = end - start;
    if (length === 0) return null;
    switch (shape) {
      case "hex":
        return null;
      case "uint16":
        return length === 2 ? null : `a number of 2 bytes has ${length}`;
      case "uint32":
        return length === 4 ? null : `a number of 4 bytes has ${length}`;
      case "digest":
        return length === 20 || length === 16 ? null : `a digest of 20 or 16 bytes has ${length}`;
      case "text": {
        const nul = data.indexOf(0, start);
        if (nul === end - 1) return null;
        return nul < 0 || nul >= end ? "the text does not end in NUL" : "the text has a NUL inside";
      }
      default:
        return this.#digest(shape === "digest-type-algo", data, start, end);
    }
  }

  #digest(typed: boolean, data: Uint8Array, start: number, end: number): string | null {
    const last = this.#last;
    const label = typed ? last.typed : last.plain;
    const known = typed ? last.typedSize : last.plainSize;
    let same = label.length > 0 && end - start === label.length + known;
    for (let i = 0; same && i < label.length; i++) same = data[start + i] === label[i];
    if (same) return null;

    const nul = data.indexOf(0, start);
    if (nul < 0 || nul >= end || data[nul - 1] !== COLON) return "the digest has no label that ends in a colon and NUL";
    const size = readLabel(utf8.decode(data.subarray(start, nul)), typed);
    if (typeof size === "string") return size;
    if (end - nul - 1 !== size) return `a digest of ${size} bytes has ${end - nul - 1}`;
    const copy = data.slice(start, nul + 1);
    if (typed) [last.typed, last.typedSize] = [copy, size];
    else [last.plain, last.plainSize] = [copy, size];
    return null;
  }
}
