// The key service under random calls: what must hold whatever was called; restrictions that a user sets; the observer.
import { utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ERRNO } from "../../src/errno/index.ts";
import {
  dropKeyrings,
  forkKeyrings,
  type Key,
  type KeyId,
  type KeySubject,
  listProcKeys,
  SPECIAL_KEYRINGS,
} from "../../src/keyring/index.ts";
import { runs } from "../fuzz.ts";
import { newSubject, type TestKernel, testKernel } from "./key-kernel.ts";
import { pem, testFile } from "./test-keys.node.ts";

const NAMES = Object.keys(SPECIAL_KEYRINGS) as (keyof typeof SPECIAL_KEYRINGS)[];
const FIRST = 0x10000001;
/** A special keyring, or one of the first serial numbers, given out or not. */
const id: fc.Arbitrary<KeyId> = fc.oneof(
  fc.constantFrom(...NAMES),
  fc.nat(24).map((n) => FIRST + n),
  fc.constantFrom(0, -9, 2 ** 31 - 1),
);
const name = fc.constantFrom("a", "b", "kmk", "ring", ".x", "", "x".repeat(5000));
const type = fc.constantFrom("user", "logon", "keyring", "asymmetric", "encrypted", "blacklist", "nosuch", ".x", "");
const payload = fc.oneof(
  fc.constantFrom(testFile("ima.der"), testFile("ec.der"), testFile("rogue.der"), pem("ca.pem")),
  fc.constantFrom("x", "", "new user:kmk 32", "update user:kmk").map(utf8ToBytes),
  fc.uint8Array({ maxLength: 40 }),
);
const call = fc.oneof(
  fc.record({ do: fc.constant("add" as const), type, name, payload, id }),
  fc.record({ do: fc.constantFrom("link" as const, "unlink" as const), id, to: id }),
  fc.record({
    do: fc.constantFrom(
      ...(["revoke", "invalidate", "clear", "describe", "read", "list", "fork", "exit", "proc"] as const),
    ),
    id,
  }),
  fc.record({ do: fc.constantFrom("search" as const, "request" as const), type, name, id }),
  fc.record({ do: fc.constant("perm" as const), id, perm: fc.constantFrom(0x3f3f3f3f, 0, 0x3f000000, 0x08080808, -1) }),
  fc.record({ do: fc.constant("timeout" as const), id, seconds: fc.constantFrom(0, 1, 400) }),
  fc.record({
    do: fc.constant("restrict" as const),
    id,
    text: fc.constantFrom(null, "builtin_trusted", "key_or_keyring:0:chain", `key_or_keyring:${FIRST + 9}`, "x"),
  }),
  fc.record({ do: fc.constant("update" as const), id, payload }),
  fc.record({ do: fc.constant("join" as const), name: fc.option(name) }),
  fc.record({ do: fc.constant("wait" as const), seconds: fc.nat(500) }),
);
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

/** Makes a call; what it answers must be a value or an errno. */
function make({ service, state, now }: TestKernel, subjects: KeySubject[], who: number, c: Call): void {
  const subject = subjects[who % subjects.length]!;
  const answer = (): unknown => {
    switch (c.do) {
      case "add":
        return service.addKey(subject, c.type, c.name, c.payload, c.id);
      case "link":
        return service.link(subject, c.id, c.to);
      case "unlink":
        return service.unlink(subject, c.id, c.to);
      case "revoke":
      case "invalidate":
      case "clear":
      case "describe":
      case "read":
      case "list":
        return service[c.do](subject, c.id);
      case "search":
        return service.search(subject, c.id, c.type, c.name);
      case "request":
        return service.request(subject, c.type, c.name);
      case "perm":
        return service.setPermission(subject, c.id, c.perm);
      case "timeout":
        return service.setTimeout(subject, c.id, c.seconds);
      case "restrict":
        return service.restrict(subject, c.id, c.text === null ? null : "asymmetric", c.text);
      case "update":
        return service.update(subject, c.id, c.payload);
      case "join":
        return service.joinSession(subject, c.name);
      case "wait":
        now.seconds += c.seconds;
        return null;
      case "proc":
        listProcKeys(state, subject);
        return null;
      case "fork": {
        const child = newSubject(subject.cred.uid);
        forkKeyrings(state, subject.keyrings, child.keyrings);
        subjects.push(child);
        return null;
      }
      default:
        dropKeyrings(state, subject.keyrings, who % 2 === 0);
        return null;
    }
  };
  const given = answer();
  const errno = typeof given === "string" ? given : (given as { errno?: string } | null)?.errno;
  if (errno !== undefined && !(errno in ERRNO)) throw new Error(`${c.do}: ${errno}`);
}

