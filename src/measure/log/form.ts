// In which form a log is written, told from its first bytes: ASCII or binary, the size of its template digests, the byte order.
import { hexDigit } from "../hex.ts";
import { logError } from "./source.ts";
import { MAX_TITLE, TemplateNames } from "./template-names.ts";

export interface LogForm {
  readonly kind: "ascii" | "binary";
  /** Bytes of a template digest. */
  readonly digestSize: number;
  readonly littleEndian: boolean;
}

/** Sizes of template digests in list files, the usual one first. */
const DIGEST_SIZES = [20, 32, 48, 64] as const;
/** Bits of the set of measured PCRs: no rule has a higher pcr=. */
export const MAX_PCR = 63;
/** As many bytes show the form, or the log is shorter. */
export const HEAD_SIZE = 4 + 64 + 4 + MAX_TITLE;

/**
 * The length of a line's beginning, ` 1 <hex digits> `, and that of its digest; null where the bytes from `at` on begin no line.
 * A PCR has two characters.
 */
export function lineHeader(bytes: Uint8Array, at: number, length: number): { pcr: number; digestSize: number } | null {
  const [tens, ones] = [bytes[at], bytes[at + 1]];
  if (at + 4 > length || ones === undefined || ones < 0x30 || ones > 0x39 || bytes[at + 2] !== 0x20) return null;
  if (tens !== 0x20 && !(tens !== undefined && tens >= 0x30 && tens <= 0x39)) return null;
  let end = at + 3;
  while (end < length && hexDigit(bytes[end]!) >= 0) end++;
  const digits = end - at - 3;
  if (bytes[end] !== 0x20 || end >= length || !DIGEST_SIZES.some((size) => size * 2 === digits)) return null;
  return { pcr: (tens === 0x20 ? 0 : (tens - 0x30) * 10) + ones - 0x30, digestSize: digits / 2 };
}

/** Whether a binary entry could begin like this: a PCR, a digest, a template's name behind its length. */
function binaryHeader(bytes: Uint8Array, names: TemplateNames, digestSize: number, littleEndian: boolean): boolean {
  const at = 4 + digestSize;
  if (bytes.length < at + 4) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint32(at, littleEndian);
  if (view.getUint32(0, littleEndian) > MAX_PCR || length === 0 || length > MAX_TITLE) return false;
  return at + 4 + length <= bytes.length && names.find(bytes, at + 4, at + 4 + length) !== null;
}

/**
 * @param head the first HEAD_SIZE bytes, or all there are.
 * @throws InputError `bad-log` where no list begins like this.
 */
export function detectForm(head: Uint8Array): LogForm {
  const line = lineHeader(head, 0, head.length);
  if (line !== null) return { kind: "ascii", digestSize: line.digestSize, littleEndian: true };
  const names = new TemplateNames();
  for (const littleEndian of [true, false])
    for (const digestSize of DIGEST_SIZES)
      if (binaryHeader(head, names, digestSize, littleEndian)) return { kind: "binary", digestSize, littleEndian };
  throw logError("bad-log", 0, "this begins neither as an ASCII nor as a binary measurement list");
}
