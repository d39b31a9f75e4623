// From an identifier to a key that may be used in a certain way (security/keys/process_keys.c: lookup_user_key).
import { type Errno, fail, ok, type Result } from "../errno/index.ts";
import { type KeyRef, keyFault, type NEED } from "./key.ts";
import { mayUse } from "./permission.ts";
import { installSession, ownKeyring, searchProcess, userKeyrings } from "./process-keyrings.ts";
import type { KeyState } from "./state.ts";
import type { KeySubject } from "./subject.ts";

/** KEY_SPEC_*: what a process calls its keyrings. */
export const SPECIAL_KEYRINGS = { "@t": -1, "@p": -2, "@s": -3, "@u": -4, "@us": -5, "@g": -6, "@a": -7 } as const;
/** A serial number, a KEY_SPEC_* number, or its name in keyctl(1). */
export type KeyId = number | keyof typeof SPECIAL_KEYRINGS;

/** A bit of NEED; "unlink": nothing, since only the keyring matters; "defer": the caller looks itself. */
export type Need = (typeof NEED)[keyof typeof NEED] | "unlink" | "defer";

function special(state: KeyState, subject: KeySubject, id: number, create: boolean): Result<KeyRef> {
  const possessed = true;
  switch (id) {
    case SPECIAL_KEYRINGS["@t"]:
    case SPECIAL_KEYRINGS["@p"]: {
      const which = id === SPECIAL_KEYRINGS["@t"] ? "thread" : "process";
      const old = subject.keyrings[which];
      if (old === null && !create) return fail("ENOKEY");
      const key = ownKeyring(state, subject, which);
      return key.ok ? ok({ key: key.value, possessed }) : key;
    }
    case SPECIAL_KEYRINGS["@s"]: {
      const { session } = subject.keyrings;
      if (session !== null && !(session.uidKeyring && create)) return ok({ key: session, possessed });
      const rings = session === null ? userKeyrings(state, subject) : null;
      if (rings?.ok === false) return fail("ENOKEY");
      const key = installSession(state, subject, create ? null : rings!.value.session);
      return key.ok ? ok({ key: key.value, possessed }) : fail("ENOKEY");
    }
    case SPECIAL_KEYRINGS["@u"]:
    case SPECIAL_KEYRINGS["@us"]: {
      const rings = userKeyrings(state, subject);
      if (!rings.ok) return fail("ENOKEY");
      return ok({ key: id === SPECIAL_KEYRINGS["@u"] ? rings.value.user : rings.value.session, possessed });
    }
    // Authorisation keys of request_key's helper: nobody has any here.
    case SPECIAL_KEYRINGS["@a"]:
    case -8:
      return fail("ENOKEY");
    default:
      return fail("EINVAL");
  }
}

function bySerial(state: KeyState, subject: KeySubject, serial: number): Result<KeyRef> {
  const key = state.store.lookup(serial);
  if (key === undefined) return fail("ENOKEY");
  const { type, description } = key;
  const possessed = searchProcess(state, subject, { type, description, only: key, checkState: false }).ok;
  return ok({ key, possessed });
}

/**
 * @param create makes the special keyring that `id` names where there is none.
 * @returns EINVAL for a number that names nothing, ENOKEY for a key that is not there (or was invalidated), EKEYREVOKED, EKEYEXPIRED,
 * EACCES.
 */
export function lookupKey(
  state: KeyState,
  subject: KeySubject,
  id: KeyId,
  need: Need,
  { create = false }: { readonly create?: boolean } = {},
): Result<KeyRef> {
  state.store.settle();
  subject.keyrings.noteIds(subject.cred);
  const number = typeof id === "number" ? id : SPECIAL_KEYRINGS[id];
  const found = number > 0 ? bySerial(state, subject, number) : special(state, subject, number, create);
  if (!found.ok || need === "unlink" || need === "defer") return found;
  const fault: Errno | null = keyFault(found.value.key, state.clock());
  if (fault !== null) return fail(fault);
  return mayUse(found.value, subject, need) ? found : fail("EACCES");
}
