// The root export: boot a kernel and act as its processes would.
export type { Decision } from "./appraise/index.ts";
export { InputError, KernelError } from "./errno/index.ts";
export { type Attempt, type BootOptions, boot, type Kernel, type Task } from "./kernel/index.ts";
export type { SecurityModule } from "./vfs/index.ts";
