// Extended attributes: who may use which name space, which values are taken, how much fits, and what modules hear of it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Capability,
  chmod,
  type Disk,
  getxattr,
  listxattr,
  O,
  type Path,
  pwrite,
  removexattr,
  S,
  type SecurityModule,
  setxattr,
  symlink,
  umount,
  XATTR,
} from "../../src/vfs/index.ts";
import { runs } from "../fuzz.ts";
import { bytes, got, Machine, newDisk, root, subject, told, user } from "./machine.ts";

function machine(fstype = "ext4", release = "6.12", modules: readonly SecurityModule[] = []): Machine {
  const m = new Machine(release, modules);
  m.mount("/mnt", fstype);
  m.write("/mnt/f", "x", 0o644);
  m.mkdir("/mnt/d");
  symlink(m.vfs, root, m.base, "f", "/mnt/link");
  return m;
}
const set = (m: Machine, path: Path, name: string, value: string | Uint8Array = "v", flags = 0, task = root) =>
  setxattr(m.vfs, task, path, name, typeof value === "string" ? bytes(value) : value, flags);
const get = (m: Machine, path: Path, name: string, task = root): string | Uint8Array => {
  const result = getxattr(m.vfs, task, path, name);
  return result.ok ? result.value : result.errno;
};
const names = (m: Machine, path: string, task = root): string[] => got(listxattr(m.vfs, task, m.path(path)));

