// Idmapped mounts: the same files with other owners (fs/mnt_idmapping.c; fs/namei.c, fs/attr.c, fs/posix_acl.c where they take an idmap).
import { describe, expect, it } from "vitest";
import {
  chmod,
  chown,
  encodeAcl,
  getxattr,
  link,
  MS,
  mkdir,
  mount,
  O,
  open,
  parseAcl,
  parseIdMap,
  rename,
  type Subject,
  setxattr,
  truncate,
  unlink,
} from "../../src/vfs/index.ts";
import { bytes, got, Machine, root, subject, told, user } from "./machine.ts";

/** ext4 on /disk with files of root (`r`), of 1000 (`u`) and of 2000 (`o`), and bound on /m with 1000 shown as 0 and 0 as 5000. */
function machine(idmap = "b:1000:0:1 b:0:5000:1", release = "6.12"): Machine {
  const m = new Machine(release);
  m.mount("/disk", "ext4");
  for (const [name, id] of Object.entries({ r: 0, u: 1000, o: 2000 })) {
    m.write(`/disk/${name}`, name, 0o640);
    chown(m.vfs, root, m.base, `/disk/${name}`, id, id);
  }
  chmod(m.vfs, root, m.base, "/disk", 0o777);
  m.mkdir("/m");
  expect(bind(m, idmap)).toBeNull();
  return m;
}
const bind = (m: Machine, idmap: string, source = "/disk") =>
  mount(m.vfs, root, m.base, { path: "/m", source, flags: MS.BIND, idmap: parseIdMap(idmap, "here") });
const owners = ({ uid, gid }: { uid: number; gid: number }) => [uid, gid];
const opened = (m: Machine, path: string, flags: number, task: Subject) =>
  told(open(m.vfs, task, m.base, path, flags, 0o644));

describe("a mapping in words", () => {
  it("is that of X-mount.idmap", () => {
    const map = parseIdMap("u:1000:0:2  g:5:6:1", "here");
    expect([999, 1000, 1001, 1002].map((id) => map.toMount("uid", id))).toEqual([null, 0, 1, null]);
    expect([0, 1, 2].map((id) => map.toDisk("uid", id))).toEqual([1000, 1001, null]);
    expect([map.toMount("gid", 5), map.toDisk("gid", 6), map.toMount("gid", 1000)]).toEqual([6, 5, null]);
  });

  it.each([
    ["", /wants entries/],
    ["x:0:0:1", /no entry/],
    ["b:0:0", /no entry/],
    ["b:0:0:0", /leaves the range/],
    ["b:4294967295:0:1", /leaves the range/],
    ["b:0:0:10 u:5:100:1", /overlaps/],
    ["u:0:0:10 u:100:9:1", /overlaps/],
  ])("%j is refused", (text, why) => {
    expect(() => parseIdMap(text, "here")).toThrow(
      expect.objectContaining({ code: "bad-idmap", message: expect.stringMatching(why) }),
    );
  });
});

describe("owners", () => {
  it("show as others, and as 65534 where they have no counterpart", () => {
    const m = machine();
    expect(["r", "u", "o"].map((name) => owners(m.stat(`/m/${name}`)))).toEqual([
      [5000, 5000],
      [0, 0],
      [65534, 65534],
    ]);
    expect(owners(m.stat("/disk/u"))).toEqual([1000, 1000]);
  });

  it("decide who may do what: 1000 is a stranger to its own file, root of the mount owns it", () => {
    const m = machine();
    const plainRoot = subject(0, { caps: [] });
    expect(opened(m, "/m/u", O.RDWR, user)).toBe("EACCES");
    expect(opened(m, "/disk/u", O.RDWR, user)).toBe("ok");
    expect(opened(m, "/m/u", O.RDWR, plainRoot)).toBe("ok");
    expect(opened(m, "/disk/u", O.RDWR, plainRoot)).toBe("EACCES");
    expect(chmod(m.vfs, plainRoot, m.base, "/m/u", 0o600)).toBeNull();
    expect(chmod(m.vfs, user, m.base, "/m/u", 0o600)).toBe("EPERM");
  });

  it("without a counterpart are beyond every capability", () => {
    const m = machine();
    expect(opened(m, "/m/o", O.RDONLY, root)).toBe("EACCES");
    chmod(m.vfs, root, m.base, "/disk/o", 0o666);
    expect(opened(m, "/m/o", O.RDONLY, root)).toBe("ok");
    expect(opened(m, "/m/o", O.WRONLY, root)).toBe("EACCES");
    expect(truncate(m.vfs, root, m.base, "/m/o", 0)).toBe("EACCES");
    expect(chmod(m.vfs, root, m.base, "/m/o", 0o600)).toBe("EOVERFLOW");
    expect(unlink(m.vfs, root, m.base, "/m/o")).toBe("EOVERFLOW");
    expect(rename(m.vfs, root, m.base, "/m/o", "/m/p")).toBe("EOVERFLOW");
    expect(link(m.vfs, root, m.base, "/m/o", "/m/p")).toBe("EOVERFLOW");
    expect(setxattr(m.vfs, root, m.path("/m/o"), "user.x", bytes("1"))).toBe("EPERM");
  });

  it("are given in ids of the mount", () => {
    const m = machine();
    expect(chown(m.vfs, root, m.base, "/m/r", 0, 0)).toBeNull();
    expect(owners(m.stat("/disk/r"))).toEqual([1000, 1000]);
    expect(chown(m.vfs, root, m.base, "/m/u", 5000, null)).toBeNull();
    expect(owners(m.stat("/disk/u"))).toEqual([0, 1000]);
    expect(chown(m.vfs, root, m.base, "/m/u", 7, null)).toBe("EOVERFLOW");
    // Not even root may take what nobody there owns.
    expect(chown(m.vfs, root, m.base, "/m/o", 0, 0)).toBe("EPERM");
  });

  it("of new files are those of the maker, who must have a counterpart", () => {
    const m = machine();
    m.write("/m/new");
    m.mkdir("/m/d");
    expect([owners(m.stat("/disk/new")), owners(m.stat("/m/new"))]).toEqual([
      [1000, 1000],
      [0, 0],
    ]);
    expect(owners(m.stat("/disk/d"))).toEqual([1000, 1000]);
    expect(opened(m, "/m/mine", O.WRONLY | O.CREAT, user)).toBe("EOVERFLOW");
    expect(opened(m, "/m", O.RDWR | O.TMPFILE, user)).toBe("EOVERFLOW");
    expect(mkdir(m.vfs, user, m.base, "/m/mine", 0o755)).toBe("EOVERFLOW");
  });
});

