export type { EvmCandidates, EvmDifference } from "./alternatives.ts";
export type { EvmOptions } from "./core.ts";
export type { EvmDiagnosis } from "./diagnose.ts";
export type { EvmFiles, EvmInodeState, EvmKeys } from "./environment.ts";
export { Evm } from "./evm.ts";
export type { EvmExamination } from "./examine.ts";
export { explainGuard, explainRefresh, explainVerification } from "./explain.ts";
export type {
  EvmEvent,
  EvmFinding,
  EvmGuardDecision,
  EvmGuardReason,
  EvmHashed,
  EvmObserver,
  EvmRefresh,
  EvmVerification,
} from "./observe.ts";
export {
  type EvmDigest,
  type EvmField,
  type EvmInodeFields,
  type EvmPreimageInput,
  type EvmXattr,
  evmDigest,
  evmHmac,
  preimageFields,
  printPreimage,
} from "./preimage.ts";
export type { ProtectedXattr } from "./protected-xattrs.ts";
export { EVM_BITS } from "./setup.ts";
export { EVM_STATUSES, type EvmStatus, type EvmType } from "./status.ts";
export type { EvmTarget } from "./verify.ts";
