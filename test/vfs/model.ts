// A plain model of a tree of files and of who has them open, and how it is compared with a real one.
import { expect } from "vitest";
import { type Disk, type FileMapping, type Inode, type OpenFile, readdir, realInode } from "../../src/vfs/index.ts";
import { got, Machine, newDisk, root } from "./machine.ts";

/** A file or directory as the model has it. */
export class Node {
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
export interface Handle {
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

export class Model {
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
  /** What rename answers where the directory to be replaced is not empty (xfs_rename has a word of its own). */
  readonly fullTarget: string;
  constructor(fstype: string) {
    this.overlay = fstype === "overlay";
    this.fullTarget = fstype === "xfs" ? "EEXIST" : "ENOTEMPTY";
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

export class Real {
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

/** Everything that can be seen of the tree and of open files is as the model has it. */
export function compare(model: Model, real: Real): void {
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
