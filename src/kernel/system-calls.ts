// All system calls of one process, bound to it. Each answers with a value or an errno name; nothing is thrown for what a process does.
import { attributeCalls } from "./calls/attributes.ts";
import { execCalls } from "./calls/exec.ts";
import { fileCalls } from "./calls/files.ts";
import { kexecCalls } from "./calls/kexec.ts";
import { keyCalls } from "./calls/keys.ts";
import { memoryCalls } from "./calls/memory.ts";
import { moduleCalls } from "./calls/modules.ts";
import { mountCalls } from "./calls/mounts.ts";
import { nameCalls } from "./calls/names.ts";
import { xattrCalls } from "./calls/xattrs.ts";
import type { Kernel } from "./kernel.ts";
import type { Process } from "./process.ts";

export function systemCalls(kernel: Kernel, process: Process) {
  return {
    ...fileCalls(kernel, process),
    ...nameCalls(kernel, process),
    ...attributeCalls(kernel, process),
    ...xattrCalls(kernel, process),
    ...memoryCalls(kernel, process),
    ...execCalls(kernel, process),
    ...mountCalls(kernel, process),
    ...moduleCalls(kernel, process),
    ...kexecCalls(kernel, process),
    ...keyCalls(kernel, process),
  };
}

export type SystemCalls = ReturnType<typeof systemCalls>;
