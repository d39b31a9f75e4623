// A machine with one tmpfs as its root, on which tests act as root or as a user, with short names for the calls.
import type { Denial, Result } from "../../src/errno/index.ts";
import { Kconfig, Release } from "../../src/release/index.ts";
import {
  addMagicLink,
  CAPABILITIES,
  type Capability,
  closeFile,
  Disk,
  type FileMapping,
  FS_TYPES,
  type Inode,
  link,
  mkdir,
  mmap,
  mount,
  O,
  type OpenFile,
  open,
  type Path,
  PROT,
  pread,
  pwrite,
  resolve,
  type SecurityModule,
  type Subject,
  stat,
  Vfs,
  type VfsOptions,
} from "../../src/vfs/index.ts";

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (value: Uint8Array): string => new TextDecoder().decode(value);

/** The value of a call that must go well. */
export function got<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`refused: ${result.errno}`);
  return result.value;
}
/** The errno of a call, or "ok". */
export const told = (result: Result<unknown>): string => (result.ok ? "ok" : result.errno);

export function subject(
  id: number,
  more: { groups?: number[]; gid?: number; caps?: readonly Capability[]; umask?: number } = {},
): Subject {
  const { gid = id, groups = [], caps = id === 0 ? CAPABILITIES : [], umask = 0o022 } = more;
  const ids = { uid: id, euid: id, suid: id, fsuid: id, gid, egid: gid, sgid: gid, fsgid: gid };
  return {
    cred: { ...ids, groups, capabilities: new Set(caps) },
    pid: 1,
    ppid: 0,
    comm: "test",
    auid: 4294967295,
    ses: 4294967295,
    exe: null,
    tty: "(none)",
    label: null,
    readImpliesExec: false,
    umask,
  };
}

export const root = subject(0);
export const user = subject(1000);

export class Machine {
  readonly vfs: Vfs;
  /** Seconds; advances only by hand. */
  now = 1_700_000_000;
  #drawn = 0;

  constructor(release = "6.12", modules: readonly SecurityModule[] = [], more: Partial<VfsOptions> = {}) {
    this.vfs = new Vfs({
      clock: () => this.now,
      random: () => ++this.#drawn,
      release: Release.parse(release),
      modules,
      config: Kconfig.withDefaults({}),
      ...more,
    });
  }

  get base(): Path {
    return this.vfs.root;
  }

  mkdir(path: string, mode = 0o755): void {
    const refused = mkdir(this.vfs, root, this.base, path, mode);
    if (refused !== null) throw new Error(`mkdir ${path}: ${refused}`);
  }

  /** Makes a directory and mounts a new file system, or the disk given, on it. */
  mount(path: string, fstype: string, options?: string, disk?: Disk): void {
    if (!resolve(this.vfs, root, this.base, path, { follow: true }).ok) this.mkdir(path);
    const device = disk ?? (FS_TYPES.get(fstype)?.device ? newDisk(fstype) : undefined);
    const refused = mount(this.vfs, root, this.base, {
      path,
      fstype,
      ...(device === undefined ? {} : { device }),
      ...(options === undefined ? {} : { options }),
    });
    if (refused !== null) throw new Error(`mount ${path}: ${refused}`);
  }

  open(path: string, flags: number = O.RDONLY, mode = 0o644, task = root): OpenFile {
    return got(open(this.vfs, task, this.base, path, flags, mode));
  }
  close(...files: OpenFile[]): void {
    for (const file of files) closeFile(this.vfs, root, file);
  }

  /** Gives an open file a name, by a link to its descriptor as /proc has it. */
  linkOpen(file: OpenFile, to: string): Denial {
    if (!this.exists("/proc")) this.mount("/proc", "proc");
    const name = `fd${++this.#drawn}`;
    addMagicLink(this.vfs, this.path("/proc").dentry, name, () => file.path);
    return link(this.vfs, root, this.base, `/proc/${name}`, to, true);
  }

  /** Makes a file, or writes an old one anew. */
  write(path: string, content = "", mode = 0o644): void {
    const file = this.open(path, O.WRONLY | O.CREAT | O.TRUNC, mode);
    got(pwrite(this.vfs, root, file, bytes(content), 0));
    this.close(file);
  }
  /** Adds to a file through a new descriptor. */
  append(path: string, content: string, task = root): void {
    const file = this.open(path, O.WRONLY | O.APPEND, 0, task);
    got(pwrite(this.vfs, task, file, bytes(content), 0));
    closeFile(this.vfs, task, file);
  }
  read(path: string): string {
    const file = this.open(path);
    const all = text(got(pread(this.vfs, root, file, 1 << 20, 0)));
    this.close(file);
    return all;
  }

  path(text: string, follow = true): Path {
    return got(resolve(this.vfs, root, this.base, text, { follow }));
  }
  inode(text: string, follow = true): Inode {
    return this.path(text, follow).dentry.inode!;
  }
  stat(text: string, follow = true) {
    return got(stat(this.vfs, root, this.base, text, follow));
  }
  exists(text: string): boolean {
    return resolve(this.vfs, root, this.base, text, { follow: false }).ok;
  }
  map(file: OpenFile, shared: boolean, prot: number = PROT.READ | PROT.WRITE, length = 4096): FileMapping {
    return got(mmap(this.vfs, root, file, { prot, shared, length, offset: 0 }));
  }
}

export function newDisk(fstype: string, more: { verity?: boolean } = {}): Disk {
  return new Disk({
    fstype,
    uuid: new Uint8Array(16).fill(7),
    id: `disk-${fstype}`,
    dev: { major: 98, minor: 32 },
    ...more,
  });
}
