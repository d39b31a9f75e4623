// Records of a pax extended header (POSIX.1-2017, pax: "pax Extended Header"): `LENGTH KEY=VALUE\n`, values as bytes. Xattrs are records under names that star,
// GNU tar and libarchive made up.
import { InputError } from "../../errno/index.ts";

/** Values by keyword; later records replace earlier ones. */
export type PaxRecords = ReadonlyMap<string, Uint8Array>;

const ascii = new TextDecoder("latin1");
const utf8 = new TextDecoder();
const EQUALS = 0x3d;
const SPACE = 0x20;
const NEWLINE = 0x0a;

/** @param start where in the archive the bytes begin, for messages. @throws InputError `bad-pax-record` */
export function decodePax(bytes: Uint8Array, start: number): Map<string, Uint8Array> {
  const records = new Map<string, Uint8Array>();
  for (let at = 0; at < bytes.length; ) {
    const wrong = (why: string) => new InputError("bad-pax-record", `byte ${start + at}`, why);
    const space = bytes.subarray(at, at + 20).indexOf(SPACE);
    const digits = ascii.decode(bytes.subarray(at, at + Math.max(space, 0)));
    if (!/^[1-9]\d*$/.test(digits)) throw wrong("a record begins with its length");
    const end = at + Number(digits);
    if (end > bytes.length) throw wrong(`a record of ${digits} bytes does not fit into its header`);
    const record = bytes.subarray(at + space + 1, end);
    const equals = record.indexOf(EQUALS);
    if (equals <= 0 || record.at(-1) !== NEWLINE)
      throw wrong("a record is a keyword, = and a value, and ends its line");
    records.set(utf8.decode(record.subarray(0, equals)), record.subarray(equals + 1, -1));
    at = end;
  }
  return records;
}

const STAR = "SCHILY.xattr.";
const LIBARCHIVE = "LIBARCHIVE.xattr.";
const SELINUX = "RHT.security.selinux";

/** GNU tar: src/xheader.c: xattr_encode_keyword. */
const withoutEscapes = (name: string): string => name.replaceAll("%3D", "=").replaceAll("%25", "%");

function fromBase64(value: Uint8Array): Uint8Array | null {
  try {
    return Uint8Array.from(atob(ascii.decode(value)), (c) => c.charCodeAt(0));
  } catch {
    return null;
  }
}

/** The xattrs among the records, by full name. */
export function paxXattrs(records: PaxRecords, where: string): [string, Uint8Array][] {
  const found = new Map<string, Uint8Array>();
  for (const [keyword, value] of records) {
    if (keyword.startsWith(STAR)) found.set(withoutEscapes(keyword.slice(STAR.length)), value);
    // Without its final zero, which the kernel stores.
    else if (keyword === SELINUX) found.set("security.selinux", Uint8Array.of(...value, 0));
    else if (keyword.startsWith(LIBARCHIVE)) {
      const bytes = fromBase64(value);
      if (bytes === null) throw new InputError("bad-pax-record", where, `${keyword} is not base64`);
      const name = keyword.slice(LIBARCHIVE.length);
      found.set(
        /%[0-9A-Fa-f]{2}/.test(name)
          ? name.replace(/%([0-9A-Fa-f]{2})/g, (_, d) => String.fromCharCode(Number.parseInt(d, 16)))
          : name,
        bytes,
      );
    }
  }
  return [...found];
}
