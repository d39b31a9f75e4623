// SHA-1 and SHA-256 four at a time agree with the ones that everything else uses.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digest, LANES_CAPACITY, ONES, ShaLanes } from "../../src/crypto/index.ts";
import { runs } from "../fuzz.ts";

const HASHES = ["sha1", "sha256"] as const;

const bytes = Uint8Array.from({ length: 3000 }, (_, i) => (i * i + (i >> 3)) & 0xff).subarray(7);
const LONGEST = 1015;

describe("lanes", () => {
  it("digest messages of every length up to 1,015 bytes, wherever they lie", () => {
    const start = (length: number): number => (length * 13) % 900;
    for (const hash of HASHES) {
      const lanes = ShaLanes.create(HASHES, hash)!;
      const take = (slot: number, length: number, spoil: number): boolean => {
        const expected = digest(hash, bytes.subarray(start(length), start(length) + length));
        expected[length % expected.length]! ^= spoil;
        const from = start(length);
        return lanes.add(slot, bytes, from, from + length, Uint8Array.of(1, ...expected), 1);
      };
      for (let length = 0; length <= LONGEST; length++) expect(take(length, length, 0)).toBe(true);
      expect(lanes.finish()).toBe(true);
      for (let length = 0; length <= LONGEST; length += 5) {
        take(0, length, 1 << (length % 8));
        expect(lanes.finish(), `${hash}, ${length} bytes`).toBe(false);
        expect(lanes.finish()).toBe(true);
      }
      expect(lanes.add(0, bytes, 0, LONGEST + 1, bytes, 0)).toBe(false);
    }
  });

  it("extend as one digest after the other does", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...HASHES),
        fc.constantFrom(...HASHES, null),
        fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 40 }),
        (hash, known, messages, order) => {
          const lanes = ShaLanes.create(HASHES, known)!;
          for (const [slot, message] of messages.entries())
            lanes.add(slot, message, 0, message.length, known === null ? message : digest(known, message), 0);
          expect(lanes.finish()).toBe(true);
          // One more than there are messages: all ones.
          const picks = order.map((n) => n % (messages.length + 1));
          const size = digest(hash).length;
          const value = new Uint8Array(size).fill(order[0]! & 0xff);
          let expected: Uint8Array = value.slice();
          for (const pick of picks) {
            const message = messages[pick];
            const next = message === undefined ? new Uint8Array(size).fill(0xff) : digest(hash, message);
            expected = digest(hash, expected, next);
          }
          const slots = Int32Array.from(picks, (pick) => (pick === messages.length ? ONES : pick));
          lanes.extend(hash, value, slots, slots.length);
          expect(value).toEqual(expected);
        },
      ),
      runs(200),
    );
  });

  it("keep as many digests as they have slots", () => {
    const lanes = ShaLanes.create(HASHES, null)!;
    for (let slot = 0; slot < LANES_CAPACITY; slot++)
      lanes.add(slot, bytes, slot, 2 * slot > LONGEST ? slot + 9 : 2 * slot, bytes, 0);
    lanes.finish();
    const slots = Int32Array.from({ length: LANES_CAPACITY }, (_, i) => i);
    for (const hash of HASHES) {
      const value = digest(hash).fill(0);
      let expected: Uint8Array = value.slice();
      for (const slot of slots)
        expected = digest(hash, expected, digest(hash, bytes.subarray(slot, 2 * slot > LONGEST ? slot + 9 : 2 * slot)));
      lanes.extend(hash, value, slots, slots.length);
      expect(value).toEqual(expected);
    }
  });

  it("are not there where there is no WebAssembly", () => {
    const { WebAssembly: platform } = globalThis as { WebAssembly?: unknown };
    try {
      Object.assign(globalThis, { WebAssembly: undefined });
      expect(ShaLanes.create(HASHES, null)).toBeNull();
    } finally {
      Object.assign(globalThis, { WebAssembly: platform });
    }
  });
});
