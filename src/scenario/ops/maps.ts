// Ops on mappings.
import { MAP_FLAGS, PROT_FLAGS } from "../../kernel/index.ts";
import { bad, failAt, type Op, type OpContext, okay, putBytes } from "./context.ts";

function mapArgument(c: OpContext): number | undefined {
  const map = c.driver.maps.get(c.a.text("map") ?? "");
  if (map === undefined) bad(c.out, "no such mapping");
  return map;
}

export const MAP_OPS = {
  mmap(c) {
    const { a, out, sys, driver } = c;
    const prot = a.flags("prot", PROT_FLAGS, PROT_FLAGS.PROT_READ);
    const flags = a.flags("flags", MAP_FLAGS, 0);
    const name = a.text("fd");
    const fd = name === undefined ? null : driver.fds.get(name);
    if (prot === undefined || flags === undefined) return bad(out, "unknown mmap flag");
    if (fd === undefined) return bad(out, "no such fd handle");
    const mapped = sys.mmap(fd, {
      prot,
      shared: a.truthy("shared"),
      length: a.int("len", 4096),
      offset: a.int("offset", 0),
    });
    if (!mapped.ok) return failAt(out, mapped.errno);
    const handle = a.text("map");
    // A handle that is taken stays with its first mapping.
    if (handle !== undefined && !driver.maps.has(handle)) driver.maps.set(handle, mapped.value);
    out["ret"] = 0;
  },
  mprotect(c) {
    const map = mapArgument(c);
    const prot = c.a.flags("prot", PROT_FLAGS, PROT_FLAGS.PROT_READ) ?? PROT_FLAGS.PROT_READ;
    if (map !== undefined) okay(c.out, c.sys.mprotect(map, prot));
  },
  munmap(c) {
    const map = mapArgument(c);
    if (map === undefined) return;
    const failed = c.sys.munmap(map);
    if (failed === null) c.driver.maps.delete(c.a.text("map") ?? "");
    okay(c.out, failed);
  },
  store(c) {
    const map = mapArgument(c);
    if (map === undefined) return;
    const bytes = c.a.bytes() ?? new Uint8Array();
    const offset = c.a.int("offset", 0);
    if (offset + bytes.length > c.sys.mappingLength(map)) return bad(c.out, "store beyond mapping");
    const signal = c.sys.store(map, offset, bytes);
    if (signal === null) c.out["ret"] = bytes.length;
    else c.out["signal"] = signal;
  },
  load(c) {
    const map = mapArgument(c);
    if (map === undefined) return;
    const length = c.a.int("len", 16);
    const got = c.sys.load(map, c.a.int("offset", 0), length);
    if (typeof got === "string") {
      c.out["signal"] = got;
      return;
    }
    c.out["ret"] = length;
    putBytes(c.out, "data", got);
  },
  msync(c) {
    const map = mapArgument(c);
    if (map !== undefined) okay(c.out, c.sys.msync(map));
  },
} satisfies Readonly<Record<string, Op>>;
