// Smack, as far as files and programs meet it: labels of new files, what may be set, who may access what (security/smack/smack_lsm.c).
// Its hooks for sockets, keys, signals and IPC are left out, and no rules can be loaded: smackfs cannot be mounted.
import type { KernelLog } from "../../audit/index.ts";
import type { Denial } from "../../errno/index.ts";
import { capable, type Inode, MAY, type Path, type SecurityModule, type Subject } from "../../vfs/index.ts";
import { type Accessed, SmackAccess } from "./access.ts";
import { FLOOR, fileLabel, labelIn, SMACK64, SMACK64EXEC, SMACK64TRANSMUTE, STAR, smackXattr, WEB } from "./labels.ts";

const TRUE = "TRUE";
const READ_WRITE = MAY.READ | MAY.WRITE;
const ASKED = MAY.READ | MAY.WRITE | MAY.EXEC | MAY.APPEND;

/** Xattrs that hold a label, and whether the labels of everything (`*` and `@`) may stand there. */
const LABEL_XATTRS: ReadonlyMap<string, { readonly everything: boolean }> = new Map([
  [SMACK64, { everything: true }],
  ["security.SMACK64IPIN", { everything: true }],
  ["security.SMACK64IPOUT", { everything: true }],
  [SMACK64EXEC, { everything: false }],
  ["security.SMACK64MMAP", { everything: false }],
]);

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(0, 256));

/** Whether a value may be set as one of Smack's own xattrs. */
function vetXattr(task: Subject, inode: Inode, name: string, value: Uint8Array): Denial {
  const kind = LABEL_XATTRS.get(name);
  if (kind === undefined && name !== SMACK64TRANSMUTE) return null;
  if (name === SMACK64 && inode.isSocket && inode.sb.vfs.release.has("smack-sockets-unlabelled")) return "EINVAL";
  if (!capable(task, "CAP_MAC_ADMIN")) return "EPERM";
  if (kind === undefined) return inode.isDirectory && latin1(value) === TRUE ? null : "EINVAL";
  const label = labelIn(value);
  return label === null || (!kind.everything && (label === STAR || label === WEB)) ? "EINVAL" : null;
}

/** SMACK64EXEC: the label that a program runs with; null where it keeps its caller's. */
function programLabel(inode: Inode): string | null {
  const stored = smackXattr(inode, SMACK64EXEC);
  const label = stored === null ? null : labelIn(stored);
  return label === STAR || label === WEB ? null : label;
}

export function smackModule(log: KernelLog): SecurityModule {
  const access = new SmackAccess(log);
  const ask =
    (caller: string, request: number) =>
    (task: Subject, what: Accessed): Denial =>
      access.ask(task, what, request, `smack_${caller}`);
  const writes = (caller: string) => {
    const asked = ask(caller, MAY.WRITE);
    return (task: Subject, { dentry }: Path) => asked(task, { dentry });
  };
  const reads = (caller: string) => {
    const asked = ask(caller, MAY.READ);
    return (task: Subject, { dentry }: Path) => asked(task, { dentry });
  };
  const getattr = ask("inode_getattr", MAY.READ);
  const fileOpen = ask("file_open", MAY.READ);
  const link = ask("inode_link", MAY.WRITE);
  const [unlink, rmdir] = [ask("inode_unlink", MAY.WRITE), ask("inode_rmdir", MAY.WRITE)];
  const rename = ask("inode_rename", READ_WRITE);
  const setattr = writes("inode_setattr");
  const setxattr = writes("inode_setxattr");
  const removexattr = writes("inode_removexattr");

  return {
    name: "smack",
    inodePermission(task, inode, mask) {
      const request = mask & ASKED;
      return request === 0 ? null : access.ask(task, { inode }, request, "smack_inode_permission");
    },
    fileOpen: (task, { path }) => fileOpen(task, { path }),
    inodeGetattr: (task, path) => getattr(task, { path }),
    inodeLink: (task, dentry) => link(task, { dentry }),
    inodeUnlink(task, dir, dentry) {
      const asked = dentry.inode!.isDirectory ? rmdir : unlink;
      return asked(task, { dentry }) ?? asked(task, { inode: dir });
    },
    inodeRename: (task, _fromDir, from, _toDir, _toName, target) =>
      rename(task, { dentry: from }) ?? (target === null ? null : rename(task, { dentry: target })),
    inodeSetattr: (task, path, change) => (change.kill === true ? null : setattr(task, path)),
    inodeSetxattr: (task, path, name, value) => vetXattr(task, path.dentry.inode!, name, value) ?? setxattr(task, path),
    inodeGetxattr: reads("inode_getxattr"),
    inodeRemovexattr(task, path, name) {
      const own = LABEL_XATTRS.has(name) || name === SMACK64TRANSMUTE;
      return own && !capable(task, "CAP_MAC_ADMIN") ? "EPERM" : removexattr(task, path);
    },
    inodeSetAcl: writes("inode_set_acl"),
    inodeGetAcl: reads("inode_get_acl"),
    inodeRemoveAcl: writes("inode_remove_acl"),
    /** The label that a file goes by, and whether a directory passes it on. */
    inodeGetsecurity(inode, name) {
      if (name === SMACK64) return encode(fileLabel(inode));
      return name === SMACK64TRANSMUTE ? (smackXattr(inode, name) ?? new Uint8Array()) : null;
    },
    /** Any value has to be a label first, whatever the name; only the label of the file is kept, in memory. */
    inodeSetsecurity(inode, name, value) {
      if (value.length === 0 || value.length > 256) return "EINVAL";
      let kept = latin1(value);
      if (name === SMACK64TRANSMUTE) {
        if (!inode.isDirectory || kept !== TRUE) return "EINVAL";
      } else {
        const label = labelIn(value);
        if (label === null) return "EINVAL";
        if (name !== SMACK64) return "EOPNOTSUPP";
        kept = label;
      }
      inode.xattrs.set(name, encode(kept));
      return null;
    },
    inodeListsecurity: () => [SMACK64],
    inodeInitSecurity(task, inode, _dir, _name, xattrs) {
      if (inode.isSocket && inode.sb.vfs.release.has("smack-sockets-unlabelled")) return null;
      xattrs.push({ name: SMACK64, value: encode(task.label ?? FLOOR) });
      return null;
    },
    bprmCredsForExec(_task, bprm) {
      bprm.label = programLabel(bprm.file.inode) ?? bprm.label;
      return null;
    },
  };
}
