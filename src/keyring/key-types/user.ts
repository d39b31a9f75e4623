// Keys of types user and logon: any bytes (security/keys/user_defined.c). Those of logon cannot be read back.
import { fail, ok } from "../../errno/index.ts";
import type { KeyType } from "../key-type.ts";
import { reservePayload } from "../quota.ts";

const LONGEST = 32767;

const common = {
  preparse(_context, data) {
    if (data.length === 0 || data.length > LONGEST) return fail("EINVAL");
    return ok({ payload: { kind: "user", bytes: data.slice() }, description: null, quota: data.length });
  },
  instantiate(_context, key, prepared) {
    const refused = reservePayload(key, prepared.quota);
    if (refused === null) key.payload = prepared.payload;
    return refused;
  },
  update(_context, key, prepared) {
    const refused = reservePayload(key, prepared.quota);
    if (refused !== null) return refused;
    // An update takes a timeout off.
    key.expiry = Number.POSITIVE_INFINITY;
    key.payload = prepared.payload;
    return null;
  },
  revoke(key) {
    reservePayload(key, 0);
    key.payload = { kind: "none" };
  },
  describe: (key) => `${key.description}: ${key.dataLength}`,
} satisfies Omit<KeyType, "name">;

export const userType: KeyType = {
  ...common,
  name: "user",
  read: (_context, key) => (key.payload.kind === "user" ? ok(key.payload.bytes.slice()) : fail("EKEYREVOKED")),
};

export const logonType: KeyType = {
  ...common,
  name: "logon",
  /** `service:name` */
  vetDescription: (description) => (description.indexOf(":") > 0 ? null : "EINVAL"),
};
