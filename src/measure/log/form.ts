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
const DIGEST_SIZES: readonly number[] = [20, 32, 48, 64];
const isDigestSize = (size: number): boolean => DIGEST_SIZES.includes(size);
const [SPACE, ZERO] = [0x20, 0x30];
const isDigit = (code: number): boolean => code >= ZERO && code <= 0x39;
/** Bits of the set of measured PCRs: no rule has a higher pcr=. */
export const MAX_PCR = 63;
/** As many bytes show the form, or the log is shorter. */
export const HEAD_SIZE = 4 + 64 + 4 + MAX_TITLE;

/** The size of the digest in a line's beginning, ` 1 <hex digits> `, where one begins at `at`; else 0. A PCR has two characters. */
export function lineDigestSize(bytes: Uint8Array, at: number, length: number): number {
  const tens = bytes[at]!;
  const ones = bytes[at + 1]!;
  if (at + 4 > length || !isDigit(ones) || bytes[at + 2] !== SPACE || !(tens === SPACE || isDigit(tens))) return 0;
  let end = at + 3;
  while (end < length && hexDigit(bytes[end]!) >= 0) end++;
  const size = (end - at - 3) / 2;
  return end < length && bytes[end] === SPACE && isDigestSize(size) ? size : 0;
}

/** The PCR at the beginning of such a line. */
export const linePcr = (bytes: Uint8Array, at: number): number =>
  (bytes[at] === SPACE ? 0 : (bytes[at]! - ZERO) * 10) + bytes[at + 1]! - ZERO;

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
  const lineSize = lineDigestSize(head, 0, head.length);
  if (lineSize > 0) return { kind: "ascii", digestSize: lineSize, littleEndian: true };
  const names = new TemplateNames();
  for (const littleEndian of [true, false])
    for (const digestSize of DIGEST_SIZES)
      if (binaryHeader(head, names, digestSize, littleEndian)) return { kind: "binary", digestSize, littleEndian };
  throw logError("bad-log", 0, "this begins neither as an ASCII nor as a binary measurement list");
}
