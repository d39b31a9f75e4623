// From integrity records to what happened: records of the same file, operation and cause are one finding, with what it means and what mends it.
import { AUDIT_TYPE, type AuditRecord, auditField, auditSucceeded } from "../audit/index.ts";
import { CAUSES } from "./causes.ts";
import { recordCause } from "./record-causes.ts";

/** A failed check may have been denied; a violation never is, but spoils the list for a verifier. */
export type FindingKind = "appraisal" | "metadata" | "violation" | "policy" | "measurement";

export interface AuditFinding {
  readonly kind: FindingKind;
  readonly op: string;
  readonly cause: string;
  /** The path, or as much of a name as the record has; null where it names no file. */
  readonly file: string | null;
  /** The file system, as `dev=` names it. */
  readonly device: string | null;
  readonly inode: string | null;
  /** Commands that met it, and the users they ran as. */
  readonly commands: readonly string[];
  readonly users: readonly string[];
  readonly count: number;
  readonly firstLine: number;
  readonly lastLine: number;
  readonly meaning: string;
  readonly remedies: readonly string[];
}

const KINDS: Readonly<Partial<Record<number, FindingKind>>> = {
  [AUDIT_TYPE.INTEGRITY_DATA]: "appraisal",
  [AUDIT_TYPE.INTEGRITY_METADATA]: "metadata",
  [AUDIT_TYPE.INTEGRITY_STATUS]: "policy",
  [AUDIT_TYPE.INTEGRITY_PCR]: "measurement",
};

/** File systems whose files cannot be labelled for good, by the name in `dev=`, with the magic number that a rule would name. */
const WITHOUT_LABELS: Readonly<Record<string, string>> = {
  tmpfs: "0x01021994",
  ramfs: "0x858458f6",
  proc: "0x9fa0",
  sysfs: "0x62656572",
  debugfs: "0x64626720",
  securityfs: "0x73636673",
  cgroup: "0x27e0eb",
  cgroup2: "0x63677270",
};

/** Causes that come of a label that is not there. */
const UNLABELLED: ReadonlySet<string> = new Set(["missing-hash", "IMA-signature-required"]);

/** A way out that opens something is only told together with what it opens. */
function exception(device: string): string {
  const magic = WITHOUT_LABELS[device]!;
  return (
    `Files on ${device} have no lasting labels. A rule dont_appraise fsmagic=${magic} before the appraise rules would silence this, but it opens every ` +
    `${device}: whoever can write a file there can have it used unchecked. Narrow it to what needs it (func=, uid=, fowner=), and keep BPRM_CHECK and ` +
    "MMAP_CHECK appraised."
  );
}

function advice(op: string, cause: string, device: string | null): { meaning: string; remedies: string[] } {
  const row = CAUSES.find((each) => each.cause === cause && each.op === op) ?? recordCause(op, cause);
  if (row === undefined)
    return { meaning: `The kernel says ${op}: ${cause}; nothing more is known of it.`, remedies: [] };
  const open = device !== null && UNLABELLED.has(cause) && Object.hasOwn(WITHOUT_LABELS, device);
  return { meaning: row.meaning, remedies: [row.remedy, ...(open ? [exception(device)] : [])] };
}

/** A new list entry or a policy in force is no finding; an entry that the TPM did not take is one, though its record says success. */
function isNews(record: AuditRecord): boolean {
  if (KINDS[record.type] === undefined) return false;
  if (auditSucceeded(record) !== true) return true;
  return auditField(record, "op") === "invalid_pcr" || (auditField(record, "cause") ?? "").startsWith("TPM_error");
}

/** What the records tell, in the order in which each finding was first met. Successes aside, violations included. */
export function auditFindings(records: readonly AuditRecord[]): AuditFinding[] {
  const groups = new Map<string, AuditRecord[]>();
  for (const record of records) {
    if (!isNews(record)) continue;
    const key = JSON.stringify(["op", "cause", "name", "dev", "ino"].map((name) => auditField(record, name) ?? null));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [record]);
    else group.push(record);
  }
  return [...groups.values()].map((group): AuditFinding => {
    const first = group[0]!;
    const op = auditField(first, "op") ?? "";
    const cause = auditField(first, "cause") ?? "";
    const device = auditField(first, "dev") ?? null;
    const all = (name: string) => [...new Set(group.flatMap((record) => auditField(record, name) ?? []))];
    return {
      kind: op === "invalid_pcr" ? "violation" : KINDS[first.type]!,
      op,
      cause,
      file: auditField(first, "name") ?? null,
      device,
      inode: auditField(first, "ino") ?? null,
      commands: all("comm"),
      users: all("uid"),
      count: group.length,
      firstLine: first.line,
      lastLine: group.at(-1)!.line,
      ...advice(op, cause, device),
    };
  });
}
