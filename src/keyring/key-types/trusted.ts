// Keys of type trusted: secrets that only leave the kernel sealed (security/keys/trusted-keys/trusted_core.c).
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { type Denial, ERRNO, type Errno, fail, ok } from "../../errno/index.ts";
import type { Key } from "../key.ts";
import type { KeyContext, KeyType } from "../key-type.ts";
import { reservePayload } from "../quota.ts";

const LONGEST = 32767;
const MIN_SECRET = 32;
const MAX_SECRET = 128;
const MAX_BLOB = 512;
/** sizeof(struct trusted_key_payload) */
const QUOTA = 672;

function words(data: Uint8Array): { readonly command: string; readonly argument: string; readonly options: string } {
  const end = data.indexOf(0);
  const text = new TextDecoder("latin1").decode(end < 0 ? data : data.subarray(0, end));
  const [command = "", argument = "", ...options] = text.split(/[ \t]/);
  return { command, argument, options: options.join(" ") };
}

function failed({ state }: KeyContext, what: string, errno: Errno): Errno {
  state.log.printk(`trusted_key: ${what} failed (${-ERRNO[errno]})`);
  return errno;
}

function instantiate(context: KeyContext, key: Key, data: Uint8Array): Denial {
  const { state } = context;
  if (data.length === 0 || data.length > LONGEST) return "EINVAL";
  const over = reservePayload(key, QUOTA);
  if (over !== null) return "ENOMEM";
  const { command, argument, options } = words(data);
  if (command === "new") {
    const length = /^[+-]?[0-9]+$/.test(argument) ? Number.parseInt(argument, 10) : 0;
    if (length < MIN_SECRET || length > MAX_SECRET) return "EINVAL";
    const secret = state.random(length);
    const blob = state.trust!.seal(secret, options);
    if (!blob.ok) return failed(context, "key_seal", blob.errno);
    key.payload = { kind: "trusted", secret, blob: blob.value };
    return null;
  }
  if (command !== "load") return "EINVAL";
  const hex = argument.slice(0, argument.length & ~1);
  if (hex.length > 2 * MAX_BLOB || !/^[0-9a-fA-F]*$/.test(hex)) return "EINVAL";
  const blob = hexToBytes(hex);
  const secret = state.trust!.unseal(blob, options);
  if (!secret.ok) return failed(context, "key_unseal", secret.errno);
  key.payload = { kind: "trusted", secret: secret.value, blob };
  return null;
}

/** Seals the same secret anew. */
function update(context: KeyContext, key: Key, data: Uint8Array): Denial {
  if (key.payload.kind !== "trusted") return "ENOKEY";
  if (data.length === 0 || data.length > LONGEST) return "EINVAL";
  const { command, argument, options } = words(data);
  if (command !== "update") return "EINVAL";
  const { secret } = key.payload;
  const blob = context.state.trust!.seal(secret, `${argument} ${options}`.trim());
  if (!blob.ok) return failed(context, "key_seal", blob.errno);
  key.payload = { kind: "trusted", secret, blob: blob.value };
  return null;
}

export const trustedType: KeyType = {
  name: "trusted",
  instantiate: (context, key, _prepared, data) => instantiate(context, key, data),
  update: (context, key, _prepared, data) => update(context, key, data),
  read: (_context, key) =>
    key.payload.kind === "trusted" ? ok(utf8ToBytes(bytesToHex(key.payload.blob))) : fail("EINVAL"),
  describe: (key) => `${key.description}: ${key.dataLength}`,
};
