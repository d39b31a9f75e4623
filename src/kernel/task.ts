// A process as programs that use imasim see it: system calls that throw, in the manner of Node's fs.
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { type Decision, explain } from "../appraise/index.ts";
import { type Errno, InputError, KernelError, type Result } from "../errno/index.ts";
import { explainGuard } from "../evm/index.ts";
import { SPECIAL_KEYRINGS } from "../keyring/index.ts";
import type { Stat } from "../vfs/index.ts";
import type { ExecOutcome } from "./calls/exec.ts";
import type { XattrTarget } from "./calls/xattrs.ts";
import type { FirmwareRequest } from "./firmware.ts";
import { OPEN, PROT_FLAGS } from "./flags.ts";
import type { Kernel } from "./kernel.ts";
import type { Process } from "./process.ts";

/** `"O_RDWR|O_CREAT"`, or the number. */
export type OpenFlags = string | number;
/** Bytes, or text that becomes UTF-8. */
export type Bytes = Uint8Array | string;

const bytesOf = (data: Bytes): Uint8Array => (typeof data === "string" ? utf8ToBytes(data) : data);

/** @throws InputError `bad-flag` */
function flagBits(flags: OpenFlags, table: Readonly<Record<string, number>>): number {
  if (typeof flags === "number") return flags;
  let bits = 0;
  for (const name of flags.split("|")) {
    const bit = Object.hasOwn(table, name.trim()) ? table[name.trim()] : undefined;
    if (bit === undefined) throw new InputError("bad-flag", "flags", `there is no flag '${name.trim()}'`);
    bits |= bit;
  }
  return bits;
}

/**
 * One process. Every method is a system call, or a short sequence of them as a program would make; each throws KernelError with `code`,
 * `syscall`, `path`; where integrity refused it, `cause` and `explanation`; where that was IMA, `decision`.
 */
export class Task {
  readonly kernel: Kernel;
  /** The process itself, whose `sys` has every system call with results instead of exceptions. */
  readonly process: Process;

  constructor(kernel: Kernel, process: Process) {
    this.kernel = kernel;
    this.process = process;
  }

