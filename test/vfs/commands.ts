// Calls on a small tree, each with the errno that a plain model expects of it and what it does to the model.
import fc from "fast-check";
import { expect } from "vitest";
import {
  dropCaches,
  link,
  mkdir,
  mmap,
  munmap,
  O,
  open,
  openExec,
  PAGE_SIZE,
  PROT,
  pwrite,
  RENAME,
  rename,
  rmdir,
  store,
  truncate,
  unlink,
} from "../../src/vfs/index.ts";
import { root, told } from "./machine.ts";
import { compare, type Model, Node, type Real } from "./model.ts";

type Command = fc.Command<Model, Real>;
const command = (name: string, run: (model: Model, real: Real) => void): Command => ({
  check: () => true,
  run: (model, real) => {
    run(model, real);
    compare(model, real);
  },
  toString: () => name,
});

const path = fc.constantFrom("a", "b", "d", "d/a", "d/b", "e", "e/a");
const bytes = fc.uint8Array({ minLength: 1, maxLength: 6 });
const small = fc.integer({ min: 0, max: 12 });
const chosen = <T>(list: readonly T[], at: number): T | undefined =>
  list.length === 0 ? undefined : list[at % list.length];

const creating = path.map((text) =>
  command(`create ${text}`, (model, real) => {
    const place = model.place(text);
    const expected = typeof place === "string" ? place : place.node === undefined ? "ok" : "EEXIST";
    const made = open(real.vfs, root, real.m.base, real.at(text), O.CREAT | O.EXCL | O.WRONLY, 0o755);
    expect(told(made)).toBe(expected);
    if (typeof place === "string" || !made.ok) return;
    place.dir.children!.set(place.name, new Node(false));
    real.m.close(made.value);
  }),
);

const opening = fc.tuple(path, fc.constantFrom(O.RDONLY, O.WRONLY, O.RDWR), fc.boolean()).map(([text, mode, cuts]) =>
  command(`open ${text} ${mode}${cuts ? " cut" : ""}`, (model, real) => {
    const node = model.find(text);
    const writes = mode !== O.RDONLY;
    const expected =
      typeof node === "string"
        ? node
        : node.isDirectory && (writes || cuts)
          ? "EISDIR"
          : (writes || cuts) && node.programs > 0
            ? "ETXTBSY"
            : "ok";
    const file = open(real.vfs, root, real.m.base, real.at(text), mode | (cuts ? O.TRUNC : 0));
    expect(told(file)).toBe(expected);
    if (typeof node === "string" || !file.ok) return;
    if (cuts) node.bytes = [];
    if (writes) {
      node.writers++;
      node.busy++;
    } else node.readers++;
    const reads = mode !== O.WRONLY;
    model.handles.push({ node, reads, writes, program: false, file: file.value, holders: 1, closed: false });
  }),
);

const running = path.map((text) =>
  command(`run ${text}`, (model, real) => {
    const node = model.find(text);
    const expected = typeof node === "string" ? node : node.isDirectory ? "EACCES" : node.busy > 0 ? "ETXTBSY" : "ok";
    const file = openExec(real.vfs, root, real.m.base, real.at(text));
    expect(told(file)).toBe(expected);
    if (typeof node === "string" || !file.ok) return;
    node.readers++;
    node.programs++;
    const handle = { node, reads: true, writes: false, program: true, file: file.value, holders: 1, closed: false };
    model.handles.push(handle);
  }),
);

const closing = small.map((at) =>
  command(`close ${at}`, (model, real) => {
    const open = model.handles.filter((handle) => !handle.closed);
    const handle = chosen(open, at);
    if (handle === undefined) return;
    model.close(handle);
    real.m.close(handle.file);
  }),
);

function patch(node: Node, offset: number, bytes: Uint8Array): void {
  while (node.bytes.length < offset) node.bytes.push(0);
  node.bytes.splice(offset, bytes.length, ...bytes);
}

const writing = fc.tuple(small, small, bytes).map(([at, offset, data]) =>
  command(`write ${at} at ${offset}`, (model, real) => {
    const handle = chosen(
      model.handles.filter(({ closed }) => !closed),
      at,
    );
    if (handle === undefined) return;
    const expected = handle.writes ? "ok" : "EBADF";
    expect(told(pwrite(real.vfs, root, handle.file, data, offset))).toBe(expected);
    if (handle.writes) patch(handle.node, offset, data);
  }),
);

const mapping = fc.tuple(small, fc.boolean()).map(([at, shared]) =>
  command(`map ${at} ${shared ? "shared" : "private"}`, (model, real) => {
    const handle = chosen(
      model.handles.filter(({ closed }) => !closed),
      at,
    );
    if (handle === undefined) return;
    const { node, reads, writes } = handle;
    const expected = (shared && !writes) || !reads ? "EACCES" : node.isDirectory ? "ENODEV" : "ok";
    const request = { prot: PROT.READ | PROT.WRITE, shared, length: 1, offset: 0 };
    const made = mmap(real.vfs, root, handle.file, request);
    expect(told(made)).toBe(expected);
    if (!made.ok) return;
    handle.holders++;
    if (shared) node.sharedMaps++;
    model.maps.push({ handle, shared, mapping: made.value });
  }),
);

const storing = fc.tuple(small, small, bytes).map(([at, offset, data]) =>
  command(`store ${at} at ${offset}`, (model, real) => {
    const map = chosen(model.maps, at);
    if (map === undefined) return;
    const { node } = map.handle;
    const fault = store(real.vfs, root, map.mapping, offset, data);
    const size = node.bytes.length;
    // A page that was copied before the file was cut stays with whoever copied it.
    const copied = !map.shared && map.mapping.pages.size > 0;
    if (!copied) expect(fault).toBe(size === 0 ? "SIGBUS" : null);
    if (map.shared && size > 0 && offset < size) patch(node, offset, data.subarray(0, size - offset));
    expect(node.bytes.length <= PAGE_SIZE).toBe(true);
  }),
);

