// Searching keyrings and the keyrings in them (security/keys/keyring.c: keyring_search_rcu, search_nested_keyrings,
// keyring_search_iterator). What is passed over on the way decides the error of a search that finds nothing.
import { type Errno, fail, ok, type Result } from "../errno/index.ts";
import { type Key, type KeyRef, NEED } from "./key.ts";
import type { KeyType, Matcher } from "./key-type.ts";
import { mayUse } from "./permission.ts";
import type { KeyState } from "./state.ts";
import type { KeySubject } from "./subject.ts";

/** How many keyrings may be inside one another. */
const MAX_DEPTH = 6;

export interface SearchOptions {
  readonly type: KeyType;
  readonly description: string;
  /** Looks at every key of the type instead of the one with the description. */
  readonly matcher?: Matcher | null;
  /** Only this very key will do: whether it is possessed. */
  readonly only?: Key;
  /** Pass over revoked, invalidated and expired keys, with their errors. Default: yes. */
  readonly checkState?: boolean;
  /** Expired keys leave no error. */
  readonly skipExpired?: boolean;
  /** Also in the keyrings inside. Default: yes. */
  readonly recurse?: boolean;
}

interface Search {
  readonly type: KeyType;
  readonly description: string;
  readonly matcher: Matcher | null;
  readonly only: Key | null;
  readonly checkState: boolean;
  readonly skipExpired: boolean;
  readonly recurse: boolean;
  readonly state: KeyState;
  readonly subject: KeySubject;
  readonly possessed: boolean;
  /** EAGAIN, or what the last key that was passed over leaves. */
  errno: Errno;
}

/** "found", or "passed": it matched (or was unusable), but will not do; "other": nothing to do with the search. */
function consider(s: Search, key: Key): "found" | "passed" | "other" {
  if (key.type !== s.type) return "other";
  if (s.checkState) {
    if (key.invalidated || key.revoked) {
      s.errno = "EKEYREVOKED";
      return "passed";
    }
    if (s.state.clock() >= key.expiry) {
      if (!s.skipExpired) s.errno = "EKEYEXPIRED";
      return "passed";
    }
  }
  const matches = s.matcher ? s.matcher(key) : key.description === s.description;
  if (!matches || (s.only !== null && key !== s.only)) return "other";
  if (!mayUse({ key, possessed: s.possessed }, s.subject, NEED.SEARCH)) {
    s.errno = "EACCES";
    return "passed";
  }
  return "found";
}

function inKeyring(s: Search, keyring: Key): Key | null {
  const candidates = s.matcher ? keyring.links! : [keyring.links!.find(s.type, s.description)];
  for (const key of candidates) if (key !== undefined && consider(s, key) === "found") return key;
  return null;
}

function descend(s: Search, keyring: Key, depth: number): Key | null {
  if (keyring.invalidated || keyring.revoked) return null;
  const here = inKeyring(s, keyring);
  if (here !== null || !s.recurse) return here;
  for (const nested of keyring.links!) {
    if (nested.links === null) continue;
    if (depth >= MAX_DEPTH) return null;
    if (!mayUse({ key: nested, possessed: s.possessed }, s.subject, NEED.SEARCH)) continue;
    const found = descend(s, nested, depth + 1);
    if (found !== null) return found;
  }
  return null;
}

/**
 * Searches a keyring for a key that `subject` may search for; what is found is possessed as the keyring is.
 * @returns EAGAIN where there is none; EKEYREVOKED, EKEYEXPIRED, EACCES where one was passed over; ENOTDIR for no keyring;
 * EACCES for one that may not be searched.
 */
export function searchKeyring(
  state: KeyState,
  subject: KeySubject,
  { key: keyring, possessed }: KeyRef,
  options: SearchOptions,
): Result<KeyRef> {
  if (keyring.links === null) return fail("ENOTDIR");
  if (!mayUse({ key: keyring, possessed }, subject, NEED.SEARCH)) return fail("EACCES");
  // Written out: this runs for every signature that is verified.
  const s: Search = {
    type: options.type,
    description: options.description,
    matcher: options.matcher ?? null,
    only: options.only ?? null,
    checkState: options.checkState ?? true,
    skipExpired: options.skipExpired ?? false,
    recurse: options.recurse ?? true,
    state,
    subject,
    possessed,
    errno: "EAGAIN",
  };
  // The keyring itself may be what is looked for.
  if (s.matcher || (keyring.type === s.type && keyring.description === s.description)) {
    const top = consider(s, keyring);
    if (top === "found") return ok({ key: keyring, possessed });
    if (top === "passed") return fail(s.errno);
  }
  const found = descend(s, keyring, 0);
  return found === null ? fail(s.errno) : ok({ key: found, possessed });
}

/** keyring_search: as above, with the type's own way to compare descriptions. EINVAL for a description it cannot read. */
export function searchByType(
  state: KeyState,
  subject: KeySubject,
  keyring: KeyRef,
  type: KeyType,
  description: string,
  { recurse = true }: { readonly recurse?: boolean } = {},
): Result<KeyRef> {
  const matcher = type.matcher?.(description) ?? ok(null);
  if (!matcher.ok) return matcher;
  return searchKeyring(state, subject, keyring, { type, description, matcher: matcher.value, recurse });
}

/** Whether linking `inner` into `outer` would make a circle (EDEADLK), or keyrings too deep (ELOOP): keyring_detect_cycle. */
export function linkFault(outer: Key, inner: Key): "EDEADLK" | "ELOOP" | null {
  const walk = (keyring: Key, depth: number): "EDEADLK" | "ELOOP" | null => {
    if (keyring === outer) return "EDEADLK";
    if (keyring.invalidated || keyring.revoked) return null;
    const nested = [...(keyring.links ?? [])].filter((key) => key.links !== null);
    if (nested.includes(outer)) return "EDEADLK";
    if (nested.length > 0 && depth >= MAX_DEPTH) return "ELOOP";
    for (const key of nested) {
      const fault = walk(key, depth + 1);
      if (fault !== null) return fault;
    }
    return null;
  };
  return walk(inner, 0);
}