describe("what else names ids", () => {
  const acl = (uid: number) =>
    encodeAcl([
      { tag: 1, perm: 6, id: 0xffffffff },
      { tag: 2, perm: 6, id: uid },
      { tag: 4, perm: 4, id: 0xffffffff },
      { tag: 16, perm: 6, id: 0xffffffff },
      { tag: 32, perm: 0, id: 0xffffffff },
    ]);
  const named = (m: Machine, path: string) =>
    got(parseAcl(got(getxattr(m.vfs, root, m.path(path), "system.posix_acl_access"))))?.[1]?.id;

  it.each(["6.12", "6.1"])("ACLs, on %s", (release) => {
    const m = machine("b:1000:0:1 b:0:5000:1", release);
    expect(setxattr(m.vfs, root, m.path("/m/u"), "system.posix_acl_access", acl(5000))).toBeNull();
    expect([named(m, "/disk/u"), named(m, "/m/u")]).toEqual([0, 5000]);
    expect(opened(m, "/m/u", O.RDWR, subject(5000))).toBe("ok");
    expect(opened(m, "/disk/u", O.RDWR, subject(5000))).toBe("EACCES");
    expect(setxattr(m.vfs, root, m.path("/m/u"), "system.posix_acl_access", acl(7))).toBe("EINVAL");
    setxattr(m.vfs, root, m.path("/disk/u"), "system.posix_acl_access", acl(2000));
    expect(named(m, "/m/u")).toBe(0xffffffff);
  });

  it("file capabilities belong to the root that gave them", () => {
    const m = machine();
    const value = Uint8Array.from([0, 0, 0, 2, ...new Array<number>(16).fill(0)]);
    const read = (path: string) => told(getxattr(m.vfs, root, m.path(path), "security.capability"));
    expect(setxattr(m.vfs, root, m.path("/m/u"), "security.capability", value)).toBeNull();
    expect(got(getxattr(m.vfs, root, m.path("/m/u"), "security.capability"))).toEqual(value);
    expect(got(getxattr(m.vfs, root, m.path("/disk/u"), "security.capability"))).toEqual(
      Uint8Array.from([0, 0, 0, 3, ...new Array<number>(16).fill(0), 0xe8, 3, 0, 0]),
    );
    setxattr(m.vfs, root, m.path("/disk/r"), "security.capability", value);
    expect(got(getxattr(m.vfs, root, m.path("/m/r"), "security.capability"))[20]).toBe(5000 & 0xff);
    const other = machine("b:1000:0:1");
    setxattr(other.vfs, root, other.path("/disk/u"), "security.capability", value);
    expect(told(getxattr(other.vfs, root, other.path("/m/u"), "security.capability"))).toBe("EOVERFLOW");
    expect(read("/m/u")).toBe("ok");
  });
});

describe("a mount gets its mapping", () => {
  it("when it is made, once, and where the file system allows it", () => {
    const m = machine();
    m.mkdir("/n");
    const again = { path: "/n", source: "/m", flags: MS.BIND };
    expect(mount(m.vfs, root, m.base, { ...again, idmap: parseIdMap("b:0:1:1", "here") })).toBe("EPERM");
    expect(mount(m.vfs, root, m.base, again)).toBeNull();
    expect(owners(m.stat("/n/u"))).toEqual([0, 0]);
    expect(mount(m.vfs, root, m.base, { path: "/m", flags: MS.REMOUNT, idmap: parseIdMap("b:0:1:1", "here") })).toBe(
      "EINVAL",
    );
    expect(bind(m, "b:0:1:1", "/")).toBeNull();
    m.mount("/ram", "ramfs");
    expect(bind(m, "b:0:1:1", "/ram")).toBe("EINVAL");
  });

  it("not before 5.12, on tmpfs not before 6.3, and not as a layer of an overlay", () => {
    const old = new Machine("5.10");
    old.mount("/disk", "ext4");
    old.mkdir("/m");
    expect(bind(old, "b:0:1:1")).toBe("ENOSYS");
    const m = machine("b:1000:0:1", "6.1");
    expect(bind(m, "b:0:1:1", "/")).toBe("EINVAL");
    for (const dir of ["/disk/upper", "/disk/work"]) m.mkdir(dir);
    const options = "lowerdir=/m,upperdir=/disk/upper,workdir=/disk/work";
    expect(mount(m.vfs, root, m.base, { path: "/m", fstype: "overlay", options })).toBe("EINVAL");
  });
});
