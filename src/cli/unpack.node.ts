// Unpacks what an initramfs is compressed with, as far as this Node can: gzip, and zstd since Node 22.15.
import zlib from "node:zlib";
import { InputError } from "../errno/index.ts";
import type { Unpack } from "../formats/index.ts";

/** Bytes; nothing that a machine boots from unpacks to more. */
const LARGEST = 2 ** 30;

type Decompress = (
  bytes: Uint8Array,
  options: { readonly info: true; readonly maxOutputLength: number },
) => { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } };

const METHODS: Readonly<Record<string, Decompress | undefined>> = {
  gzip: zlib.gunzipSync as unknown as Decompress,
  zstd: (zlib as { readonly zstdDecompressSync?: Decompress }).zstdDecompressSync,
};

/** @throws InputError `bad-compression` for damaged data */
export const unpack: Unpack = (compression, bytes) => {
  const method = METHODS[compression];
  if (method === undefined) return null;
  try {
    const { buffer, engine } = method(bytes, { info: true, maxOutputLength: LARGEST });
    return { bytes: new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length), used: engine.bytesWritten };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InputError("bad-compression", "", `what is compressed with ${compression} cannot be unpacked: ${why}`);
  }
};
