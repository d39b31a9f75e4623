// All keys of a kernel: serial numbers, owners, references, the names of keyrings, and what becomes of keys that nothing holds any
// more (security/keys/key.c: key_alloc, key_put; gc.c: key_garbage_collector; keyring.c: keyring_publish_name, keyring_gc).
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { fail, ok, type Result } from "../errno/index.ts";
import { Key } from "./key.ts";
import type { KeyType } from "./key-type.ts";
import { KeyringLinks } from "./links.ts";
import { KeyOwner, LINK_BYTES, reservePayload } from "./quota.ts";
import type { Restriction } from "./restrict.ts";

/** How long expired keys stay linked, in seconds (/proc/sys/kernel/keys/gc_delay). */
const GC_DELAY = 300;

/** A kernel draws serial numbers at random; here they rise from a number that nothing else looks like. */
const FIRST_SERIAL = 0x10000001;

export interface KeyRequest {
  readonly type: KeyType;
  readonly description: string;
  readonly uid: number;
  readonly gid: number;
  readonly perm: number;
  /** Counted against the owner: "overrun" even beyond the limit. Default: counted. */
  readonly quota?: "none" | "counted" | "overrun";
  readonly builtin?: boolean;
  readonly uidKeyring?: boolean;
  readonly keep?: boolean;
  readonly restriction?: Restriction | null;
}

export class KeyStore {
  readonly #bySerial = new Map<number, Key>();
  readonly #owners = new Map<number, KeyOwner>();
  readonly #clock: () => number;
  #nextSerial = FIRST_SERIAL;
  /** The first moment at which an expired key has to go. */
  #nextCollection = Number.POSITIVE_INFINITY;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** All keys in the order of their serial numbers, which is that of their making; /proc/keys has the same order. */
  get keys(): Iterable<Key> {
    return this.#bySerial.values();
  }

  lookup(serial: number): Key | undefined {
    return this.#bySerial.get(serial);
  }

  #owner(uid: number): KeyOwner {
    let owner = this.#owners.get(uid);
    if (owner === undefined) {
      owner = new KeyOwner(uid);
      this.#owners.set(uid, owner);
    }
    return owner;
  }

  /**
   * Makes a key without a payload, which the caller holds.
   * @returns EINVAL without a description, what the type says of it, EDQUOT.
   */
  alloc(request: KeyRequest): Result<Key> {
    const { type, description, uid, quota = "counted" } = request;
    if (description === "") return fail("EINVAL");
    const refused = type.vetDescription?.(description) ?? null;
    if (refused !== null) return fail(refused);
    const owner = this.#owner(uid);
    const length = utf8ToBytes(description).length + 1;
    if (quota !== "none") {
      const over = owner.charge(length, quota === "overrun");
      if (over !== null) return fail(over);
    }
    const key = new Key({
      serial: this.#nextSerial++,
      type,
      description,
      uid,
      gid: request.gid,
      perm: request.perm,
      owner,
      inQuota: quota !== "none",
      builtin: request.builtin ?? false,
      uidKeyring: request.uidKeyring ?? false,
      keep: request.keep ?? false,
      restriction: request.restriction ?? null,
      links: type.name === "keyring" ? new KeyringLinks() : null,
    });
    key.quotaLength = length;
    this.#bySerial.set(key.serial, key);
    return ok(key);
  }

  hold(key: Key): Key {
    key.usage++;
    return key;
  }

  /** Drops a reference; with the last one the key goes, and with a keyring its links. */
  release(key: Key | null): void {
    if (key === null || --key.usage > 0) return;
    this.#bySerial.delete(key.serial);
    if (key.inQuota) {
      key.owner.keys--;
      key.owner.bytes -= key.quotaLength;
    }
    for (const linked of key.links?.clear() ?? []) this.release(linked);
    this.release(key.restriction?.key ?? null);
  }

  /** Links a key; a key of the same type and description loses its place. */
  link(keyring: Key, key: Key): void {
    const replaced = keyring.links!.insert(this.hold(key));
    if (replaced === null) reservePayload(keyring, keyring.dataLength + LINK_BYTES);
    else this.release(replaced);
  }

  /** Takes out the key of this type and description; false where there is none. */
  unlink(keyring: Key, type: KeyType, description: string): boolean {
    const removed = keyring.links!.remove(type, description);
    if (removed === null) return false;
    reservePayload(keyring, keyring.dataLength - LINK_BYTES);
    this.release(removed);
    return true;
  }

  clear(keyring: Key): void {
    const removed = keyring.links!.clear();
    reservePayload(keyring, 0);
    for (const key of removed) this.release(key);
  }

  setExpiry(key: Key, expiry: number): void {
    key.expiry = expiry;
    this.#nextCollection = Math.min(this.#nextCollection, expiry + GC_DELAY);
  }

  /** Unlinks an invalidated key everywhere: the collector runs at once. */
  invalidate(key: Key): void {
    key.invalidated = true;
    this.#collect();
  }

  /** Lets the collector do what is due by now. */
  settle(): void {
    if (this.#clock() >= this.#nextCollection) this.#collect();
  }

  #collect(): void {
    const limit = this.#clock() - GC_DELAY;
    this.#nextCollection = Number.POSITIVE_INFINITY;
    for (const key of [...this.#bySerial.values()]) {
      if (key.expiry > limit) this.#nextCollection = Math.min(this.#nextCollection, key.expiry + GC_DELAY);
      if (key.links === null || key.invalidated || key.revoked) continue;
      for (const dead of key.links.collect((linked) => linked.invalidated || linked.expiry <= limit)) {
        reservePayload(key, key.dataLength - LINK_BYTES);
        this.release(dead);
      }
    }
  }
}
