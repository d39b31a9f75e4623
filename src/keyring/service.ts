// The key service of one kernel: add_key, keyctl and what the kernel itself asks for (security/keys/keyctl.c).
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import type { KernelLog } from "../audit/index.ts";
import { digest, SignatureCache } from "../crypto/index.ts";
import { type Denial, fail, ok, type Result } from "../errno/index.ts";
import type { Kconfig, Release } from "../release/index.ts";
import { createOrUpdate, linkKey } from "./create.ts";
import { type Key, keyFault, NEED, PERM_ALL } from "./key.ts";
import { KeyStore } from "./key-store.ts";
import type { KeyType } from "./key-type.ts";
import { asymmetricType } from "./key-types/asymmetric.ts";
import { blacklistType } from "./key-types/blacklist.ts";
import { encryptedType } from "./key-types/encrypted.ts";
import { keyringType } from "./key-types/keyring.ts";
import { trustedType } from "./key-types/trusted.ts";
import { logonType, userType } from "./key-types/user.ts";
import { type KeyId, lookupKey } from "./lookup.ts";
import { mayUse } from "./permission.ts";
import { joinSession, requestKey } from "./process-keyrings.ts";
import { rejectAll } from "./restrict.ts";
import { searchByType } from "./search.ts";
import type { CaKeys, KeyObserver, KeyState, TrustSource } from "./state.ts";
import { type KeySubject, ProcessKeyrings } from "./subject.ts";

const LONGEST_PAYLOAD = 1024 * 1024 - 1;
const LONGEST_TYPE = 31;
const LONGEST_DESCRIPTION = 4095;
const PAGE = 4096;

export interface KeyServiceOptions {
  readonly release: Release;
  readonly config: Kconfig;
  readonly log: KernelLog;
  /** Seconds. */
  readonly clock: () => number;
  /** Bytes for initialisation vectors and new secrets; default: the same in every run. */
  readonly random?: (length: number) => Uint8Array;
  readonly caKeys?: CaKeys;
  /** What trusted keys are sealed to; without it there is no such type. */
  readonly trust?: TrustSource | null;
  readonly observer?: KeyObserver | null;
}

/** Bytes that are no secret: SHA-256 of a counter. */
function countedBytes(): (length: number) => Uint8Array {
  let count = 0;
  return (length) => {
    const blocks: Uint8Array[] = [];
    for (let have = 0; have < length; have += 32) blocks.push(digest("sha256", utf8ToBytes(`imasim ${count++}`)));
    return concatBytes(...blocks).slice(0, length);
  };
}

/** The kernel's own threads. */
const kernelSubject = (): KeySubject => ({
  cred: { uid: 0, gid: 0, fsuid: 0, fsgid: 0, groups: [], capabilities: { has: () => true } },
  keyrings: new ProcessKeyrings(),
});

function typesOf({ config, trust }: KeyServiceOptions): ReadonlyMap<string, KeyType> {
  const types: KeyType[] = [keyringType, userType, logonType];
  if (config.enabled("ENCRYPTED_KEYS")) types.push(encryptedType);
  if (config.enabled("TRUSTED_KEYS") && trust) types.push(trustedType);
  if (config.enabled("ASYMMETRIC_KEY_TYPE")) types.push(asymmetricType);
  if (config.enabled("SYSTEM_BLACKLIST_KEYRING")) types.push(blacklistType);
  return new Map(types.map((type) => [type.name, type]));
}

function newState(options: KeyServiceOptions): KeyState {
  const { release, config, log, clock } = options;
  return {
    release,
    config,
    log,
    clock,
    random: options.random ?? countedBytes(),
    signatures: new SignatureCache({ release, config }),
    store: new KeyStore(clock),
    types: typesOf(options),
    rings: {
      builtin: null,
      secondary: null,
      machine: null,
      platform: null,
      blacklist: null,
      imaBlacklist: null,
      ima: null,
      evm: null,
      users: null,
    },
    caKeys: options.caKeys ?? { id: null, builtin: false },
    trust: options.trust ?? null,
    observer: options.observer ?? null,
    kernel: kernelSubject(),
  };
}

