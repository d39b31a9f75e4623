// The bytes of a file against a plain array: holes, cuts, and changes that must not touch who gave the bytes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Content } from "../../src/vfs/index.ts";
import { runs } from "../fuzz.ts";

const SIZE = 200;
const at = fc.integer({ min: 0, max: SIZE });
const change = fc.oneof(
  fc.record({ kind: fc.constant("write"), at, bytes: fc.uint8Array({ maxLength: 60 }) }),
  fc.record({ kind: fc.constant("patch"), at, bytes: fc.uint8Array({ maxLength: 60 }) }),
  fc.record({
    kind: fc.constantFrom("resize", "punch", "collapse", "insert"),
    at,
    length: fc.integer({ min: 0, max: 90 }),
  }),
);

function apply(
  content: Content,
  model: number[],
  step: typeof change extends fc.Arbitrary<infer T> ? T : never,
): number[] {
  const { at } = step;
  if ("bytes" in step) {
    const bytes = step.kind === "patch" ? step.bytes.subarray(0, Math.max(0, model.length - at)) : step.bytes;
    if (step.kind === "write") content.write(at, step.bytes);
    else content.patch(at, step.bytes);
    if (bytes.length === 0) return model;
    const grown = Array.from({ length: Math.max(model.length, at + bytes.length) }, (_, i) => model[i] ?? 0);
    grown.splice(at, bytes.length, ...bytes);
    return grown;
  }
  const { length } = step;
  switch (step.kind) {
    case "resize":
      content.resize(at);
      return Array.from({ length: at }, (_, i) => model[i] ?? 0);
    case "punch":
      content.punch(at, length);
      return model.map((byte, i) => (i >= at && i < at + length ? 0 : byte));
    case "collapse":
      // As the call is used: the range lies within the file.
      if (at + length > model.length) return model;
      content.collapse(at, length);
      return model.toSpliced(at, length);
    default:
      if (at > model.length) return model;
      content.insert(at, length);
      return model.toSpliced(at, 0, ...new Array(length).fill(0));
  }
}

describe("content", () => {
  it("is what a plain array would be, and the bytes it was made of stay as they are", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 50 }),
        fc.array(change, { maxLength: 20 }),
        at,
        at,
        (start, steps, from, length) => {
          const given = start.slice();
          const content = Content.of(given);
          let model = [...start];
          for (const step of steps) {
            const { revision } = content;
            const before = model;
            model = apply(content, model, step);
            if (JSON.stringify(before) !== JSON.stringify(model)) expect(content.revision).toBeGreaterThan(revision);
            expect(content.size).toBe(model.length);
            expect([...content.read(from, length)]).toEqual(model.slice(from, from + length));
          }
          expect([...content.bytes()!]).toEqual(model);
          expect(given).toEqual(start);
        },
      ),
      runs(500),
    );
  });

  it("costs nothing where nothing was written", () => {
    const content = new Content();
    content.resize(2 ** 40);
    expect(content.size).toBe(2 ** 40);
    expect([...content.read(2 ** 39, 3)]).toEqual([0, 0, 0]);
    expect(content.bytes(), "too large for one buffer").toBe(null);
    content.resize(5);
    expect([...content.bytes()!]).toEqual([0, 0, 0, 0, 0]);
  });

  it("is handed out as a view and not copied", () => {
    const content = new Content();
    content.write(0, new Uint8Array(1000).fill(1));
    expect(content.bytes()).toBe(content.bytes());
    expect(content.read(10, 10).buffer).toBe(content.bytes()!.buffer);
  });
});
