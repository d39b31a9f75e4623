// The bytes that security.evm vouches for (security/integrity/evm/evm_crypto.c: evm_calc_hmac_or_hash, hmac_add_misc): the values of the
// protected xattrs in the order of the list, without names and lengths, then struct h_misc, then the UUID of the file system.
import { digest, type HashName, hmac } from "../crypto/index.ts";
import type { EvmType } from "./status.ts";

export interface EvmXattr {
  readonly name: string;
  readonly value: Uint8Array;
}

/** What of an inode is covered. Portable signatures leave out `ino` and `generation`. */
export interface EvmInodeFields {
  readonly ino: number;
  readonly generation: number;
  /** In the initial user namespace. */
  readonly uid: number;
  readonly gid: number;
  /** i_mode: file type and permission bits. */
  readonly mode: number;
}

export interface EvmPreimageInput {
  readonly type: EvmType;
  /** Those present, in the order of the list. */
  readonly xattrs: readonly EvmXattr[];
  readonly inode: EvmInodeFields;
  /** 16 bytes; null on a kernel without EVM_ATTR_FSUUID. Never covered by a portable signature. */
  readonly fsuuid: Uint8Array | null;
  /** The word size of the kernel: 32-bit ones have a shorter inode number. Default 64. */
  readonly bits?: 32 | 64;
}

/** One field of the preimage, for people. */
export interface EvmField {
  readonly name: string;
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** The value in the field's usual notation. */
  readonly text: string;
}

export interface EvmDigest {
  readonly preimage: Uint8Array;
  readonly digest: Uint8Array;
  /** The preimage field by field. */
  readonly fields: readonly EvmField[];
}

/** struct h_misc of a little-endian kernel: 24 bytes, 20 where a long has 32 bits. */
export function miscBytes(type: EvmType, inode: EvmInodeFields, bits: 32 | 64 = 64): Uint8Array {
  const word = bits / 8;
  const bytes = new Uint8Array(word + 16);
  const view = new DataView(bytes.buffer);
  if (type !== "portable") {
    view.setUint32(0, inode.ino, true);
    if (bits === 64) view.setUint32(4, Math.floor(inode.ino / 2 ** 32), true);
    view.setUint32(word, inode.generation, true);
  }
  view.setUint32(word + 4, inode.uid, true);
  view.setUint32(word + 8, inode.gid, true);
  view.setUint16(word + 12, inode.mode, true);
  return bytes;
}

/** The preimage in the pieces that are hashed one after the other. */
export function preimageParts(input: EvmPreimageInput): Uint8Array[] {
  const parts = input.xattrs.map((x) => x.value);
  parts.push(miscBytes(input.type, input.inode, input.bits));
  if (input.fsuuid !== null && input.type !== "portable") parts.push(input.fsuuid);
  return parts;
}

/** The preimage field by field, with offsets. */
export function preimageFields(input: EvmPreimageInput): EvmField[] {
  const fields: EvmField[] = [];
  let offset = 0;
  const add = (name: string, bytes: Uint8Array, text: string) => {
    fields.push({ name, offset, bytes, text });
    offset += bytes.length;
  };
  for (const { name, value } of input.xattrs) add(name, value, hex(value));
  const portable = input.type === "portable";
  const misc = miscBytes(input.type, input.inode, input.bits);
  const word = (input.bits ?? 64) / 8;
  const piece = (from: number, length: number) => misc.subarray(from, from + length);
  add("ino", piece(0, word), portable ? "0 (portable)" : String(input.inode.ino));
  add("generation", piece(word, 4), portable ? "0 (portable)" : String(input.inode.generation));
  add("uid", piece(word + 4, 4), String(input.inode.uid));
  add("gid", piece(word + 8, 4), String(input.inode.gid));
  add("mode", piece(word + 12, 2), `0${input.inode.mode.toString(8)}`);
  add("padding", piece(word + 14, 2), "0");
  if (input.fsuuid !== null && !portable) add("fsuuid", input.fsuuid, uuidText(input.fsuuid));
  return fields;
}

/** One line a field: offset, name, bytes, value. */
export function printPreimage(fields: readonly EvmField[]): string {
  return fields
    .map(
      (f) => `${String(f.offset).padStart(4)}  ${f.name.padEnd(26)} ${hex(f.bytes)}${plain(f) ? "" : `  ${f.text}`}\n`,
    )
    .join("");
}
const plain = (f: EvmField) => f.text === hex(f.bytes);

/** What a signature in security.evm signs: the digest of the preimage under the algorithm that its header names. */
export function evmDigest(input: EvmPreimageInput & { readonly algorithm: HashName }): EvmDigest {
  const parts = preimageParts(input);
  return { preimage: joined(parts), digest: digest(input.algorithm, ...parts), fields: preimageFields(input) };
}

/** The size of the buffer that the HMAC key is copied into; all of it is the key, the zeros behind a shorter one too. */
export const EVM_KEY_BUFFER = 128;

/**
 * HMAC-SHA1 as the kernel stores it in security.evm behind the byte 0x02.
 * @param key the decrypted payload of `evm-key`, at most 128 bytes
 * @throws RangeError for a longer key
 */
export function evmHmac(input: Omit<EvmPreimageInput, "type">, key: Uint8Array): EvmDigest {
  const whole = { ...input, type: "hmac" } as const;
  const parts = preimageParts(whole);
  return { preimage: joined(parts), digest: hmac("sha1", hmacKey(key), ...parts), fields: preimageFields(whole) };
}

/** The key of the HMAC proper: one longer than a block of SHA-1 is hashed first (RFC 2104), and 128 bytes always are. */
export function hmacKey(key: Uint8Array): Uint8Array {
  if (key.length > EVM_KEY_BUFFER) throw new RangeError(`key: ${key.length} bytes, at most ${EVM_KEY_BUFFER} fit`);
  const buffer = new Uint8Array(EVM_KEY_BUFFER);
  buffer.set(key);
  return digest("sha1", buffer);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const b of bytes) text += b.toString(16).padStart(2, "0");
  return text;
}

function uuidText(uuid: Uint8Array): string {
  return hex(uuid).replace(/^(.{8})(.{4})(.{4})(.{4})(.*)$/, "$1-$2-$3-$4-$5");
}
