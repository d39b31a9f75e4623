// The keyrings of processes and users: made when first asked for, searched in order (security/keys/process_keys.c:
// look_up_user_keyrings, search_cred_keyrings_rcu, join_session_keyring; request_key.c: request_key_and_link).
import { type Errno, fail, ok, type Result } from "../errno/index.ts";
import {
  type Key,
  type KeyRef,
  keyFault,
  NEED,
  NO_GROUP,
  POSSESSOR_ALL,
  POSSESSOR_BUT_SETATTR,
  permission,
} from "./key.ts";
import type { KeyType } from "./key-type.ts";
import { keyringType } from "./key-types/keyring.ts";
import { mayUse } from "./permission.ts";
import { type SearchOptions, searchKeyring } from "./search.ts";
import type { KeyState } from "./state.ts";
import type { KeySubject } from "./subject.ts";

const REGISTER_PERM = permission(NEED.WRITE | NEED.SEARCH, NEED.VIEW | NEED.READ);
const USER_KEYRING_PERM = permission(POSSESSOR_BUT_SETATTR, 0x3f);
const OWN_KEYRING_PERM = permission(POSSESSOR_ALL, NEED.VIEW);
const SESSION_PERM = permission(POSSESSOR_ALL, NEED.VIEW | NEED.READ);
const NAMED_SESSION_PERM = permission(POSSESSOR_ALL, NEED.VIEW | NEED.READ | NEED.LINK);

export interface UserKeyrings {
  readonly user: Key;
  readonly session: Key;
}

function registered(state: KeyState, subject: KeySubject, name: string): Result<Key | null> {
  const register = { key: state.rings.users!, possessed: true };
  const found = searchKeyring(state, subject, register, { type: keyringType, description: name, recurse: false });
  if (found.ok) return ok(found.value.key);
  return found.errno === "EAGAIN" ? ok(null) : found;
}

/** `_uid.N` and `_uid_ses.N` of the real user, made where they are missing. */
export function userKeyrings(state: KeyState, subject: KeySubject): Result<UserKeyrings> {
  const { store, rings } = state;
  const { uid } = subject.cred;
  if (rings.users === null) {
    const made = store.alloc({
      type: keyringType,
      description: ".user_reg",
      uid: 0,
      gid: NO_GROUP,
      perm: REGISTER_PERM,
    });
    if (!made.ok) return made;
    rings.users = made.value;
  }
  const make = (name: string): Result<Key> =>
    store.alloc({
      type: keyringType,
      description: name,
      uid,
      gid: NO_GROUP,
      perm: USER_KEYRING_PERM,
      uidKeyring: true,
    });
  const users = rings.users;
  const ring = (name: string, inside: Key | null): Result<Key> => {
    const old = registered(state, subject, name);
    if (!old.ok) return old;
    if (old.value !== null) return ok(old.value);
    const made = make(name);
    if (!made.ok) return made;
    if (inside !== null) store.link(made.value, inside);
    store.link(users, made.value);
    store.release(made.value);
    return made;
  };
  const user = ring(`_uid.${uid}`, null);
  if (!user.ok) return user;
  const session = ring(`_uid_ses.${uid}`, user.value);
  return session.ok ? ok({ user: user.value, session: session.value }) : session;
}

/** Makes the thread or process keyring where there is none. */
export function ownKeyring(state: KeyState, { cred, keyrings }: KeySubject, which: "thread" | "process"): Result<Key> {
  const old = keyrings[which];
  if (old !== null) return ok(old);
  const made = state.store.alloc({
    type: keyringType,
    description: which === "thread" ? "_tid" : "_pid",
    uid: cred.uid,
    gid: cred.gid,
    perm: OWN_KEYRING_PERM,
    quota: "overrun",
  });
  if (made.ok) keyrings[which] = made.value;
  return made;
}

/** Makes a keyring the session keyring, or a new one without a name. */
export function installSession(state: KeyState, { cred, keyrings }: KeySubject, keyring: Key | null): Result<Key> {
  let session = keyring;
  if (session === null) {
    const made = state.store.alloc({
      type: keyringType,
      description: "_ses",
      uid: cred.uid,
      gid: cred.gid,
      perm: SESSION_PERM,
      quota: keyrings.session === null ? "overrun" : "counted",
    });
    if (!made.ok) return made;
    session = made.value;
  } else state.store.hold(session);
  state.store.release(keyrings.session);
  keyrings.session = session;
  return ok(session);
}

