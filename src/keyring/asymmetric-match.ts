// How asymmetric keys are found by their identifiers (crypto/asymmetric_keys/asymmetric_type.c: asymmetric_key_match_preparse,
// find_asymmetric_key).
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { fail, ok, type Result } from "../errno/index.ts";
import type { AsymmetricIds, Key, KeyRef } from "./key.ts";
import type { Matcher } from "./key-type.ts";
import { searchByType } from "./search.ts";
import type { KeyState } from "./state.ts";

/** Whether two identifiers are there and alike. */
export function sameId(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a !== null && b !== null && a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Whether `id` ends in `end`. */
export function idEndsIn(id: Uint8Array | null, end: Uint8Array): boolean {
  return id !== null && id.length >= end.length && sameId(id.subarray(id.length - end.length), end);
}

type Compare = (ids: AsymmetricIds, wanted: Uint8Array) => boolean;
/** `id:` the end of either identifier, `ex:` the whole of either, `dn:` the whole subject. */
const COMPARISONS: Readonly<Record<string, Compare>> = {
  "id:": (ids, wanted) => idEndsIn(ids[0], wanted) || idEndsIn(ids[1], wanted),
  "ex:": (ids, wanted) => sameId(ids[0], wanted) || sameId(ids[1], wanted),
  "dn:": (ids, wanted) => sameId(ids[2], wanted),
};

export function asymmetricMatcher(description: string): Result<Matcher | null> {
  if (description === "") return fail("EINVAL");
  const compare = COMPARISONS[description.slice(0, 3)];
  if (compare === undefined) return ok(null);
  const hex = description.slice(3);
  if (hex === "" || hex.length % 2 === 1 || !/^[0-9a-fA-F]*$/.test(hex)) return fail("EINVAL");
  const wanted = hexToBytes(hex);
  return ok((key) => key.asymmetric !== null && compare(key.asymmetric.ids, wanted));
}

/**
 * The key that `authority` names: [serial and issuer, key identifier, issuer name], the first that is there; where both of the first two
 * are, the key found by one must have the other (find_asymmetric_key with exact identifiers).
 * @returns ENOKEY where there is none, EKEYREJECTED where the second identifier differs, EKEYREVOKED, EKEYEXPIRED.
 */
export function findAsymmetricKey(state: KeyState, keyring: Key, authority: AsymmetricIds): Result<Key> {
  const [id, keyId, name] = authority;
  const wanted = id ?? keyId ?? name;
  if (wanted === null) return fail("EINVAL");
  const how = id === null && keyId === null ? "dn" : "ex";
  const type = state.types.get("asymmetric");
  if (type === undefined) return fail("ENOKEY");
  const ref: KeyRef = { key: keyring, possessed: true };
  const found = searchByType(state, state.kernel, ref, type, `${how}:${bytesToHex(wanted)}`);
  if (!found.ok) {
    const hidden = found.errno === "EACCES" || found.errno === "ENOTDIR" || found.errno === "EAGAIN";
    return fail(hidden ? "ENOKEY" : found.errno);
  }
  const { key } = found.value;
  if (id !== null && keyId !== null && !sameId(keyId, key.asymmetric!.ids[1])) return fail("EKEYREJECTED");
  return ok(key);
}
