// Compressed firmware, which is looked for where the plain file is missing (drivers/base/firmware_loader/main.c: fw_decompress_zstd,
// fw_decompress_xz). IMA sees the file as it lies there. What unpacking would say is known as far as the first bytes tell.

export interface Compression {
  readonly symbol: string;
  readonly suffix: string;
  /** Whether the beginning is that of such a file; EINVAL if not. */
  accepts(file: Uint8Array): boolean;
}

const begins = (file: Uint8Array, magic: readonly number[]): boolean => magic.every((byte, i) => file[i] === byte);

const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** Frame_Header_Descriptor (RFC 8878, 3.1.1.1.1): the size of the content is given if one of these is set. */
const ZSTD_SIZE_KNOWN = 0xe0;
const XZ_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0];

/** In the order in which they are tried. */
export const COMPRESSIONS: readonly Compression[] = [
  {
    symbol: "FW_LOADER_COMPRESS_ZSTD",
    suffix: ".zst",
    // A frame that does not give the size of its content is refused.
    accepts: (file) => begins(file, ZSTD_MAGIC) && ((file[4] ?? 0) & ZSTD_SIZE_KNOWN) !== 0,
  },
  { symbol: "FW_LOADER_COMPRESS_XZ", suffix: ".xz", accepts: (file) => begins(file, XZ_MAGIC) },
];