/** The first keyring of this name that may be searched: find_keyring_by_name. Names with a dot are not to be found. */
function namedKeyring(state: KeyState, subject: KeySubject, name: string): Key | null {
  if (name.startsWith(".")) return null;
  for (const key of state.store.keys)
    if (key.links !== null && !key.revoked && key.description === name)
      if (mayUse({ key, possessed: false }, subject, NEED.SEARCH)) return key;
  return null;
}

/** Joins a session keyring by name, a new one where none may be joined. @returns its serial number, 0 where it is the one already. */
export function joinSession(state: KeyState, subject: KeySubject, name: string | null): Result<number> {
  const { cred, keyrings } = subject;
  if (name === null) {
    const made = installSession(state, subject, null);
    return made.ok ? ok(made.value.serial) : made;
  }
  const known = namedKeyring(state, subject, name);
  if (known !== null && known === keyrings.session) return ok(0);
  if (known !== null) state.store.hold(known);
  const joined: Result<Key> =
    known !== null
      ? ok(known)
      : state.store.alloc({
          type: keyringType,
          description: name,
          uid: cred.uid,
          gid: cred.gid,
          perm: NAMED_SESSION_PERM,
        });
  if (!joined.ok) return joined;
  installSession(state, subject, joined.value);
  state.store.release(joined.value);
  return ok(joined.value.serial);
}

/** A child's keyrings: it shares the session of its parent. */
export function forkKeyrings(state: KeyState, from: KeySubject["keyrings"], to: KeySubject["keyrings"]): void {
  to.session = from.session && state.store.hold(from.session);
}

/** A new program keeps the session alone; a process that ended (`all`) nothing. */
export function dropKeyrings(state: KeyState, keyrings: KeySubject["keyrings"], all: boolean): void {
  state.store.release(keyrings.thread);
  state.store.release(keyrings.process);
  keyrings.thread = null;
  keyrings.process = null;
  if (!all) return;
  state.store.release(keyrings.session);
  keyrings.session = null;
}

/** The session keyring of a user that has no session of its own yet; never makes one. */
function userSession(state: KeyState, subject: KeySubject): Key | null {
  if (state.rings.users === null) return null;
  const found = registered(state, subject, `_uid_ses.${subject.cred.uid}`);
  return found.ok ? found.value : null;
}

/**
 * Searches the thread, process and session keyring, in that order; what is found is possessed.
 * @returns EAGAIN where nothing matches, ENOKEY for a negative key, else what was in the way.
 */
export function searchProcess(state: KeyState, subject: KeySubject, options: SearchOptions): Result<KeyRef> {
  const { thread, process, session } = subject.keyrings;
  let plain = false;
  let errno: Errno = "EAGAIN";
  for (const key of [thread, process, session ?? userSession(state, subject)]) {
    if (key === null) continue;
    const found = searchKeyring(state, subject, { key, possessed: true }, options);
    if (found.ok) return found;
    if (found.errno === "EAGAIN") plain = true;
    else errno = found.errno;
  }
  return fail(plain ? "EAGAIN" : errno);
}

/**
 * request_key without a helper program: a key of the type in the keyrings of the process.
 * @returns ENOKEY where there is none (and no such type), EKEYREVOKED, EACCES.
 */
export function requestKey(state: KeyState, subject: KeySubject, typeName: string, description: string): Result<Key> {
  state.store.settle();
  const type: KeyType | undefined = state.types.get(typeName);
  if (type === undefined) return fail("ENOKEY");
  const matcher = type.matcher?.(description) ?? ok(null);
  if (!matcher.ok) return matcher;
  const found = searchProcess(state, subject, { type, description, matcher: matcher.value, skipExpired: true });
  if (!found.ok) return fail(found.errno === "EAGAIN" ? "ENOKEY" : found.errno);
  const fault = keyFault(found.value.key, state.clock());
  return fault === null ? ok(found.value.key) : fail(fault);
}
