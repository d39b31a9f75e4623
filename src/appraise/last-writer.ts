// The last writer closes: did the content change, and must the label follow? (security/integrity/ima/ima_main.c: ima_file_free,
// ima_check_last_writer)
import type { OpenFile, Subject } from "../vfs/index.ts";
import { contentChanged } from "./collect.ts";
import { updateXattr } from "./fix.ts";
import { NEW_FILE } from "./iint.ts";
import type { Ima } from "./ima.ts";

export function fileRelease(ima: Ima, task: Subject, file: OpenFile): void {
  const { inode } = file;
  if (ima.policyFlag === 0 || !inode.isRegular || !file.canWrite) return;
  const iint = ima.iints.find(inode);
  if (iint === undefined || inode.writeCount !== 1) return;
  iint.emittedOpenWriters = false;
  const update = iint.updateXattr;
  iint.updateXattr = false;
  if (!iint.has(NEW_FILE) && !contentChanged(ima, iint, file)) return;
  iint.resetDone();
  iint.flags &= ~NEW_FILE;
  if (update) updateXattr(ima, task, iint, file);
}
