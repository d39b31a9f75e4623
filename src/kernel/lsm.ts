// Which security modules a kernel has, as /sys/kernel/security/lsm lists them, and what labels they give
// (security/security.c: ordered_lsm_init; lsm= and CONFIG_LSM).
import { apparmorLabels, smackLabels } from "../policy/index.ts";
import type { Kconfig, Release } from "../release/index.ts";
import { capable, type SecurityModule } from "../vfs/index.ts";
import type { KernelLabels } from "./options.ts";

const utf8 = new TextDecoder();
/** The label of processes and files that nobody labelled. */
const FLOOR = "_";
/** What files of tmpfs go by that have no label. */
const STAR = "*";

/** SMK_LONGLABEL less its terminator; no label has one of the characters (smk_parse_label). */
const LABEL = /^[^-\x00-\x20/"'\\\x7f-\uffff][^\x00-\x20/"'\\\x7f-\uffff]{0,254}/;

/** Smack, as far as integrity meets it: processes run with the floor label until they name another, and give theirs to the files they make. */
export function smackKernelLabels(): KernelLabels {
  const named = new WeakMap<object, string>();
  return {
    source: smackLabels,
    subject: (task) => named.get(task) ?? FLOOR,
    setSubject(task, label) {
      const text = LABEL.exec(label)?.[0];
      if (text === undefined) return "EINVAL";
      named.set(task, text);
      return null;
    },
    object: (inode) => {
      const label = inode.xattrs.get("security.SMACK64");
      return label === undefined ? FLOOR : utf8.decode(label);
    },
  };
}

/** AppArmor without a profile: processes are unconfined, files have no labels. */
export function apparmorKernelLabels(): KernelLabels {
  return { source: apparmorLabels(), subject: () => "unconfined", object: () => null };
}

/** Xattrs that hold a label, and whether the labels of everything (`*` and `@`) may stand there. */
const LABEL_XATTRS: ReadonlyMap<string, { readonly everything: boolean }> = new Map([
  ["security.SMACK64", { everything: true }],
  ["security.SMACK64IPIN", { everything: true }],
  ["security.SMACK64IPOUT", { everything: true }],
  ["security.SMACK64EXEC", { everything: false }],
  ["security.SMACK64MMAP", { everything: false }],
]);

/** smack_inode_init_security: a new file gets the label of its maker. smack_inode_setxattr: only labels can be set as such. */
export const smackModule: SecurityModule = {
  name: "smack",
  inodeSetxattr(task, path, name, value) {
    const text = String.fromCharCode(...value.subarray(0, 256));
    const kind = LABEL_XATTRS.get(name);
    if (kind !== undefined) {
      if (!capable(task, "CAP_MAC_ADMIN")) return "EPERM";
      const label = LABEL.exec(text)?.[0];
      return label === undefined || (!kind.everything && (label === "*" || label === "@")) ? "EINVAL" : null;
    }
    if (name !== "security.SMACK64TRANSMUTE") return null;
    if (!capable(task, "CAP_MAC_ADMIN")) return "EPERM";
    return path.dentry.inode!.isDirectory && text === "TRUE" ? null : "EINVAL";
  },
  /** smack_inode_getsecurity, smack_d_instantiate: the label that a file goes by, and whether a directory passes it on. */
  inodeGetsecurity(inode, name) {
    const { fs, vfs, type, root } = inode.sb;
    if (name !== "security.SMACK64" && name !== "security.SMACK64TRANSMUTE") return null;
    const held = inode.noXattr ? inode.xattrs.get(name) : undefined;
    if (held !== undefined) return held;
    const stored = inode.noXattr ? null : fs.getXattr(vfs, inode, name);
    if (stored?.ok === true) return stored.value;
    if (name === "security.SMACK64TRANSMUTE") return new Uint8Array();
    return new TextEncoder().encode(type.name === "tmpfs" && inode !== root.inode ? STAR : FLOOR);
  },
  /** smack_inode_setsecurity: any value has to be a label first, whatever the name; only the label of the file is kept, in memory. */
  inodeSetsecurity(inode, name, value) {
    if (value.length === 0 || value.length > 256) return "EINVAL";
    const text = String.fromCharCode(...value);
    let kept = text;
    if (name === "security.SMACK64TRANSMUTE") {
      if (!inode.isDirectory || text !== "TRUE") return "EINVAL";
    } else {
      const label = LABEL.exec(text)?.[0];
      if (label === undefined) return "EINVAL";
      if (name !== "security.SMACK64") return "EOPNOTSUPP";
      kept = label;
    }
    inode.xattrs.set(name, new TextEncoder().encode(kept));
    return null;
  },
  inodeListsecurity: () => ["security.SMACK64"],
  inodeInitSecurity(task, inode, _dir, _name, xattrs) {
    if (inode.isSocket && inode.sb.vfs.release.has("smack-sockets-unlabelled")) return null;
    xattrs.push({ name: "security.SMACK64", value: new TextEncoder().encode(task.label ?? FLOOR) });
    return null;
  },
};

/** The list for `/sys/kernel/security/lsm`. */
export function lsmList(release: Release, config: Kconfig, others: readonly string[]): string {
  const names = ["capability", ...others];
  if (release.has("lsm-hooks")) {
    if (config.enabled("IMA")) names.push("ima");
    if (config.enabled("EVM")) names.push("evm");
  }
  return names.join(",");
}
