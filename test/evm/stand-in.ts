// What stands in for the rest of a kernel where a test looks at EVM alone.
import { fail } from "../../src/errno/index.ts";
import type { EvmFiles } from "../../src/evm/environment.ts";
import { CAPABILITIES, type Subject } from "../../src/vfs/task.ts";

/** A process of that user; root has every capability. */
export function task(as: { readonly uid?: number | undefined; readonly euid?: number | undefined } = {}): Subject {
  const uid = as.uid ?? 0;
  const euid = as.euid ?? uid;
  return {
    cred: {
      uid,
      euid,
      suid: uid,
      fsuid: euid,
      gid: uid,
      egid: uid,
      sgid: uid,
      fsgid: uid,
      groups: [],
      capabilities: new Set(euid === 0 ? CAPABILITIES : []),
    },
    pid: 1,
    ppid: 0,
    comm: "init",
    auid: 4294967295,
    ses: 4294967295,
    exe: null,
    tty: "(none)",
    label: null,
    readImpliesExec: false,
  };
}

/** No file system at all. */
export const NO_FILES: EvmFiles = {
  readXattr: () => fail("EOPNOTSUPP"),
  setXattr: () => "EOPNOTSUPP",
  removeXattr: () => "EOPNOTSUPP",
  metadataInode: (dentry) => dentry.inode!,
  hasIversion: () => false,
  queryIversion: () => 0,
  peekIversion: () => 0,
};
