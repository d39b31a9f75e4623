// A mapping that becomes executable later cannot be appraised any more, so it is refused
// (security/integrity/ima/ima_main.c: ima_file_mprotect).
import { AUDIT_TYPE } from "../audit/index.ts";
import type { Denial } from "../errno/index.ts";
import { ACTION, APPRAISE_SUBMASK, FUNC } from "../policy/index.ts";
import { type FileMapping, MAY, PROT, pathOf, type Subject } from "../vfs/index.ts";
import { DecisionRecorder } from "./decision.ts";
import type { Ima } from "./ima.ts";
import { listedName } from "./names.ts";

/** The refusal is EPERM and does not ask for the mode: log and fix refuse too. */
export function fileMprotect(ima: Ima, task: Subject, mapping: FileMapping, prot: number): Denial {
  const { file } = mapping;
  if (!ima.release.has("mprotect-check") || (ima.policyFlag & ACTION.APPRAISE) === 0) return null;
  if (file === null || (prot & PROT.EXEC) === 0 || (mapping.prot & PROT.EXEC) !== 0) return null;
  const access = { file, cred: task.cred, mask: MAY.EXEC, func: FUNC.MMAP_CHECK, buffer: null } as const;
  let { action } = ima.match(task, access);
  if (ima.release.has("mmap-check-reqprot"))
    action |= ima.match(task, { ...access, func: FUNC.MMAP_CHECK_REQPROT }).action;
  if ((action & (ACTION.MEASURE | APPRAISE_SUBMASK)) === 0) return null;
  const verdict: Denial = (action & APPRAISE_SUBMASK) !== 0 ? "EPERM" : null;
  ima.audit.record(task, {
    type: AUDIT_TYPE.INTEGRITY_DATA,
    inode: file.inode,
    name: listedName({ path: pathOf(file) }),
    op: "collect_data",
    cause: "failed-mprotect",
    result: verdict === null ? 0 : -1,
  });
  const recorder = new DecisionRecorder();
  recorder.cause = "failed-mprotect";
  ima.decided({
    task,
    access,
    recorder,
    iint: null,
    mustAppraise: verdict !== null,
    failed: verdict !== null,
    verdict,
  });
  return verdict;
}
