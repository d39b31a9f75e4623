// What an op of a step works with, and how it reports, in the driver's words.
import { type Errno, fail, ok, type Result } from "../../errno/index.ts";
import { type Kernel, OPEN, type Process, type SystemCalls } from "../../kernel/index.ts";
import { CAPABILITIES, type Capability, type InodeHint, type Subject } from "../../vfs/index.ts";
import type { StepArguments } from "../arguments.ts";

/** What the driver holds from step to step. */
export interface DriverState {
  /** Handles by name. */
  readonly fds: Map<string, number>;
  readonly maps: Map<string, number>;
  readonly keys: Map<string, number>;
  readonly processes: Map<string, Process>;
  /** Who opened /proc/keys: the driver as root, before the first step. */
  readonly keysReader: Subject;
  /** Names of the scenario's disks. */
  readonly disks: ReadonlyMap<string, string>;
  /** Hears why a certificate was refused, where the outcome alone does not show it. */
  readonly onRefusal: ((why: string) => void) | null;
}

/** The outcome of one step while it is put together. */
export type Fields = Record<string, unknown>;

/** What an op works with. */
export interface OpContext {
  readonly kernel: Kernel;
  readonly driver: DriverState;
  /** The driver's process with the credentials of the step. */
  readonly process: Process;
  readonly sys: SystemCalls;
  readonly a: StepArguments;
  readonly hint: InodeHint;
  readonly out: Fields;
  /** Fields of `out` whose value the environment chose. */
  readonly environment: Set<string>;
}

export type Op = (c: OpContext) => void;

export interface StepCredentials {
  readonly uid: number;
  readonly euid: number;
  readonly gid: number;
  readonly egid: number;
  /** All of root's but those that the step drops; left out, those that the effective uid has. */
  readonly capabilities?: readonly Capability[];
}

/** Missing ids follow the others. */
export function stepCredentials(a: StepArguments): StepCredentials | undefined {
  const as = a.step["as"];
  if (typeof as !== "object" || as === null || Object.keys(as).length === 0) return undefined;
  const { drop, ...given } = as as { readonly drop?: readonly Capability[] };
  const ids = given as Readonly<Record<string, number | string | undefined>>;
  const number = (name: string): number | undefined => (ids[name] === undefined ? undefined : Number(ids[name]));
  const uid = number("uid") ?? 0;
  const gid = number("gid") ?? 0;
  const euid = number("euid") ?? uid;
  const capabilities = euid === 0 ? CAPABILITIES.filter((name) => drop?.includes(name) !== true) : [];
  return { uid, euid, gid, egid: number("egid") ?? gid, ...(drop === undefined ? {} : { capabilities }) };
}

export function failAt(out: Fields, errno: Errno, at?: string): void {
  out["errno"] = errno;
  if (at !== undefined) out["at"] = at;
}
export function done(out: Fields, result: Result<number>): void {
  if (result.ok) out["ret"] = result.value;
  else failAt(out, result.errno);
}
/** A call that answers 0. */
export function okay(out: Fields, denied: Errno | null): void {
  done(out, denied === null ? ok(0) : fail(denied));
}
export function bad(out: Fields, why: string): void {
  out["error"] = why;
}

/** Bytes as `data` where they can be printed, else as `hex`. */
export function putBytes(out: Fields, key: "data" | "hex", bytes: Uint8Array): void {
  const printable = key === "data" && bytes.every((c) => (c >= 0x20 && c < 0x7f) || c === 9 || c === 10 || c === 13);
  if (printable) out["data"] = new TextDecoder().decode(bytes);
  else out["hex"] = hexOf(bytes);
}

const HEX = Array.from({ length: 256 }, (_, b) => b.toString(16).padStart(2, "0"));
function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const b of bytes) text += HEX[b];
  return text;
}

/** The descriptor behind the handle in a field; reports and answers undefined where there is none. */
export function fdArgument(c: OpContext, field = "fd"): number | undefined {
  const name = c.a.text(field);
  if (name === undefined) {
    bad(c.out, "fd missing");
    return undefined;
  }
  const fd = c.driver.fds.get(name);
  if (fd === undefined) bad(c.out, "no such fd handle");
  return fd;
}

/** The descriptor of the step, or a fresh O_RDONLY open of its path, which IMA sees like any other. */
export function fdOrOpen(c: OpContext, body: (fd: number) => void): void {
  if (c.a.has("fd")) {
    const fd = fdArgument(c);
    if (fd !== undefined) body(fd);
    return;
  }
  const opened = c.sys.open(c.a.text("path") ?? "", OPEN.O_RDONLY | OPEN.O_NONBLOCK | OPEN.O_CLOEXEC, 0);
  if (!opened.ok) return failAt(c.out, opened.errno, "open");
  body(opened.value);
  c.sys.close(opened.value);
}

/** Inode number and generation of what a step made or opened to make. */
export function reportMade(c: OpContext, what: { fd: number } | { path: string; nofollow: boolean }): void {
  const made = "fd" in what ? c.sys.fstat(what.fd) : c.sys.stat(what.path, !what.nofollow);
  if (!made.ok) return;
  c.out["ino"] = made.value.ino;
  if (made.value.generation !== null) c.out["generation"] = made.value.generation;
}