/** A type as a user names it: EINVAL for one that is empty or too long, EPERM for the kernel's own. */
function typeNameFault(type: string): Denial {
  const { length } = utf8ToBytes(type);
  if (length === 0 || length > LONGEST_TYPE) return "EINVAL";
  return type.startsWith(".") ? "EPERM" : null;
}

const tooLong = (description: string): boolean => utf8ToBytes(description).length > LONGEST_DESCRIPTION;

/** Errors of all calls: those of lookupKey, and what each names. A call that fails changes nothing. */
export class KeyService {
  readonly state: KeyState;

  constructor(options: KeyServiceOptions) {
    this.state = newState(options);
  }

  /** add_key(2). @returns the serial number; EPERM for a keyring's name with a dot, and the errors of createOrUpdate. */
  addKey(
    subject: KeySubject,
    type: string,
    description: string | null,
    payload: Uint8Array,
    keyring: KeyId,
  ): Result<number> {
    if (payload.length > LONGEST_PAYLOAD) return fail("EINVAL");
    const refused = typeNameFault(type);
    if (refused !== null) return fail(refused);
    const name = description === "" ? null : description;
    if (name !== null && tooLong(name)) return fail("EINVAL");
    if (name?.startsWith(".") && type.startsWith("keyring")) return fail("EPERM");
    const into = lookupKey(this.state, subject, keyring, NEED.WRITE, { create: true });
    if (!into.ok) return into;
    const made = createOrUpdate(this.state, subject, { keyring: into.value, type, description: name, payload });
    return made.ok ? ok(made.value.key.serial) : made;
  }

  /** request_key(2) without callout: ENOKEY where the process's keyrings have no such key. */
  request(subject: KeySubject, type: string, description: string): Result<number> {
    const refused = typeNameFault(type);
    if (refused !== null) return fail(refused);
    const found = requestKey(this.state, subject, type, description);
    return found.ok ? ok(found.value.serial) : found;
  }

  /**
   * The secret of an encrypted key in the process's keyrings, as EVM asks for it: the key's own bytes, which the caller may wipe.
   * ENOKEY where there is none.
   */
  requestSecret(subject: KeySubject, description: string): Result<Uint8Array> {
    const found = requestKey(this.state, subject, "encrypted", description);
    if (!found.ok) return found;
    const { payload } = found.value;
    return payload.kind === "encrypted" ? ok(payload.blob.secret) : fail("ENOKEY");
  }

  /** KEYCTL_GET_KEYRING_ID */
  getKeyringId(subject: KeySubject, id: KeyId, create: boolean): Result<number> {
    const found = lookupKey(this.state, subject, id, NEED.SEARCH, { create });
    return found.ok ? ok(found.value.key.serial) : found;
  }

  /** KEYCTL_JOIN_SESSION_KEYRING: EPERM for a name with a dot. */
  joinSession(subject: KeySubject, name: string | null): Result<number> {
    if (name !== null && tooLong(name)) return fail("EINVAL");
    if (name?.startsWith(".")) return fail("EPERM");
    return joinSession(this.state, subject, name);
  }

  /** KEYCTL_UPDATE: EOPNOTSUPP for a type that cannot. */
  update(subject: KeySubject, id: KeyId, payload: Uint8Array): Denial {
    if (payload.length > PAGE) return "EINVAL";
    const found = lookupKey(this.state, subject, id, NEED.WRITE);
    if (!found.ok) return found.errno;
    const { key } = found.value;
    const { type } = key;
    if (type.update === undefined) return "EOPNOTSUPP";
    const context = { state: this.state, subject };
    const prepared = type.preparse?.(context, payload) ?? ok({ payload: key.payload, description: null, quota: 0 });
    return prepared.ok ? type.update(context, key, prepared.value, payload) : prepared.errno;
  }

