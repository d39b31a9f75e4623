// Numbers as the kernel reads them from a rule (lib/kstrtox.c: kstrtoul, kstrtoint).
import type { Errno } from "../errno/index.ts";

const MAX_U64 = 0xffff_ffff_ffff_ffffn;
/** More significant digits than this are too many in any base used here. */
const MOST_DIGITS = 20;

/** A number of at most 64 bits: an optional +, in base 16 an optional 0x, digits, nothing else. */
export function parseUnsigned(text: string, base: 10 | 16): bigint | Errno {
  return parseDigits(text, text.startsWith("+") ? 1 : 0, base);
}

function parseDigits(text: string, start: number, base: 10 | 16): bigint | Errno {
  let at = start;
  if (base === 16 && text[at] === "0" && (text[at + 1] === "x" || text[at + 1] === "X")) at += 2;
  const first = at;
  while (at < text.length && isDigit(text.charCodeAt(at), base)) at++;
  if (at === first) return "EINVAL";
  let significant = first;
  while (significant < at - 1 && text[significant] === "0") significant++;
  // Overflow is noticed while reading, before what follows the digits is looked at.
  if (at - significant > MOST_DIGITS) return "ERANGE";
  const digits = text.slice(significant, at);
  const value = BigInt(base === 16 ? `0x${digits}` : digits);
  if (value > MAX_U64) return "ERANGE";
  return at === text.length ? value : "EINVAL";
}

function isDigit(code: number, base: 10 | 16): boolean {
  if (code >= 0x30 && code <= 0x39) return true;
  const lower = code | 0x20;
  return base === 16 && lower >= 0x61 && lower <= 0x66;
}

/** A decimal number of 32 bits with an optional sign. */
export function parseInt32(text: string): number | Errno {
  const negative = text.startsWith("-");
  const digits = negative ? parseDigits(text, 1, 10) : parseUnsigned(text, 10);
  if (typeof digits === "string") return digits;
  const value = negative ? -digits : digits;
  return value < -0x8000_0000n || value > 0x7fff_ffffn ? "ERANGE" : Number(value);
}
