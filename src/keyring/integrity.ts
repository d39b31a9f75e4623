// Verification of the signatures in security.ima and security.evm (security/integrity/digsig.c: integrity_digsig_verify,
// digsig_asymmetric.c: asymmetric_verify, request_asymmetric_key; lib/digsig.c for version 1).
import { numberToVarBytesBE } from "@noble/curves/utils.js";
import { hashById, raise } from "../crypto/index.ts";
import { type Denial, ERRNO, type Errno, fail, ok, type Result } from "../errno/index.ts";
import {
  bitLength,
  decodePublicKeyV1,
  HEADER_V1_LENGTH,
  keyNameV1,
  readMpi,
  signedDigestV1,
} from "../formats/index.ts";
import { type IntegrityKeyring, integrityKeyringName } from "./kernel-keyrings.ts";
import type { Key } from "./key.ts";
import { requestKey } from "./process-keyrings.ts";
import { searchByType } from "./search.ts";
import type { KeyState } from "./state.ts";
import type { KeySubject } from "./subject.ts";

/** Header of versions 2 and 3, xattr type included. */
const HEADER = 9;
const WORD = 8;
/** Errors of a search that all mean "no such key". */
const HIDDEN: ReadonlySet<Errno> = new Set<Errno>(["EACCES", "ENOTDIR", "EAGAIN"]);

/** The keyring of an integrity use. _ima and _evm are looked for in the caller's reach, once found kept for ever. */
export function integrityKeyring(state: KeyState, subject: KeySubject, id: IntegrityKeyring): Result<Key> {
  const known = state.rings[id];
  if (known !== null) return ok(known);
  const name = integrityKeyringName(state, id);
  const found = requestKey(state, subject, "keyring", name);
  if (!found.ok) {
    state.log.printk(`integrity: no ${name} keyring: ${-ERRNO[found.errno]}`);
    return found;
  }
  state.rings[id] = state.store.hold(found.value);
  return found;
}

/** A search string for the last four bytes of a key identifier. */
export const keyIdName = (id: number): string => `id:${id.toString(16).padStart(8, "0")}`;

/** The key that a header names, unless .ima_blacklist holds it. */
function requestAsymmetricKey(state: KeyState, subject: KeySubject, keyring: Key, keyId: number): Result<Key> {
  const type = state.types.get("asymmetric");
  if (type === undefined) return fail("EOPNOTSUPP");
  const name = keyIdName(keyId);
  const { imaBlacklist } = state.rings;
  const search = (key: Key): Result<Key> => {
    const found = searchByType(state, subject, { key, possessed: true }, type, name);
    return found.ok ? ok(found.value.key) : found;
  };
  if (imaBlacklist !== null && search(imaBlacklist).ok) {
    state.log.printk(`integrity: Key '${name}' is in ima_blacklist_keyring`);
    return fail("EKEYREJECTED");
  }
  const found = search(keyring);
  if (found.ok) return found;
  const where = state.release.has("unknown-key-names-keyring") ? ` in '${keyring.description}' keyring.` : "";
  state.log.printkRatelimited(
    "request_asymmetric_key",
    `integrity: Request for unknown key '${name}'${where} err ${-ERRNO[found.errno]}`,
  );
  return fail(HIDDEN.has(found.errno) ? "ENOKEY" : found.errno);
}

/** Versions 2 and 3: `signature` with its xattr type. */
function verifyAsymmetric(
  state: KeyState,
  subject: KeySubject,
  keyring: Key,
  signature: Uint8Array,
  digest: Uint8Array,
): Denial {
  if (!state.config.enabled("INTEGRITY_ASYMMETRIC_KEYS")) return "EOPNOTSUPP";
  if (signature.length <= HEADER) return "EBADMSG";
  const header = new DataView(signature.buffer, signature.byteOffset);
  if (header.getUint16(7) !== signature.length - HEADER) return "EBADMSG";
  const hash = hashById(signature[2]!, state.release);
  if (hash === undefined) return "ENOPKG";
  const key = requestAsymmetricKey(state, subject, keyring, header.getUint32(3));
  if (!key.ok) return key.errno;
  const asymmetric = key.value.asymmetric;
  if (asymmetric === null) return "ENOKEY";
  return state.signatures.verify(asymmetric.publicKey, {
    algorithm: null,
    hash: hash.name,
    digest,
    bytes: signature.subarray(HEADER),
  });
}

