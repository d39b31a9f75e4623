// Labels of Smack: what one is, which a file goes by, and which a process runs with (security/smack/smack_access.c: smk_parse_label_len;
// smack_lsm.c: smack_d_instantiate, smack_setprocattr).
import type { Denial } from "../../errno/index.ts";
import { smackLabels } from "../../policy/index.ts";
import type { Release } from "../../release/index.ts";
import { capable, findAlias, type Inode, type Subject, TMPFS_MAGIC } from "../../vfs/index.ts";
import type { KernelLabels } from "../options.ts";

export const SMACK64 = "security.SMACK64";
export const SMACK64EXEC = "security.SMACK64EXEC";
export const SMACK64TRANSMUTE = "security.SMACK64TRANSMUTE";

/** The label of processes and files that nobody labelled. */
export const FLOOR = "_";
/** What everybody may access: files of tmpfs without a label, control groups, sockets. */
export const STAR = "*";
/** Who has it may read everything. */
export const HAT = "^";
/** Who has it may access everything, and everybody may access it. */
export const WEB = "@";

/** SMK_LONGLABEL: bytes of a label, its terminator among them. */
const LONGEST = 256;
/** A label goes up to the first character that cannot be part of one. */
const LABEL = /^[^-\x00-\x20/"'\\\x7f-\uffff][^\x00-\x20/"'\\\x7f-\uffff]{0,254}/;

/** The label that bytes begin with; null where they begin with none. */
export function labelIn(bytes: Uint8Array): string | null {
  return LABEL.exec(String.fromCharCode(...bytes.subarray(0, LONGEST)))?.[0] ?? null;
}

const encoded = (text: string): Uint8Array => Uint8Array.from(text, (c) => Math.min(c.charCodeAt(0), 0xff));

/** The value of one of Smack's xattrs; null where there is none. Where the file system keeps none, that in memory counts. */
export function smackXattr(inode: Inode, name: string): Uint8Array | null {
  if (inode.noXattr) return inode.xattrs.get(name) ?? null;
  const { fs, vfs } = inode.sb;
  const stored = fs.getXattr(vfs, inode, name);
  return stored.ok ? stored.value : null;
}

const STAR_FILE_SYSTEMS: ReadonlySet<string> = new Set(["cgroup", "cgroup2", "smackfs"]);

/** Whether it is a file of a process, in the directory of /proc that has its number. */
function isOfProcess(inode: Inode): boolean {
  let dentry = findAlias(inode);
  while (dentry !== null && !dentry.isRoot && !dentry.parent.isRoot) dentry = dentry.parent;
  return dentry !== null && /^\d+$/.test(dentry.name);
}

/** smk_of_inode: the label that a file goes by; in /proc, those of a process have its own. @param asker whose files of /proc are asked for */
export function fileLabel(inode: Inode, asker: { readonly label: string | null } | null = null): string {
  const { type, root, vfs } = inode.sb;
  if (type.name === "proc" && asker !== null && isOfProcess(inode)) return asker.label ?? FLOOR;
  if (STAR_FILE_SYSTEMS.has(type.name)) return STAR;
  if (inode.isSocket && vfs.release.has("smack-sockets-unlabelled")) return STAR;
  const stored = type.name === "proc" ? null : smackXattr(inode, SMACK64);
  const label = stored === null ? null : labelIn(stored);
  return label ?? (type.magic === TMPFS_MAGIC && inode !== root.inode ? STAR : FLOOR);
}

/** What a process that writes to /proc/self/attr/current becomes: an errno, or its label. */
function chosenLabel(task: Subject, text: string, release: Release): Denial | { readonly label: string } {
  const privileged = capable(task, "CAP_MAC_ADMIN");
  const exact = release.has("smack-label-exact");
  if (!exact && !privileged) return "EPERM";
  const given = exact ? text.replace(/\n?\0?$/, "") : text;
  const bytes = encoded(given);
  if (bytes.length === 0 || bytes.length >= LONGEST) return "EINVAL";
  const label = labelIn(bytes);
  if (label === null || (exact && label.length !== bytes.length)) return "EINVAL";
  if (label === STAR || label === WEB || !privileged) return "EPERM";
  return { label };
}

/** Processes run with the floor label until they name another. */
export function smackKernelLabels(release: Release): KernelLabels {
  const named = new WeakMap<object, string>();
  return {
    source: smackLabels,
    subject: (task) => named.get(task) ?? FLOOR,
    setSubject(task, text) {
      const chosen = chosenLabel(task, text, release);
      if (chosen === null || typeof chosen === "string") return chosen;
      named.set(task, chosen.label);
      return null;
    },
    become(task, label) {
      named.set(task, label);
    },
    object: (inode, task) => fileLabel(inode, task),
  };
}
