// Ops on names, attributes and xattrs.

import { utf8ToBytes } from "@noble/hashes/utils.js";
import { fail, type Result } from "../../errno/index.ts";
import { MOUNT_FLAGS, RENAME_FLAGS, TYPE_FLAGS, UMOUNT_FLAGS, XATTR_FLAGS } from "../../kernel/index.ts";
import { FS_TYPES, parseIdMap } from "../../vfs/index.ts";
import { bad, failAt, fdArgument, fdOrOpen, type Op, type OpContext, okay, putBytes, reportMade } from "./context.ts";

/** The target of an xattr op: a descriptor, or a path that is followed or not. */
function target(c: OpContext): { fd: number } | { path: string; follow: boolean } | undefined {
  if (!c.a.has("fd")) return { path: c.a.text("path") ?? "", follow: !c.a.truthy("nofollow") };
  const fd = fdArgument(c);
  return fd === undefined ? undefined : { fd };
}

const setxattr: Op = (c) => {
  const on = target(c);
  if (on === undefined) return;
  okay(
    c.out,
    c.sys.setxattr(
      on,
      c.a.text("name") ?? "",
      c.a.bytes() ?? new Uint8Array(),
      c.a.flags("flags", XATTR_FLAGS, 0) ?? 0,
    ),
  );
};

const getxattr: Op = (c) => {
  const on = target(c);
  if (on === undefined) return;
  const value = c.sys.getxattr(on, c.a.text("name") ?? "");
  if (!value.ok) return failAt(c.out, value.errno);
  c.out["ret"] = value.value.length;
  putBytes(c.out, "hex", value.value);
};

/** -1 leaves an id alone. */
const id = (c: OpContext, field: string): number | null => {
  const value = c.a.int(field, -1);
  return value === -1 || value === 0xffffffff ? null : value >>> 0;
};

const ATTRIBUTES = ["immutable", "append", "noatime", "nodump", "nocow"] as const;
type Attribute = (typeof ATTRIBUTES)[number];
const attributes = (c: OpContext, field: string): Attribute[] =>
  (c.a.names(field) ?? []).filter((name): name is Attribute => (ATTRIBUTES as readonly string[]).includes(name));

const VERITY_SALT_MAX = 32;

/** The file systems that the recorder names, by their magic number. */
const F_TYPES: ReadonlyMap<number, string> = new Map(
  ["tmpfs", "ramfs", "ext4", "xfs", "btrfs", "overlay", "fuse", "proc", "sysfs", "securityfs"].flatMap((name) => {
    const type = FS_TYPES.get(name);
    return type === undefined ? [] : [[type.magic, name] as const];
  }),
);

