// POSIX ACLs: their form, their evaluation against the algorithm that acl(5) states, inheritance, and how mode and ACL follow each other.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AclEntry,
  chmod,
  encodeAcl,
  getxattr,
  listxattr,
  mkdir,
  O,
  open,
  parseAcl,
  removexattr,
  type SecurityModule,
  setxattr,
} from "../../src/vfs/index.ts";
import { runs } from "../fuzz.ts";
import { bytes, got, Machine, root, subject, told, user } from "./machine.ts";

const ACCESS = "system.posix_acl_access";
const DEFAULT = "system.posix_acl_default";
const NOBODY = 0xffffffff;
/** `u::rwx u:1000:r-x g::r-x m::rwx o::---` */
function acl(words: string): readonly AclEntry[] {
  return words.split(" ").map((word) => {
    const [kind, id, perm] = word.split(":") as [string, string, string];
    const tags = { u: [1, 2], g: [4, 8], m: [0x10, 0x10], o: [0x20, 0x20] } as const;
    const bits = (perm.includes("r") ? 4 : 0) | (perm.includes("w") ? 2 : 0) | (perm.includes("x") ? 1 : 0);
    return { tag: tags[kind as keyof typeof tags][id === "" ? 0 : 1], perm: bits, id: id === "" ? NOBODY : Number(id) };
  });
}
const value = (words: string): Uint8Array => encodeAcl(acl(words));

function machine(release = "6.12", modules: readonly SecurityModule[] = []): Machine {
  const m = new Machine(release, modules);
  m.mount("/mnt", "ext4");
  m.write("/mnt/f", "x", 0o640);
  m.mkdir("/mnt/d");
  return m;
}
const set = (m: Machine, path: string, name: string, words: string, task = root) =>
  setxattr(m.vfs, task, m.path(path), name, value(words));
const get = (m: Machine, path: string, name: string) => {
  const result = getxattr(m.vfs, root, m.path(path), name);
  return result.ok ? got(parseAcl(result.value)) : result.errno;
};
const permissions = (m: Machine, path: string): number => m.stat(path).mode & 0o7777;

const anyEntry = fc.record({
  tag: fc.constantFrom(1, 2, 4, 8, 0x10, 0x20),
  perm: fc.integer({ min: 0, max: 7 }),
  id: fc.constantFrom(1000, 1001, NOBODY),
});

describe("the xattr form", () => {
  it("goes there and back", () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { minLength: 1, maxLength: 8 }), (entries) => {
        const named = entries.map((entry) => ({
          ...entry,
          id: entry.tag === 2 || entry.tag === 8 ? entry.id : NOBODY,
        }));
        expect(got(parseAcl(encodeAcl(named)))).toEqual(named);
      }),
      runs(100),
    );
  });
  it("never fails on nonsense but with an errno", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (value) => {
        const parsed = parseAcl(value);
        if (!parsed.ok) expect(["EINVAL", "EOPNOTSUPP"]).toContain(parsed.errno);
      }),
      runs(100),
    );
  });
  it("takes version 2 only, and whole entries", () => {
    const good = value("u::rwx g::r-x o::---");
    expect(told(parseAcl(good.slice(0, 3)))).toBe("EINVAL");
    expect(told(parseAcl(good.slice(0, -1)))).toBe("EINVAL");
    expect(told(parseAcl(good.with(0, 1)))).toBe("EOPNOTSUPP");
    expect(told(parseAcl(good.with(4, 3)))).toBe("EINVAL");
    expect(got(parseAcl(good.slice(0, 4)))).toBe(null);
  });
});

describe("which ACLs are taken", () => {
  const cases: readonly [words: string, errno: string | null][] = [
    ["u::rwx g::r-x o::---", null],
    ["u::rwx u:1:r-x g::r-x m::r-x o::---", null],
    ["u::rwx u:1:r-x u:2:r-x g::r-x g:3:--- m::r-x o::---", null],
    ["u::rwx u:1:r-x g::r-x o::---", "EINVAL"],
    ["u::rwx g::r-x g:1:r-x o::---", "EINVAL"],
    ["u::rwx g::r-x", "EINVAL"],
    ["g::r-x o::---", "EINVAL"],
    ["g::r-x u::rwx o::---", "EINVAL"],
    ["u::rwx u::rwx g::r-x o::---", "EINVAL"],
    ["u::rwx g::r-x m::rwx m::rwx o::---", "EINVAL"],
    ["u::rwx g::r-x o::--- o::---", "EINVAL"],
  ];
  for (const [words, errno] of cases)
    it(`${words}: ${errno ?? "taken"}`, () => {
      expect(set(machine(), "/mnt/f", ACCESS, words)).toBe(errno);
    });
  it("only from the owner, on directories alone if they are defaults, and where the file system has them", () => {
    const m = machine();
    m.mount("/ram", "ramfs");
    m.write("/ram/f");
    const words = "u::rwx g::r-x o::---";
    expect(set(m, "/mnt/f", ACCESS, words, user)).toBe("EPERM");
    expect(set(m, "/mnt/f", ACCESS, words, subject(1000, { caps: ["CAP_FOWNER"] }))).toBe(null);
    expect(set(m, "/mnt/f", DEFAULT, words)).toBe("EACCES");
    expect(set(m, "/mnt/d", DEFAULT, words)).toBe(null);
    expect(set(m, "/ram/f", ACCESS, words)).toBe("EOPNOTSUPP");
    expect(get(m, "/ram/f", ACCESS)).toBe("EOPNOTSUPP");
  });
});