  /** `explainCall`: what the call itself can say, where neither IMA nor EVM refused it. */
  #fail(errno: Errno, syscall: string, path?: string, explainCall?: () => string | undefined): never {
    const { ima, evm } = this.kernel;
    const decision: Decision | null = ima?.lastDenial ?? null;
    const refusal = evm?.lastRefusal ?? null;
    const explanation =
      decision !== null
        ? () => explain(decision).join("\n")
        : refusal !== null
          ? () => explainGuard(refusal)
          : explainCall;
    throw new KernelError<Decision>(errno, {
      syscall,
      path,
      // The words of the audit record: IMA's cause, or the status that EVM found.
      cause: decision?.cause ?? refusal?.status ?? undefined,
      ...(decision !== null && { decision }),
      explain: explanation,
    });
  }
  /** What an earlier call was refused for says nothing about the next one. */
  #forget(): void {
    const { ima, evm } = this.kernel;
    if (ima !== null) ima.lastDenial = null;
    if (evm !== null) evm.lastRefusal = null;
  }
  #value<T>(syscall: string, path: string | undefined, call: () => Result<T>): T {
    this.#forget();
    const result = call();
    return result.ok ? result.value : this.#fail(result.errno, syscall, path);
  }
  #done(syscall: string, path: string | undefined, call: () => Errno | null): void {
    this.#forget();
    const errno = call();
    if (errno !== null) this.#fail(errno, syscall, path);
  }

  // Open files

  open(path: string, flags: OpenFlags = "O_RDONLY", mode = 0o666): number {
    const bits = flagBits(flags, OPEN);
    return this.#value("open", path, () => this.process.sys.open(path, bits, mode));
  }
  close(fd: number): void {
    this.#done("close", undefined, () => this.process.sys.close(fd));
  }
  read(fd: number, length: number): Uint8Array {
    return this.#value("read", undefined, () => this.process.sys.read(fd, length));
  }
  write(fd: number, data: Bytes): number {
    return this.#value("write", undefined, () => this.process.sys.write(fd, bytesOf(data)));
  }
  truncate(path: string, length: number): void {
    this.#done("truncate", path, () => this.process.sys.truncate(path, length));
  }

  // Whole files

  readFile(path: string): Uint8Array {
    const fd = this.open(path);
    const parts: Uint8Array[] = [];
    try {
      for (;;) {
        const part = this.read(fd, 1 << 20);
        if (part.length === 0) break;
        parts.push(part.slice());
      }
    } finally {
      this.process.sys.close(fd);
    }
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
  /** Makes the file, or empties it first. `mode` is that of a new file. */
  writeFile(path: string, data: Bytes, { mode = 0o666 }: { readonly mode?: number } = {}): void {
    const fd = this.open(path, OPEN.O_WRONLY | OPEN.O_CREAT | OPEN.O_TRUNC, mode);
    this.#writeAll(fd, path, bytesOf(data));
  }
  /** Writes into a file that exists, as `cat >` into a file of securityfs does: short writes are continued. */
  writeInto(path: string, data: Bytes): void {
    const fd = this.open(path, OPEN.O_WRONLY);
    this.#writeAll(fd, path, bytesOf(data));
  }
  #writeAll(fd: number, path: string, bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; ) {
        const rest = bytes.subarray(at);
        const taken = this.#value("write", path, () => this.process.sys.write(fd, rest));
        if (taken === 0) break;
        at += taken;
      }
    } finally {
      this.process.sys.close(fd);
    }
  }
  /** cp: content and permission bits, no xattrs. */
  copyFile(from: string, to: string): void {
    const { mode } = this.stat(from);
    this.writeFile(to, this.readFile(from), { mode: mode & 0o7777 });
  }

  // Programs

  /** Runs a program in a child of this process, to its end. A program that would sleep is killed. */
  execve(path: string, argv: readonly string[] = [path]): ExecOutcome {
    const child = this.process.fork();
    try {
      const outcome = this.#value("execve", path, () => child.sys.execve(path, argv));
      return outcome === "sleeps" ? { signal: "SIGKILL" } : outcome;
    } finally {
      child.exit();
    }
  }
  /** What an interpreter does that asks about a script before it runs it: execveat with AT_EXECVE_CHECK, since 6.14. Nothing runs. */
  checkExecve(path: string): void {
    this.#value("execveat", path, () => this.process.sys.execve(path, [path], true));
  }
  /** @param protection `"PROT_READ|PROT_EXEC"`; @returns a handle for mprotect and munmap */
  mmap(
    fd: number,
    protection: OpenFlags,
    {
      shared = false,
      length = 4096,
      offset = 0,
    }: { readonly shared?: boolean; readonly length?: number; readonly offset?: number } = {},
  ): number {
    const prot = flagBits(protection, PROT_FLAGS);
    return this.#value("mmap", undefined, () => this.process.sys.mmap(fd, { prot, shared, length, offset }));
  }
  mprotect(map: number, protection: OpenFlags): void {
    const prot = flagBits(protection, PROT_FLAGS);
    this.#done("mprotect", undefined, () => this.process.sys.mprotect(map, prot));
  }
  munmap(map: number): void {
    this.#done("munmap", undefined, () => this.process.sys.munmap(map));
  }

  // Attributes and names

  stat(path: string): Stat {
    return this.#value("stat", path, () => this.process.sys.stat(path, true));
  }
  chmod(path: string, mode: number): void {
    this.#done("chmod", path, () => this.process.sys.chmod(path, mode));
  }
  chown(path: string, uid: number, gid: number): void {
    this.#done("chown", path, () => this.process.sys.chown(path, uid, gid, true));
  }
  /** With `recursive` parents are made too, and one that is there is no error. */
  mkdir(
    path: string,
    { mode = 0o777, recursive = false }: { readonly mode?: number; readonly recursive?: boolean } = {},
  ): void {
    if (!recursive) {
      this.#done("mkdir", path, () => this.process.sys.mkdir(path, mode));
      return;
    }
    const parts = path.split("/").filter((part) => part !== "");
    const lead = path.startsWith("/") ? "/" : "";
    parts.forEach((_, i) => {
      const prefix = lead + parts.slice(0, i + 1).join("/");
      const errno = this.process.sys.mkdir(prefix, mode);
      if (errno !== null && errno !== "EEXIST") this.#fail(errno, "mkdir", prefix);
    });
  }
  link(target: string, path: string): void {
    this.#done("link", path, () => this.process.sys.link(target, path));
  }
  symlink(target: string, path: string): void {
    this.#done("symlink", path, () => this.process.sys.symlink(target, path));
  }
  unlink(path: string): void {
    this.#done("unlink", path, () => this.process.sys.unlink(path));
  }
  rename(from: string, to: string): void {
    this.#done("rename", from, () => this.process.sys.rename(from, to, 0));
  }
  readdir(path: string): readonly string[] {
    return this.#value("readdir", path, () => this.process.sys.readdir(path)).filter(
      (name) => name !== "." && name !== "..",
    );
  }

  // Extended attributes, through symbolic links

  setxattr(path: string, name: string, value: Bytes, flags = 0): void {
    const target: XattrTarget = { path, follow: true };
    this.#done("setxattr", path, () => this.process.sys.setxattr(target, name, bytesOf(value), flags));
  }
  getxattr(path: string, name: string): Uint8Array {
    return this.#value("getxattr", path, () => this.process.sys.getxattr({ path, follow: true }, name)).slice();
  }
  listxattr(path: string): readonly string[] {
    return this.#value("listxattr", path, () => this.process.sys.listxattr({ path, follow: true }));
  }
  removexattr(path: string, name: string): void {
    this.#done("removexattr", path, () => this.process.sys.removexattr({ path, follow: true }, name));
  }

  // Firmware

  /**
   * Has a driver load firmware while it serves this process: the first file of that name in firmware_class.path,
   * `/lib/firmware/updates/RELEASE`, `/lib/firmware/updates`, `/lib/firmware/RELEASE`, `/lib/firmware` that can be read.
   * @returns the bytes of the file
   */
  requestFirmware(name: string, request: FirmwareRequest = {}): Uint8Array {
    return this.#value("request_firmware", name, () => this.kernel.requestFirmware(name, request, this.process));
  }

  // Keys

  /** @returns the serial number of a keyring by its name in /proc/keys, such as `.ima`, as keyctl looks it up; throws ENOKEY. */
  findKeyring(name: string): number {
    const keys = this.kernel.keyBridge.listKeys(this.process).filter(({ type }) => type === "keyring");
    // Behind the description stands how many keys there are.
    const found = keys.find(({ text }) => text.replace(/: [^:]*$/, "") === name);
    return found?.serial ?? this.#fail("ENOKEY", "keyctl", name);
  }
  /**
   * add_key(2): a certificate is of type `asymmetric`, in DER, and describes itself where `description` is empty.
   * @param keyring a serial number or `@s`, `@u` …; @returns the serial number of the key
   */
  addKey(type: string, description: string, payload: Bytes, keyring: number | keyof typeof SPECIAL_KEYRINGS): number {
    this.#forget();
    const bytes = bytesOf(payload);
    const id = typeof keyring === "number" ? keyring : SPECIAL_KEYRINGS[keyring];
    const added = this.process.sys.addKey(type, description, bytes, id);
    if (added.ok) return added.value;
    const { errno } = added;
    const why = type === "asymmetric" ? this.kernel.keyBridge.explainCertificate(id, bytes, errno) : undefined;
    return this.#fail(errno, "add_key", undefined, why);
  }
}