const unmapping = small.map((at) =>
  command(`unmap ${at}`, (model, real) => {
    const map = chosen(model.maps, at);
    if (map === undefined) return;
    model.maps.splice(model.maps.indexOf(map), 1);
    if (map.shared) map.handle.node.sharedMaps--;
    model.drop(map.handle);
    expect(munmap(real.vfs, root, map.mapping)).toBe(null);
  }),
);

const cutting = fc.tuple(path, small).map(([text, size]) =>
  command(`truncate ${text} ${size}`, (model, real) => {
    const node = model.find(text);
    const expected =
      typeof node === "string" ? node : node.isDirectory ? "EISDIR" : node.programs > 0 ? "ETXTBSY" : null;
    expect(truncate(real.vfs, root, real.m.base, real.at(text), size)).toBe(expected);
    if (typeof node === "string" || expected !== null) return;
    node.bytes = Array.from({ length: size }, (_, i) => node.bytes[i] ?? 0);
  }),
);

const linking = fc.tuple(path, path).map(([from, to]) =>
  command(`link ${from} ${to}`, (model, real) => {
    const node = model.find(from);
    const place = model.place(to);
    const expected =
      typeof node === "string"
        ? node
        : typeof place === "string"
          ? place
          : place.node !== undefined
            ? "EEXIST"
            : node.isDirectory
              ? "EPERM"
              : null;
    expect(link(real.vfs, root, real.m.base, real.at(from), real.at(to))).toBe(expected);
    if (expected !== null || typeof node === "string" || typeof place === "string") return;
    node.names++;
    place.dir.children!.set(place.name, node);
  }),
);

const unlinking = path.map((text) =>
  command(`unlink ${text}`, (model, real) => {
    const place = model.place(text);
    const expected =
      typeof place === "string"
        ? place
        : place.node === undefined
          ? "ENOENT"
          : place.node.isDirectory
            ? "EISDIR"
            : null;
    expect(unlink(real.vfs, root, real.m.base, real.at(text))).toBe(expected);
    if (expected !== null || typeof place === "string") return;
    place.node!.names--;
    place.dir.children!.delete(place.name);
  }),
);

const makingDirectory = path.map((text) =>
  command(`mkdir ${text}`, (model, real) => {
    const place = model.place(text);
    const expected = typeof place === "string" ? place : place.node === undefined ? null : "EEXIST";
    expect(mkdir(real.vfs, root, real.m.base, real.at(text), 0o755)).toBe(expected);
    if (expected === null && typeof place !== "string") place.dir.children!.set(place.name, new Node(true));
  }),
);

const removingDirectory = path.map((text) =>
  command(`rmdir ${text}`, (model, real) => {
    const place = model.place(text);
    const expected =
      typeof place === "string"
        ? place
        : place.node === undefined
          ? "ENOENT"
          : !place.node.isDirectory
            ? "ENOTDIR"
            : place.node.children!.size > 0
              ? "ENOTEMPTY"
              : null;
    expect(rmdir(real.vfs, root, real.m.base, real.at(text))).toBe(expected);
    if (expected === null && typeof place !== "string") place.dir.children!.delete(place.name);
  }),
);

const within = (node: Node, top: Node): boolean =>
  node === top || [...(top.children?.values() ?? [])].some((child) => within(node, child));

function renameErrno(model: Model, from: string, to: string, flags: number): string | null {
  const [old, last] = [model.place(from), model.place(to)];
  if (typeof old === "string") return old;
  if (typeof last === "string") return last;
  const [source, target] = [old.node, last.node];
  const exchange = flags === RENAME.EXCHANGE;
  if (source === undefined) return "ENOENT";
  if (flags === RENAME.NOREPLACE && target !== undefined) return "EEXIST";
  if (exchange && target === undefined) return "ENOENT";
  if (within(last.dir, source)) return "EINVAL";
  if (target !== undefined && within(old.dir, target)) return exchange ? "EINVAL" : "ENOTEMPTY";
  if (target === undefined || target === source || exchange) return null;
  if (source.isDirectory && !target.isDirectory) return "ENOTDIR";
  if (!source.isDirectory && target.isDirectory) return "EISDIR";
  return (target.children?.size ?? 0) > 0 ? model.fullTarget : null;
}

const renaming = fc.tuple(path, path, fc.constantFrom(0, RENAME.NOREPLACE, RENAME.EXCHANGE)).map(([from, to, flags]) =>
  command(`rename ${from} ${to} ${flags}`, (model, real) => {
    const expected = renameErrno(model, from, to, flags);
    expect(rename(real.vfs, root, real.m.base, real.at(from), real.at(to), flags)).toBe(expected);
    const [old, last] = [model.place(from), model.place(to)];
    if (expected !== null || typeof old === "string" || typeof last === "string") return;
    const [source, target] = [old.node!, last.node];
    if (source === target) return;
    last.dir.children!.set(last.name, source);
    if (flags === RENAME.EXCHANGE) old.dir.children!.set(old.name, target!);
    else {
      old.dir.children!.delete(old.name);
      if (target !== undefined) target.names--;
    }
  }),
);

const dropping = fc.constant(command("drop caches", (_model, real) => dropCaches(real.vfs)));

/** Any sequence of calls. */
export const everything = fc.commands(
  [
    creating,
    opening,
    opening,
    running,
    closing,
    writing,
    mapping,
    storing,
    unmapping,
    cutting,
    linking,
    unlinking,
    makingDirectory,
    removingDirectory,
    renaming,
    dropping,
  ],
  { maxCommands: 60, size: "max" },
);
