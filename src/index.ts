// The root export: boot a kernel and act as its processes would.
export type { Decision } from "./appraise/index.ts";
export { InputError, KernelError, KernelPanic } from "./errno/index.ts";
export {
  type Attempt,
  type BootOptions,
  type BootOutcome,
  type BootProgram,
  type BootSimulation,
  type BootSimulationOptions,
  type BootStage,
  type BootStep,
  type BootVerdict,
  boot,
  type FilesOfInitramfs,
  type Kernel,
  simulateBoot,
  type Task,
} from "./kernel/index.ts";
export type { SecurityModule } from "./vfs/index.ts";
