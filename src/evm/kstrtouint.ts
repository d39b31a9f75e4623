// How a number written to a securityfs file is read (lib/kstrtox.c: kstrtouint_from_user with base 0).
import { fail, ok, type Result } from "../errno/index.ts";

/** sign, one character a bit, newline: what is longer is cut without a word. */
const BUFFER = 1 + 32 + 1;
const DIGITS: Readonly<Record<number, RegExp>> = { 8: /^[0-7]*/, 10: /^[0-9]*/, 16: /^[0-9a-f]*/i };

/** Decimal, octal (`0…`) or hexadecimal (`0x…`), a leading plus and one trailing newline allowed. EINVAL, ERANGE. */
export function kstrtouint(data: Uint8Array): Result<number> {
  let text = "";
  for (const byte of data.subarray(0, BUFFER)) {
    if (byte === 0) break;
    text += String.fromCharCode(byte);
  }
  if (text.startsWith("+")) text = text.slice(1);
  let base = 10;
  if (/^0x[0-9a-f]/i.test(text)) {
    base = 16;
    text = text.slice(2);
  } else if (text.startsWith("0")) base = 8;
  const digits = DIGITS[base]!.exec(text)![0];
  if (digits === "") return fail("EINVAL");
  const value = Number.parseInt(digits, base);
  // Overflow of 64 bits is noticed before what follows the digits, overflow of 32 bits after it.
  if (value >= 2 ** 64) return fail("ERANGE");
  const rest = text.slice(digits.length);
  if (rest !== "" && rest !== "\n") return fail("EINVAL");
  return value > 0xffff_ffff ? fail("ERANGE") : ok(value);
}
