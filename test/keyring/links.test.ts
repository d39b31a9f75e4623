// Keyrings as containers: what they hold, against a plain map; and in which order.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Key } from "../../src/keyring/index.ts";
import { runs } from "../fuzz.ts";
import { newSubject, testKernel } from "./key-kernel.ts";

const command = fc.oneof(
  fc.record({ do: fc.constant("add" as const), name: fc.nat(24) }),
  fc.record({ do: fc.constant("unlink" as const), name: fc.nat(24) }),
  fc.record({ do: fc.constant("clear" as const), name: fc.constant(0) }),
);

describe("keyrings", () => {
  it("hold one key of a type and description, the last that was added", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 20, arbitrary: command }), { maxLength: 60 }), (commands) => {
        const { service, root, state } = testKernel({ compiledIn: [] });
        const made = service.addKey(root, "keyring", "ring", new Uint8Array(), "@s");
        if (!made.ok) throw new Error(made.errno);
        const ring = made.value;
        const model = new Map<string, number>();
        for (const { do: what, name } of commands) {
          const description = `key ${name}`;
          if (what === "clear") {
            expect(service.clear(root, ring)).toBeNull();
            model.clear();
          } else if (what === "add") {
            const added = service.addKey(root, "logon", `a:${description}`, Uint8Array.of(1), ring);
            if (!added.ok) throw new Error(added.errno);
            // A key that is there already is updated, and stays the same key.
            expect(model.get(description) ?? added.value).toBe(added.value);
            model.set(description, added.value);
          } else {
            const serial = model.get(description);
            if (serial === undefined) continue;
            expect(service.unlink(root, serial, ring)).toBeNull();
            expect(service.unlink(root, serial, ring)).toBe("ENOKEY");
            model.delete(description);
          }
          const listed = service.list(root, ring);
          if (!listed.ok) throw new Error(listed.errno);
          expect(new Set(listed.value)).toEqual(new Set(model.values()));
          expect(listed.value).toHaveLength(model.size);
        }
        for (const [description, serial] of model)
          expect(service.search(root, ring, "logon", `a:${description}`)).toEqual({ ok: true, value: serial });
        // What no keyring holds is gone.
        const alive = Array.from(state.store.keys, (key: Key) => key.serial);
        for (const serial of model.values()) expect(alive).toContain(serial);
      }),
      runs(60),
    );
  });

  it("list the first key first, then the others backwards, as the kernel's sixteen slots have it", () => {
    const { service, root } = testKernel();
    const names = ["a", "b", "c", "d", "e"];
    for (const name of names) service.addKey(root, "user", name, Uint8Array.of(1), "@u");
    const order = (): string[] => {
      const listed = service.list(root, "@u");
      if (!listed.ok) throw new Error(listed.errno);
      return listed.value.map((serial) => {
        const described = service.describe(root, serial);
        return described.ok ? described.value.split(";")[4]! : described.errno;
      });
    };
    expect(order()).toEqual(["a", "e", "d", "c", "b"]);
    const found = service.search(root, "@u", "user", "c");
    if (!found.ok) throw new Error(found.errno);
    service.unlink(root, found.value, "@u");
    service.addKey(root, "user", "f", Uint8Array.of(1), "@u");
    expect(order()).toEqual(["a", "e", "d", "f", "b"]);
  });

  it("are not to hold each other", () => {
    const { service, root } = testKernel();
    const make = (name: string, into: "@s" | number): number => {
      const made = service.addKey(root, "keyring", name, new Uint8Array(), into);
      if (!made.ok) throw new Error(made.errno);
      return made.value;
    };
    const a = make("a", "@s");
    const b = make("b", a);
    const c = make("c", b);
    expect(service.link(root, a, c)).toBe("EDEADLK");
    expect(service.link(root, a, a)).toBe("EDEADLK");
    expect(service.link(root, c, a)).toBeNull();
  });

  it("are searched six levels below the first", () => {
    const { service, root } = testKernel();
    let ring: number | "@s" = "@s";
    const depths: number[] = [];
    for (let depth = 1; depth <= 8; depth++) {
      const made = service.addKey(root, "keyring", `depth ${depth}`, new Uint8Array(), ring);
      if (!made.ok) throw new Error(made.errno);
      ring = made.value;
      depths.push(ring);
      service.addKey(root, "user", `at ${depth}`, Uint8Array.of(1), ring);
    }
    const reached = depths.map((_, i) => service.search(root, depths[0]!, "user", `at ${i + 1}`).ok);
    expect(reached).toEqual([true, true, true, true, true, true, true, false]);
  });
});

describe("processes", () => {
  it("share a session by name, and see only what they may", () => {
    const { service, root } = testKernel();
    const other = newSubject(1000);
    const made = service.joinSession(root, "shared");
    if (!made.ok) throw new Error(made.errno);
    service.addKey(root, "user", "secret", Uint8Array.of(7), "@s");
    const joined = (): boolean => {
      const session = service.joinSession(newSubject(), "shared");
      return session.ok && session.value === made.value;
    };
    // Only its holder may search it: for others the name makes a new one.
    expect(joined()).toBe(false);
    expect(service.setPermission(root, made.value, 0x3f080000)).toBeNull();
    expect(joined()).toBe(true);
    const theirs = service.joinSession(other, "shared");
    expect(theirs.ok && theirs.value !== made.value).toBe(true);
    expect(service.request(other, "user", "secret")).toEqual({ ok: false, errno: "ENOKEY" });
    expect(service.describe(other, made.value)).toEqual({ ok: false, errno: "EACCES" });
  });
});