/** The digest in a block 00 01 FF … 00 DIGEST; null where it is no such block. */
function bareDigest(block: Uint8Array): Uint8Array | null {
  if (block.length < 11 || block[0] !== 0 || block[1] !== 1) return null;
  let at = 2;
  while (at < block.length - 1 && block[at] === 0xff) at++;
  return block[at] === 0 ? block.subarray(at + 1) : null;
}

/** digsig_verify_rsa, after the key was found: all faults are EINVAL. */
function verifyBare(payload: Uint8Array, mpi: Uint8Array, signed: Uint8Array): boolean {
  const key = decodePublicKeyV1(payload);
  const signature = readMpi(mpi);
  if (!key.ok || !signature.ok || key.value.n === 0n) return false;
  const { n, e } = key.value;
  const length = Math.ceil(bitLength(n) / 8);
  const raised = raise(signature.value.value, e, n);
  if (raised === 0n || WORD * Math.ceil(bitLength(raised) / (8 * WORD)) > length) return false;
  const block = new Uint8Array(length);
  const bytes = numberToVarBytesBE(raised);
  block.set(bytes, length - bytes.length);
  const found = bareDigest(block);
  return found !== null && found.length === signed.length && found.every((byte, i) => byte === signed[i]);
}

/** Version 1: `signature` without its xattr type. */
function verifyV1(
  state: KeyState,
  subject: KeySubject,
  keyring: Key,
  signature: Uint8Array,
  digest: Uint8Array,
): Denial {
  if (signature.length < HEADER_V1_LENGTH + 2) return "EINVAL";
  if (signature[5] !== 0) return "ENOTSUPP";
  const name = keyNameV1(signature.subarray(7, 15));
  const type = state.types.get("user")!;
  const found = searchByType(state, subject, { key: keyring, possessed: true }, type, name);
  if (!found.ok) {
    state.log.printk(`digsig: key not found, id: ${name}`);
    return found.errno;
  }
  const { payload } = found.value.key;
  const signed = signedDigestV1(digest, signature);
  return payload.kind === "user" && verifyBare(payload.bytes, signature.subarray(HEADER_V1_LENGTH), signed)
    ? null
    : "EINVAL";
}

/**
 * integrity_digsig_verify.
 * @param signature the whole xattr, type byte included.
 * @param digest what should have been signed.
 * @returns EOPNOTSUPP for an unknown version, EBADMSG for a header that does not fit, ENOPKG for a hash the kernel does not know, ENOKEY,
 * EKEYREVOKED, EKEYEXPIRED, EKEYREJECTED, EINVAL.
 */
export function integrityVerify(
  state: KeyState,
  subject: KeySubject,
  id: IntegrityKeyring,
  signature: Uint8Array,
  digest: Uint8Array,
): Denial {
  if (!state.config.enabled("INTEGRITY_SIGNATURE")) return "EOPNOTSUPP";
  if (signature.length < 2) return "EINVAL";
  const keyring = integrityKeyring(state, subject, id);
  if (!keyring.ok) return keyring.errno;
  switch (signature[1]) {
    case 1:
      return verifyV1(state, subject, keyring.value, signature.subarray(1), digest);
    case 2:
      return verifyAsymmetric(state, subject, keyring.value, signature, digest);
    case 3:
      if (!state.release.has("fs-verity-signatures")) return "EOPNOTSUPP";
      return verifyAsymmetric(state, subject, keyring.value, signature, digest);
    default:
      return "EOPNOTSUPP";
  }
}
