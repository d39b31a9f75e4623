// Random walks over a few files: what processes can do with them, one call at a time, on any file system.

import { createHash } from "node:crypto";
import fc from "fast-check";
import { boot, type Decision, type Kernel, type KernelError, type Task } from "../../src/index.ts";
import { type Inode, realInode, resolve } from "../../src/vfs/index.ts";

export const NAMES = ["a", "b", "c"] as const;
type Name = (typeof NAMES)[number];
const SLOTS = 3;

export interface Place {
  readonly fstype: string;
  readonly release: string;
}

export interface WalkOptions extends Place {
  readonly mode?: string;
  readonly policy: string;
  /** Whether the files that are there from the start have a label; they have where left out. */
  readonly labelled?: boolean;
}

/** Who calls: root, or a user without privilege. */
type Who = "root" | "user";

export type Call =
  | { readonly op: "write"; readonly who: Who; readonly name: Name; readonly text: string }
  | { readonly op: "open"; readonly who: Who; readonly name: Name; readonly slot: number; readonly flags: string }
  | { readonly op: "read"; readonly who: Who; readonly name: Name }
  | { readonly op: "put"; readonly slot: number; readonly text: string }
  | { readonly op: "cut"; readonly slot: number; readonly length: number }
  | { readonly op: "close"; readonly slot: number }
  | { readonly op: "store"; readonly who: Who; readonly name: Name; readonly text: string }
  | { readonly op: "truncate"; readonly who: Who; readonly name: Name; readonly length: number }
  | { readonly op: "chmod"; readonly who: Who; readonly name: Name; readonly mode: number }
  | { readonly op: "chown"; readonly who: Who; readonly name: Name; readonly uid: number }
  | {
      readonly op: "label";
      readonly who: Who;
      readonly name: Name;
      readonly kind: "good" | "wrong" | "odd" | "signature";
    }
  | { readonly op: "note"; readonly who: Who; readonly name: Name }
  | { readonly op: "unlabel"; readonly who: Who; readonly name: Name }
  | { readonly op: "rename"; readonly who: Who; readonly name: Name; readonly to: Name }
  | { readonly op: "link"; readonly who: Who; readonly name: Name; readonly to: Name }
  | { readonly op: "unlink"; readonly who: Who; readonly name: Name }
  | { readonly op: "below"; readonly name: Name; readonly text: string }
  | { readonly op: "drop" };

const who = fc.constantFrom<Who>("root", "root", "root", "user");
const name = fc.constantFrom(...NAMES);
const slot = fc.nat(SLOTS - 1);
const text = fc.constantFrom("", "one", "two", "three and more");
const flags = fc.constantFrom(
  "O_RDONLY",
  "O_RDONLY",
  "O_WRONLY",
  "O_RDWR",
  "O_RDWR|O_CREAT",
  "O_WRONLY|O_TRUNC",
  "O_WRONLY|O_APPEND|O_CREAT",
  "O_RDWR|O_CREAT|O_EXCL",
);
const call = <O extends Call["op"]>(op: O, fields: object): fc.Arbitrary<Call> =>
  fc.record({ op: fc.constant(op), ...fields }) as unknown as fc.Arbitrary<Call>;

/** Any call; truncate(2) stands apart, for kernels before 6.12.104 do not notice it. */
export function anyCall({ truncate }: { readonly truncate: boolean }): fc.Arbitrary<Call> {
  return fc.oneof(
    { weight: 3, arbitrary: call("write", { who, name, text }) },
    { weight: 4, arbitrary: call("open", { who, name, slot, flags }) },
    { weight: 5, arbitrary: call("read", { who, name }) },
    { weight: 2, arbitrary: call("put", { slot, text }) },
    call("cut", { slot, length: fc.nat(4) }),
    { weight: 3, arbitrary: call("close", { slot }) },
    call("store", { who, name, text }),
    ...(truncate ? [call("truncate", { who, name, length: fc.nat(4) })] : []),
    call("chmod", { who, name, mode: fc.constantFrom(0o644, 0o600, 0o666, 0o4755) }),
    call("chown", { who, name, uid: fc.constantFrom(0, 1000) }),
    { weight: 2, arbitrary: call("label", { who, name, kind: fc.constantFrom("good", "wrong", "odd", "signature") }) },
    call("note", { who, name }),
    call("unlabel", { who, name }),
    call("rename", { who, name, to: name }),
    call("link", { who, name, to: name }),
    call("unlink", { who, name }),
    call("below", { name, text }),
    call("drop", {}),
  );
}

/** A label of the kind that fix mode writes. */
export const hashLabel = (content: Uint8Array | string): Uint8Array =>
  Uint8Array.of(4, 4, ...createHash("sha256").update(content).digest());
/** The shape of a signature by a key that nobody has. */
const SIGNATURE = Uint8Array.of(3, 2, 4, 1, 2, 3, 4, 0, 8, 9, 9, 9, 9, 9, 9, 9, 9);

export class Walk {
  readonly kernel: Kernel;
  readonly root: Task;
  readonly user: Task;
  readonly fstype: string;
  readonly decisions: Decision[] = [];
  /** Open descriptors of root and of the user, by slot. */
  readonly #slots: ({ readonly task: Task; readonly fd: number; readonly inode: Inode } | undefined)[] = [];

