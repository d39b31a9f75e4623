// Ops on open files and whole files.
import { concatBytes } from "@noble/hashes/utils.js";
import { FALLOC_FLAGS, OPEN, SEEK_FLAGS } from "../../kernel/index.ts";
import { bad, done, failAt, fdArgument, type Op, type OpContext, okay, putBytes, reportMade } from "./context.ts";

const READ_FILE_MAX = 1 << 20;
const ACCESS_CREATE_TRUNCATE = OPEN.O_CREAT | OPEN.O_WRONLY | OPEN.O_TRUNC;
const makes = (flags: number): boolean => (flags & OPEN.O_CREAT) !== 0 || (flags & OPEN.O_TMPFILE) === OPEN.O_TMPFILE;

/** Opens, reads to the end or `len`, closes. */
export function readWholeFile(c: OpContext, path: string): void {
  const { sys, a, out } = c;
  const opened = sys.open(path, OPEN.O_RDONLY | OPEN.O_CLOEXEC, 0);
  if (!opened.ok) return failAt(out, opened.errno, "open");
  const max = Math.min(a.int("len", READ_FILE_MAX), READ_FILE_MAX);
  const parts: Uint8Array[] = [];
  let length = 0;
  while (length < max) {
    const part = sys.read(opened.value, max - length);
    if (!part.ok) {
      failAt(out, part.errno, "read");
      sys.close(opened.value);
      return;
    }
    if (part.value.length === 0) break;
    parts.push(part.value);
    length += part.value.length;
  }
  sys.close(opened.value);
  out["ret"] = length;
  putBytes(out, "data", parts.length === 1 ? parts[0]! : concatBytes(...parts));
}

/** Opens for writing, writes all or once, closes, and tells each. */
export function writeWholeFile(c: OpContext, path: string, bytes: Uint8Array, loop: boolean): void {
  const { sys, out } = c;
  const opened = sys.open(path, OPEN.O_WRONLY | OPEN.O_CLOEXEC, 0);
  if (!opened.ok) {
    out["open"] = opened.errno;
    return failAt(out, opened.errno, "open");
  }
  let written = 0;
  let last = sys.write(opened.value, bytes);
  while (last.ok && last.value > 0) {
    written += last.value;
    if (!loop || written >= bytes.length) break;
    last = sys.write(opened.value, bytes.subarray(written));
  }
  if (written > 0 || last.ok) out["written"] = written;
  if (!last.ok) out["write"] = last.errno;
  const closed = sys.close(opened.value);
  out["close"] = closed ?? 0;
  if (last.ok) out["ret"] = 0;
  else failAt(out, last.errno, "write");
}

const writeFile: Op = (c) => {
  const { sys, a, out } = c;
  const flags = a.flags("flags", OPEN, ACCESS_CREATE_TRUNCATE);
  if (flags === undefined) return bad(out, "unknown open flag");
  const opened = sys.open(
    a.text("path") ?? "",
    flags | OPEN.O_CLOEXEC,
    a.octal("mode", a.has("payload") ? 0o755 : 0o644),
    c.hint,
  );
  if (!opened.ok) return failAt(out, opened.errno, "open");
  const fd = opened.value;
  if (a.has("generation")) {
    const set = sys.setGeneration(fd, a.int("generation", 0));
    if (set !== null) {
      failAt(out, set, "FS_IOC_SETVERSION");
      sys.close(fd);
      return;
    }
  }
  if ((flags & OPEN.O_CREAT) !== 0) reportMade(c, { fd });
  const written = sys.write(fd, a.bytes() ?? new Uint8Array());
  if (!written.ok) {
    failAt(out, written.errno, "write");
    sys.close(fd);
    return;
  }
  const closed = sys.close(fd);
  if (closed !== null) return failAt(out, closed, "close");
  out["ret"] = written.value;
};

const read: Op = (c) => {
  const fd = fdArgument(c);
  if (fd === undefined) return;
  const { sys, a, out } = c;
  const length = a.int("len", 65536);
  const got = a.has("offset") ? sys.pread(fd, length, a.int("offset", 0)) : sys.read(fd, length);
  if (!got.ok) return failAt(out, got.errno);
  out["ret"] = got.value.length;
  putBytes(out, "data", got.value);
};

const write: Op = (c) => {
  const fd = fdArgument(c);
  if (fd === undefined) return;
  const { sys, a, out } = c;
  const bytes = a.bytes() ?? new Uint8Array();
  done(out, a.has("offset") ? sys.pwrite(fd, bytes, a.int("offset", 0)) : sys.write(fd, bytes));
};

