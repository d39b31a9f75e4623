// The pipeline of one access to one file: match, violation, cache, collect, measure, appraise, audit, verdict
// (security/integrity/ima/ima_main.c: process_measurement). The order of side effects is the kernel's.
import { AUDIT_TYPE } from "../audit/index.ts";
import { type HashName, hashByName } from "../crypto/index.ts";
import { type Denial, type Errno, ok, type Result } from "../errno/index.ts";
import { IMA_XATTR, XATTR_NAME_IMA } from "../formats/index.ts";
import {
  ACTION,
  APPRAISE_SETTING,
  APPRAISE_SUBMASK,
  FUNC,
  type Func,
  funcName,
  RULE_FLAG,
  SUBACTION,
} from "../policy/index.ts";
import {
  type Credentials,
  hasIversion,
  MAY,
  metadataInode,
  type OpenFile,
  readXattr,
  realInode,
  type Subject,
} from "../vfs/index.ts";
import { appraiseMeasurement, blacklisted } from "./appraisal.ts";
import { collectMeasurement, leavesZeros } from "./collect.ts";
import { DecisionRecorder, snapshot } from "./decision.ts";
import { APPRAISED_SUBMASK, DO_MASK, DONE, DONE_MASK, type Iint, NEW_FILE, statusClass } from "./iint.ts";
import type { Ima, ImaMatch } from "./ima.ts";
import type { Modsig } from "./keys.ts";
import { listedName } from "./names.ts";
import { auditFile, storeMeasurement } from "./store.ts";
import { checkViolation, mappedWriters } from "./violation.ts";

/** One access, as a hook describes it. */
export interface Access {
  readonly file: OpenFile;
  /** Whose ids rules compare: the caller's, or those of the program about to run. */
  readonly cred: Credentials;
  /** Likewise the label; that of the caller where left out. */
  readonly label?: string | null;
  readonly mask: number;
  readonly func: Func;
  /** The whole content, where the kernel has read it already. */
  readonly buffer: Uint8Array | null;
  /** AT_EXECVE_CHECK: a program asks on behalf of a script, and is free to heed the answer. */
  readonly checkOnly?: boolean;
}

export function processMeasurement(ima: Ima, task: Subject, access: Access): Denial {
  const { file, mask } = access;
  if (ima.policyFlag === 0 || !file.inode.isRegular) return null;
  const matched = ima.match(task, access);
  // Kept apart: the result of a match is overwritten by the next one.
  const { action, pcr, template, allowedAlgos } = matched;
  let { func } = access;
  const violationCheck =
    (func === FUNC.FILE_CHECK || func === FUNC.MMAP_CHECK || func === FUNC.MMAP_CHECK_REQPROT) &&
    (ima.policyFlag & ACTION.MEASURE) !== 0 &&
    ((action & ACTION.MEASURE) !== 0 || file.canWrite);
  if (action === 0 && !violationCheck) return null;
  // Unwatched, only what is not answered from the cache is recorded: hashing costs far more than that.
  let recorder = ima.watched ? new DecisionRecorder() : null;
  const mustAppraise = (action & ACTION.APPRAISE) !== 0;
  if ((action & SUBACTION.FILE_APPRAISE) !== 0) func = FUNC.FILE_CHECK;
  const iint = action !== 0 ? ima.iints.get(file.inode) : null;
  if (recorder && iint) recorder.cacheBefore = snapshot(iint);
  if (violationCheck) checkViolation(ima, task, file, iint, (action & ACTION.MEASURE) !== 0, recorder);
  if (iint === null) {
    if (recorder) ima.decided({ task, access, recorder, iint: null, mustAppraise, failed: false, verdict: null });
    return null;
  }
  const work: Work = {
    ima,
    task,
    file,
    func,
    iint,
    action,
    pcr,
    template,
    allowedAlgos,
    mask,
    mustAppraise,
    buffer: access.buffer,
    checkOnly: access.checkOnly ?? false,
    recorder,
  };
  const finding = decide(work);
  recorder = work.recorder;
  let verdict: Denial = null;
  if (mustAppraise) {
    if (finding !== null && (ima.appraise & APPRAISE_SETTING.ENFORCE) !== 0) verdict = "EACCES";
    else if (file.canWrite) iint.updateXattr = true;
  }
  if (ima.watched || verdict !== null)
    ima.decided({
      task,
      access,
      recorder: recorder ?? cachedDenial(work),
      iint,
      mustAppraise,
      failed: finding !== null,
      verdict,
    });
  return verdict;
}

