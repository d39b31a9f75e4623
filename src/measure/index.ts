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
export type { BootCheck } from "./log/boot-check.ts";
export { diffLogs, type FileDifference, type LogDiff } from "./log/diff.ts";
export { type EmitForm, writeLog } from "./log/emit.ts";
export { isEventLog, replayEventLog } from "./log/event-log.ts";
export { type ExplainedPart, type Explanation, explainEntry } from "./log/explain.ts";
export type { Fault, FaultCode } from "./log/fault.ts";
export type { LogForm } from "./log/form.ts";
export { type PcrValue, parsePcr, parsePcrFile } from "./log/pcr-file.ts";
export type { QuoteResult, QuoteTrack } from "./log/quote.ts";
export { type LogOptions, readLog } from "./log/reader.ts";
export { entryName, type LogEntry } from "./log/record.ts";
export type { ExtendMode } from "./log/replay.ts";
export { DEFAULT_LIMITS, type LogLimits, type LogSource } from "./log/source.ts";
export { type LogReport, matchQuote, type VerifyOptions, verifyLog } from "./log/verify.ts";
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
