// execve and execveat: binary formats, interpreters, credentials (fs/exec.c: bprm_execve, exec_binprm; fs/binfmt_script.c; fs/binfmt_elf.c).
import { type Denial, type Errno, fail, ok, type Result } from "../../errno/index.ts";
import {
  type Binprm,
  type Credentials,
  closeFile,
  INVALID_ID,
  mmap,
  type OpenFile,
  openExec,
  openExecPath,
  ownersThrough,
  PROT,
  readToEnd,
  S,
} from "../../vfs/index.ts";
import { credentials } from "../credentials.ts";
import { bytesAt, ELF_HEADER, type ElfProgram, endsInReadOnlyPage, parseElf } from "../elf.ts";
import type { Process } from "../process.ts";
import { type Outcome, runProgram } from "../program.ts";
import type { Caller } from "./caller.ts";

/** BINPRM_BUF_SIZE: what a binary format sees of a file. */
const BUFFER = 256;
/** Interpreters of interpreters. */
const MAX_DEPTH = 5;
const PAGE = 4096;

/** How a program ended, or that it sleeps until it is killed. */
export type ExecOutcome = { readonly exit: number } | { readonly signal: string };

class Program implements Binprm {
  file: OpenFile;
  readonly filename: string;
  interp: string;
  cred: Credentials;
  label: string | null;
  readonly checkOnly: boolean;
  /** The program that the caller named, which decides about set-ID; the same as `file` but for scripts. */
  constructor(file: OpenFile, filename: string, { cred, label }: Process, checkOnly: boolean) {
    this.file = file;
    this.filename = filename;
    this.interp = filename;
    this.cred = cred;
    this.label = label;
    this.checkOnly = checkOnly;
  }
}

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

