// UUIDs as text and bytes.
import { hexToBytes } from "@noble/hashes/utils.js";
import { InputError } from "../errno/index.ts";

/** @throws InputError `bad-uuid` */
export function uuidBytes(text: string, where: string): Uint8Array {
  if (!/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(text))
    throw new InputError("bad-uuid", where, `'${text}' is not a UUID`);
  return hexToBytes(text.replaceAll("-", ""));
}
