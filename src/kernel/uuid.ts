// UUIDs as text and bytes.
import { hexToBytes } from "@noble/hashes/utils.js";
import { InputError } from "../errno/index.ts";

/** @throws InputError `bad-uuid` */
export function uuidBytes(text: string, where: string): Uint8Array {
  if (!/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(text))
    throw new InputError("bad-uuid", where, `'${text}' is not a UUID`);
  return hexToBytes(text.replaceAll("-", ""));
}

/** Version 4, of the environment's numbers. */
export function randomUuid(random: () => number): Uint8Array {
  const uuid = new Uint8Array(16);
  const view = new DataView(uuid.buffer);
  for (let at = 0; at < 16; at += 4) view.setUint32(at, random() >>> 0);
  uuid[6] = (uuid[6]! & 0x0f) | 0x40;
  uuid[8] = (uuid[8]! & 0x3f) | 0x80;
  return uuid;
}
