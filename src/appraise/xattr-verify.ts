// Comparing the label of a file with what was collected (security/integrity/ima/ima_appraise.c: xattr_verify, modsig_verify).
import type { Denial, Errno } from "../errno/index.ts";
import type { EvmStatus } from "../evm/index.ts";
import { IMA_XATTR, imaFileIdDigest } from "../formats/index.ts";
import { FUNC, type Func, RULE_FLAG } from "../policy/index.ts";
import type { Subject } from "../vfs/index.ts";
import type { DecisionRecorder } from "./decision.ts";
import type { Iint } from "./iint.ts";
import type { Ima } from "./ima.ts";
import type { Modsig } from "./keys.ts";

export interface LabelVerdict {
  readonly status: EvmStatus;
  /** null leaves the cause as it was. */
  readonly cause: string | null;
  readonly errno: Errno | null;
}

const failed = (cause: string, errno: Errno | null): LabelVerdict => ({ status: "fail", cause, errno });
const PASSED: LabelVerdict = { status: "pass", cause: null, errno: null };

/** Version byte of a signature label. */
const version = (xattr: Uint8Array): number => xattr[1] ?? 0;

/**
 * @param evm what EVM said of the label; a portable signature stands for a signature of the content
 */
export function verifyLabel(
  ima: Ima,
  task: Subject,
  func: Func,
  iint: Iint,
  xattr: Uint8Array,
  evm: EvmStatus,
  recorder: DecisionRecorder | null,
): LabelVerdict {
  switch (xattr[0]) {
    case IMA_XATTR.DIGEST_NG:
      return verifyHash(ima, iint, xattr, 2, evm);
    case IMA_XATTR.DIGEST:
      return verifyHash(ima, iint, xattr, 1, evm);
    case IMA_XATTR.DIGSIG:
      return verifySignature(ima, task, func, iint, xattr, recorder);
    case IMA_XATTR.VERITY_DIGSIG:
      return verifyVeritySignature(ima, task, iint, xattr, recorder);
    default:
      return { status: "unknown", cause: "unknown-ima-data", errno: "EINVAL" };
  }
}

function verifyHash(ima: Ima, iint: Iint, xattr: Uint8Array, start: number, evm: EvmStatus): LabelVerdict {
  const signedByEvm = evm === "pass_immutable" && ima.release.has("portable-counts-as-signature");
  if (!signedByEvm && iint.digsigRequired)
    return failed(iint.verityRequired ? "verity-signature-required" : "IMA-signature-required", "EINVAL");
  iint.digsig = signedByEvm;
  const expected = iint.digest!.bytes;
  // A label may be longer than its digest (MD5 once took 20 bytes), never shorter.
  if (xattr.length < start + expected.length) return failed("invalid-hash", "EINVAL");
  for (let i = 0; i < expected.length; i++)
    if (xattr[start + i] !== expected[i]) return failed("invalid-hash", "EINVAL");
  return PASSED;
}

const silent = (): null => null;

/** Asks the keys, and where the answer is no why. */
function askKeys(
  ima: Ima,
  task: Subject,
  keyring: "ima" | "platform",
  xattr: Uint8Array,
  signed: Uint8Array,
  recorder: DecisionRecorder | null,
): Denial {
  const errno = ima.keys.verifySignature(task, keyring, xattr, signed);
  if (errno !== null)
    recorder?.step({
      kind: "signature",
      keyring,
      errno,
      explain: ima.keys.explainSignature?.(task, keyring, xattr, signed, errno) ?? silent,
    });
  return errno;
}

function verifySignature(
  ima: Ima,
  task: Subject,
  func: Func,
  iint: Iint,
  xattr: Uint8Array,
  recorder: DecisionRecorder | null,
): LabelVerdict {
  // Set before anything is verified: a bad signature also seals the file.
  iint.digsig = true;
  if (iint.digsigRequired && iint.verityRequired && !ima.release.has("sigv3-all-files"))
    return failed("verity-signature-required", "EINVAL");
  const v3 = ima.release.has("sigv3-all-files");
  if (version(xattr) > (v3 ? 3 : 2)) return failed("invalid-signature-version", "EINVAL");
  if (v3 && iint.has(RULE_FLAG.SIGV3_REQUIRED) && version(xattr) !== 3) return failed("IMA-sigv3-required", "EINVAL");
  const signed = version(xattr) === 3 ? fileIdDigest(ima, iint, IMA_XATTR.DIGSIG) : iint.digest!.bytes;
  if (signed === null) return failed("sigv3-hashing-error", "EINVAL");
  let errno = askKeys(ima, task, "ima", xattr, signed, recorder);
  if (errno === "EOPNOTSUPP") return { status: "unknown", cause: null, errno };
  if (errno !== null && func === FUNC.KEXEC_KERNEL_CHECK && ima.config.enabled("INTEGRITY_PLATFORM_KEYRING"))
    errno = askKeys(ima, task, "platform", xattr, signed, recorder);
  return errno === null ? PASSED : failed("invalid-signature", errno);
}

function verifyVeritySignature(
  ima: Ima,
  task: Subject,
  iint: Iint,
  xattr: Uint8Array,
  recorder: DecisionRecorder | null,
): LabelVerdict {
  iint.digsig = true;
  if (iint.digsigRequired && !iint.verityRequired) return failed("IMA-signature-required", "EINVAL");
  if (version(xattr) !== 3) return failed("invalid-signature-version", "EINVAL");
  const signed = fileIdDigest(ima, iint, IMA_XATTR.VERITY_DIGSIG);
  if (signed === null) return failed("sigv3-hashing-error", "EINVAL");
  const errno = askKeys(ima, task, "ima", xattr, signed, recorder);
  if (errno === "EOPNOTSUPP" && ima.release.has("sigv3-all-files")) return { status: "unknown", cause: null, errno };
  return errno === null ? PASSED : failed("invalid-verity-signature", errno);
}

/** Version 3 signs the hash of what says which kind of digest it is (calc_file_id_hash). */
function fileIdDigest(ima: Ima, iint: Iint, type: number): Uint8Array | null {
  const { algorithm, bytes } = iint.digest!;
  return ima.hashAvailable(algorithm) ? imaFileIdDigest(type, algorithm, bytes) : null;
}

export function verifyModsig(
  ima: Ima,
  task: Subject,
  func: Func,
  modsig: Modsig,
  recorder: DecisionRecorder | null,
): LabelVerdict {
  const ask = (keyring: "ima" | "platform"): Denial => {
    const errno = ima.keys.verifyModsig(task, keyring, modsig);
    if (errno !== null) {
      const explain = ima.keys.explainModsig?.(keyring, modsig, errno) ?? silent;
      recorder?.step({ kind: "signature", keyring, errno, explain });
    }
    return errno;
  };
  let errno = ask("ima");
  if (errno !== null && func === FUNC.KEXEC_KERNEL_CHECK && ima.config.enabled("INTEGRITY_PLATFORM_KEYRING"))
    errno = ask("platform");
  return errno === null ? PASSED : failed("invalid-signature", errno);
}