const copy: Op = (c) => {
  const { sys, a, out } = c;
  const source = sys.open(a.text("src") ?? "", OPEN.O_RDONLY | OPEN.O_CLOEXEC, 0);
  if (!source.ok) return failAt(out, source.errno, "open src");
  const stat = sys.fstat(source.value);
  const mode = a.octal("mode", stat.ok ? stat.value.mode & 0o7777 : 0o644);
  const target = sys.open(a.text("dst") ?? "", ACCESS_CREATE_TRUNCATE | OPEN.O_CLOEXEC, mode, c.hint);
  if (!target.ok) {
    failAt(out, target.errno, "open dst");
    sys.close(source.value);
    return;
  }
  let total = 0;
  for (;;) {
    const part = sys.read(source.value, 65536);
    if (!part.ok || part.value.length === 0) break;
    const written = sys.write(target.value, part.value);
    if (!written.ok || written.value !== part.value.length) {
      failAt(out, written.ok ? "EIO" : written.errno, "write");
      sys.close(source.value);
      sys.close(target.value);
      return;
    }
    total += written.value;
  }
  reportMade(c, { fd: target.value });
  sys.close(source.value);
  sys.close(target.value);
  out["ret"] = total;
};

export const FILE_OPS = {
  open(c) {
    const { sys, a, out, driver } = c;
    const flags = a.flags("flags", OPEN, OPEN.O_RDONLY);
    if (flags === undefined) return bad(out, "unknown open flag");
    const opened = sys.open(a.text("path") ?? "", flags | OPEN.O_CLOEXEC, a.octal("mode", 0o644), c.hint);
    if (!opened.ok) return failAt(out, opened.errno);
    if (makes(flags)) reportMade(c, { fd: opened.value });
    const name = a.text("fd");
    if (name === undefined) sys.close(opened.value);
    else driver.fds.set(name, opened.value);
    out["ret"] = 0;
  },
  close(c) {
    const name = c.a.text("fd") ?? "";
    const fd = c.driver.fds.get(name);
    if (fd === undefined) return bad(c.out, "no such fd handle");
    c.driver.fds.delete(name);
    okay(c.out, c.sys.close(fd));
  },
  read,
  pread: read,
  write,
  pwrite: write,
  lseek(c) {
    const fd = fdArgument(c);
    if (fd !== undefined)
      done(c.out, c.sys.lseek(fd, c.a.int("offset", 0), c.a.flags("whence", SEEK_FLAGS, SEEK_FLAGS.SEEK_SET) ?? 0));
  },
  ftruncate(c) {
    const fd = fdArgument(c);
    if (fd !== undefined) okay(c.out, c.sys.ftruncate(fd, c.a.int("len", 0)));
  },
  fsync(c) {
    const fd = fdArgument(c);
    if (fd !== undefined) okay(c.out, c.sys.fsync(fd));
  },
  fallocate(c) {
    const fd = fdArgument(c);
    if (fd === undefined) return;
    okay(c.out, c.sys.fallocate(fd, c.a.flags("flags", FALLOC_FLAGS, 0) ?? 0, c.a.int("offset", 0), c.a.int("len", 0)));
  },
  dup(c) {
    const fd = fdArgument(c);
    if (fd === undefined) return;
    const copied = c.sys.dup(fd);
    if (!copied.ok) return failAt(c.out, copied.errno);
    c.driver.fds.set(c.a.text("as_fd") ?? "dup", copied.value);
    c.out["ret"] = 0;
  },
  linkat(c) {
    const fd = fdArgument(c);
    if (fd !== undefined) okay(c.out, c.sys.linkFd(fd, c.a.text("path") ?? ""));
  },
  memfd(c) {
    const made = c.sys.memfdCreate(c.a.text("name") ?? "oracle", c.a.int("flags", 0));
    if (!made.ok) return failAt(c.out, made.errno);
    c.driver.fds.set(c.a.text("fd") ?? "memfd", made.value);
    c.out["ret"] = 0;
  },
  copy_file_range(c) {
    const from = c.driver.fds.get(c.a.text("src") ?? "") ?? -1;
    const to = c.driver.fds.get(c.a.text("dst") ?? "") ?? -1;
    done(c.out, c.sys.copyFileRange(from, to, c.a.int("len", 65536)));
  },
  writefile: writeFile,
  readfile: (c) => readWholeFile(c, c.a.text("path") ?? ""),
  copy,
  truncate: (c) => okay(c.out, c.sys.truncate(c.a.text("path") ?? "", c.a.int("len", 0))),
  sync(c) {
    c.sys.sync();
    c.out["ret"] = 0;
  },
} satisfies Readonly<Record<string, Op>>;