describe("name spaces", () => {
  it("security.* is written with CAP_SYS_ADMIN, the capability with CAP_SETFCAP, and read by all", () => {
    const m = machine();
    const f = m.path("/mnt/f");
    const capability = Uint8Array.from([1, 0, 0, 2, ...new Array(16).fill(0)]);
    const as = (caps: readonly Capability[]) => subject(1000, { caps });
    m.inode("/mnt/f").uid = 1000;
    expect(set(m, f, "security.x", "v", 0, as([]))).toBe("EPERM");
    expect(set(m, f, "security.x", "v", 0, as(["CAP_SYS_ADMIN"]))).toBe(null);
    expect(set(m, f, "security.capability", capability, 0, as(["CAP_SYS_ADMIN"]))).toBe("EPERM");
    expect(set(m, f, "security.capability", capability, 0, as(["CAP_SETFCAP"]))).toBe(null);
    chmod(m.vfs, root, m.base, "/mnt/f", 0);
    expect(get(m, f, "security.x", subject(2000))).toEqual(bytes("v"));
    expect(removexattr(m.vfs, as([]), f, "security.x")).toBe("EPERM");
    expect(removexattr(m.vfs, as(["CAP_SYS_ADMIN"]), f, "security.capability")).toBe("EPERM");
    expect(removexattr(m.vfs, as(["CAP_SETFCAP"]), f, "security.capability")).toBe(null);
  });

  it("trusted.* is for CAP_SYS_ADMIN; for others it is not there", () => {
    const m = machine();
    const f = m.path("/mnt/f");
    m.inode("/mnt/f").uid = 1000;
    expect(set(m, f, "trusted.x", "v", 0, user)).toBe("EPERM");
    expect(set(m, f, "trusted.x")).toBe(null);
    expect(get(m, f, "trusted.x", user)).toBe("ENODATA");
    expect(get(m, f, "trusted.x", subject(1000, { caps: ["CAP_SYS_ADMIN"] }))).toEqual(bytes("v"));
    expect(names(m, "/mnt/f", user)).toEqual([]);
    expect(names(m, "/mnt/f")).toEqual(["trusted.x"]);
  });

  it("user.* follows the permissions of the file, and is for files and directories alone", () => {
    const m = machine();
    const [f, d, link] = [m.path("/mnt/f"), m.path("/mnt/d"), m.path("/mnt/link", false)];
    expect(set(m, f, "user.x", "v", 0, user)).toBe("EACCES");
    expect(set(m, f, "user.x")).toBe(null);
    expect(get(m, f, "user.x", user)).toEqual(bytes("v"));
    chmod(m.vfs, root, m.base, "/mnt/f", 0o200);
    expect(get(m, f, "user.x", user)).toBe("EACCES");
    expect(set(m, d, "user.x")).toBe(null);
    expect(set(m, link, "user.x")).toBe("EPERM");
    expect(get(m, link, "user.x")).toBe("ENODATA");
    expect(set(m, link, "security.x")).toBe(null);
    m.inode("/mnt/d").mode = S.IFDIR | 0o1777;
    expect(set(m, d, "user.x", "v", 0, user), "not in a sticky directory of somebody else").toBe("EPERM");
  });

  it("others do not exist", () => {
    const m = machine();
    const f = m.path("/mnt/f");
    for (const name of ["foo.bar", "system.other", "nodot", "User.x"]) {
      expect(set(m, f, name)).toBe("EOPNOTSUPP");
      expect(get(m, f, name)).toBe("EOPNOTSUPP");
      expect(removexattr(m.vfs, root, f, name)).toBe("EOPNOTSUPP");
    }
    for (const name of ["user.", "trusted.", "security."]) expect(set(m, f, name)).toBe("EINVAL");
    expect(set(m, f, "")).toBe("ERANGE");
    expect(set(m, f, `user.${"n".repeat(251)}`)).toBe("ERANGE");
    expect(set(m, f, `user.${"n".repeat(250)}`)).toBe(null);
  });

  it("depend on the file system and its release", () => {
    const table: readonly [fstype: string, release: string, name: string, errno: string | null][] = [
      ["tmpfs", "6.1", "user.x", "EOPNOTSUPP"],
      ["tmpfs", "6.6", "user.x", null],
      ["tmpfs", "6.1", "security.x", null],
      ["ramfs", "6.12", "security.x", "EOPNOTSUPP"],
      ["ramfs", "6.12", "trusted.x", "EOPNOTSUPP"],
    ];
    for (const [fstype, release, name, errno] of table) {
      const m = machine(fstype, release);
      expect(set(m, m.path("/mnt/f"), name), `${name} on ${fstype} of ${release}`).toBe(errno);
    }
  });

  it("stay shut on what must not change", () => {
    const m = machine();
    const f = m.path("/mnt/f");
    set(m, f, "user.x");
    m.inode("/mnt/f").immutable = true;
    for (const name of ["user.x", "security.x", "trusted.x"]) {
      expect(set(m, f, name)).toBe("EPERM");
      expect(removexattr(m.vfs, root, f, name)).toBe("EPERM");
    }
    expect(get(m, f, "user.x")).toEqual(bytes("v"));
  });
});

describe("flags", () => {
  it("XATTR_CREATE and XATTR_REPLACE", () => {
    for (const fstype of ["ext4", "xfs", "btrfs", "tmpfs"]) {
      const m = machine(fstype);
      const f = m.path("/mnt/f");
      expect(set(m, f, "trusted.x", "1", XATTR.REPLACE)).toBe("ENODATA");
      expect(set(m, f, "trusted.x", "2", XATTR.CREATE)).toBe(null);
      expect(set(m, f, "trusted.x", "3", XATTR.CREATE)).toBe("EEXIST");
      expect(set(m, f, "trusted.x", "4", XATTR.REPLACE)).toBe(null);
      expect(get(m, f, "trusted.x")).toEqual(bytes("4"));
      expect(set(m, f, "trusted.x", "5", 4)).toBe("EINVAL");
      expect(removexattr(m.vfs, root, f, "trusted.x")).toBe(null);
      expect(removexattr(m.vfs, root, f, "trusted.x")).toBe("ENODATA");
    }
  });
});

