// A kernel: booting it, its processes and their system calls.
export { boot, bootAsFarAsItComes } from "./boot.ts";
export type { ExecOutcome } from "./calls/exec.ts";
export type { XattrTarget } from "./calls/xattrs.ts";
export type { Ids } from "./credentials.ts";
export type { FirmwareDevice, FirmwareRequest } from "./firmware.ts";
export {
  FALLOC_FLAGS,
  MAP_FLAGS,
  MOUNT_FLAGS,
  OPEN,
  PROT_FLAGS,
  RENAME_FLAGS,
  SEEK_FLAGS,
  TYPE_FLAGS,
  UMOUNT_FLAGS,
  XATTR_FLAGS,
} from "./flags.ts";
export type { Attempt, Kernel } from "./kernel.ts";
export type { BindSpec, MountSpec } from "./mount-file-system.ts";
export type {
  BootDisk,
  BootEnvironment,
  BootFile,
  BootOptions,
  FilesOfInitramfs,
  KernelLabels,
  TpmBootOptions,
} from "./options.ts";
export type { Process } from "./process.ts";
export type { BootProgram } from "./simulate-boot/programs.ts";
export type { BootOutcome, BootStage, BootStep, BootVerdict } from "./simulate-boot/report.ts";
export {
  type BootSimulation,
  type BootSimulationOptions,
  simulateBoot,
} from "./simulate-boot/simulate-boot.ts";
export type { SystemCalls } from "./system-calls.ts";
export type { Bytes, OpenFlags, Task } from "./task.ts";
