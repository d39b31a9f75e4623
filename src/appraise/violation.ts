// A file that is read while it is written cannot be measured truthfully: the PCR is spoilt on purpose
// (security/integrity/ima/ima_main.c: ima_rdwr_violation_check, mmap_violation_check; ima_api.c: ima_add_violation).
import { AUDIT_TYPE } from "../audit/index.ts";
import { FUNC, type Func } from "../policy/index.ts";
import type { OpenFile, Subject } from "../vfs/index.ts";
import type { DecisionRecorder } from "./decision.ts";
import { eventFile } from "./event-file.ts";
import type { Iint } from "./iint.ts";
import type { Ima } from "./ima.ts";
import { listedName } from "./names.ts";

/**
 * Looks at who else has the file open, before anything is collected.
 * @param iint of the file where this access is in policy, else null
 * @param measured whether this access matched a measure rule
 */
export function checkViolation(
  ima: Ima,
  task: Subject,
  file: OpenFile,
  iint: Iint | null,
  measured: boolean,
  recorder: DecisionRecorder | null,
): void {
  const { inode } = file;
  const limited = ima.release.has("violation-limit");
  if (file.canWrite) {
    if (inode.readCount === 0) return;
    const known = iint ?? ima.iints.find(inode);
    // Armed by a measured read. The limit: one violation an arming.
    if (!known?.mayEmitTomtou) return;
    if (limited) known.mayEmitTomtou = false;
    addViolation(ima, task, file, "ToMToU", recorder);
    return;
  }
  if (!measured) return;
  iint!.mayEmitTomtou = true;
  if (inode.writeCount <= 0) return;
  if (limited && iint!.emittedOpenWriters) return;
  iint!.emittedOpenWriters = true;
  addViolation(ima, task, file, "open_writers", recorder);
}

function addViolation(
  ima: Ima,
  task: Subject,
  file: OpenFile,
  cause: "ToMToU" | "open_writers",
  recorder: DecisionRecorder | null,
): void {
  const name = listedName(file);
  const { readCount, writeCount } = file.inode;
  recorder?.step({ kind: "violation", cause, others: cause === "ToMToU" ? readCount : writeCount });
  // The rule's template and PCR play no part, and the label was not read.
  ima.list.addViolation(
    {
      filename: name,
      violation: cause,
      digest: null,
      verity: false,
      xattr: null,
      modsig: null,
      buffer: null,
      file: eventFile(ima, task, file),
    },
    { op: "invalid_pcr", inode: file.inode, task },
  );
}

/** Whether an executable mapping that passed is refused because the file is mapped shared and writable. */
export function mappedWriters(
  ima: Ima,
  task: Subject,
  file: OpenFile,
  func: Func,
  recorder: DecisionRecorder | null,
): boolean {
  if (func !== FUNC.MMAP_CHECK && func !== FUNC.MMAP_CHECK_REQPROT) return false;
  if (file.inode.sharedWritableMaps <= 0) return false;
  if (recorder) {
    recorder.step({ kind: "mapped-writers" });
    recorder.cause = "mmapped_writers";
  }
  ima.audit.record(task, {
    type: AUDIT_TYPE.INTEGRITY_DATA,
    inode: file.inode,
    name: listedName(file),
    op: "mmap_file",
    cause: "mmapped_writers",
    result: -1,
  });
  return true;
}
