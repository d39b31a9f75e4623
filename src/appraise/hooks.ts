// IMA as a security module: which hook leads where (security/integrity/ima/ima_main.c: ima_hooks; ima_appraise.c: ima_appraise_hooks).
import { FUNC } from "../policy/index.ts";
import { MAY, PROT, type SecurityModule } from "../vfs/index.ts";
import { NEW_FILE } from "./iint.ts";
import type { Ima } from "./ima.ts";
import { fileRelease } from "./last-writer.ts";
import { kernelLoadData, kernelPostLoadData, kernelPostReadFile, kernelReadFile } from "./loads.ts";
import { fileMprotect } from "./mprotect.ts";
import { processMeasurement } from "./process.ts";
import { guardRemovexattr, guardSetxattr, noteAcl, noteSetattr } from "./xattr-guard.ts";

const OPEN_MASK = MAY.READ | MAY.WRITE | MAY.EXEC | MAY.APPEND;

export function imaSecurityModule(ima: Ima): SecurityModule {
  const { release } = ima;
  const reqprot = release.has("mmap-check-reqprot");
  const effective = release.has("mmap-check-effective");
  const forgetContent = (inode: Parameters<NonNullable<SecurityModule["inodeFree"]>>[0]) => {
    if (ima.policyFlag === 0 || !inode.isRegular) return;
    ima.iints.find(inode)?.resetDone();
  };
  const check = (
    task: Parameters<typeof processMeasurement>[1],
    file: Parameters<typeof fileRelease>[2],
    mask: number,
    func: Parameters<typeof processMeasurement>[2]["func"],
  ) => processMeasurement(ima, task, { file, cred: task.cred, mask, func, buffer: null });
  return {
    name: "ima",
    filePostOpen: (task, file, mask) => check(task, file, mask & OPEN_MASK, FUNC.FILE_CHECK),
    fileRelease: (task, file) => fileRelease(ima, task, file),
    mmapFile(task, file, requested, prot) {
      if (file === null) return null;
      const looked = effective ? prot : requested;
      const mapped = () => ((looked & PROT.EXEC) !== 0 ? check(task, file, MAY.EXEC, FUNC.MMAP_CHECK) : null);
      if (!reqprot || (requested & PROT.EXEC) === 0) return mapped();
      return ima.keepingReopened(task, () => check(task, file, MAY.EXEC, FUNC.MMAP_CHECK_REQPROT) ?? mapped());
    },
    fileMprotect: (task, mapping, _requested, prot) => fileMprotect(ima, task, mapping, prot),
    bprmCheck(task, bprm) {
      const denied = check(task, bprm.file, MAY.EXEC, FUNC.BPRM_CHECK);
      if (denied !== null || release.has("creds-check-final")) return denied;
      return processMeasurement(ima, task, {
        file: bprm.file,
        cred: bprm.cred,
        label: bprm.label,
        mask: MAY.EXEC,
        func: FUNC.CREDS_CHECK,
        buffer: null,
      });
    },
    ...(release.has("creds-check-final") && {
      bprmCredsFromFile: (task, bprm) =>
        processMeasurement(ima, task, {
          file: bprm.file,
          cred: bprm.cred,
          label: bprm.label,
          mask: MAY.EXEC,
          func: FUNC.CREDS_CHECK,
          buffer: null,
        }),
    }),
    ...(release.has("check-execve") && {
      bprmCredsForExec(task, { file, checkOnly }) {
        if (!checkOnly) return null;
        return processMeasurement(ima, task, {
          ...{ file, cred: task.cred, mask: MAY.EXEC, func: FUNC.BPRM_CHECK, buffer: null },
          checkOnly,
        });
      },
    }),
    ...(release.has("truncate-hooks") && {
      pathTruncate(_task, path) {
        forgetContent(path.dentry.inode!);
        return null;
      },
      fileTruncate(_task, file) {
        forgetContent(file.inode);
        return null;
      },
    }),
    inodePostCreateTmpfile(task, inode) {
      if (!ima.mustAppraiseNew(task, inode)) return;
      const iint = ima.iints.get(inode);
      iint.updateXattr = true;
      iint.file = "pass";
    },
    pathPostMknod(task, path) {
      const inode = path.dentry.inode!;
      if (ima.mustAppraiseNew(task, inode)) ima.iints.get(inode).flags |= NEW_FILE;
    },
    kernelReadFile: (task, file, id, whole) => kernelReadFile(ima, task, file, id, whole),
    kernelPostReadFile: (task, file, bytes, id) => kernelPostReadFile(ima, task, file, bytes, id),
    kernelLoadData: (_task, id, contents) => kernelLoadData(ima, id, contents),
    kernelPostLoadData: (task, bytes, id) => kernelPostLoadData(ima, task, bytes, id),
    inodeFree: (inode) => ima.iints.free(inode),
    ...(ima.config.enabled("IMA_APPRAISE") && {
      inodePostSetattr: (task, path) => noteSetattr(ima, task, path),
      inodeSetxattr: (task, path, name, value) => guardSetxattr(ima, task, path, name, value),
      inodeRemovexattr: (task, path, name) => guardRemovexattr(ima, task, path, name),
      inodeSetAcl(_task, path, name) {
        noteAcl(ima, path, name);
        return null;
      },
      inodeRemoveAcl(_task, path, name) {
        noteAcl(ima, path, name);
        return null;
      },
    }),
  };
}