/** References, quotas and links of all keys, counted anew. */
function audit({ state }: TestKernel, subjects: readonly KeySubject[]): void {
  const held = new Map<Key, number>();
  const hold = (key: Key | null): void => void (key !== null && held.set(key, (held.get(key) ?? 0) + 1));
  for (const ring of Object.values(state.rings)) hold(ring);
  for (const { keyrings } of [...subjects, state.kernel]) {
    hold(keyrings.thread);
    hold(keyrings.process);
    hold(keyrings.session);
  }
  const alive = [...state.store.keys];
  const owners = new Map<Key["owner"], { keys: number; bytes: number }>();
  for (const key of alive) {
    for (const linked of key.links ?? []) hold(linked);
    hold(key.restriction?.key ?? null);
    const sum = owners.get(key.owner) ?? { keys: 0, bytes: 0 };
    owners.set(key.owner, sum);
    if (!key.inQuota) continue;
    sum.keys++;
    sum.bytes += key.quotaLength;
  }
  for (const key of alive) expect([key.description, key.usage]).toEqual([key.description, held.get(key) ?? 0]);
  for (const key of held.keys()) expect(state.store.lookup(key.serial)).toBe(key);
  for (const [owner, { keys, bytes }] of owners)
    expect([owner.uid, owner.keys, owner.bytes]).toEqual([owner.uid, keys, bytes]);
}

describe("the key service", () => {
  it("answers every call, loses no key and keeps none", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(7), call), { maxLength: 40 }), (calls) => {
        const kernel = testKernel();
        const subjects = [newSubject(), newSubject(1000)];
        for (const [who, each] of calls) make(kernel, subjects, who, each);
        audit(kernel, subjects);
      }),
      runs(300),
    );
  });

  it("changes nothing when it refuses", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(7), call), { maxLength: 12 }), (calls) => {
        const kernel = testKernel();
        const { service, state, root } = kernel;
        for (const [who, each] of calls) make(kernel, [root], who, each);
        // To ask for the user's keyrings makes them.
        service.getKeyringId(root, "@u", true);
        const lines = (): string[] =>
          Array.from(state.store.keys, (k) => `${k.serial} ${k.perm} ${k.usage} ${k.quotaLength}`);
        const before = lines();
        for (const refused of [
          service.addKey(root, "nosuch", "a", new Uint8Array(), "@u"),
          service.addKey(root, "asymmetric", null, Uint8Array.of(1), "@u"),
          service.addKey(root, "user", "a", new Uint8Array(), 2 ** 31 - 1),
          service.addKey(root, "keyring", ".dot", new Uint8Array(), "@u"),
          service.addKey(root, "encrypted", "e", utf8ToBytes("new user:none 32 00"), "@u"),
        ])
          expect(refused.ok).toBe(false);
        expect(lines()).toEqual(before);
      }),
      runs(50),
    );
  });
});

