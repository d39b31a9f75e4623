// Keys of type blacklist: the description is all there is to them (certs/blacklist.c: key_type_blacklist).
import { utf8ToBytes } from "@noble/hashes/utils.js";
import type { Denial } from "../../errno/index.ts";
import { vetBlacklistDescription } from "../hash-blacklist.ts";
import { type Key, NEED, permission } from "../key.ts";
import type { KeyContext, KeyType } from "../key-type.ts";
import { verifyPkcs7 } from "../pkcs7-verify.ts";

export const BLACKLIST_PERM = permission(NEED.SEARCH | NEED.VIEW, NEED.SEARCH | NEED.VIEW);

/** The payload of an entry from user space: a PKCS#7 signature over the description by a builtin key. */
function instantiate({ state }: KeyContext, key: Key, data: Uint8Array): Denial {
  key.perm = BLACKLIST_PERM;
  if (key.builtin) return null;
  if (!state.config.enabled("SYSTEM_BLACKLIST_AUTH_UPDATE")) return "EPERM";
  return verifyPkcs7(state, {
    content: utf8ToBytes(key.description),
    message: data,
    trusted: "builtin",
    usage: "unspecified",
  });
}

export const blacklistType: KeyType = {
  name: "blacklist",
  vetDescription: vetBlacklistDescription,
  instantiate: (context, key, _prepared, data) => instantiate(context, key, data),
  update: () => "EPERM",
  describe: (key) => key.description,
};