  /** KEYCTL_REVOKE: write or setattr permission; EPERM for a key that is kept. */
  revoke(subject: KeySubject, id: KeyId): Denial {
    let found = lookupKey(this.state, subject, id, NEED.WRITE);
    if (!found.ok && found.errno === "EACCES") found = lookupKey(this.state, subject, id, NEED.SETATTR);
    if (!found.ok) return found.errno;
    const { key } = found.value;
    if (key.keep) return "EPERM";
    if (!key.revoked) {
      key.revoked = true;
      if (key.links !== null) this.state.store.clear(key);
      else key.type.revoke?.(key);
    }
    return null;
  }

  /** KEYCTL_INVALIDATE: the key goes at once; EPERM for a key that is kept. */
  invalidate(subject: KeySubject, id: KeyId): Denial {
    const found = lookupKey(this.state, subject, id, NEED.SEARCH);
    if (!found.ok) return found.errno;
    if (found.value.key.keep) return "EPERM";
    this.state.store.invalidate(found.value.key);
    return null;
  }

  /** KEYCTL_CLEAR: ENOTDIR for no keyring, EPERM for one that is kept. */
  clear(subject: KeySubject, id: KeyId): Denial {
    const found = lookupKey(this.state, subject, id, NEED.WRITE, { create: true });
    if (!found.ok) return found.errno;
    const { key } = found.value;
    if (key.keep) return "EPERM";
    if (key.links === null) return "ENOTDIR";
    this.state.store.clear(key);
    return null;
  }

  /** KEYCTL_LINK */
  link(subject: KeySubject, id: KeyId, keyring: KeyId): Denial {
    const into = lookupKey(this.state, subject, keyring, NEED.WRITE, { create: true });
    if (!into.ok) return into.errno;
    const found = lookupKey(this.state, subject, id, NEED.LINK, { create: true });
    return found.ok ? linkKey(this.state, into.value.key, found.value.key) : found.errno;
  }

  /** KEYCTL_UNLINK: ENOENT where it is not linked, EPERM for a kept key in a kept keyring. */
  unlink(subject: KeySubject, id: KeyId, keyring: KeyId): Denial {
    const from = lookupKey(this.state, subject, keyring, NEED.WRITE);
    if (!from.ok) return from.errno;
    const found = lookupKey(this.state, subject, id, "unlink");
    if (!found.ok) return found.errno;
    const [ring, key] = [from.value.key, found.value.key];
    if (ring.keep && key.keep) return "EPERM";
    if (ring.links === null) return "ENOTDIR";
    return this.state.store.unlink(ring, key.type, key.description) ? null : "ENOENT";
  }

  /** KEYCTL_DESCRIBE: `type;uid;gid;perm;description` */
  describe(subject: KeySubject, id: KeyId): Result<string> {
    const found = lookupKey(this.state, subject, id, NEED.VIEW);
    if (!found.ok) return found;
    const { type, uid, shownGid, perm, description } = found.value.key;
    return ok(`${type.name};${uid};${shownGid};${perm.toString(16).padStart(8, "0")};${description}`);
  }

  /** KEYCTL_SEARCH; with `dest` what is found is linked there. ENOKEY where there is none, or no such type. */
  search(
    subject: KeySubject,
    keyring: KeyId,
    type: string,
    description: string,
    dest: KeyId | null = null,
  ): Result<number> {
    const refused = typeNameFault(type);
    if (refused !== null) return fail(refused);
    if (tooLong(description)) return fail("EINVAL");
    const where = lookupKey(this.state, subject, keyring, NEED.SEARCH);
    if (!where.ok) return where;
    const into = dest === null ? null : lookupKey(this.state, subject, dest, NEED.WRITE, { create: true });
    if (into !== null && !into.ok) return into;
    const known = this.state.types.get(type);
    if (known === undefined) return fail("ENOKEY");
    const found = searchByType(this.state, subject, where.value, known, description);
    if (!found.ok) return fail(found.errno === "EAGAIN" ? "ENOKEY" : found.errno);
    if (into !== null) {
      const link = mayUse(found.value, subject, NEED.LINK)
        ? linkKey(this.state, into.value.key, found.value.key)
        : "EACCES";
      if (link !== null) return fail(link);
    }
    return ok(found.value.key.serial);
  }