describe("sizes", () => {
  it("E2BIG beyond 64 KiB; ENOSPC where the file system has no room", () => {
    const room = { ext4: 4096, xfs: 65536, btrfs: 16384, tmpfs: 65536 } as const;
    for (const [fstype, limit] of Object.entries(room)) {
      const m = machine(fstype);
      const f = m.path("/mnt/f");
      expect(set(m, f, "trusted.x", new Uint8Array(65537))).toBe("E2BIG");
      expect(set(m, f, "trusted.x", new Uint8Array(limit + 1)), fstype).toBe(limit === 65536 ? "E2BIG" : "ENOSPC");
      expect(set(m, f, "trusted.x", new Uint8Array(Math.floor(limit * 0.9))), fstype).toBe(null);
    }
  });

  it("what did not fit changed nothing", () => {
    const m = machine("ext4");
    const f = m.path("/mnt/f");
    set(m, f, "security.a", new Uint8Array(2000).fill(1));
    set(m, f, "security.b", new Uint8Array(1500).fill(2));
    const before = names(m, "/mnt/f");
    expect(set(m, f, "security.c", new Uint8Array(2000))).toBe("ENOSPC");
    expect(set(m, f, "security.b", new Uint8Array(4000))).toBe("ENOSPC");
    expect(names(m, "/mnt/f")).toEqual(before);
    expect(get(m, f, "security.b")).toEqual(new Uint8Array(1500).fill(2));
    expect(removexattr(m.vfs, root, f, "security.a")).toBe(null);
    expect(set(m, f, "security.c", new Uint8Array(2000))).toBe(null);
  });
});

describe("security.capability", () => {
  const v2 = [1, 0, 0, 2, ...new Array(16).fill(5)];
  const v3 = (owner: number) => [1, 0, 0, 3, ...new Array(16).fill(5), owner, 0, 0, 0];
  it("takes revisions 2 and 3 alone, and shows root's revision 3 as revision 2", () => {
    const m = machine();
    const f = m.path("/mnt/f");
    const stored = (value: readonly number[]) => set(m, f, "security.capability", Uint8Array.from(value));
    expect(stored(v2)).toBe(null);
    expect(get(m, f, "security.capability")).toEqual(Uint8Array.from(v2));
    expect(stored(v3(0))).toBe(null);
    expect(get(m, f, "security.capability")).toEqual(Uint8Array.from(v2));
    expect(stored(v3(7))).toBe(null);
    expect(stored(v2.slice(0, 12))).toBe("EINVAL");
    expect(stored([...v2, 0])).toBe("EINVAL");
    expect(stored([1, 0, 0, 1, ...v2.slice(4)])).toBe("EINVAL");
    expect(stored([1, 0, 0, 3, ...v2.slice(4)])).toBe("EINVAL");
    expect(stored([])).toBe(null);
  });

  it("goes when the file is written to or changes its owner, with the hooks of removing it", () => {
    const told: string[] = [];
    const module: SecurityModule = {
      name: "m",
      inodeRemovexattr: (_task, _path, name) => {
        told.push(name);
        return null;
      },
    };
    const m = machine("ext4", "6.12", [module]);
    const f = m.path("/mnt/f");
    const file = m.open("/mnt/f", O.WRONLY);
    set(m, f, "security.capability", Uint8Array.from(v2));
    got(pwrite(m.vfs, root, file, bytes("y"), 0));
    expect(get(m, f, "security.capability")).toBe("ENODATA");
    m.close(file);
  });
});

