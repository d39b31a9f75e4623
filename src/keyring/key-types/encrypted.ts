// Keys of type encrypted (security/keys/encrypted-keys/encrypted.c: encrypted_instantiate, encrypted_update, encrypted_read).

import { hexToBytes } from "@noble/hashes/utils.js";
import { type Denial, ERRNO, type Errno, fail, ok, type Result } from "../../errno/index.ts";
import type { Key } from "../key.ts";
import type { KeyContext, KeyType } from "../key-type.ts";
import { requestKey } from "../process-keyrings.ts";
import { reservePayload } from "../quota.ts";
import {
  type BlobFault,
  blobQuota,
  checkBlobRequest,
  type EncryptedBlob,
  encryptBlob,
  isFault,
  masterKind,
  openBlob,
  parseBlobRequest,
} from "./encrypted-blob.ts";

const IV = 16;
/** A payload is read as a string of at most this length. */
const LONGEST = 32767;
const ECRYPTFS_DESCRIPTION = /^[0-9a-fA-F]{16}$/;

/** The module's name stands before all that it says: it is built together with trusted keys. */
function say({ state }: KeyContext, text: string): void {
  state.log.printk(`trusted_key: ${text}`);
}

function refused(context: KeyContext, fault: BlobFault): Errno {
  if (fault.message !== "")
    say(context, fault.message.startsWith("encrypted") ? fault.message : `encrypted_key: ${fault.message}`);
  return fault.errno;
}

/** request_master_key: the secret of the user or trusted key by this name, in the caller's keyrings. */
function masterSecret(context: KeyContext, master: string): Result<Uint8Array> {
  const kind = masterKind(master);
  const name = master.slice(kind.length + 1);
  const built = kind === "user" || context.state.types.has(kind);
  const found = built ? requestKey(context.state, context.subject, kind, name) : fail("EOPNOTSUPP");
  if (!found.ok) {
    say(context, `encrypted_key: key ${master} not found`);
    return found;
  }
  const { payload } = found.value;
  if (payload.kind === "user") return ok(payload.bytes);
  return payload.kind === "trusted" ? ok(payload.secret) : fail("EKEYREVOKED");
}

function ecryptfsFault(context: KeyContext, key: Key): Denial {
  if (ECRYPTFS_DESCRIPTION.test(key.description)) return null;
  const what =
    key.description.length === 16 ? "contain only hexadecimal characters" : "be 16 hexadecimal characters long";
  say(context, `encrypted_key: key description must ${what}`);
  return "EINVAL";
}

function instantiate(context: KeyContext, key: Key, data: Uint8Array): Denial {
  if (data.length === 0 || data.length > LONGEST) return "EINVAL";
  const request = parseBlobRequest(data, true);
  if (isFault(request)) return refused(context, request);
  const length = checkBlobRequest(request, context.state.config.enabled("USER_DECRYPTED_DATA"));
  if (typeof length !== "number") return refused(context, length);
  const over = reservePayload(key, blobQuota(request, length));
  if (over !== null) return over;
  if (request.format === "ecryptfs") {
    const fault = ecryptfsFault(context, key);
    if (fault !== null) return fault;
  }
  const head = { format: request.format ?? "default", master: request.master, length: request.length! } as const;
  let parts: Pick<EncryptedBlob, "iv" | "secret">;
  if (request.command === "load") {
    const open = openBlob(request, length);
    if (!open.ok) return open.errno;
    const master = masterSecret(context, request.master);
    if (!master.ok) return master.errno;
    const opened = open.value(master.value);
    if (opened === null) {
      say(context, `encrypted_key: bad hmac (${-ERRNO.EINVAL})`);
      return "EINVAL";
    }
    parts = opened;
  } else {
    const iv = context.state.random(IV);
    parts = { iv, secret: request.hex === null ? context.state.random(length) : hexToBytes(request.hex) };
  }
  key.payload = { kind: "encrypted", blob: { ...head, ...parts } };
  return null;
}

function update(context: KeyContext, key: Key, data: Uint8Array): Denial {
  if (key.payload.kind !== "encrypted") return "ENOKEY";
  if (data.length === 0 || data.length > LONGEST) return "EINVAL";
  const request = parseBlobRequest(data, false);
  if (isFault(request)) return refused(context, request);
  const { blob } = key.payload;
  if (masterKind(request.master) !== masterKind(blob.master)) return "EINVAL";
  const changed: EncryptedBlob = { ...blob, master: request.master };
  const over = reservePayload(key, blobQuota(changed, blob.secret.length));
  if (over !== null) return over;
  key.payload = { kind: "encrypted", blob: changed };
  return null;
}

export const encryptedType: KeyType = {
  name: "encrypted",
  instantiate: (context, key, _prepared, data) => instantiate(context, key, data),
  update: (context, key, _prepared, data) => update(context, key, data),
  read(context, key) {
    if (key.payload.kind !== "encrypted") return fail("ENOKEY");
    const { blob } = key.payload;
    const master = masterSecret(context, blob.master);
    return master.ok ? ok(encryptBlob(blob, master.value)) : master;
  },
  describe: (key) => `${key.description}: ${key.dataLength}`,
};
