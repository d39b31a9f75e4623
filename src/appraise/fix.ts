// Writing security.ima from inside: in fix mode, and when the last writer of a changed file is gone
// (security/integrity/ima/ima_appraise.c: ima_fix_xattr, ima_update_xattr).
import { hashByName } from "../crypto/index.ts";
import type { Denial } from "../errno/index.ts";
import { hashXattr, XATTR_NAME_IMA } from "../formats/index.ts";
import { ACTION } from "../policy/index.ts";
import { type OpenFile, type Subject, setXattrNoPerm } from "../vfs/index.ts";
import { collectMeasurement } from "./collect.ts";
import type { DecisionRecorder } from "./decision.ts";
import type { CollectedDigest, Iint } from "./iint.ts";
import type { Ima } from "./ima.ts";

/** No permission is asked and no hook before the change; the hooks after it run, so security.evm follows. */
export function fixXattr(
  ima: Ima,
  task: Subject,
  file: OpenFile,
  digest: CollectedDigest,
  recorder: DecisionRecorder | null,
): Denial {
  const { inode } = file;
  const value = hashXattr(hashByName(digest.algorithm)!, digest.bytes);
  let errno: Denial = null;
  if (ima.release.has("fix-respects-read-only") && inode.sb.flags.readOnly) errno = "EROFS";
  else if (ima.release.has("fix-respects-read-only") && inode.immutable) errno = "EPERM";
  else errno = setXattrNoPerm(ima.vfs, task, file.path, XATTR_NAME_IMA, value, 0);
  recorder?.step({ kind: "fix", errno, value });
  return errno;
}

/** A signature is not replaced, but under evm=fix the HMAC beside it can be made. */
export function fixHmac(
  ima: Ima,
  task: Subject,
  file: OpenFile,
  label: Uint8Array | null,
  recorder: DecisionRecorder | null,
): Denial {
  if (!ima.release.has("evm-fix-beside-signature") || label === null) return "EPERM";
  const errno = ima.evm.fixHmac(task, file.path, label);
  recorder?.step({ kind: "fix-hmac", errno });
  return errno;
}

/** After the last writer: always with ima_hash, whatever the label named before. */
export function updateXattr(ima: Ima, task: Subject, iint: Iint, file: OpenFile): void {
  if (iint.digsig) return;
  if (iint.file !== "pass" && !iint.has(ACTION.HASH)) return;
  if (collectMeasurement(ima, task, iint, file, null, ima.hash, null, null) !== null) return;
  fixXattr(ima, task, file, iint.digest!, null);
}