export const INODE_OPS = {
  setxattr,
  fsetxattr: setxattr,
  getxattr,
  fgetxattr: getxattr,
  removexattr(c) {
    const on = target(c);
    if (on !== undefined) okay(c.out, c.sys.removexattr(on, c.a.text("name") ?? ""));
  },
  listxattr(c) {
    const on = target(c);
    if (on === undefined) return;
    const names = c.sys.listxattr(on);
    if (!names.ok) return failAt(c.out, names.errno);
    c.out["ret"] = names.value.reduce((sum, name) => sum + utf8ToBytes(name).length + 1, 0);
    if (names.value.length > 0) c.out["names"] = [...names.value];
  },
  chmod: (c) => okay(c.out, c.sys.chmod(c.a.text("path") ?? "", c.a.octal("mode", 0))),
  fchmod(c) {
    const fd = fdArgument(c);
    if (fd !== undefined) okay(c.out, c.sys.fchmod(fd, c.a.octal("mode", 0)));
  },
  chown: (c) => okay(c.out, c.sys.chown(c.a.text("path") ?? "", id(c, "uid"), id(c, "gid"), true)),
  lchown: (c) => okay(c.out, c.sys.chown(c.a.text("path") ?? "", id(c, "uid"), id(c, "gid"), false)),
  fchown(c) {
    const fd = fdArgument(c);
    if (fd !== undefined) okay(c.out, c.sys.fchown(fd, id(c, "uid"), id(c, "gid")));
  },
  link: (c) => okay(c.out, c.sys.link(c.a.text("target") ?? "", c.a.text("path") ?? "")),
  symlink(c) {
    const path = c.a.text("path") ?? "";
    const failed = c.sys.symlink(c.a.text("target") ?? "", path, c.hint);
    if (failed === null) reportMade(c, { path, nofollow: true });
    okay(c.out, failed);
  },
  unlink: (c) => okay(c.out, c.sys.unlink(c.a.text("path") ?? "")),
  rename: (c) =>
    okay(c.out, c.sys.rename(c.a.text("from") ?? "", c.a.text("to") ?? "", c.a.flags("flags", RENAME_FLAGS, 0) ?? 0)),
  mkdir(c) {
    const { sys, a, out } = c;
    const path = a.text("path");
    if (path === undefined) return bad(out, "path missing");
    const mode = a.octal("mode", 0o755);
    if (a.truthy("parents"))
      for (let at = path.indexOf("/", 1); at > 0; at = path.indexOf("/", at + 1)) sys.mkdir(path.slice(0, at), mode);
    const failed = sys.mkdir(path, mode, c.hint);
    if (failed !== null) return failAt(out, failed);
    if (a.has("generation")) {
      const opened = sys.open(path, 0, 0);
      const set = opened.ok ? sys.setGeneration(opened.value, a.int("generation", 0)) : opened.errno;
      if (set !== null) return failAt(out, set, "FS_IOC_SETVERSION");
      if (opened.ok) sys.close(opened.value);
    }
    reportMade(c, { path, nofollow: true });
    out["ret"] = 0;
  },
  rmdir: (c) => okay(c.out, c.sys.rmdir(c.a.text("path") ?? "")),
  mknod(c) {
    const { sys, a, out } = c;
    const path = a.text("path") ?? "";
    const type = a.flags("type", TYPE_FLAGS, TYPE_FLAGS.S_IFREG) ?? TYPE_FLAGS.S_IFREG;
    const failed = sys.mknod(
      path,
      type | a.octal("mode", 0o644),
      { major: a.int("major", 0), minor: a.int("minor", 0) },
      c.hint,
    );
    if (failed === null) reportMade(c, { path, nofollow: true });
    okay(out, failed);
  },
  utimens: (c) =>
    okay(
      c.out,
      c.sys.utimens(c.a.text("path") ?? "", c.a.int("atime", 0), c.a.int("mtime", 0), !c.a.truthy("nofollow")),
    ),
  stat(c) {
    const { sys, a, out } = c;
    const fd = a.has("fd") ? fdArgument(c) : undefined;
    if (a.has("fd") && fd === undefined) return;
    const stat = fd === undefined ? sys.stat(a.text("path") ?? "", !a.truthy("nofollow")) : sys.fstat(fd);
    if (!stat.ok) return failAt(out, stat.errno);
    const s = stat.value;
    out["ret"] = 0;
    out["ino"] = s.ino;
    out["mode"] = s.mode.toString(8).padStart(6, "0");
    out["uid"] = s.uid;
    out["gid"] = s.gid;
    out["size"] = s.size;
    out["nlink"] = s.nlink;
    out["dev"] = `${s.dev.major}:${s.dev.minor}`;
    if (s.generation !== null) out["generation"] = s.generation;
  },
  statfs(c) {
    const s = c.sys.statfs(c.a.text("path") ?? "");
    if (!s.ok) return failAt(c.out, s.errno);
    c.out["ret"] = 0;
    c.out["f_type"] = `0x${s.value.type.toString(16)}`;
    c.out["f_flags"] = `0x${s.value.flags.toString(16)}`;
    const name = F_TYPES.get(s.value.type);
    if (name !== undefined) c.out["f_type_name"] = name;
  },
  readdir(c) {
    const names = c.sys.readdir(c.a.text("path") ?? "");
    if (!names.ok) return failAt(c.out, names.errno);
    // scandir with alphasort, in the C locale.
    const sorted = [...names.value].sort((x, y) => (x < y ? -1 : x > y ? 1 : 0));
    c.out["ret"] = sorted.length;
    c.out["names"] = sorted;
  },
  chattr: (c) =>
    fdOrOpen(c, (fd) => {
      const failed = c.sys.chattr(fd, attributes(c, "set"), attributes(c, "clear"));
      if (failed === null) c.out["ret"] = 0;
      else failAt(c.out, failed.errno, failed.at);
    }),
  fsverityEnable: (c) =>
    fdOrOpen(c, (fd) => {
      const salt = c.a.text("salt") ?? "";
      const bytes = new Uint8Array(Math.min(Math.floor(salt.length / 2), VERITY_SALT_MAX));
      for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(salt.slice(2 * i, 2 * i + 2), 16);
      const failed = c.sys.enableVerity(fd, {
        hash: c.a.text("hash") === "sha512" ? "sha512" : "sha256",
        blockSize: c.a.int("block_size", 4096),
        salt: bytes,
        signature: c.a.bytes() ?? new Uint8Array(),
      });
      if (failed === null) c.out["ret"] = 0;
      else failAt(c.out, failed, "FS_IOC_ENABLE_VERITY");
    }),
  fsverityMeasure: (c) =>
    fdOrOpen(c, (fd) => {
      const got = c.sys.measureVerity(fd);
      if (!got.ok) return failAt(c.out, got.errno, "FS_IOC_MEASURE_VERITY");
      c.out["ret"] = 0;
      c.out["algorithm"] = got.value.algorithm;
      putBytes(c.out, "hex", got.value.digest);
    }),
  mount(c) {
    const { sys, a, out, driver } = c;
    const flags = a.flags("flags", MOUNT_FLAGS, 0);
    if (flags === undefined) return bad(out, "unknown mount flag");
    const path = a.text("path") ?? "";
    const mapping = a.text("idmap");
    const idmap = mapping === undefined ? null : parseIdMap(mapping, "idmap");
    if (a.truthy("mkdir")) sys.mkdir(path, 0o755);
    const device = a.text("device");
    const source = device === undefined ? (a.text("source") ?? "none") : driver.disks.get(device);
    const mounted: Result<null> =
      source === undefined
        ? fail("ENOENT")
        : sys.mount(source, path, a.text("fstype") ?? null, flags, a.text("options") ?? "", idmap);
    okay(out, mounted.ok ? null : mounted.errno);
  },
  umount: (c) => okay(c.out, c.sys.umount(c.a.text("path") ?? "", c.a.flags("flags", UMOUNT_FLAGS, 0) ?? 0)),
} satisfies Readonly<Record<string, Op>>;
