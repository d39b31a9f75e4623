// What a keyring holds, and in which order (lib/assoc_array.c). A keyring of up to sixteen keys is one node of sixteen slots: the first
// key stands in slot 0, each further one in the highest free slot, a replacement in the place of what it replaces. Beyond that
// the kernel splits the node by a random hash; here the further keys follow in the order of their coming.
import type { Key } from "./key.ts";
import type { KeyType } from "./key-type.ts";

const FAN_OUT = 16;

export class KeyringLinks {
  #slots: (Key | null)[] = [];
  #count = 0;

  get size(): number {
    return this.#count;
  }

  /** In the order in which the kernel lists and searches. */
  *[Symbol.iterator](): Generator<Key> {
    for (const key of this.#slots) if (key !== null) yield key;
  }

  /** The key of this type and description. */
  find(type: KeyType, description: string): Key | undefined {
    return this.#slots[this.#indexOf(type, description)] ?? undefined;
  }

  #indexOf(type: KeyType, description: string): number {
    return this.#slots.findIndex((key) => key !== null && key.type === type && key.description === description);
  }

  /** Puts a key in, and gives back the one whose place it took. */
  insert(key: Key): Key | null {
    const at = this.#indexOf(key.type, key.description);
    if (at >= 0) {
      const old = this.#slots[at]!;
      this.#slots[at] = key;
      return old;
    }
    if (this.#slots.length === 0) this.#slots = [key, ...new Array<null>(FAN_OUT - 1).fill(null)];
    else {
      const free = this.#slots.lastIndexOf(null);
      if (free >= 0) this.#slots[free] = key;
      else this.#slots.push(key);
    }
    this.#count++;
    return null;
  }

  /** Takes out the key of this type and description. */
  remove(type: KeyType, description: string): Key | null {
    const at = this.#indexOf(type, description);
    if (at < 0) return null;
    const old = this.#slots[at]!;
    this.#slots[at] = null;
    if (--this.#count === 0) this.#slots = [];
    return old;
  }

  /** Takes out what is dead. Other than by remove, the node stays when nothing is left in it: the next key stands in its last slot. */
  collect(dead: (key: Key) => boolean): Key[] {
    const removed: Key[] = [];
    this.#slots = this.#slots.map((key) => {
      if (key === null || !dead(key)) return key;
      removed.push(key);
      return null;
    });
    this.#count -= removed.length;
    return removed;
  }

  /** Takes out everything. */
  clear(): Key[] {
    const all = [...this];
    this.#slots = [];
    this.#count = 0;
    return all;
  }
}
