export { type CertificateDiagnosis, diagnoseCertificate, type TrustStep } from "./diagnose/certificate.ts";
export {
  type CertificateSurvey,
  type SurveyOptions,
  type SurveyRow,
  surveyCertificate,
} from "./diagnose/certificate-survey.ts";
export { explainAppended, explainCertificate, explainSignature } from "./diagnose/explain.ts";
export { diagnoseVerification, type KeyVerdict, type VerificationDiagnosis } from "./diagnose/verification.ts";
export { isHashBlacklisted } from "./hash-blacklist.ts";
export { integrityVerify } from "./integrity.ts";
export {
  blacklistHash,
  type IntegrityKeyring,
  loadCompiledIn,
  loadFirmwareCertificate,
  loadRevocations,
  loadX509,
  makeIntegrityKeyring,
  makeSystemKeyrings,
} from "./kernel-keyrings.ts";
export type { Key, KeyPayload } from "./key.ts";
export { type BlobRequest, type EncryptedBlob, parseBlobRequest } from "./key-types/encrypted-blob.ts";
export { type KeyId, SPECIAL_KEYRINGS } from "./lookup.ts";
export { AppendedSignature, readAppendedSignature } from "./modsig.ts";
export { type ModuleSignatureQuirks, verifyModuleSignature } from "./module-signature.ts";
export { type Pkcs7Usage, type TrustedKeyring, verifyPkcs7 } from "./pkcs7-verify.ts";
export { listProcKeys, type ProcKey } from "./proc.ts";
export { dropKeyrings, forkKeyrings, requestKey } from "./process-keyrings.ts";
export { KeyService, type KeyServiceOptions } from "./service.ts";
export type { CaKeys, KernelKeyrings, KeyObserver, KeyState, TrustSource } from "./state.ts";
export { type KeySubject, ProcessKeyrings } from "./subject.ts";
export { simulatedTpmTrust } from "./trust-source.ts";