function execution({ kernel, process, vfs }: Caller) {
  const { hooks } = vfs;

  /** The `#!` line: which interpreter, and its argument. null for a file that is no script. */
  function scriptInterpreter(head: Uint8Array): Result<string> | null {
    if (head[0] !== 0x23 || head[1] !== 0x21) return null;
    let end = head.indexOf(0x0a);
    if (end < 0) {
      // Without a newline in sight the name must at least end before the buffer does.
      const limit = head.length;
      let at = 2;
      while (at < limit && isBlank(head[at]!)) at++;
      if (at >= limit) return fail("ENOEXEC");
      while (at < limit && !isBlank(head[at]!) && head[at] !== 0) at++;
      if (limit >= BUFFER && at >= limit) return fail("ENOEXEC");
      end = limit;
    }
    let from = 2;
    while (from < end && isBlank(head[from]!)) from++;
    let to = from;
    while (to < end && !isBlank(head[to]!) && head[to] !== 0) to++;
    return to === from ? fail("ENOEXEC") : ok(new TextDecoder().decode(head.subarray(from, to)));
  }

  function contentOf(file: OpenFile): Uint8Array {
    const content = readToEnd(file);
    return content.ok ? content.value : new Uint8Array();
  }

  /** exec_binprm: rounds through scripts until a binary format takes the file. */
  function findFormat(bprm: Program, fromDescriptor: boolean): Result<ElfProgram> {
    for (let depth = 0; ; depth++) {
      if (depth > MAX_DEPTH) return fail("ELOOP");
      for (const module of hooks.bprmCheck) {
        const denied = module.bprmCheck(process, bprm);
        if (denied !== null) return fail(denied);
      }
      const content = contentOf(bprm.file);
      const script = scriptInterpreter(content.subarray(0, BUFFER));
      if (script === null) return parseElf(content);
      if (!script.ok) return script;
      // The interpreter could not open a script that only a close-on-exec descriptor names.
      if (fromDescriptor && depth === 0) return fail("ENOENT");
      const interpreter = openExec(vfs, process, process.cwd, script.value);
      if (!interpreter.ok) return interpreter;
      closeFile(vfs, process, bprm.file);
      bprm.file = interpreter.value;
      bprm.interp = script.value;
    }
  }

  /** bprm_creds_from_file: set-user-ID and set-group-ID of the final file. */
  function newCredentials(file: OpenFile): Credentials {
    const { cred } = process;
    const { inode, path } = file;
    let { euid, egid } = cred;
    if (!path.mount.flags.nosuid && !inode.sb.flags.nosuid) {
      const { idmap } = path.mount;
      const { uid, gid } = idmap === null ? inode : ownersThrough(inode, idmap);
      // bprm_fill_uid: an owner without a counterpart in the mount is nobody to become.
      if (uid !== INVALID_ID && gid !== INVALID_ID) {
        if ((inode.mode & S.ISUID) !== 0) euid = uid;
        if ((inode.mode & (S.ISGID | S.IXGRP)) === (S.ISGID | S.IXGRP)) egid = gid;
      }
    }
    return credentials({ uid: cred.uid, euid, suid: euid, gid: cred.gid, egid, sgid: egid, groups: cred.groups });
  }

  /** elf_map of each segment; the mapping hooks may still refuse, which kills the new program. */
  function mapSegments(file: OpenFile, program: ElfProgram): Denial {
    for (const segment of program.segments) {
      const prot =
        ((segment.flags & 4) !== 0 ? PROT.READ : 0) |
        ((segment.flags & 2) !== 0 ? PROT.WRITE : 0) |
        ((segment.flags & 1) !== 0 ? PROT.EXEC : 0);
      const skew = segment.offset % PAGE;
      const length = segment.fileSize + skew;
      if (length === 0) continue;
      const mapped = mmap(vfs, process, file, { prot, shared: false, length, offset: segment.offset - skew });
      if (!mapped.ok) return mapped.errno;
      process.addMapping(mapped.value);
    }
    return null;
  }

  function refuse(bprm: Program, errno: Errno): Result<Outcome> {
    closeFile(vfs, process, bprm.file);
    return fail(errno);
  }

  function run(file: OpenFile, filename: string, fromDescriptor: boolean, checkOnly: boolean): Result<Outcome> {
    const bprm = new Program(file, filename, process, checkOnly);
    for (const module of hooks.bprmCredsForExec) {
      const denied = module.bprmCredsForExec(process, bprm);
      if (denied !== null) return refuse(bprm, denied);
    }
    if (checkOnly) {
      closeFile(vfs, process, file);
      return ok({ exit: 0 });
    }
    const found = findFormat(bprm, fromDescriptor);
    if (!found.ok) return refuse(bprm, found.errno);
    let interpreter: OpenFile | null = null;
    let loader: ElfProgram | null = null;
    if (found.value.interpreter !== null) {
      const opened = openExec(vfs, process, process.cwd, found.value.interpreter);
      if (!opened.ok) return refuse(bprm, opened.errno);
      interpreter = opened.value;
      const content = contentOf(opened.value);
      const parsed = content.length < ELF_HEADER ? fail("EIO") : parseElf(content);
      if (!parsed.ok) {
        closeFile(vfs, process, opened.value);
        return refuse(bprm, parsed.errno === "ENOEXEC" ? "ELIBBAD" : parsed.errno);
      }
      loader = parsed.value;
    }
    bprm.cred = newCredentials(bprm.file);
    for (const module of hooks.bprmCredsFromFile) {
      const denied = module.bprmCredsFromFile(process, bprm);
      if (denied === null) continue;
      if (interpreter !== null) closeFile(vfs, process, interpreter);
      return refuse(bprm, denied);
    }
    // The point of no return: from here on a failure kills.
    process.closeAll();
    process.releaseProgram();
    kernel.keyBridge.newProgram(process.keyrings);
    process.cred = bprm.cred;
    if (bprm.label !== null && bprm.label !== process.label) kernel.labels?.become?.(process, bprm.label);
    const named = fromDescriptor && kernel.release.has("comm-of-descriptor") ? bprm.file.path.dentry.name : filename;
    process.comm = baseName(named).slice(0, 15);
    process.exe = kernel.pathText(bprm.file);
    process.programFiles = [bprm.file];
    process.outcome = start(bprm.file, found.value, interpreter, loader);
    if (interpreter !== null) closeFile(vfs, process, interpreter);
    return ok(process.outcome);
  }

  function start(
    file: OpenFile,
    program: ElfProgram,
    interpreter: OpenFile | null,
    loader: ElfProgram | null,
  ): Outcome {
    if (mapSegments(file, program) !== null) return { signal: "SIGSEGV" };
    if (interpreter === null || loader === null) return runProgram(bytesAt(contentOf(file), program, program.entry));
    if (mapSegments(interpreter, loader) !== null) return { signal: "SIGSEGV" };
    // load_elf_interp cleared the rest of the page after the last segment, which fails where the page cannot be written.
    if (!kernel.release.has("elf-interpreter-text-only") && endsInReadOnlyPage(loader)) return { signal: "SIGSEGV" };
    return runProgram(bytesAt(contentOf(interpreter), loader, loader.entry));
  }

  return { run };
}

export const EXEC_CALLS = {
  /**
   * Replaces the program of this process, and runs it as far as it can be run here; with `checkOnly` execveat with AT_EXECVE_CHECK,
   * which only asks whether the file may be run.
   */
  execve(this: Caller, path: string, _argv: readonly string[], checkOnly = false): Result<Outcome> {
    if (checkOnly && !this.kernel.release.has("check-execve")) return fail("EINVAL");
    const opened = openExec(this.vfs, this.process, this.process.cwd, path);
    return opened.ok ? execution(this).run(opened.value, path, false, checkOnly) : opened;
  },
  /** execveat(fd, "", …, AT_EMPTY_PATH); with `checkOnly` AT_EXECVE_CHECK too. The descriptor is close-on-exec. */
  execveat(this: Caller, fd: number, _argv: readonly string[], checkOnly = false): Result<Outcome> {
    if (checkOnly && !this.kernel.release.has("check-execve")) return fail("EINVAL");
    const { process, vfs } = this;
    const file = process.file(fd);
    if (file === undefined) return fail("EBADF");
    const opened = openExecPath(vfs, process, file.path);
    return opened.ok ? execution(this).run(opened.value, `/dev/fd/${fd}`, true, checkOnly) : opened;
  },
};

const isBlank = (c: number): boolean => c === 0x20 || c === 0x09;
