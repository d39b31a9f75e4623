// Making keys and linking them (security/keys/key.c: __key_create_or_update, keyring.c: key_link).
import { type Denial, fail, ok, type Result } from "../errno/index.ts";
import { type Key, type KeyRef, NEED, permission } from "./key.ts";
import type { KeyType, Prepared } from "./key-type.ts";
import { mayUse } from "./permission.ts";
import { LINK_BYTES, reservePayload } from "./quota.ts";
import type { Candidate } from "./restrict.ts";
import { linkFault } from "./search.ts";
import type { KeyState } from "./state.ts";
import type { KeySubject } from "./subject.ts";

export interface CreateRequest {
  readonly keyring: KeyRef;
  readonly type: string;
  /** null: the type proposes one. */
  readonly description: string | null;
  readonly payload: Uint8Array;
  /** null: what the type can do decides. */
  readonly perm?: number | null;
  /** The kernel's own: not counted in anyone's quota. */
  readonly kernel?: boolean;
  readonly builtin?: boolean;
  readonly bypassRestriction?: boolean;
  /** Refuse to update a key that is there: EEXIST. */
  readonly exclusive?: boolean;
}

/** What a user gets on a key of their making. */
function defaultPermission(type: KeyType): number {
  let possessor = NEED.VIEW | NEED.SEARCH | NEED.LINK | NEED.SETATTR;
  if (type.read !== undefined) possessor |= NEED.READ;
  if (type.name === "keyring" || type.update !== undefined) possessor |= NEED.WRITE;
  return permission(possessor, NEED.VIEW);
}

/** Whether a key of this type and description may come into the keyring, as far as the keyring itself goes: __key_link_begin. */
function linkBegin(keyring: Key, type: KeyType, description: string): Denial {
  if (keyring.links === null) return "ENOTDIR";
  if (keyring.revoked) return "EKEYREVOKED";
  if (keyring.links.find(type, description) !== undefined) return null;
  const over = reservePayload(keyring, keyring.dataLength + LINK_BYTES);
  if (over === null) reservePayload(keyring, keyring.dataLength - LINK_BYTES);
  return over;
}

const restricted = (state: KeyState, keyring: Key, candidate: Candidate): Denial =>
  keyring.restriction?.check(state, keyring, candidate) ?? null;

/** Updates a key through its reference: __key_update. */
function updateFound(
  state: KeyState,
  subject: KeySubject,
  ref: KeyRef,
  prepared: Prepared,
  payload: Uint8Array,
): Denial {
  if (!mayUse(ref, subject, NEED.WRITE)) return "EACCES";
  return ref.key.type.update!({ state, subject }, ref.key, prepared, payload);
}

/**
 * Adds a key to a keyring, or updates the one of the same type and description.
 * @returns ENODEV for an unknown type, EINVAL without a description, what the payload, the restriction and the permissions say.
 */
export function createOrUpdate(state: KeyState, subject: KeySubject, request: CreateRequest): Result<KeyRef> {
  const { keyring: ref, payload } = request;
  const keyring = ref.key;
  const type = state.types.get(request.type);
  if (type === undefined) return fail("ENODEV");
  if (request.description === null && type.preparse === undefined) return fail("EINVAL");
  if (keyring.links === null) return fail("ENOTDIR");
  const context = { state, subject };
  const preparsed: Result<Prepared> =
    type.preparse?.(context, payload) ?? ok({ payload: { kind: "none" }, description: null, quota: 0 });
  if (!preparsed.ok) return preparsed;
  const prepared = preparsed.value;
  const description = request.description ?? prepared.description;
  if (description === null) return fail("EINVAL");
  const refused =
    linkBegin(keyring, type, description) ??
    (request.bypassRestriction ? null : restricted(state, keyring, { type, payload: prepared.payload, key: null })) ??
    (mayUse(ref, subject, NEED.WRITE) ? null : "EACCES");
  if (refused !== null) return fail(refused);

  const there = keyring.links.find(type, description);
  const old = there !== undefined && !there.invalidated && !there.revoked ? there : undefined;
  if (old !== undefined && request.exclusive) return fail("EEXIST");
  if (old !== undefined && type.update !== undefined) {
    const found = { key: old, possessed: ref.possessed };
    const failed = updateFound(state, subject, found, prepared, payload);
    if (failed !== null) return fail(failed);
    state.observer?.(subject, keyring, old, payload, false);
    return ok(found);
  }
  const made = state.store.alloc({
    type,
    description,
    uid: subject.cred.fsuid,
    gid: subject.cred.fsgid,
    perm: request.perm ?? defaultPermission(type),
    quota: request.kernel ? "none" : "counted",
    builtin: request.builtin ?? false,
  });
  if (!made.ok) return made;
  const key = made.value;
  const failed = type.instantiate(context, key, prepared, payload);
  if (failed === null) {
    if (keyring.keep) key.keep = true;
    state.store.link(keyring, key);
    state.observer?.(subject, keyring, key, payload, true);
  }
  state.store.release(key);
  return failed === null ? ok({ key, possessed: ref.possessed }) : fail(failed);
}

/** Links a key that exists: key_link. @returns ENOTDIR, EKEYREVOKED, EDQUOT, what the restriction says, EDEADLK, ELOOP. */
export function linkKey(state: KeyState, keyring: Key, key: Key): Denial {
  const { type, payload } = key;
  const refused =
    linkBegin(keyring, type, key.description) ??
    restricted(state, keyring, { type, payload, key }) ??
    (key.links === null ? null : linkFault(keyring, key));
  if (refused === null) state.store.link(keyring, key);
  return refused;
}