  /** KEYCTL_READ: read permission or possession; EOPNOTSUPP for a type that cannot. */
  read(subject: KeySubject, id: KeyId): Result<Uint8Array> {
    const found = lookupKey(this.state, subject, id, "defer");
    if (!found.ok) return fail("ENOKEY");
    const { key, possessed } = found.value;
    if (!mayUse(found.value, subject, NEED.READ) && !possessed) return fail("EACCES");
    const fault = keyFault(key, this.state.clock());
    if (fault !== null) return fail(fault);
    return key.type.read?.({ state: this.state, subject }, key) ?? fail("EOPNOTSUPP");
  }

  /** The serial numbers of what a keyring holds, as keyctl list reads them. */
  list(subject: KeySubject, id: KeyId): Result<readonly number[]> {
    const bytes = this.read(subject, id);
    if (!bytes.ok) return bytes;
    const view = new DataView(bytes.value.buffer, bytes.value.byteOffset, bytes.value.length);
    return ok(Array.from({ length: Math.floor(bytes.value.length / 4) }, (_, i) => view.getInt32(4 * i, true)));
  }

  /** KEYCTL_SETPERM: the owner's or CAP_SYS_ADMIN's; EINVAL for unknown bits. */
  setPermission(subject: KeySubject, id: KeyId, perm: number): Denial {
    if ((perm & ~PERM_ALL) !== 0) return "EINVAL";
    const found = lookupKey(this.state, subject, id, NEED.SETATTR, { create: true });
    if (!found.ok) return found.errno;
    const { key } = found.value;
    if (key.uid !== subject.cred.fsuid && !subject.cred.capabilities.has("CAP_SYS_ADMIN")) return "EACCES";
    key.perm = perm;
    return null;
  }

  /** KEYCTL_SET_TIMEOUT, in seconds; 0 takes it off. */
  setTimeout(subject: KeySubject, id: KeyId, seconds: number): Denial {
    const found = lookupKey(this.state, subject, id, NEED.SETATTR, { create: true });
    if (!found.ok) return found.errno;
    if (found.value.key.keep) return "EPERM";
    const expiry = seconds > 0 ? Math.floor(this.state.clock()) + seconds : Number.POSITIVE_INFINITY;
    this.state.store.setExpiry(found.value.key, expiry);
    return null;
  }

  /** KEYCTL_RESTRICT_KEYRING; without type and text everything is refused from then on. EEXIST for a second restriction. */
  restrict(subject: KeySubject, id: KeyId, type: string | null, text: string | null): Denial {
    const found = lookupKey(this.state, subject, id, NEED.SETATTR);
    if (!found.ok) return found.errno;
    if ((type === null) !== (text === null)) return "EINVAL";
    const badName = type === null ? null : typeNameFault(type);
    if (badName !== null) return badName;
    const { key } = found.value;
    if (key.links === null) return "ENOTDIR";
    const known = type === null ? null : this.state.types.get(type);
    if (known === undefined) return "ENOKEY";
    if (known !== null && known.restriction === undefined) return "ENOENT";
    const made = known?.restriction?.(this.state, text!) ?? ok(rejectAll);
    if (!made.ok) return made.errno;
    const refused = this.#restrictionFault(key, made.value.key);
    if (refused === null) key.restriction = made.value;
    else this.state.store.release(made.value.key);
    return refused;
  }

  /** EEXIST for a keyring that has one, EDEADLK where keyrings would vouch for each other in a circle. */
  #restrictionFault(keyring: Key, vouching: Key | null): Denial {
    if (keyring.restriction !== null) return "EEXIST";
    for (let key = vouching; key !== null && key.links !== null; key = key.restriction?.key ?? null)
      if (key === keyring) return "EDEADLK";
    return null;
  }
}
