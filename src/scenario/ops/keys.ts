// Ops on keys and keyrings.
import { bad, failAt, type Op, type OpContext, okay, putBytes } from "./context.ts";

const SPECIAL: Readonly<Record<string, number>> = { "@t": -1, "@p": -2, "@s": -3, "@u": -4, "@us": -5, "@g": -6 };
const TYPE_MAX = 60;
/** Bytes of a serial number. */
const SERIAL = 4;
/** /proc/keys shows so many letters of a type. */
const TYPE_SHOWN = 9;

/**
 * A handle, `@s`, a serial number, or a name as /proc/keys lists it: `.ima` for a keyring, `type:description` for a key. 0: none.
 */
function keyReference(c: OpContext, name: string | undefined): number {
  if (name === undefined || name === "") return 0;
  if (name.startsWith("@") && Object.hasOwn(SPECIAL, name)) return SPECIAL[name]!;
  const handle = c.driver.keys.get(name);
  if (handle !== undefined) return handle;
  if (/^\d/.test(name)) return Number(name) | 0;
  const colon = name.indexOf(":");
  const typed = colon >= 0 && colon < TYPE_MAX;
  const type = typed ? name.slice(0, colon) : "keyring";
  const description = typed ? name.slice(colon + 1) : name;
  for (const key of c.kernel.keyBridge.listKeys(c.driver.keysReader)) {
    // The description there goes on with a colon and details.
    const matches = typed ? type.startsWith(key.type.slice(0, TYPE_SHOWN)) : key.type === "keyring";
    if (matches && (key.text === description || key.text.startsWith(`${description}:`))) return key.serial;
  }
  return 0;
}

function keyArgument(c: OpContext, field: string): number | undefined {
  const serial = keyReference(c, c.a.text(field));
  if (serial !== 0) return serial;
  bad(c.out, "no such key or keyring");
  return undefined;
}

const keyctl: Op = (c) => {
  const { sys, a, out, driver } = c;
  const command = a.text("cmd") ?? "";
  if (command === "join") {
    const joined = sys.joinSession(a.text("name") ?? null);
    return okay(out, joined.ok ? null : joined.errno);
  }
  const key = keyArgument(c, "key");
  if (key === undefined) return;
  switch (command) {
    case "link":
    case "unlink":
    case "move": {
      const ring = keyArgument(c, "keyring");
      if (ring !== undefined) okay(out, command === "link" ? sys.linkKey(key, ring) : sys.unlinkKey(key, ring));
      return;
    }
    case "search": {
      const dest = a.has("dest") ? keyReference(c, a.text("dest")) : 0;
      const found = sys.searchKeyring(key, a.text("type") ?? "", a.text("description") ?? "", dest);
      if (!found.ok) return failAt(out, found.errno);
      const save = a.text("save");
      if (save !== undefined) driver.keys.set(save, found.value);
      out["ret"] = 0;
      return;
    }
    case "revoke":
      return okay(out, sys.revokeKey(key));
    case "invalidate":
      return okay(out, sys.invalidateKey(key));
    case "clear":
      return okay(out, sys.clearKeyring(key));
    case "setperm":
      return okay(out, sys.setKeyPermissions(key, a.int("perm", 0) >>> 0));
    case "timeout":
      return okay(out, sys.setKeyTimeout(key, a.int("seconds", 0) >>> 0));
    case "restrict":
      return okay(out, sys.restrictKeyring(key, a.text("type") ?? null, a.text("restriction") ?? null));
    case "update":
      return okay(out, sys.updateKey(key, a.bytes() ?? new Uint8Array()));
    case "describe": {
      const text = sys.describeKey(key);
      if (!text.ok) return failAt(out, text.errno);
      out["ret"] = 0;
      out["description"] = text.value;
      return;
    }
    case "read": {
      const content = sys.readKey(key);
      if (!content.ok) return failAt(out, content.errno);
      out["ret"] = content.value.length;
      putBytes(out, "data", content.value);
      // The serial numbers of its keys, told as text where they happen to be printable.
      if (c.kernel.keyBridge.isKeyring(key)) c.environment.add("data").add("hex");
      return;
    }
    case "list": {
      const content = sys.readKey(key);
      if (!content.ok) return failAt(out, content.errno);
      const { length } = content.value;
      out["ret"] = Math.floor(length / SERIAL);
      // What is no keyring is shown as one, to the last byte.
      const words = new Uint8Array(SERIAL * Math.ceil(length / SERIAL));
      words.set(content.value);
      const view = new DataView(words.buffer);
      const shown = Array.from({ length: words.length / SERIAL }, (_, i) => {
        const text = sys.describeKey(view.getInt32(SERIAL * i, true));
        return text.ok ? text.value : text.errno;
      });
      if (shown.length > 0) out["keys"] = shown;
      return;
    }
    default:
      bad(out, "unknown keyctl command");
  }
};

export const KEY_OPS = {
  addkey(c) {
    const { sys, a, out, driver } = c;
    const ring = keyArgument(c, "keyring");
    if (ring === undefined) return;
    const [type, payload] = [a.text("type") ?? "", a.bytes() ?? null];
    const added = sys.addKey(type, a.text("description") ?? "", payload, ring);
    if (!added.ok) {
      if (driver.onRefusal !== null && type === "asymmetric" && payload !== null) {
        const why = c.kernel.keyBridge.explainCertificate(ring, payload, added.errno);
        if (why !== undefined) driver.onRefusal(why());
      }
      return failAt(out, added.errno);
    }
    const name = a.text("key");
    if (name !== undefined) driver.keys.set(name, added.value);
    out["ret"] = 0;
  },
  keyctl,
} satisfies Readonly<Record<string, Op>>;
