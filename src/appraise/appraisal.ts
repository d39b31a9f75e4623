// Is the file what its label says? (security/integrity/ima/ima_appraise.c: ima_appraise_measurement, ima_check_blacklist)
import { AUDIT_TYPE } from "../audit/index.ts";
import type { Errno, Result } from "../errno/index.ts";
import type { EvmStatus } from "../evm/index.ts";
import { IMA_XATTR, XATTR_NAME_IMA } from "../formats/index.ts";
import { ACTION, APPRAISE_SETTING, type Func, RULE_FLAG } from "../policy/index.ts";
import type { OpenFile, Subject } from "../vfs/index.ts";
import { measureBuffer } from "./buffer.ts";
import type { DecisionRecorder } from "./decision.ts";
import { fixHmac, fixXattr } from "./fix.ts";
import { type Iint, NEW_FILE, statusClass } from "./iint.ts";
import type { Ima } from "./ima.ts";
import type { Modsig } from "./keys.ts";
import { verifyLabel, verifyModsig } from "./xattr-verify.ts";

export interface AppraisalInput {
  readonly func: Func;
  readonly iint: Iint;
  readonly file: OpenFile;
  /** As records name it. */
  readonly name: string;
  /** security.ima as read; a file system without xattrs counts as an empty value. */
  readonly xattr: Result<Uint8Array>;
  readonly modsig: Modsig | null;
  /** Whether the answer binds nobody: AT_EXECVE_CHECK. */
  readonly checkOnly: boolean;
}

interface Found {
  status: EvmStatus;
  cause: string;
  errno: Errno | null;
  newFile: boolean;
}

/** @returns the status; anything but "pass" is a denial in enforce mode */
export function appraiseMeasurement(
  ima: Ima,
  task: Subject,
  input: AppraisalInput,
  recorder: DecisionRecorder | null,
): EvmStatus {
  const { func, iint, file, name, xattr } = input;
  const { inode } = file;
  const tryModsig = iint.has(RULE_FLAG.MODSIG_ALLOWED) && input.modsig !== null;
  if (inode.noXattr && !tryModsig) {
    recorder?.step({ kind: "appraise", status: "unknown", cause: null, newFile: false });
    return "unknown";
  }
  const found = judge(ima, task, input, tryModsig, recorder);
  let { status, cause } = found;
  const { sb } = inode;
  const report = () => {
    if (recorder) recorder.cause = cause;
    ima.audit.record(task, {
      type: input.checkOnly ? AUDIT_TYPE.INTEGRITY_USERSPACE : AUDIT_TYPE.INTEGRITY_DATA,
      inode,
      name,
      op: "appraise_data",
      cause,
      result: found.errno === null ? 0 : -1,
    });
  };
  recorder?.step({ kind: "appraise", status, cause: status === "pass" ? null : cause, newFile: found.newFile });
  if (sb.flags.unverifiableSignature && (sb.flags.untrustedMounter || iint.has(RULE_FLAG.FAIL_UNVERIFIABLE_SIGS))) {
    status = "fail";
    cause = "unverifiable-signature";
    report();
  } else if (status !== "pass") {
    const label = xattr.ok && xattr.value.length > 0 ? xattr.value : null;
    if ((ima.appraise & APPRAISE_SETTING.FIX) !== 0) {
      if (!tryModsig && label?.[0] !== IMA_XATTR.DIGSIG) {
        if (fixXattr(ima, task, file, iint.digest!, recorder) === null) status = "pass";
      } else if (status === "no_label" && fixHmac(ima, task, file, label, recorder) === null) status = "pass";
    }
    // A new file may get its signature before its content.
    if (inode.size === 0 && iint.has(NEW_FILE) && iint.digsig) status = "pass";
    report();
  } else iint.cachePass(statusClass(func));
  iint[statusClass(func)] = status;
  return status;
}

