// Digests that the system does not trust: `tbs:` of certificates, `bin:` of files (certs/blacklist.c: is_hash_blacklisted).
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Denial } from "../errno/index.ts";
import { searchByType } from "./search.ts";
import type { KeyState } from "./state.ts";

/** Longest hash in hex digits. */
const MAX_HASH = 128;

/** blacklist_vet_description: `tbs:` or `bin:` and an even number of lower-case hex digits. */
export function vetBlacklistDescription(description: string): Denial {
  const digits = /^(?:tbs|bin):(.*)$/s.exec(description)?.[1];
  if (digits === undefined) return "EINVAL";
  if (!/^[0-9a-f]*$/.test(digits.slice(0, MAX_HASH))) return "EINVAL";
  if (digits.length > MAX_HASH) return "ENOPKG";
  return digits.length === 0 || digits.length % 2 === 1 ? "EINVAL" : null;
}

/** Whether the digest of a certificate's signed part (`tbs`) or of a file (`bin`) is blacklisted. */
export function isHashBlacklisted(state: KeyState, kind: "tbs" | "bin", digest: Uint8Array): boolean {
  const keyring = state.rings.blacklist;
  const type = state.types.get("blacklist");
  if (keyring === null || type === undefined) return false;
  const description = `${kind}:${bytesToHex(digest)}`;
  return searchByType(state, state.kernel, { key: keyring, possessed: true }, type, description, { recurse: false }).ok;
}
