// Reads an initramfs as the kernel does (init/initramfs.c: unpack_to_rootfs): cpio archives of the format newc, one behind the other, each of them
// compressed or not. cpio has no xattrs.
import { InputError } from "../../errno/index.ts";
import { type Compression, compressionOf } from "./compression.ts";
import { type ArchiveEntry, absolutePath, nameText, untilZero } from "./entry.ts";

const HEADER = 110;
const MAGIC = "070701";
/** The same with a sum of the bytes, which the kernel does not take. */
const MAGIC_CRC = "070702";
const MAGIC_OLD = "070707";
const TRAILER = "TRAILER!!!";
const PATH_MAX = 4096;

const FORMAT = 0o170000;
/** By the upper digits of the mode. */
// biome-ignore format: a table reads better in columns
const TYPES: Readonly<Record<number, Exclude<ArchiveEntry["type"], "link">>> = {
  1: "fifo", 2: "character", 4: "directory", 6: "block", 8: "file", 10: "symlink", 12: "socket",
};

const latin1 = new TextDecoder("latin1");
const aligned = (at: number): number => (at + 3) & ~3;

/**
 * Unpacks what begins at a byte of an initramfs.
 * @returns null where that compression is not known; `used` says how many bytes were the compressed archive
 */
export type Unpack = (
  compression: Compression,
  bytes: Uint8Array,
) => { readonly bytes: Uint8Array; readonly used: number } | null;

/** One archive within the bytes. */
class Segment {
  readonly #bytes: Uint8Array;
  /** Names of files that have several, by device, number and type, until the archive ends. */
  #links = new Map<string, string>();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  #fault(code: string, at: number, why: string): InputError {
    return new InputError(code, `byte ${at}`, why);
  }

  /** The entry at `at`, if it is one, and where the next one begins. */
  next(at: number, into: ArchiveEntry[]): number {
    const header = latin1.decode(this.#bytes.subarray(at, at + HEADER));
    const magic = header.slice(0, 6);
    if (magic === MAGIC_CRC || magic === MAGIC_OLD)
      throw this.#fault(
        "unsupported-cpio",
        at,
        `the kernel takes no cpio archive of the format ${magic}: make it with cpio -H newc`,
      );
    if (magic !== MAGIC) throw this.#fault("not-a-cpio", at, "this is no header of a cpio archive");
    if (header.length < HEADER) throw this.#fault("truncated", this.#bytes.length, "the archive ends in a header");
    const field = (i: number): number => {
      const digits = header.slice(6 + 8 * i, 14 + 8 * i);
      if (!/^[0-9a-fA-F]{8}$/.test(digits))
        throw this.#fault("bad-number", at + 6 + 8 * i, `${JSON.stringify(digits)} is not hexadecimal`);
      return Number.parseInt(digits, 16);
    };
    const [ino, mode, uid, gid, nlink, , size] = Array.from({ length: 7 }, (_, i) => field(i)) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const nameLength = field(11);
    const start = aligned(at + HEADER + nameLength);
    const end = aligned(start + size);
    if (start + size > this.#bytes.length)
      throw this.#fault("truncated", this.#bytes.length, `${start + size - at} bytes were to follow byte ${at}`);
    const name = nameText(
      untilZero(this.#bytes.subarray(at + HEADER, at + HEADER + nameLength)),
      `byte ${at + HEADER}`,
    );
    if (name === TRAILER) {
      this.#links = new Map();
      return end;
    }
    const kind = TYPES[(mode & FORMAT) >> 12];
    // The kernel goes over these without a word.
    const skipped = nameLength === 0 || nameLength > PATH_MAX || (kind === "symlink" && size > PATH_MAX);
    if (skipped || kind === undefined || (kind !== "file" && kind !== "symlink" && size > 0)) return end;
    const fields = { path: absolutePath(name, `byte ${at + HEADER}`), mode: mode & 0o7777, uid, gid, xattrs: [] };
    const bytes = this.#bytes.subarray(start, start + size);
    if (kind === "symlink") into.push({ ...fields, type: kind, target: nameText(untilZero(bytes), `byte ${start}`) });
    else if (kind === "directory") into.push({ ...fields, type: kind });
    else {
      const key = [field(7), field(8), ino, mode & FORMAT].join();
      const target = nlink >= 2 ? this.#links.get(key) : undefined;
      if (target !== undefined) into.push({ ...fields, type: "link", target });
      else if (nlink >= 2) this.#links.set(key, fields.path);
      // Of a file with several names any of them may bring the content.
      if (kind === "file" && (target === undefined || size > 0)) into.push({ ...fields, type: kind, bytes });
      if (target === undefined && (kind === "character" || kind === "block"))
        into.push({ ...fields, type: kind, major: field(9), minor: field(10) });
      if (target === undefined && (kind === "fifo" || kind === "socket")) into.push({ ...fields, type: kind });
    }
    return end;
  }
}

function entriesOf(bytes: Uint8Array, into: ArchiveEntry[], unpack: Unpack | undefined): void {
  const segment = new Segment(bytes);
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] === 0) {
      at++;
      continue;
    }
    const compression = compressionOf(bytes, at);
    if (compression === null) {
      if (at % 4 !== 0) throw new InputError("not-a-cpio", `byte ${at}`, "an archive begins at a multiple of 4 bytes");
      at = segment.next(at, into);
      continue;
    }
    const where = `byte ${at}`;
    const unpacked = unpack?.(compression, bytes.subarray(at));
    if (unpacked === undefined || unpacked === null)
      throw new InputError("compressed", where, `what follows is compressed with ${compression}: unpack it first`);
    // Compressed within compressed is nothing that the kernel unpacks.
    placed(`${where}, unpacked`, () => entriesOf(unpacked.bytes, into, undefined));
    at += Math.max(1, unpacked.used);
  }
}

function placed(place: string, work: () => void): void {
  try {
    work();
  } catch (fault) {
    throw fault instanceof InputError ? fault.within(place, ", ") : fault;
  }
}

/**
 * The entries of an initramfs in their order. A further name of a file is a `link`, and where it brings content, a `file` of the same path follows it.
 * @param unpack for parts that are compressed
 * @throws InputError `compressed`, `not-a-cpio`, `unsupported-cpio`, `truncated`, `bad-number`, `bad-name`, `bad-path`
 */
export function decodeInitramfs(image: Uint8Array, unpack?: Unpack): ArchiveEntry[] {
  const entries: ArchiveEntry[] = [];
  entriesOf(image, entries, unpack);
  if (entries.length === 0) throw new InputError("not-a-cpio", "byte 0", "there is no cpio archive");
  return entries;
}
