// The vocabulary of steps: one row an op, with the fields that it reads. The same documents run on a real kernel, whose driver defines the vocabulary.
import { z } from "zod";
import type { InputError } from "../errno/index.ts";
import { CAPABILITIES, parseIdMap } from "../vfs/index.ts";

/** A number, or the text of one in C notation (`0x10`, `010`, `-1`), as the driver's strtoll reads it. */
const int = z.union([z.number().int(), z.string().regex(/^[-+]?(0[xX][0-9a-fA-F]+|\d+)$/, "not a number")]);
const octal = z.union([z.string().regex(/^[0-7]{1,7}$/, "not an octal mode"), z.number().int().min(0)]);
const bool = z.union([z.boolean(), z.number().int()]);
const flags = z.union([z.array(z.string()), z.string()]);
const text = z.string();
const hex = z.string().regex(/^(@.+|([0-9a-fA-F]{2})*)$/s, "neither hex digits nor @file");

const OPEN_FLAGS =
  "Open flags by name: O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECT, O_TMPFILE, O_PATH …";

/** Bytes of a step: text, hex digits, `@file`, or a built-in program. */
const bytes = {
  text: text.optional().describe("The bytes as UTF-8 text"),
  hex: hex.optional().describe("The bytes as hex digits, or @file"),
  payload: text.optional().describe("A tiny ELF program: true, exit:N, pause, interp:/path"),
  pad: text.optional().describe("Text appended to a payload"),
};

/** Fields that every step may have. */
const common = {
  about: text.optional().describe("A remark"),
  as: z
    .strictObject({
      uid: int.optional(),
      euid: int.optional(),
      gid: int.optional(),
      egid: int.optional(),
      drop: z.array(z.enum(CAPABILITIES)).optional().describe("Capabilities that are not had, such as CAP_FSETID"),
    })
    .optional()
    .describe("Credentials for this step: missing ones follow the others; no supplementary groups"),
  personality: flags.optional().describe("READ_IMPLIES_EXEC"),
};

const fd = text.describe("The handle of an open file");
const path = text.describe("A path");
const idmap = text.superRefine((value, context) => {
  try {
    parseIdMap(value, "idmap");
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as InputError).message });
  }
});
const generation = int.optional().describe("The inode generation to set on the new file");