describe("restrictions that a user sets", () => {
  const inter = testFile("corpus/inter.der");
  const leaf = testFile("corpus/leafinter.der");
  function restricted(text: (serials: { ca: number; ring: number }) => string | null) {
    const kernel = testKernel();
    const { service, root } = kernel;
    const add = (kind: string, description: string | null, bytes: Uint8Array, into: KeyId): number => {
      const made = service.addKey(root, kind, description, bytes, into);
      if (!made.ok) throw new Error(made.errno);
      return made.value;
    };
    const ring = add("keyring", "ring", new Uint8Array(), "@u");
    const ca = add("asymmetric", null, pem("ca.pem"), "@u");
    const how = text({ ca, ring });
    const set = service.restrict(root, ring, how === null ? null : "asymmetric", how);
    const offer = (der: Uint8Array): string => {
      const made = service.addKey(root, "asymmetric", null, der, ring);
      return made.ok ? "taken" : made.errno;
    };
    return { kernel, set, offer, ring, ca, add };
  }

  it("a given key vouches", () => {
    const { set, offer } = restricted(({ ca }) => `key_or_keyring:${ca}`);
    expect(set).toBeNull();
    expect([inter, leaf, testFile("rogue.der")].map(offer)).toEqual(["taken", "ENOKEY", "ENOKEY"]);
  });

  it("a given key, or one that came before", () => {
    const { offer } = restricted(({ ca }) => `key_or_keyring:${ca}:chain`);
    expect([leaf, inter, leaf].map(offer)).toEqual(["ENOKEY", "taken", "taken"]);
  });

  it("only what came before", () => {
    const { offer } = restricted(() => "key_or_keyring:0:chain");
    expect([inter, leaf].map(offer)).toEqual(["ENOKEY", "ENOKEY"]);
  });

  it("nobody", () => {
    const { set, offer, kernel, ring } = restricted(() => null);
    expect([set, offer(inter)]).toEqual([null, "EPERM"]);
    expect(kernel.service.restrict(kernel.root, ring, null, null)).toBe("EEXIST");
  });

  it("keyrings are not to vouch for each other in a circle", () => {
    const { kernel, ring, add } = restricted(() => null);
    const { service, root } = kernel;
    const [a, b] = ["a", "b"].map((description) => add("keyring", description, new Uint8Array(), "@u")) as [
      number,
      number,
    ];
    expect(service.restrict(root, a, "asymmetric", `key_or_keyring:${b}`)).toBeNull();
    expect(service.restrict(root, b, "asymmetric", `key_or_keyring:${a}`)).toBe("EDEADLK");
    expect(service.restrict(root, b, "asymmetric", `key_or_keyring:${b}`)).toBe("EDEADLK");
    expect(service.restrict(root, b, "asymmetric", `key_or_keyring:${ring}`)).toBeNull();
    expect(service.restrict(root, a, null, null)).toBe("EEXIST");
  });

  it.each<[string | null, string | null, string]>([
    ["asymmetric", null, "EINVAL"],
    [null, "x", "EINVAL"],
    ["asymmetric", "x", "EINVAL"],
    ["asymmetric", "key_or_keyring:zz", "EINVAL"],
    ["asymmetric", "key_or_keyring:5", "ENOKEY"],
    ["asymmetric", "key_or_keyring:5:link", "EINVAL"],
    ["user", "x", "ENOENT"],
    ["nosuch", "x", "ENOKEY"],
    [".dot", "x", "EPERM"],
  ])("%s %s is refused: %s", (kind, text, errno) => {
    const { service, root } = testKernel();
    expect(service.restrict(root, "@u", kind, text)).toBe(errno);
  });
});

describe("the observer", () => {
  it("hears of keys that came into a keyring, or were updated there", () => {
    const heard: string[] = [];
    const { service, root } = testKernel({
      observer: (_, keyring, key, payload, created) =>
        void heard.push(`${keyring.description} ${key.type.name} ${payload.length} ${created ? "new" : "updated"}`),
    });
    heard.length = 0;
    service.addKey(root, "user", "a", utf8ToBytes("one"), "@u");
    service.addKey(root, "user", "a", utf8ToBytes("three"), "@u");
    service.addKey(root, "user", "", utf8ToBytes("x"), "@u");
    const der = testFile("ima.der");
    service.addKey(root, "asymmetric", "cert", der, "@us");
    expect(heard).toEqual(["_uid.0 user 3 new", "_uid.0 user 5 updated", `_uid_ses.0 asymmetric ${der.length} new`]);
  });
});
