// Who makes a system call. The calls are one set of methods for all processes, and find their caller as `this`: so a new process costs nothing for the
// calls that it might make.
import type { Vfs } from "../../vfs/index.ts";
import type { Kernel } from "../kernel.ts";
import type { Process } from "../process.ts";

export interface Caller {
  readonly kernel: Kernel;
  readonly process: Process;
  readonly vfs: Vfs;
}
