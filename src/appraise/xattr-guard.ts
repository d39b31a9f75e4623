// Who may write security.ima, with what, and what a change of labels, ACLs and attributes does to the cache
// (security/integrity/ima/ima_appraise.c: ima_inode_setxattr, ima_inode_removexattr, ima_inode_set_acl, ima_inode_post_setattr).
import { AUDIT_TYPE } from "../audit/index.ts";
import { hashByName } from "../crypto/index.ts";
import type { Denial } from "../errno/index.ts";
import { IMA_XATTR, IMA_XATTR_LAST, XATTR_NAME_EVM, XATTR_NAME_IMA } from "../formats/index.ts";
import { ACTION, FUNC } from "../policy/index.ts";
import { capable, dentryPath, type Inode, type Path, type Subject } from "../vfs/index.ts";
import { DecisionRecorder } from "./decision.ts";
import type { Ima } from "./ima.ts";

/** What becomes of the mark "signed": undefined keeps it. */
type Digsig = boolean | undefined;

export function guardSetxattr(ima: Ima, task: Subject, path: Path, name: string, value: Uint8Array): Denial {
  const inode = path.dentry.inode!;
  let digsig: Digsig;
  if (name === XATTR_NAME_IMA) {
    if (!capable(task, "CAP_SYS_ADMIN")) return "EPERM";
    if (value.length === 0 || value[0]! >= IMA_XATTR_LAST) return "EINVAL";
    const denied = refuseAlgorithm(ima, task, path, value);
    if (denied !== null) return denied;
    digsig = value[0] === IMA_XATTR.DIGSIG;
    resetAppraisal(ima, inode, digsig);
    return null;
  }
  if (name === XATTR_NAME_EVM && value.length > 0) digsig = value[0] === IMA_XATTR.EVM_PORTABLE_DIGSIG;
  else digsig = ima.release.has("digsig-kept-on-other-xattr") ? undefined : false;
  if (ima.evm.revalidateStatus(name)) resetAppraisal(ima, inode, digsig);
  return null;
}

export function guardRemovexattr(ima: Ima, task: Subject, path: Path, name: string): Denial {
  const own = name === XATTR_NAME_IMA;
  if (own && !capable(task, "CAP_SYS_ADMIN")) return "EPERM";
  if (own || ima.evm.revalidateStatus(name))
    resetAppraisal(ima, path.dentry.inode!, own || !ima.release.has("digsig-kept-on-other-xattr") ? false : undefined);
  return null;
}

export function noteAcl(ima: Ima, path: Path, name: string): void {
  if (ima.evm.revalidateStatus(name))
    resetAppraisal(ima, path.dentry.inode!, ima.release.has("digsig-kept-on-other-xattr") ? undefined : false);
}

/** A change of attributes may put the file into policy or out of it. */
export function noteSetattr(ima: Ima, task: Subject, path: Path): void {
  const inode = path.dentry.inode!;
  if ((ima.policyFlag & ACTION.APPRAISE) === 0 || !inode.isRegular || inode.noXattr) return;
  const inPolicy = ima.mustAppraiseAfterSetattr(task, path);
  const iint = ima.iints.find(inode);
  if (iint === undefined) return;
  iint.changeAttr = true;
  if (!inPolicy) iint.updateXattr = false;
}

/** Comes before the change itself and stays when that fails. */
function resetAppraisal(ima: Ima, inode: Inode, digsig: Digsig): void {
  if ((ima.policyFlag & ACTION.APPRAISE) === 0 || !inode.isRegular) return;
  const iint = ima.iints.find(inode);
  if (iint === undefined) return;
  iint.measuredPcrs = 0;
  iint.changeXattr = true;
  if (digsig !== undefined) iint.digsig = digsig;
}

/** A label whose algorithm no rule allows, or that this kernel cannot compute, would lock its file (validate_hash_algo). */
function refuseAlgorithm(ima: Ima, task: Subject, path: Path, value: Uint8Array): Denial {
  if (!ima.release.has("setxattr-algorithm-check")) return null;
  const algorithm = ima.algorithmOf(value);
  const allowed = ima.setxattrAlgos;
  let cause: string;
  if (allowed !== 0) {
    if ((allowed & (1 << hashByName(algorithm)!.id)) !== 0) return null;
    cause = "denied-hash-algorithm";
  } else {
    if (algorithm === ima.hash || ima.hashAvailable(algorithm)) return null;
    cause = "unavailable-hash-algorithm";
  }
  ima.audit.record(task, {
    type: AUDIT_TYPE.INTEGRITY_DATA,
    inode: path.dentry.inode,
    name: dentryPath(path.dentry),
    op: "set_data",
    cause,
    result: -1,
  });
  const recorder = new DecisionRecorder();
  recorder.cause = cause;
  recorder.step({ kind: "new-label", value });
  ima.decided({
    task,
    access: { file: { path, inode: path.dentry.inode! }, cred: task.cred, mask: 0, func: FUNC.SETXATTR_CHECK },
    recorder,
    iint: ima.iints.find(path.dentry.inode!) ?? null,
    mustAppraise: true,
    failed: true,
    verdict: "EACCES",
  });
  return "EACCES";
}
