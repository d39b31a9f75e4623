// Keys of type keyring (security/keys/keyring.c: key_type_keyring).
import { fail, ok } from "../../errno/index.ts";
import type { KeyType } from "../key-type.ts";

export const keyringType: KeyType = {
  name: "keyring",
  preparse: (_context, data) =>
    data.length === 0 ? ok({ payload: { kind: "none" }, description: null, quota: 0 }) : fail("EINVAL"),
  instantiate: () => null,
  /** The serial numbers of what is in it, four bytes each. */
  read(_context, key) {
    const bytes = new Uint8Array(4 * key.links!.size);
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const { serial } of key.links!) {
      view.setInt32(at, serial, true);
      at += 4;
    }
    return ok(bytes);
  },
  describe: (key) => `${key.description}: ${key.links!.size || "empty"}`,
};
