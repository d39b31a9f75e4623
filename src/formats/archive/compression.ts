// Recognises what an archive is compressed with, by its first bytes (lib/decompress.c: compressed_formats).

// biome-ignore format: a table reads better in columns
const MAGIC = [
  { name: "gzip", bytes: [0x1f, 0x8b] },
  { name: "bzip2", bytes: [0x42, 0x5a] },
  { name: "lzma", bytes: [0x5d, 0x00] },
  { name: "xz", bytes: [0xfd, 0x37] },
  { name: "lzo", bytes: [0x89, 0x4c] },
  { name: "lz4", bytes: [0x02, 0x21] },
  { name: "zstd", bytes: [0x28, 0xb5] },
] as const;

export type Compression = (typeof MAGIC)[number]["name"];

/** null where the bytes at `at` begin like none of them. */
export function compressionOf(bytes: Uint8Array, at = 0): Compression | null {
  return MAGIC.find(({ bytes: magic }) => magic.every((byte, i) => bytes[at + i] === byte))?.name ?? null;
}