  constructor({ fstype, release, mode = "enforce", policy, labelled = true }: WalkOptions) {
    this.fstype = fstype;
    this.kernel = boot({ release, cmdline: `ima_appraise=${mode}` });
    const first = this.kernel.task();
    if (fstype === "overlay") {
      this.kernel.mount("/below", { fstype: "ext4" });
      for (const part of ["lower", "upper", "work"]) first.mkdir(`/below/${part}`);
    } else this.kernel.mount("/mnt", { fstype });
    for (const file of ["a", "b"]) {
      const path = fstype === "overlay" ? `/below/lower/${file}` : `/mnt/${file}`;
      first.writeFile(path, file);
      if (labelled) first.setxattr(path, "security.ima", hashLabel(file));
    }
    if (fstype === "overlay")
      this.kernel.mount("/mnt", { fstype, options: "lowerdir=/below/lower,upperdir=/below/upper,workdir=/below/work" });
    this.root = this.kernel.task({ comm: "root", umask: 0 });
    this.user = this.kernel.task({ comm: "user", uid: 1000, gid: 1000, umask: 0 });
    this.root.chmod("/mnt", 0o777);
    this.kernel.securityfs.write("ima/policy", policy.replaceAll("FS", fstype));
    this.kernel.watch((decision) => this.decisions.push(decision));
  }

  path(file: string): string {
    return `/mnt/${file}`;
  }

  /** What the name leads to, looked up without any hook. */
  inode(file: string): { readonly top: Inode; readonly real: Inode } | null {
    const { vfs } = this.kernel;
    const found = resolve(vfs, this.root.process, vfs.root, this.path(file), { follow: false });
    if (!found.ok || found.value.dentry.inode === null) return null;
    return { top: found.value.dentry.inode, real: realInode(found.value.dentry) };
  }

  content(file: string): Uint8Array {
    const { real } = this.inode(file)!;
    return real.content!.read(0, real.size).slice();
  }

  /** Descriptors and mappings that write to what the name leads to. */
  writers(file: string): number {
    return this.inode(file)?.top.writeCount ?? 0;
  }

  held(inode: Inode): boolean {
    return this.#slots.some((open) => open?.inode === inode);
  }

  /** Whether the name leads to a file of a lower layer: opening it for writing copies it up, whatever then becomes of the open. */
  isLower(file: string): boolean {
    const found = this.inode(file);
    if (this.fstype !== "overlay" || found === null) return false;
    const { vfs } = this.kernel;
    const upper = resolve(vfs, this.root.process, vfs.root, `/below/upper/${file}`, { follow: false });
    return !upper.ok || upper.value.dentry.inode !== found.real;
  }

  /** Everything that a refused call must leave alone. */
  state(): string {
    return JSON.stringify(
      NAMES.map((file) => {
        const found = this.inode(file);
        if (found === null) return null;
        const { real } = found;
        const xattrs = [...real.xattrs]
          .filter(([key]) => !key.startsWith("trusted.overlay."))
          .map(([key, value]) => [key, Buffer.from(value).toString("hex")]);
        return [
          this.fstype === "overlay" ? 0 : real.ino,
          real.mode,
          real.uid,
          real.gid,
          real.nlink,
          real.size,
          real.mtime,
          xattrs,
          Buffer.from(this.content(file)).toString("hex"),
        ];
      }),
    );
  }

  /** @returns the error, where the call was refused */
  run(what: Call): KernelError<Decision> | null {
    const { kernel } = this;
    const task = "who" in what && what.who === "user" ? this.user : this.root;
    const path = "name" in what ? this.path(what.name) : "";
    const open = "slot" in what ? this.#slots[what.slot] : undefined;
    const attempt = kernel.attempt(() => {
      switch (what.op) {
        case "write":
          return task.writeFile(path, what.text);
        case "read":
          return void task.readFile(path);
        case "open": {
          if (open !== undefined) return;
          const fd = task.open(path, what.flags);
          this.#slots[what.slot] = { task, fd, inode: this.inode(what.name)!.top };
          return;
        }
        case "put":
          if (open !== undefined) open.task.write(open.fd, what.text);
          return;
        case "cut":
          if (open !== undefined) open.task.process.sys.ftruncate(open.fd, what.length);
          return;
        case "close":
          if (open === undefined) return;
          this.#slots[what.slot] = undefined;
          return open.task.close(open.fd);
        case "store":
          return this.#store(task, path, what.text);
        case "truncate":
          return task.truncate(path, what.length);
        case "chmod":
          return task.chmod(path, what.mode);
        case "chown":
          return task.chown(path, what.uid, what.uid);
        case "label":
          return task.setxattr(path, "security.ima", this.#label(what.name, what.kind));
        case "note":
          return task.setxattr(path, "user.note", "seen");
        case "unlabel":
          return task.removexattr(path, "security.ima");
        case "rename":
          return task.rename(path, this.path(what.to));
        case "link":
          return task.link(path, this.path(what.to));
        case "unlink":
          return task.unlink(path);
        case "below":
          if (this.fstype === "overlay") this.root.writeFile(`/below/upper/${what.name}`, what.text);
          return;
        case "drop":
          return this.root.writeInto("/proc/sys/vm/drop_caches", "3\n");
      }
    });
    return attempt.ok ? null : attempt.error;
  }

  /** Through a shared mapping, with the descriptor closed before the store. */
  #store(task: Task, path: string, text: string): void {
    const fd = task.open(path, "O_RDWR");
    let map: number;
    try {
      map = task.mmap(fd, "PROT_READ|PROT_WRITE", { shared: true });
    } finally {
      task.close(fd);
    }
    task.process.sys.store(map, 0, new TextEncoder().encode(text));
    task.process.sys.msync(map);
    task.munmap(map);
  }

  #label(file: Name, kind: "good" | "wrong" | "odd" | "signature"): Uint8Array {
    if (kind === "odd") return Uint8Array.of(6, 6);
    if (kind === "signature") return SIGNATURE;
    return hashLabel(kind === "wrong" || this.inode(file) === null ? "something else" : this.content(file));
  }

  closeAll(): void {
    for (let slot = 0; slot < SLOTS; slot++) this.run({ op: "close", slot });
  }
}
