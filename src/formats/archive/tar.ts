// Reads a tar archive: POSIX ustar and pax, and GNU's long names. Xattrs come from pax records (tar --xattrs --format=pax).
// POSIX.1-2017, pax: "ustar Interchange Format"; GNU tar: src/tar.h.
import { InputError } from "../../errno/index.ts";
import { compressionOf } from "./compression.ts";
import { type ArchiveEntry, absolutePath, nameText, untilZero } from "./entry.ts";
import { decodePax, type PaxRecords, paxXattrs } from "./pax.ts";

const BLOCK = 512;
const latin1 = new TextDecoder("latin1");

/** First byte and length of the fields of a header. */
// biome-ignore format: a table reads better in columns
const FIELDS = {
  name: [0, 100], mode: [100, 8], uid: [108, 8], gid: [116, 8], size: [124, 12], checksum: [148, 8],
  linkname: [157, 100], magic: [257, 8], major: [329, 8], minor: [337, 8], prefix: [345, 155],
} as const;
const TYPE = 156;
const USTAR = "ustar\x0000";

/** Headers that say something of the entry that follows. */
const GLOBAL = "g";
const EXTENDED = "x";
const LONG_NAME = "L";
const LONG_LINK = "K";
/** The name of the whole archive. */
const VOLUME = "V";

const TYPES: Readonly<Record<string, ArchiveEntry["type"]>> = {
  ...{ "0": "file", "\0": "file", "7": "file", "1": "link", "2": "symlink", "3": "character", "4": "block" },
  ...{ "5": "directory", D: "directory", "6": "fifo" },
};

class Header {
  readonly at: number;
  readonly #block: Uint8Array;

  constructor(block: Uint8Array, at: number) {
    this.#block = block;
    this.at = at;
  }