describe("modules", () => {
  it("decide in their order, hear of what was stored, and are not asked in vain", () => {
    const calls: string[] = [];
    const module = (name: string, refusal: "EACCES" | null): SecurityModule => ({
      name,
      inodeSetxattr: (_task, _path, xattr) => {
        calls.push(`${name} set ${xattr}`);
        return refusal;
      },
      inodePostSetxattr: (_task, _path, xattr) => void calls.push(`${name} post ${xattr}`),
    });
    const open = machine("ext4", "6.12", [module("a", null), module("b", null)]);
    expect(set(open, open.path("/mnt/f"), "security.x")).toBe(null);
    expect(calls.splice(0)).toEqual(["a set security.x", "b set security.x", "a post security.x", "b post security.x"]);
    expect(set(open, open.path("/mnt/f"), "security.x", "v", XATTR.CREATE)).toBe("EEXIST");
    expect(calls.splice(0), "stored nothing, so nobody hears").toEqual(["a set security.x", "b set security.x"]);
    expect(set(open, open.path("/mnt/f"), "security.x", "v", 0, user)).toBe("EPERM");
    expect(calls.splice(0)).toEqual([]);
    const shut = machine("ext4", "6.12", [module("a", "EACCES"), module("b", null)]);
    expect(set(shut, shut.path("/mnt/f"), "security.x")).toBe("EACCES");
    expect(calls).toEqual(["a set security.x"]);
    expect(told(getxattr(shut.vfs, root, shut.path("/mnt/f"), "security.x"))).toBe("ENODATA");
  });
});

describe("bytes", () => {
  it("of a value belong to whoever gave or took them", () => {
    for (const fstype of ["ext4", "tmpfs", "overlay"]) {
      const m = fstype === "overlay" ? new Machine() : machine(fstype);
      if (fstype === "overlay") {
        for (const dir of ["/l", "/u", "/u/upper", "/u/work"]) m.mkdir(dir);
        m.write("/l/f");
        m.mount("/mnt", fstype, "lowerdir=/l,upperdir=/u/upper,workdir=/u/work");
      }
      const f = m.path("/mnt/f");
      const given = bytes("abc");
      set(m, f, "trusted.x", given);
      given[0] = 0;
      const taken = get(m, f, "trusted.x") as Uint8Array;
      expect(taken).toEqual(bytes("abc"));
      taken[0] = 0;
      expect(get(m, f, "trusted.x")).toEqual(bytes("abc"));
    }
  });
});

describe("listing", () => {
  it("has the names that were set and not removed, whatever the file system, and each size that was stored", () => {
    const call = fc.record({
      name: fc.constantFrom(
        "security.a",
        "security.bb",
        "trusted.ccc",
        "user.dddd",
        "security.longer_name_than_others",
      ),
      size: fc.option(fc.integer({ min: 0, max: 300 }), { nil: null }),
    });
    for (const fstype of ["ext4", "xfs", "btrfs", "tmpfs"])
      fc.assert(
        fc.property(fc.array(call, { maxLength: 40 }), (calls) => {
          const m = new Machine();
          const disk: Disk | undefined = fstype === "tmpfs" ? undefined : newDisk(fstype);
          m.mount("/mnt", fstype, undefined, disk);
          m.write("/mnt/f");
          const model = new Map<string, Uint8Array>();
          const path = m.path("/mnt/f");
          for (const { name, size } of calls) {
            if (size === null) {
              expect(removexattr(m.vfs, root, path, name)).toBe(model.has(name) ? null : "ENODATA");
              model.delete(name);
            } else {
              const value = new Uint8Array(size).fill(size);
              expect(set(m, path, name, value)).toBe(null);
              model.set(name, value);
            }
          }
          const check = (): void => {
            expect(names(m, "/mnt/f").toSorted()).toEqual([...model.keys()].toSorted());
            for (const [name, value] of model) expect(get(m, m.path("/mnt/f"), name)).toEqual(value);
          };
          check();
          if (disk === undefined) return;
          expect(umount(m.vfs, root, m.base, "/mnt")).toBe(null);
          m.mount("/mnt", fstype, undefined, disk);
          check();
        }),
        runs(40),
      );
  });

  it("of an order that the file system decides", () => {
    const order = (fstype: string): string[] => {
      const m = machine(fstype);
      for (const name of ["user.b", "trusted.a", "security.c"]) set(m, m.path("/mnt/f"), name);
      return names(m, "/mnt/f");
    };
    expect(order("tmpfs")).toEqual(["user.b", "trusted.a", "security.c"]);
    expect(order("xfs")).toEqual(["user.b", "trusted.a", "security.c"]);
  });
});
