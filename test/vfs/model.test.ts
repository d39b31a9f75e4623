// Any sequence of calls on a small tree against a plain model of it: the errno of each call, names, link counts, contents, who has
// what open and mapped. At the end everything is closed, and what is left on the disk is what the model has.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Disk,
  dropCaches,
  type FileMapping,
  type Inode,
  link,
  mkdir,
  mmap,
  munmap,
  O,
  type OpenFile,
  open,
  openExec,
  PAGE_SIZE,
  PROT,
  pwrite,
  RENAME,
  readdir,
  realInode,
  rename,
  rmdir,
  store,
  truncate,
  umount,
  unlink,
} from "../../src/vfs/index.ts";
import { runs } from "../fuzz.ts";
import { got, Machine, newDisk, root, told } from "./machine.ts";

/** A file or directory as the model has it. */
class Node {
  readonly children: Map<string, Node> | null;
  bytes: number[] = [];
  names = 1;
  readers = 0;
  writers = 0;
  /** Who keeps the file from running, and who keeps it from being written to. */
  busy = 0;
  programs = 0;
  sharedMaps = 0;
  constructor(directory: boolean) {
    this.children = directory ? new Map() : null;
  }
  get isDirectory(): boolean {
    return this.children !== null;
  }
}
interface Handle {
  readonly node: Node;
  readonly reads: boolean;
  readonly writes: boolean;
  readonly program: boolean;
  readonly file: OpenFile;
  /** The descriptor and the mappings that hold it. */
  holders: number;
  closed: boolean;
}
interface Mapped {
  readonly handle: Handle;
  readonly shared: boolean;
  readonly mapping: FileMapping;
}

class Model {
  readonly top = new Node(true);
  readonly handles: Handle[] = [];
  readonly maps: Mapped[] = [];

  /** Directory and name of a path; an errno if the way there is blocked. */
  place(path: string): { readonly dir: Node; readonly name: string; readonly node: Node | undefined } | string {
    const names = path.split("/");
    const name = names.pop()!;
    let dir = this.top;
    for (const each of names) {
      const next = dir.children!.get(each);
      if (next === undefined) return "ENOENT";
      if (!next.isDirectory) return "ENOTDIR";
      dir = next;
    }
    return { dir, name, node: dir.children!.get(name) };
  }
  find(path: string): Node | string {
    const place = this.place(path);
    return typeof place === "string" ? place : (place.node ?? "ENOENT");
  }
  /** A mapping of an overlay holds the file below: what a descriptor of the overlay keeps off ends with the descriptor. */
  readonly overlay: boolean;
  constructor(overlay: boolean) {
    this.overlay = overlay;
  }

  close(handle: Handle): void {
    handle.closed = true;
    if (this.overlay) this.#letIn(handle);
    this.drop(handle);
  }
  drop(handle: Handle): void {
    handle.holders--;
    if (handle.holders > 0) return;
    if (handle.writes) handle.node.writers--;
    else handle.node.readers--;
    if (!this.overlay) this.#letIn(handle);
  }
  #letIn({ node, writes, program }: Handle): void {
    if (writes) node.busy--;
    if (program) node.programs--;
  }
}

class Real {
  readonly m = new Machine();
  readonly fstype: string;
  readonly disk: Disk | undefined;
  constructor(fstype: string) {
    this.fstype = fstype;
    if (fstype === "overlay") {
      this.m.mount("/base", "ext4");
      for (const dir of ["lower", "upper", "work"]) this.m.mkdir(`/base/${dir}`);
      this.m.mount("/mnt", "overlay", "lowerdir=/base/lower,upperdir=/base/upper,workdir=/base/work");
    } else {
      this.disk = fstype === "tmpfs" ? undefined : newDisk(fstype);
      this.m.mount("/mnt", fstype, undefined, this.disk);
    }
  }
  get vfs() {
    return this.m.vfs;
  }
  at(path: string): string {
    return `/mnt/${path}`;
  }
  node(path: string): Inode {
    return realInode(this.m.path(this.at(path)).dentry);
  }
}

type Command = fc.Command<Model, Real>;
const command = (name: string, run: (model: Model, real: Real) => void): Command => ({
  check: () => true,
  run: (model, real) => {
    run(model, real);
    compare(model, real);
  },
  toString: () => name,
});

function compareNode(node: Node, inode: Inode, overlay: boolean): void {
  const writeCount = !overlay && node.programs > 0 ? -node.programs : node.writers;
  expect([inode.readCount, inode.writeCount, inode.sharedWritableMaps]).toEqual([
    node.readers,
    writeCount,
    node.sharedMaps,
  ]);
  if (node.isDirectory) return;
  expect(inode.nlink).toBe(node.names);
  expect([...inode.bytes()]).toEqual(node.bytes);
  expect(inode.freed).toBe(false);
}

function compare(model: Model, real: Real): void {
  const overlay = real.fstype === "overlay";
  const walk = (dir: Node, path: string): void => {
    const inside = path === "" ? "" : `${path}/`;
    const listed = got(readdir(real.vfs, root, real.m.base, real.at(path)));
    const names = listed.filter((name) => name !== "." && name !== ".." && name !== "lost+found");
    expect(names.toSorted()).toEqual([...dir.children!.keys()].toSorted());
    const directories = [...dir.children!.values()].filter((node) => node.isDirectory).length;
    if (!overlay && path !== "")
      expect(real.m.stat(real.at(path)).nlink).toBe(real.fstype === "btrfs" ? 1 : 2 + directories);
    for (const [name, node] of dir.children!) {
      compareNode(node, real.node(inside + name), overlay);
      if (node.isDirectory) walk(node, inside + name);
    }
  };
  walk(model.top, "");
  for (const handle of model.handles)
    if (handle.holders > 0) compareNode(handle.node, realInode(handle.file.path.dentry), overlay);
}

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
  return (target.children?.size ?? 0) > 0 ? "ENOTEMPTY" : null;
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

const everything = fc.commands(
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

/** Closes all, mounts the disk anew and compares once more. */
function finish(model: Model, real: Real): void {
  for (const map of model.maps.splice(0)) {
    if (map.shared) map.handle.node.sharedMaps--;
    model.drop(map.handle);
    munmap(real.vfs, root, map.mapping);
  }
  for (const handle of model.handles)
    if (!handle.closed) {
      model.close(handle);
      real.m.close(handle.file);
    }
  compare(model, real);
  for (const { node, file } of model.handles) {
    expect(file.inode.openFiles).toBe(0);
    if (!node.isDirectory && node.names === 0) expect(file.inode.freed).toBe(true);
  }
  if (real.disk === undefined) return;
  expect(umount(real.vfs, root, real.m.base, "/mnt")).toBe(null);
  real.m.mount("/mnt", real.fstype, undefined, real.disk);
  compare(model, real);
}

describe("a tree of files", () => {
  for (const fstype of ["ext4", "xfs", "btrfs", "tmpfs", "overlay"])
    it(`on ${fstype} is what the model says`, () => {
      fc.assert(
        fc.property(everything, (commands) => {
          const model = new Model(fstype === "overlay");
          const real = new Real(fstype);
          fc.modelRun(() => ({ model, real }), commands);
          finish(model, real);
        }),
        runs(150),
      );
    });
});
