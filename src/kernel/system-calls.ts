// All system calls of one process. Each answers with a value or an errno name; nothing is thrown for what a process does.
import type { Vfs } from "../vfs/index.ts";
import { ATTRIBUTE_CALLS } from "./calls/attributes.ts";
import type { Caller } from "./calls/caller.ts";
import { EXEC_CALLS } from "./calls/exec.ts";
import { FILE_CALLS } from "./calls/files.ts";
import { KEXEC_CALLS } from "./calls/kexec.ts";
import { KEY_CALLS } from "./calls/keys.ts";
import { MEMORY_CALLS } from "./calls/memory.ts";
import { MODULE_CALLS } from "./calls/modules.ts";
import { MOUNT_CALLS } from "./calls/mounts.ts";
import { NAME_CALLS } from "./calls/names.ts";
import { XATTR_CALLS } from "./calls/xattrs.ts";
import type { Kernel } from "./kernel.ts";
import type { Process } from "./process.ts";

const CALLS = {
  ...FILE_CALLS,
  ...NAME_CALLS,
  ...ATTRIBUTE_CALLS,
  ...XATTR_CALLS,
  ...MEMORY_CALLS,
  ...EXEC_CALLS,
  ...MOUNT_CALLS,
  ...MODULE_CALLS,
  ...KEXEC_CALLS,
  ...KEY_CALLS,
};

export type SystemCalls = Caller & typeof CALLS;

class CallerOfAll implements Caller {
  readonly kernel: Kernel;
  readonly process: Process;
  readonly vfs: Vfs;
  constructor(kernel: Kernel, process: Process) {
    this.kernel = kernel;
    this.process = process;
    this.vfs = kernel.vfs;
  }
}
Object.assign(CallerOfAll.prototype, CALLS);

export const systemCalls = (kernel: Kernel, process: Process): SystemCalls =>
  new CallerOfAll(kernel, process) as CallerOfAll & typeof CALLS;
