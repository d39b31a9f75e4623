// One verification, told to whoever asked for it: why it ended so, the bytes that went in, and what would have fitted.
import type { HashName } from "../crypto/index.ts";
import type { Errno } from "../errno/index.ts";
import { dentryPath, type Inode, type Subject } from "../vfs/index.ts";
import type { EvmCandidates } from "./alternatives.ts";
import type { EvmCore } from "./core.ts";
import { diagnoseVerification, type EvmDiagnosis } from "./diagnose.ts";
import { explainVerification } from "./explain.ts";
import type { EvmFinding, EvmVerification } from "./observe.ts";
import { type EvmField, preimageFields } from "./preimage.ts";
import type { EvmStatus } from "./status.ts";
import { signedDigest } from "./verify.ts";

export interface EvmExamination {
  readonly status: EvmStatus;
  readonly finding: EvmFinding;
  readonly errno: Errno | null;
  /** security.evm, where it was read. */
  readonly label: Uint8Array | null;
  /** What was computed over the file as it is, and how; null where it did not come to that. */
  readonly algorithm: HashName | null;
  readonly digest: Uint8Array | null;
  /** The bytes that went in, field by field. */
  readonly fields: readonly EvmField[];
  /** Status and reason in a sentence. */
  readonly text: string;
  /** Why the signature was refused, as the keyrings tell it; null where it was not a matter of keys. */
  explainSignature(): string | null;
  /** The first plausible difference with which the label would verify; null where none was found, or none is looked for. */
  diagnose(candidates?: EvmCandidates): EvmDiagnosis | null;
}

/** Runs a verification with somebody watching. */
export function examine(core: EvmCore, task: Subject, verify: () => EvmStatus): EvmExamination | null {
  const outer = core.observer;
  let seen: EvmVerification | null = null;
  // Not written where it is assigned: V8 takes a function that is for one that lives long, and what it sees with it.
  const watch: NonNullable<EvmCore["observer"]> = (event) => {
    if (event.kind === "verification") seen = event;
    outer?.(event);
  };
  core.observer = watch;
  try {
    verify();
  } finally {
    core.observer = outer;
  }
  return seen && told(core, task, seen);
}

function told(core: EvmCore, task: Subject, seen: EvmVerification): EvmExamination {
  const { status, finding, errno, label, hashed } = seen;
  const refused = finding === "bad-signature" && errno !== null && label !== null && hashed !== null;
  const explainSignature = refused
    ? core.keys.explainSignature?.(task, label, signedDigest(core, label, hashed), errno)
    : undefined;
  return {
    status,
    finding,
    errno,
    label,
    algorithm: hashed?.algorithm ?? null,
    digest: hashed?.digest ?? null,
    // Most who get this look at the status only.
    get fields() {
      return hashed === null ? [] : preimageFields(hashed.input);
    },
    get text() {
      return explainVerification(seen);
    },
    explainSignature: () => explainSignature?.() ?? null,
    diagnose: (candidates) => diagnoseVerification(core, task, seen, candidates ?? surroundings(seen.inode)),
  };
}

/** What is at hand without being told: the other files in memory, the other file systems. */
export function surroundings(inode: Inode): EvmCandidates {
  const { sb } = inode;
  const others = [...sb.vfs.superblocks].filter((other) => other !== sb && other.uuid.some((byte) => byte !== 0));
  return { inodes: filesBeside(inode), uuids: others.map((other) => ({ uuid: other.uuid, name: other.id })) };
}

/** So many names are looked at. */
const NAMES = 1000;

function filesBeside(inode: Inode) {
  const found: { ino: number; generation: number; name: string }[] = [];
  const todo = [inode.sb.root];
  for (let dentry = todo.pop(); dentry !== undefined && found.length < NAMES; dentry = todo.pop()) {
    if (dentry.children !== null) todo.push(...dentry.children.values());
    const other = dentry.inode;
    if (other?.isRegular && other !== inode)
      found.push({ ino: other.ino, generation: other.generation, name: dentryPath(dentry) });
  }
  return found;
}