function judge(
  ima: Ima,
  task: Subject,
  input: AppraisalInput,
  tryModsig: boolean,
  recorder: DecisionRecorder | null,
): Found {
  const { func, iint, file, xattr, modsig } = input;
  const missing = !xattr.ok || xattr.value.length === 0;
  if (missing && !tryModsig) {
    const errno = xattr.ok ? null : xattr.errno;
    if (errno !== null && errno !== "ENODATA") return { status: "unknown", cause: "unknown", errno, newFile: false };
    const cause = !iint.digsigRequired
      ? "missing-hash"
      : iint.verityRequired
        ? "verity-signature-required"
        : "IMA-signature-required";
    if (file.created) iint.flags |= NEW_FILE;
    const passes = iint.has(NEW_FILE) && (!iint.digsigRequired || file.inode.size === 0);
    return { status: passes ? "pass" : "no_label", cause, errno, newFile: passes };
  }
  const label = missing ? null : xattr.value;
  const evm = askEvm(ima, task, file, label ?? new Uint8Array(), recorder);
  // The kernel reports what reading gave: a length is no success.
  const errnoOfRead = xattr.ok ? (xattr.value.length > 0 ? "EINVAL" : null) : xattr.errno;
  switch (evm) {
    case "no_xattrs":
      if (tryModsig) break;
      return { status: evm, cause: "missing-HMAC", errno: errnoOfRead, newFile: false };
    case "no_label":
      return { status: evm, cause: "missing-HMAC", errno: errnoOfRead, newFile: false };
    case "fail_immutable":
      iint.digsig = true;
      return { status: evm, cause: "invalid-fail-immutable", errno: errnoOfRead, newFile: false };
    case "fail":
      return { status: evm, cause: "invalid-HMAC", errno: errnoOfRead, newFile: false };
    default:
  }
  const found: Found = { status: evm, cause: "unknown", errno: errnoOfRead, newFile: false };
  const take = (verdict: ReturnType<typeof verifyLabel>) => {
    found.status = verdict.status;
    found.errno = verdict.errno;
    if (verdict.cause !== null) found.cause = verdict.cause;
  };
  if (label !== null) take(verifyLabel(ima, task, func, iint, label, evm, recorder));
  if (tryModsig && (label === null || label[0] === IMA_XATTR.DIGEST_NG || found.errno === "ENOKEY"))
    take(verifyModsig(ima, task, func, modsig!, recorder));
  return found;
}

function askEvm(
  ima: Ima,
  task: Subject,
  file: OpenFile,
  label: Uint8Array,
  recorder: DecisionRecorder | null,
): EvmStatus {
  if (recorder === null) return ima.evm.verifyXattr(task, file, XATTR_NAME_IMA, label);
  const examination = ima.evm.examineXattr?.(task, file, XATTR_NAME_IMA, label) ?? null;
  const status = examination?.status ?? ima.evm.verifyXattr(task, file, XATTR_NAME_IMA, label);
  recorder.step({ kind: "evm", status, examination });
  return status;
}

/** @returns whether the content is on the blacklist; then nothing is appraised */
export function blacklisted(
  ima: Ima,
  task: Subject,
  iint: Iint,
  modsig: Modsig | null,
  pcr: number,
  recorder: DecisionRecorder | null,
): boolean {
  if (!iint.has(RULE_FLAG.CHECK_BLACKLIST)) return false;
  let listed = false;
  let digest = new Uint8Array();
  if (iint.has(RULE_FLAG.MODSIG_ALLOWED) && modsig !== null) {
    digest = new Uint8Array(modsig.digest?.bytes ?? []);
    listed = ima.keys.isBlacklisted(digest);
  } else if (ima.release.has("blacklist-any-signature") && iint.digsigRequired && iint.digest !== null)
    listed = ima.keys.isBlacklisted(iint.digest.bytes);
  if (!listed) return false;
  recorder?.step({ kind: "blacklisted" });
  // Without an appended signature the kernel measures an empty buffer.
  if (iint.has(ACTION.MEASURE))
    measureBuffer(ima, task, { buffer: digest, event: "blacklisted-hash", func: null, pcr });
  return true;
}