const OPS = {
  // files
  open: { path, flags: flags.optional().describe(OPEN_FLAGS), mode: octal.optional(), fd: fd.optional() },
  close: { fd },
  read: { fd, len: int.optional(), offset: int.optional() },
  pread: { fd, len: int.optional(), offset: int.optional() },
  write: { fd, offset: int.optional(), ...bytes },
  pwrite: { fd, offset: int.optional(), ...bytes },
  lseek: { fd, offset: int.optional(), whence: flags.optional() },
  ftruncate: { fd, len: int.optional() },
  fsync: { fd },
  fallocate: { fd, flags: flags.optional(), offset: int.optional(), len: int.optional() },
  dup: { fd, as_fd: text.optional() },
  linkat: { fd, path },
  memfd: { fd: fd.optional(), name: text.optional(), flags: int.optional() },
  copy_file_range: { src: fd, dst: fd, len: int.optional() },
  writefile: { path, flags: flags.optional().describe(OPEN_FLAGS), mode: octal.optional(), generation, ...bytes },
  readfile: { path, len: int.optional() },
  copy: { src: path, dst: path, mode: octal.optional() },
  truncate: { path, len: int.optional() },
  sync: {},
  // mappings
  mmap: {
    fd: fd.optional(),
    map: text.optional(),
    prot: flags.optional(),
    shared: bool.optional(),
    flags: flags.optional(),
    len: int.optional(),
    offset: int.optional(),
  },
  mprotect: { map: text, prot: flags.optional(), offset: int.optional(), len: int.optional() },
  munmap: { map: text },
  store: { map: text, offset: int.optional(), ...bytes },
  load: { map: text, offset: int.optional(), len: int.optional() },
  msync: { map: text },
  // programs
  exec: {
    path: path.optional(),
    fd: fd.optional(),
    argv: z.union([z.array(text), text]).optional(),
    proc: text.optional(),
    check: z.boolean().optional().describe("AT_EXECVE_CHECK: only ask whether the file may be run (since 6.14)"),
    ...bytes,
  },
  killproc: { proc: text },
  // xattrs
  setxattr: {
    path: path.optional(),
    fd: fd.optional(),
    name: text,
    flags: flags.optional(),
    nofollow: bool.optional(),
    ...bytes,
  },
  fsetxattr: { path: path.optional(), fd: fd.optional(), name: text, flags: flags.optional(), ...bytes },
  getxattr: { path: path.optional(), fd: fd.optional(), name: text, nofollow: bool.optional() },
  fgetxattr: { path: path.optional(), fd: fd.optional(), name: text },
  removexattr: { path: path.optional(), fd: fd.optional(), name: text, nofollow: bool.optional() },
  listxattr: { path: path.optional(), fd: fd.optional(), nofollow: bool.optional() },
  // inodes and names
  chmod: { path, mode: octal.optional() },
  fchmod: { fd, mode: octal.optional() },
  chown: { path, uid: int.optional(), gid: int.optional() },
  lchown: { path, uid: int.optional(), gid: int.optional() },
  fchown: { fd, uid: int.optional(), gid: int.optional() },
  link: { target: path, path },
  symlink: { target: text, path },
  unlink: { path },
  rename: { from: path, to: path, flags: flags.optional() },
  mkdir: { path, mode: octal.optional(), parents: bool.optional(), generation },
  rmdir: { path },
  mknod: { path, type: flags.optional(), mode: octal.optional(), major: int.optional(), minor: int.optional() },
  utimens: { path, atime: int.optional(), mtime: int.optional(), nofollow: bool.optional() },
  stat: { path: path.optional(), fd: fd.optional(), nofollow: bool.optional() },
  statfs: { path },
  readdir: { path },
  chattr: { path: path.optional(), fd: fd.optional(), set: flags.optional(), clear: flags.optional() },
  fsverityEnable: {
    path: path.optional(),
    fd: fd.optional(),
    hash: text.optional(),
    block_size: int.optional(),
    salt: text.optional(),
    ...bytes,
  },
  fsverityMeasure: { path: path.optional(), fd: fd.optional() },
  // mounts
  mount: {
    device: text.optional().describe("The name of a disk"),
    source: text.optional(),
    path,
    fstype: text.optional(),
    flags: flags.optional(),
    options: text.optional(),
    mkdir: bool.optional(),
    idmap: idmap
      .optional()
      .describe("Owners show as others through it: b:1000:0:1 shows 1000 as 0; u for uids, g for gids"),
  },
  umount: { path, flags: flags.optional() },
  // policy, securityfs, sysctl, TPM
  policy: { once: bool.optional(), ...bytes },
  policyPath: { path },
  securityfsRead: { file: text, len: int.optional() },
  securityfsWrite: { file: text, ...bytes },
  sysctl: { name: text, len: int.optional(), ...bytes },
  pcr: { bank: text.optional(), index: int.optional(), len: int.optional() },
  // keys
  addkey: { type: text, description: text, keyring: text, key: text.optional(), ...bytes },
  keyctl: {
    cmd: text,
    key: text.optional(),
    keyring: text.optional(),
    type: text.optional(),
    description: text.optional(),
    dest: text.optional(),
    save: text.optional(),
    perm: int.optional(),
    seconds: int.optional(),
    restriction: text.optional(),
    name: text.optional(),
    ...bytes,
  },
  // loaders
  finitModule: { path: path.optional(), fd: fd.optional(), params: text.optional(), flags: int.optional() },
  initModule: { path, params: text.optional() },
  deleteModule: { name: text },
  kexecFileLoad: { path, initrd: path.optional(), cmdline: text.optional(), flags: int.optional() },
  // nothing
  sleep: { ms: int.optional() },
  nop: {},
} as const;

export type OpName = keyof typeof OPS;
export const OP_NAMES = Object.keys(OPS) as OpName[];

/** A step as the driver sees it: every field of every op, each where its op has it. */
export interface Step {
  readonly op: OpName;
  readonly [field: string]: unknown;
}

type Shape = Readonly<Record<string, z.ZodType>>;
/** The table without its literal types: a union over all ops would keep the compiler busy for minutes. */
const shapes: Readonly<Record<string, Shape>> = OPS;

const strictSteps = OP_NAMES.map((op) => z.strictObject({ op: z.literal(op), ...shapes[op], ...common }));
const looseSteps = OP_NAMES.map((op) => z.looseObject({ op: z.literal(op), ...shapes[op], ...common }));

const union = (members: readonly z.ZodObject[]): z.ZodType<Step> =>
  z.discriminatedUnion(
    "op",
    members as unknown as [z.ZodObject<{ op: z.ZodLiteral<string> }>],
  ) as unknown as z.ZodType<Step>;

/** For documents that people write: an unknown field is an error. */
export const scenarioStepSchema = union(strictSteps);
/** For recordings: a field that the op does not read is passed over, as the driver does. */
export const traceStepSchema = union(looseSteps);