/** A refusal out of the cache, told after the fact. */
function cachedDenial(work: Work): DecisionRecorder {
  const recorder = new DecisionRecorder();
  recorder.cacheBefore = snapshot(work.iint);
  const which = statusClass(work.func);
  recorder.step({ kind: "cached", class: which, status: work.iint[which] });
  if (work.sealed === true) recorder.step({ kind: "sealed" });
  return recorder;
}

interface Work {
  readonly ima: Ima;
  readonly task: Subject;
  readonly file: OpenFile;
  readonly func: Func;
  readonly iint: Iint;
  readonly action: number;
  readonly pcr: number;
  readonly template: ImaMatch["template"];
  readonly allowedAlgos: number;
  readonly mask: number;
  readonly mustAppraise: boolean;
  readonly buffer: Uint8Array | null;
  readonly checkOnly: boolean;
  recorder: DecisionRecorder | null;
  sealed?: boolean;
}

/** Anything but null is a failure; what user space sees of it is decided by the mode. */
type Finding = Errno | "not-passed" | null;

function decide(work: Work): Finding {
  const { iint, mask } = work;
  applyResets(work, work.recorder);
  let action = work.action;
  iint.flags |= action;
  action &= DO_MASK;
  // A done bit stands one above its action. MEASURED is not among them: that is kept for each PCR.
  action &= ~((iint.flags & (DONE_MASK ^ DONE.MEASURED)) >> 1);
  if ((action & ACTION.MEASURE) !== 0 && (iint.measuredPcrs & (1 << work.pcr)) !== 0) action ^= ACTION.MEASURE;
  let label: Result<Uint8Array> | null = null;
  if ((action & ACTION.HASH) !== 0 && !iint.digsig) {
    label = readLabel(work);
    if (label.ok && label.value.length > 2 && label.value[0] === IMA_XATTR.DIGSIG) iint.digsig = true;
    iint.flags |= DONE.HASHED;
    iint.updateXattr = true;
    action ^= ACTION.HASH;
    work.recorder?.step({ kind: "hash-action" });
  }
  let finding = action === 0 ? cachedFinding(work, work.recorder) : workOff(work, action, label);
  if ((mask & MAY.WRITE) !== 0 && iint.digsig && !iint.has(NEW_FILE)) {
    finding = "EACCES";
    work.sealed = true;
    work.recorder?.step({ kind: "sealed" });
  }
  return finding;
}

function cachedFinding(work: Work, recorder: DecisionRecorder | null): Finding {
  const { ima, task, file, func, iint } = work;
  if (!work.mustAppraise) return null;
  if (mappedWriters(ima, task, file, func, recorder)) return "ETXTBSY";
  const which = statusClass(func);
  recorder?.step({ kind: "cached", class: which, status: iint[which] });
  return iint[which] === "pass" ? null : "not-passed";
}

/** What happened to the file since the last access, and what of the cache falls with it. */
function applyResets(work: Work, recorder: DecisionRecorder | null): void {
  const { ima, iint, file, action } = work;
  const { inode } = file;
  if (iint.changeAttr) {
    iint.changeAttr = false;
    iint.resetAttributes(ima.newFileSurvivesSetattr);
    recorder?.step({ kind: "reset", why: "attributes-changed" });
  }
  if (iint.changeXattr) {
    iint.changeXattr = false;
    iint.resetDone();
    recorder?.step({ kind: "reset", why: "xattr-changed" });
  } else if (
    inode.sb.flags.unverifiableSignature &&
    !inode.sb.flags.untrustedMounter &&
    (action & RULE_FLAG.FAIL_UNVERIFIABLE_SIGS) === 0
  ) {
    iint.resetDone();
    recorder?.step({ kind: "reset", why: "cannot-tell-changes" });
  }
  const real = realInode(file.path.dentry);
  if (real === inode || (action & DO_MASK) === 0 || !iint.has(DONE_MASK)) return;
  if (ima.backingChanged(iint, real)) {
    iint.resetDone();
    recorder?.step({ kind: "reset", why: "backing-file-changed" });
  }
  if (ima.evm.metadataChanged(inode, metadataInode(file.path.dentry))) {
    iint.flags &= ~(DONE.APPRAISED | APPRAISED_SUBMASK);
    recorder?.step({ kind: "reset", why: "metadata-changed" });
  }
}

