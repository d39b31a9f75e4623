// Times in certificates and signed attributes (crypto/asymmetric_keys/x509_cert_parser.c: x509_decode_time; RFC 5280, 4.1.2.5).
import { TAG } from "../../crypto/asn1.ts";

/** Two decimal digits at `at`; NaN where there are none. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const [tens, ones] = [bytes[at]! - 0x30, bytes[at + 1]! - 0x30];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? 10 * tens + ones : Number.NaN;
}

const leap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Seconds since 1970, or null for what the kernel refuses: other forms than …Z, years before 1970, GeneralizedTime before 2050. */
export function decodeTime(tag: number, bytes: Uint8Array): number | null {
  let year: number;
  let at = 2;
  if (tag === TAG.UTC_TIME && bytes.length === 13) {
    const short = twoDigits(bytes, 0);
    year = short + (short >= 50 ? 1900 : 2000);
  } else if (tag === TAG.GENERALIZED_TIME && bytes.length === 15) {
    year = 100 * twoDigits(bytes, 0) + twoDigits(bytes, 2);
    at = 4;
    if (year >= 1950 && year <= 2049) return null;
  } else return null;
  const [month, day, hour, minute, second] = [0, 2, 4, 6, 8].map((offset) => twoDigits(bytes, at + offset)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (bytes[bytes.length - 1] !== 0x5a || !(year >= 1970) || !(month >= 1 && month <= 12)) return null;
  const days = month === 2 && leap(year) ? 29 : MONTHS[month - 1]!;
  // 24:00:00 is midnight, second 60 a leap second.
  if (!(day >= 1 && day <= days && hour <= 24 && minute <= 59 && second <= 60)) return null;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}