  bytes(field: keyof typeof FIELDS): Uint8Array {
    const [at, length] = FIELDS[field];
    return this.#block.subarray(at, at + length);
  }
  get type(): string {
    return String.fromCharCode(this.#block[TYPE]!);
  }
  where(field: keyof typeof FIELDS): string {
    return `byte ${this.at + FIELDS[field][0]}`;
  }

  /** Octal digits, or base 256 where the first bit is set. @throws InputError `bad-number` */
  number(field: keyof typeof FIELDS): number {
    const bytes = this.bytes(field);
    if ((bytes[0]! & 0x80) !== 0) {
      let value = bytes[0]! & 0x7f;
      for (const byte of bytes.subarray(1)) value = value * 256 + byte;
      if (Number.isSafeInteger(value)) return value;
    } else {
      const text = latin1.decode(untilZero(bytes)).trim();
      if (/^[0-7]*$/.test(text)) return Number.parseInt(`0${text}`, 8);
    }
    throw new InputError("bad-number", this.where(field), `${field} is no number that anything could have`);
  }

  /** The sum of all bytes, its own field taken as spaces; some count them as signed. @throws InputError `not-a-tar` */
  check(): void {
    let sum = 8 * 0x20;
    let signed = sum;
    for (const [i, byte] of this.#block.entries()) {
      if (i >= FIELDS.checksum[0] && i < TYPE) continue;
      sum += byte;
      signed += (byte << 24) >> 24;
    }
    const wanted = latin1.decode(untilZero(this.bytes("checksum"))).trim();
    if (!/^[0-7]+$/.test(wanted) || ![sum, signed].includes(Number.parseInt(wanted, 8)))
      throw new InputError("not-a-tar", `byte ${this.at}`, "this is no header of a tar archive: its checksum differs");
  }

  /** GNU and old headers have something else in the place of the prefix. */
  get name(): Uint8Array {
    const name = untilZero(this.bytes("name"));
    const prefix = latin1.decode(this.bytes("magic")) === USTAR ? untilZero(this.bytes("prefix")) : [];
    return prefix.length === 0 ? name : Uint8Array.of(...prefix, 0x2f, ...name);
  }
}

/** What is known of the next entry beside its own header. */
interface Told {
  name?: Uint8Array;
  link?: Uint8Array;
  pax: PaxRecords;
}

function paxNumber(records: PaxRecords, key: string, header: Header): number | undefined {
  const value = records.get(key);
  if (value === undefined) return undefined;
  const text = latin1.decode(value);
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InputError("bad-number", `byte ${header.at}`, `${key} is ${JSON.stringify(text)}`);
}

/**
 * The entries of a tar archive, in its order: an entry may stand in it twice, and then the later one counts.
 * @throws InputError `compressed`, `not-a-tar`, `truncated`, `bad-number`, `bad-name`, `bad-path`, `bad-pax-record`, `unsupported-entry`
 */
export function decodeTar(archive: Uint8Array): ArchiveEntry[] {
  const compression = compressionOf(archive);
  if (compression !== null)
    throw new InputError("compressed", "byte 0", `the archive is compressed with ${compression}: unpack it first`);
  const entries: ArchiveEntry[] = [];
  let global: PaxRecords = new Map();
  let told: Told = { pax: new Map() };
  for (let at = 0; ; ) {
    const block = archive.subarray(at, at + BLOCK);
    if (block.length < BLOCK) throw new InputError("truncated", `byte ${archive.length}`, "the archive has no end");
    if (block.every((byte) => byte === 0)) return entries;
    const header = new Header(block, at);
    header.check();
    const pax = new Map([...global, ...told.pax]);
    const { type } = header;
    // A further name of a file has none of its content, whatever it says.
    const size = TYPES[type] === "link" ? 0 : (paxNumber(told.pax, "size", header) ?? header.number("size"));
    const start = at + BLOCK;
    const bytes = archive.subarray(start, start + size);
    if (bytes.length < size)
      throw new InputError("truncated", `byte ${archive.length}`, `${size} bytes were to follow byte ${start}`);
    at = start + Math.ceil(size / BLOCK) * BLOCK;
    if (type === GLOBAL) global = new Map([...global, ...decodePax(bytes, start)]);
    else if (type === EXTENDED) told.pax = decodePax(bytes, start);
    else if (type === LONG_NAME) told.name = untilZero(bytes);
    else if (type === LONG_LINK) told.link = untilZero(bytes);
    else if (type !== VOLUME) {
      entries.push(entryOf(header, bytes, { ...told, pax }));
      told = { pax: new Map() };
    }
  }
}

function entryOf(header: Header, bytes: Uint8Array, { name, link, pax }: Told): ArchiveEntry {
  const where = `byte ${header.at}`;
  const { type } = header;
  const kind = TYPES[type];
  if (kind === undefined || [...pax.keys()].some((key) => key.startsWith("GNU.sparse.")))
    throw new InputError(
      "unsupported-entry",
      where,
      kind === undefined ? `an entry of type ${JSON.stringify(type)}` : "a sparse file",
    );
  const text = nameText(pax.get("path") ?? name ?? header.name, where);
  const fields = {
    path: absolutePath(text, where),
    mode: header.number("mode") & 0o7777,
    uid: paxNumber(pax, "uid", header) ?? header.number("uid"),
    gid: paxNumber(pax, "gid", header) ?? header.number("gid"),
    xattrs: paxXattrs(pax, where),
  };
  const target = () => nameText(pax.get("linkpath") ?? link ?? untilZero(header.bytes("linkname")), where);
  switch (kind) {
    case "file":
      // Before there was a type for directories, a slash at the end meant one.
      return text.endsWith("/") ? { ...fields, type: "directory" } : { ...fields, type: kind, bytes };
    case "link":
      return { ...fields, type: kind, target: absolutePath(target(), where) };
    case "symlink":
      return { ...fields, type: kind, target: target() };
    case "character":
    case "block":
      return { ...fields, type: kind, major: header.number("major"), minor: header.number("minor") };
    default:
      return { ...fields, type: kind };
  }
}