describe("mode and ACL", () => {
  it("an ACL sets the mode, its mask the group bits; chmod sets the mask", () => {
    const m = machine();
    expect(set(m, "/mnt/f", ACCESS, "u::rw- u:1000:rwx g::r-- m::rwx o::--x")).toBe(null);
    expect(permissions(m, "/mnt/f")).toBe(0o671);
    expect(chmod(m.vfs, root, m.base, "/mnt/f", 0o404)).toBe(null);
    expect(get(m, "/mnt/f", ACCESS)).toEqual(acl("u::r-- u:1000:rwx g::r-- m::--- o::r--"));
  });
  it("an ACL that is a mode is not kept, and takes away the one that was", () => {
    const m = machine();
    set(m, "/mnt/f", ACCESS, "u::rw- u:1000:rwx g::r-- m::rwx o::--x");
    expect(got(listxattr(m.vfs, root, m.path("/mnt/f")))).toEqual([ACCESS]);
    expect(set(m, "/mnt/f", ACCESS, "u::rwx g::--x o::r--")).toBe(null);
    expect(permissions(m, "/mnt/f")).toBe(0o714);
    expect(get(m, "/mnt/f", ACCESS)).toBe("ENODATA");
    expect(got(listxattr(m.vfs, root, m.path("/mnt/f")))).toEqual([]);
  });
  it("removing the ACL leaves the mode, removing none is no error", () => {
    const m = machine();
    set(m, "/mnt/f", ACCESS, "u::rw- u:1000:rwx g::r-- m::rwx o::---");
    expect(removexattr(m.vfs, root, m.path("/mnt/f"), ACCESS)).toBe(null);
    expect(permissions(m, "/mnt/f")).toBe(0o670);
    expect(removexattr(m.vfs, root, m.path("/mnt/f"), ACCESS)).toBe(null);
  });
});

describe("access", () => {
  it("is what acl(5) says it is", () => {
    const m = machine();
    const perm = fc.integer({ min: 0, max: 7 });
    const named = fc.uniqueArray(fc.tuple(fc.constantFrom(1000, 1001, 1002), perm), {
      selector: ([id]) => id,
      maxLength: 3,
    });
    fc.assert(
      fc.property(
        fc.record({ owner: perm, users: named, group: perm, groups: named, mask: perm, other: perm }),
        fc.constantFrom(7, 1000, 1001, 1002, 1003),
        fc.array(fc.constantFrom(8, 1000, 1001, 1002), { maxLength: 3 }),
        fc.constantFrom(O.RDONLY, O.WRONLY, O.RDWR),
        (a, uid, groups, flags) => {
          const entries: AclEntry[] = [
            { tag: 1, perm: a.owner, id: NOBODY },
            ...a.users.map(([id, perm]) => ({ tag: 2, perm, id })),
            { tag: 4, perm: a.group, id: NOBODY },
            ...a.groups.map(([id, perm]) => ({ tag: 8, perm, id })),
            { tag: 0x10, perm: a.mask, id: NOBODY },
            { tag: 0x20, perm: a.other, id: NOBODY },
          ];
          Object.assign(m.inode("/mnt/f"), { uid: 7, gid: 8 });
          expect(setxattr(m.vfs, root, m.path("/mnt/f"), ACCESS, encodeAcl(entries))).toBe(null);
          const want = { [O.RDONLY]: 4, [O.WRONLY]: 2, [O.RDWR]: 6 }[flags]!;
          const grants = (bits: number): boolean => (bits & want) === want;
          const user = a.users.find(([id]) => id === uid);
          const ofGroups = [
            ...(groups.includes(8) ? [a.group] : []),
            ...a.groups.filter(([id]) => groups.includes(id)).map(([, bits]) => bits),
          ];
          // A mode without any bit for the group hides the ACL: the kernel decides by the mode alone.
          const byMode = groups.includes(8) ? false : grants(a.other);
          const allowed =
            uid === 7
              ? grants(a.owner)
              : a.mask === 0
                ? byMode
                : user !== undefined
                  ? grants(user[1] & a.mask)
                  : ofGroups.length > 0
                    ? ofGroups.some((bits) => grants(bits & a.mask))
                    : grants(a.other);
          const task = subject(uid, { gid: 99, groups });
          expect(told(open(m.vfs, task, m.base, "/mnt/f", flags))).toBe(allowed ? "ok" : "EACCES");
        },
      ),
      runs(400),
    );
  });
});

