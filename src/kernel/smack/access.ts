// Who may access what, where no rules are loaded, and the records of those who may not (security/smack/smack_access.c: smk_access,
// smk_tskacc, smack_log; security/lsm_audit.c: dump_common_audit_data).
import { type KernelLog, untrusted } from "../../audit/index.ts";
import type { Denial } from "../../errno/index.ts";
import {
  capable,
  type Dentry,
  displayPath,
  findAlias,
  type Inode,
  MAY,
  type Path,
  type Subject,
} from "../../vfs/index.ts";
import { FLOOR, fileLabel, HAT, STAR, WEB } from "./labels.ts";

/** AUDIT_AVC */
const RECORD = 1400;
const READING = MAY.READ | MAY.EXEC;

// biome-ignore format: a table reads better in columns
const LETTERS = [[MAY.READ, "r"], [MAY.WRITE, "w"], [MAY.EXEC, "x"], [MAY.APPEND, "a"]] as const;

/** What is accessed, as a record names it. */
export type Accessed = { readonly inode: Inode } | { readonly dentry: Dentry } | { readonly path: Path };

function permits(subject: string, object: string, request: number): boolean {
  if (subject === STAR) return false;
  if (object === WEB || subject === WEB || object === STAR || subject === object) return true;
  return (request & ~READING) === 0 && (object === FLOOR || subject === HAT);
}

const inodeOf = (what: Accessed): Inode =>
  "inode" in what ? what.inode : "dentry" in what ? what.dentry.inode! : what.path.dentry.inode!;

function named(what: Accessed): string {
  if ("path" in what) return ` path=${untrusted(displayPath(what.path) ?? "")}`;
  const dentry = "dentry" in what ? what.dentry : findAlias(what.inode);
  return dentry === null ? "" : ` name=${untrusted(dentry.name)}`;
}

export class SmackAccess {
  readonly #log: KernelLog;

  constructor(log: KernelLog) {
    this.#log = log;
  }

  /** smk_curacc. @param caller the function of the kernel that asks; records name it. */
  ask(task: Subject, what: Accessed, request: number, caller: string): Denial {
    const inode = inodeOf(what);
    const subject = task.label ?? FLOOR;
    const object = fileLabel(inode, task);
    if (permits(subject, object, request) || capable(task, "CAP_MAC_OVERRIDE")) return null;
    const letters = LETTERS.flatMap(([bit, letter]) => ((request & bit) !== 0 ? [letter] : [])).join("");
    this.#log.audit(
      RECORD,
      `lsm=SMACK fn=${caller} action=denied subject=${untrusted(subject)} object=${untrusted(object)} requested=${letters}` +
        ` pid=${task.pid} comm=${untrusted(task.comm)}${named(what)} dev=${untrusted(inode.sb.id)} ino=${inode.ino}`,
    );
    return "EACCES";
  }
}
