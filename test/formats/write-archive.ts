// Writes archives for the tests: the other way round, and in forms that no tool here writes.
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import type { ArchiveEntry } from "../../src/formats/index.ts";

const BLOCK = 512;
const TYPES = {
  file: "0",
  link: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
  socket: "?",
};

const padded = (bytes: Uint8Array, to: number): Uint8Array =>
  concatBytes(bytes, new Uint8Array((to - (bytes.length % to)) % to));

function header(name: string, type: string, size: number, numbers: Readonly<Record<number, number>> = {}): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => block.set(utf8ToBytes(text), at);
  put(0, name);
  put(124, size.toString(8).padStart(11, "0"));
  put(156, type);
  put(257, "ustar\x0000");
  for (const [at, value] of Object.entries(numbers)) {
    const octal = value.toString(8).padStart(7, "0");
    if (octal.length === 7) put(Number(at), octal);
    // Base 256: the first bit, then the number with its highest byte first.
    else block.set([0x80, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff)], Number(at));
  }
  put(148, "        ");
  put(
    148,
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
  );
  return block;
}

/** A header of its own for what does not fit: GNU's long names, pax' records. */
const before = (type: string, content: Uint8Array): Uint8Array =>
  concatBytes(header("x", type, content.length), padded(content, BLOCK));

function record(key: string, value: Uint8Array): Uint8Array {
  const rest = concatBytes(utf8ToBytes(` ${key}=`), value, utf8ToBytes("\n"));
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return concatBytes(utf8ToBytes(String(length)), rest);
}

/** @param entry records alone, as they are, or an entry with the headers that it needs */
export function tarEntry(entry: ArchiveEntry | Uint8Array, form: "pax" | "gnu", type?: string): Uint8Array {
  if (entry instanceof Uint8Array) return before("x", entry);
  const name = entry.path.slice(1);
  const target = entry.type === "link" ? entry.target.slice(1) : entry.type === "symlink" ? entry.target : null;
  const bytes = entry.type === "file" ? entry.bytes : new Uint8Array();
  const device = entry.type === "block" || entry.type === "character" ? { 329: entry.major, 337: entry.minor } : {};
  const parts: Uint8Array[] = [];
  if (form === "gnu") {
    parts.push(before("L", utf8ToBytes(`${name}\0`)));
    if (target !== null) parts.push(before("K", utf8ToBytes(`${target}\0`)));
  } else {
    const escaped = (key: string) => key.replaceAll("%", "%25").replaceAll("=", "%3D");
    parts.push(
      before(
        "x",
        concatBytes(
          record("path", utf8ToBytes(name)),
          ...(target === null ? [] : [record("linkpath", utf8ToBytes(target))]),
          record("uid", utf8ToBytes(String(entry.uid))),
          record("gid", utf8ToBytes(String(entry.gid))),
          ...entry.xattrs.map(([key, value]) => record(`SCHILY.xattr.${escaped(key)}`, value)),
        ),
      ),
    );
  }
  const numbers = { 100: entry.mode, ...(form === "gnu" && { 108: entry.uid, 116: entry.gid }), ...device };
  parts.push(header("cut", type ?? TYPES[entry.type], bytes.length, numbers), padded(bytes, BLOCK));
  return concatBytes(...parts);
}

export function tarArchive(entries: readonly ArchiveEntry[], form: "pax" | "gnu", type?: string): Uint8Array {
  return concatBytes(...entries.map((entry) => tarEntry(entry, form, type)), new Uint8Array(2 * BLOCK));
}

/** Regular files alone, of the format newc. */
export function cpioArchive(
  files: readonly (ArchiveEntry & { readonly ino: number; readonly links: number })[],
): Uint8Array {
  const member = (name: string, ino: number, mode: number, links: number, bytes: Uint8Array) => {
    const fields = [ino, mode, 0, 0, links, 0, bytes.length, 8, 1, 0, 0, name.length + 1, 0];
    const text = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
    return concatBytes(padded(utf8ToBytes(text), 4), padded(bytes, 4));
  };
  const members = files.map((file) =>
    member(
      file.path.slice(1),
      file.ino,
      0o100000 | file.mode,
      file.links,
      file.type === "file" ? file.bytes : new Uint8Array(),
    ),
  );
  return concatBytes(...members, member("TRAILER!!!", 0, 0, 1, new Uint8Array()));
}