describe("inheritance", () => {
  it("gives new files the default ACL of their directory, limited by the mode asked for and not by the umask", () => {
    const m = machine();
    set(m, "/mnt/d", DEFAULT, "u::rwx u:1000:rwx g::rwx m::rwx o::rwx");
    m.close(m.open("/mnt/d/f", O.CREAT | O.WRONLY, 0o640));
    expect(permissions(m, "/mnt/d/f")).toBe(0o640);
    expect(get(m, "/mnt/d/f", ACCESS)).toEqual(acl("u::rw- u:1000:rwx g::rwx m::r-- o::---"));
    expect(get(m, "/mnt/d/f", DEFAULT)).toBe("ENODATA");
    mkdir(m.vfs, root, m.base, "/mnt/d/e", 0o777);
    expect(permissions(m, "/mnt/d/e"), "no umask").toBe(0o777);
    expect(get(m, "/mnt/d/e", DEFAULT)).toEqual(acl("u::rwx u:1000:rwx g::rwx m::rwx o::rwx"));
  });
  it("of a default that is a mode leaves no ACL on files", () => {
    const m = machine();
    set(m, "/mnt/d", DEFAULT, "u::rwx g::r-x o::---");
    m.close(m.open("/mnt/d/f", O.CREAT | O.WRONLY, 0o666));
    expect(permissions(m, "/mnt/d/f")).toBe(0o640);
    expect(get(m, "/mnt/d/f", ACCESS)).toBe("ENODATA");
  });
  it("without a default ACL the umask decides", () => {
    const m = machine();
    m.close(got(open(m.vfs, subject(0, { umask: 0o077 }), m.base, "/mnt/d/f", O.CREAT | O.WRONLY, 0o666)));
    expect(permissions(m, "/mnt/d/f")).toBe(0o600);
  });
});

describe("hooks", () => {
  function recorder(): { readonly calls: string[]; readonly module: SecurityModule } {
    const calls: string[] = [];
    const note = (call: string) => (_task: unknown, _path: unknown, name: string) => {
      calls.push(`${call} ${name}`);
      return null;
    };
    const told = (call: string) => (_task: unknown, _path: unknown, name: string) => void calls.push(`${call} ${name}`);
    return {
      calls,
      module: {
        name: "m",
        inodeSetAcl: note("set"),
        inodePostSetAcl: told("post"),
        inodeRemoveAcl: note("remove"),
        inodePostRemoveAcl: told("post-remove"),
        inodeSetxattr: note("setxattr"),
        inodePostSetxattr: told("post-setxattr"),
        inodeRemovexattr: note("removexattr"),
        inodePostRemovexattr: told("post-removexattr"),
      },
    };
  }
  it("of their own since 6.2, those of xattrs before", () => {
    for (const [release, expected] of [
      ["6.12", ["set", "post", "remove", "post-remove"]],
      ["6.1", ["setxattr", "post-setxattr", "removexattr", "post-removexattr"]],
    ] as const) {
      const { calls, module } = recorder();
      const m = machine(release, [module]);
      set(m, "/mnt/f", ACCESS, "u::rw- u:1000:rwx g::r-- m::rwx o::---");
      removexattr(m.vfs, root, m.path("/mnt/f"), ACCESS);
      expect(calls).toEqual(expected.map((call) => `${call} ${ACCESS}`));
    }
  });
  it("can refuse, and are not told of what failed", () => {
    const { calls, module } = recorder();
    const m = machine("6.12", [{ ...module, name: "refuses", inodeSetAcl: () => "EACCES" }, module]);
    expect(set(m, "/mnt/f", ACCESS, "u::rwx g::r-x o::---")).toBe("EACCES");
    expect(calls).toEqual([]);
    expect(permissions(m, "/mnt/f")).toBe(0o640);
  });
});

describe("an empty value", () => {
  it("removes the ACL since 6.2 and is refused before", () => {
    for (const [release, errno] of [
      ["6.12", null],
      ["6.1", "EINVAL"],
    ] as const) {
      const m = machine(release);
      set(m, "/mnt/f", ACCESS, "u::rw- u:1000:rwx g::r-- m::rwx o::---");
      expect(setxattr(m.vfs, root, m.path("/mnt/f"), ACCESS, bytes(""))).toBe(errno);
      expect(get(m, "/mnt/f", ACCESS) === "ENODATA").toBe(errno === null);
    }
  });
});
