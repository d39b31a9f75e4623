// Hex digits, as lists and PCR files write bytes.

const DIGITS = Array.from({ length: 256 }, (_, b) => b.toString(16).padStart(2, "0"));

/** The two digits of each byte as ASCII codes: the first in the high byte. */
export const HEX_DIGIT_PAIRS = Uint16Array.from(DIGITS, (pair) => (pair.charCodeAt(0) << 8) | pair.charCodeAt(1));

/** Lower-case hex digits. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const b of bytes) text += DIGITS[b]!;
  return text;
}

const VALUES = new Int8Array(256).map((_, code) => {
  const digit = String.fromCharCode(code);
  return /[0-9a-f]/i.test(digit) ? Number.parseInt(digit, 16) : -1;
});

/** The value of an ASCII hex digit, -1 for another byte. */
export const hexDigit = (code: number): number => VALUES[code] ?? -1;

/** Reads the hex digits from `start` to `end` into `out` from `at` on. Whether they are all hex digits, and an even number. */
export function readHex(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): boolean {
  if ((end - start) % 2 !== 0) return false;
  let bad = 0;
  for (let i = start, to = at; i < end; i += 2, to++) {
    const high = VALUES[bytes[i]!]!;
    const low = VALUES[bytes[i + 1]!]!;
    bad |= high | low;
    out[to] = (high << 4) | low;
  }
  return bad >= 0;
}

/** Bytes from an even number of hex digits in either case; null where it is none. */
export function fromHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0) return null;
  const codes = Uint8Array.from(text, (c) => Math.min(c.charCodeAt(0), 0xff));
  const bytes = new Uint8Array(text.length / 2);
  return readHex(codes, 0, codes.length, bytes, 0) ? bytes : null;
}
