// Programs that a boot starts: executed, their libraries mapped, their files opened. What they do themselves is not known.
import { O, PROT, resolve } from "../../vfs/index.ts";
import { parseElf } from "../elf.ts";
import type { Process } from "../process.ts";
import { failed, isThere, readAll } from "./files.ts";
import type { BootFinding, BootRecorder, BootStage, BootStep } from "./report.ts";

/** A program that a boot starts, and what it needs before it does its work. */
export interface BootProgram {
  readonly path: string;
  /** Shared libraries that its loader maps; `[]` for none. Left out for a program with a loader, they are not known. */
  readonly libraries?: readonly string[];
  /** Files that it opens. */
  readonly reads?: readonly string[];
  /** Without it the machine is not up: its failure ends in the emergency shell. Default false. */
  readonly needed?: boolean;
}

export const stops = ({ outcome }: BootStep): boolean => outcome === "denied" || outcome === "failed";

/** The content that a path leads to, looked at without any process opening it. */
function contentAt({ kernel, cwd }: Process, path: string): Uint8Array | undefined {
  const found = resolve(kernel.vfs, kernel.initProcess, cwd, path, { follow: true });
  return found.ok ? found.value.dentry.inode?.bytes() : undefined;
}

/** A script runs what nobody here reads; a program with a loader has libraries. */
function needsMore(content: Uint8Array | undefined): boolean {
  const program = content === undefined ? undefined : parseElf(content);
  return program?.ok !== true || program.value.interpreter !== null;
}

const unknown = (file: string, detail: string): BootFinding => ({ outcome: "unknown", file, detail });

/** Executes a program, maps its libraries and opens its files; the first failure is the step's. */
export function startProgram(
  recorder: BootRecorder,
  stage: BootStage,
  { path, libraries, reads = [] }: BootProgram,
): BootStep {
  return recorder.step(stage, `start ${path}`, () => {
    const child = recorder.kernel.initProcess.fork();
    try {
      return start(child, path, libraries, reads);
    } finally {
      child.exit();
    }
  });
}

function start(
  child: Process,
  path: string,
  libraries: readonly string[] | undefined,
  reads: readonly string[],
): BootFinding {
  if (!isThere(child, path)) return unknown(path, `${path} was not given`);
  const needs = libraries === undefined && needsMore(contentAt(child, path));
  const started = child.sys.execve(path, [path]);
  if (!started.ok) {
    // A file whose content was left out is no program.
    if (started.errno === "ENOEXEC")
      return { ...unknown(path, `${path} is no program that is known here`), errno: started.errno };
    if (started.errno === "ENOENT")
      return { ...unknown(path, `the interpreter of ${path} was not given`), errno: started.errno };
    return failed(started.errno, path);
  }
  for (const library of libraries ?? []) {
    if (!isThere(child, library)) return unknown(library, `${library} was not given`);
    const opened = child.sys.open(library, O.RDONLY | O.CLOEXEC, 0);
    if (!opened.ok) return failed(opened.errno, library, `a library of ${path}`);
    const prot = PROT.READ | PROT.EXEC;
    const mapped = child.sys.mmap(opened.value, { prot, shared: false, length: 4096, offset: 0 });
    child.sys.close(opened.value);
    if (!mapped.ok) return failed(mapped.errno, library, `a library of ${path}`);
  }
  for (const file of reads) {
    if (!isThere(child, file)) return unknown(file, `${file} was not given`);
    const read = readAll(child, file);
    if (!read.ok) return failed(read.errno, file, `${path} opens it`);
  }
  return needs ? unknown(path, `what ${path} loads and runs was not given (libraries)`) : { outcome: "ok", file: path };
}