/** security.ima; a file system without xattrs answers with nothing rather than with an error (ima_read_xattr). */
function readLabel(work: Work): Result<Uint8Array> {
  const label = readXattr(work.file.path.dentry, work.file.inode, XATTR_NAME_IMA);
  return !label.ok && label.errno === "EOPNOTSUPP" ? ok(new Uint8Array()) : label;
}

/** @param known the label, where it was read already: its algorithm is that of the digest even if nothing else asks for it */
function workOff(work: Work, wanted: number, known: Result<Uint8Array> | null): Finding {
  if (work.recorder === null) {
    work.recorder = new DecisionRecorder();
    work.recorder.cacheBefore = snapshot(work.iint);
  }
  const { recorder } = work;
  const { ima, task, file, func, iint, pcr, template, mustAppraise, buffer } = work;
  let action = wanted;
  let label = known ?? ok(new Uint8Array());
  let modsig: Modsig | null = null;
  if ((action & APPRAISE_SUBMASK) !== 0 || template.name !== "ima") {
    label = readLabel(work);
    recorder?.step({ kind: "xattr", value: label.ok ? label.value : null, errno: label.ok ? null : label.errno });
    if (iint.has(RULE_FLAG.MODSIG_ALLOWED)) {
      modsig = buffer === null ? null : readModsig(ima, func, buffer);
      recorder?.step({ kind: "modsig", found: modsig !== null });
      if (modsig !== null && ima.templateHasModsig(template) && iint.has(DONE.MEASURED)) action |= ACTION.MEASURE;
    }
  }
  const xattr = label.ok && label.value.length > 0 ? label.value : null;
  const algorithm = ima.algorithmOf(xattr);
  const collected = collectMeasurement(ima, task, iint, file, buffer, algorithm, modsig, recorder);
  if (collected !== null && !leavesZeros(collected)) return collected;
  const name = listedName(file);
  if ((action & ACTION.MEASURE) !== 0)
    storeMeasurement(ima, task, { iint, file, name, xattr, modsig, pcr, template }, recorder);
  let finding: Finding = collected;
  if (collected === null && (action & APPRAISE_SUBMASK) !== 0) {
    if (blacklisted(ima, task, iint, modsig, pcr, recorder)) finding = "EPERM";
    else if (
      appraiseMeasurement(
        ima,
        task,
        { func, iint, file, name, xattr: label, modsig, checkOnly: work.checkOnly },
        recorder,
      ) !== "pass"
    )
      finding = "not-passed";
    if (finding === null && mappedWriters(ima, task, file, func, recorder)) finding = "ETXTBSY";
  }
  if ((action & ACTION.AUDIT) !== 0) {
    auditFile(ima, task, iint, name);
    recorder?.step({ kind: "audit-action" });
  }
  if (file.direct && iint.has(RULE_FLAG.PERMIT_DIRECTIO)) {
    finding = null;
    recorder?.step({ kind: "direct-io-permitted" });
  }
  if (
    finding === null &&
    mustAppraise &&
    work.allowedAlgos !== 0 &&
    (work.allowedAlgos & (1 << hashByName(algorithm)!.id)) === 0
  ) {
    finding = "EACCES";
    denyAlgorithm(work, name, algorithm, recorder);
  }
  return finding;
}

function readModsig(ima: Ima, func: Func, buffer: Uint8Array): Modsig | null {
  const found = ima.keys.readModsig(funcName(func), buffer);
  return found.ok ? found.value : null;
}

function denyAlgorithm(work: Work, name: string, algorithm: HashName, recorder: DecisionRecorder | null): void {
  if (recorder) {
    recorder.step({ kind: "algorithm-denied", algorithm });
    recorder.cause = "denied-hash-algorithm";
  }
  work.ima.audit.record(work.task, {
    type: AUDIT_TYPE.INTEGRITY_DATA,
    inode: work.file.inode,
    name,
    op: "collect_data",
    cause: "denied-hash-algorithm",
    result: -1,
  });
}

/** Whether the file below an overlay is another one than was collected, or cannot tell. */
export function backingChanged(ima: Ima, iint: Iint, real: OpenFile["inode"]): boolean {
  if (!ima.release.has("overlay-backing-change")) return false;
  return (
    !hasIversion(real) || real.sb !== iint.realDev || real.ino !== iint.realIno || real.iversion.peek() !== iint.version
  );
}
