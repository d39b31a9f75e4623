// Watches which content is used while a step runs: a security module that stands before IMA, sees every use, and refuses none.
import type { Credentials, LoadId, OpenFile, SecurityModule } from "../vfs/index.ts";

/** How content is used; the last are the kernel's own words for what it reads. */
export type UseKind = "exec" | "map" | "read" | LoadId;

export interface Use {
  readonly kind: UseKind;
  readonly bytes: Uint8Array;
  /** null where the bytes come from a buffer. */
  readonly ino: number | null;
  readonly cred: Credentials;
}

const PROT_EXEC = 4;

/** @param seen is told each use before it is decided whether it may be */
export function useWatcher(seen: (use: Use) => void): SecurityModule {
  const of = (kind: UseKind, file: OpenFile | null, cred: Credentials): null => {
    if (file?.inode.isRegular) seen({ kind, bytes: file.inode.bytes(), ino: file.inode.ino, cred });
    return null;
  };
  return {
    name: "uses",
    bprmCheck: (task, { file }) => of("exec", file, task.cred),
    mmapFile: (task, file, _asked, prot) => ((prot & PROT_EXEC) === 0 ? null : of("map", file, task.cred)),
    fileMprotect: (task, { file }, _asked, prot) => ((prot & PROT_EXEC) === 0 ? null : of("map", file, task.cred)),
    fileOpen: (task, file) => (file.canRead ? of("read", file, task.cred) : null),
    kernelReadFile: (task, file, id) => of(id, file, task.cred),
    kernelPostLoadData(task, bytes, id) {
      seen({ kind: id, bytes, ino: null, cred: task.cred });
      return null;
    },
  };
}
