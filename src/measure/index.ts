// Measuring: templates, the measurement list, PCRs.
export { BOOT_AGGREGATE } from "./boot-aggregate.ts";
export {
  type BootParameter,
  chooseTemplateAndHash,
  type MeasureEnvironment,
  type MeasureSetup,
} from "./boot-parameter.ts";
export { buildEntry, type Entry, type PreimagePart, preimage, type TemplateData, templateDigest } from "./entry.ts";
export type { EventData, EventDigest, EventFile, FieldContext } from "./event.ts";
export { dumpList, type KexecMemory, kexecEvent, kexecSegment, restoreList, runtimeSize } from "./kexec.ts";
export { type AddOptions, type BufferEvent, MeasurementList, type StoreOptions } from "./list.ts";
export type { AddOutcome, EntryQueue } from "./queue.ts";
export { type ListFile, listFiles } from "./securityfs.ts";
export type { Slot } from "./slot.ts";
export {
  ALL_TEMPLATES,
  hasModsig,
  lookupTemplate,
  namelessTemplate,
  parseTemplateFormat,
  TEMPLATES,
  type TemplateDescriptor,
  templatesOf,
} from "./template.ts";
export { FIELDS, type FieldShape, type TemplateField } from "./template-field.ts";
export { PCR_COUNT, SimulatedTpm, type SysfsFile, type TpmOptions } from "./tpm.ts";
export { TPM_ALGORITHMS, type TpmAlgorithm } from "./tpm-algorithm.ts";
