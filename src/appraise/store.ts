// Putting a measured file on the list, and the record of an `audit` rule (security/integrity/ima/ima_api.c: ima_store_measurement, ima_audit_measurement).
import { bytesToHex } from "@noble/hashes/utils.js";
import { AUDIT_TYPE, untrusted } from "../audit/index.ts";
import { hashByName, hashNameOf } from "../crypto/index.ts";
import type { EventData } from "../measure/index.ts";
import { RULE_FLAG } from "../policy/index.ts";
import type { OpenFile, Subject } from "../vfs/index.ts";
import type { DecisionRecorder } from "./decision.ts";
import { eventFile } from "./event-file.ts";
import { DONE, type Iint } from "./iint.ts";
import type { Ima, ImaMatch } from "./ima.ts";
import type { Modsig } from "./keys.ts";

export interface Measured {
  readonly iint: Iint;
  readonly file: OpenFile;
  readonly name: string;
  readonly xattr: Uint8Array | null;
  readonly modsig: Modsig | null;
  readonly pcr: number;
  readonly template: ImaMatch["template"];
}

export function storeMeasurement(ima: Ima, task: Subject, m: Measured, recorder: DecisionRecorder | null): void {
  const { iint, file, modsig, pcr, template } = m;
  const bit = 1 << pcr;
  // An appended signature is only at hand while the content is read, so it is listed even where the content was before.
  if ((iint.measuredPcrs & bit) !== 0 && modsig === null) return;
  const { algorithm, bytes } = iint.digest!;
  const outcome = ima.list.measureFile(
    {
      filename: m.name,
      digest: { algo: algorithm, bytes },
      verity: iint.has(RULE_FLAG.VERITY_REQUIRED),
      xattr: m.xattr,
      modsig: modsigOf(modsig),
      buffer: null,
      violation: null,
      file: eventFile(ima, task, file),
    },
    { template, pcr, inode: file.inode, task },
  );
  const word = outcome.ok ? outcome.value : "failed";
  recorder?.step({ kind: "measure", pcr, template: template.title, outcome: word });
  if ((word === "added" || word === "exists") && !file.direct) {
    iint.flags |= DONE.MEASURED;
    iint.measuredPcrs |= bit;
  }
}

function modsigOf(modsig: Modsig | null): EventData["modsig"] {
  if (modsig === null) return null;
  const { digest, raw } = modsig;
  return { digest: digest && { algo: digest.algorithm, bytes: digest.bytes }, raw };
}

/** Record 1805, once for each content. */
export function auditFile(ima: Ima, task: Subject, iint: Iint, name: string): void {
  if (iint.has(DONE.AUDITED) || iint.digest === null) return;
  const { algorithm, bytes } = iint.digest;
  const hash = `${hashNameOf(hashByName(algorithm)!, ima.release)}:${bytesToHex(bytes)}`;
  ima.log.audit(AUDIT_TYPE.INTEGRITY_RULE, `file=${untrusted(name)} hash="${hash}"${taskInfo(task)}`);
  iint.flags |= DONE.AUDITED;
}

/** kernel/auditsc.c: audit_log_task_info */
function taskInfo(task: Subject): string {
  const { cred } = task;
  const ids = `auid=${task.auid} uid=${cred.uid} gid=${cred.gid} euid=${cred.euid} suid=${cred.suid} fsuid=${cred.fsuid} egid=${cred.egid} sgid=${cred.sgid} fsgid=${cred.fsgid}`;
  const exe = task.exe === null ? "(null)" : untrusted(task.exe);
  const label = task.label === null ? "" : ` subj=${task.label}`;
  return ` ppid=${task.ppid} pid=${task.pid} ${ids} tty=${task.tty} ses=${task.ses} comm=${untrusted(task.comm)} exe=${exe}${label}`;
}
