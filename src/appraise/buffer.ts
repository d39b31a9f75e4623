// Measuring what is not a file: command lines, keys, the kernel's critical data
// (security/integrity/ima/ima_main.c: process_buffer_measurement, ima_measure_critical_data, ima_kexec_cmdline).
import type { Errno } from "../errno/index.ts";
import { ACTION, FUNC, type Func, measuredName } from "../policy/index.ts";
import type { Inode, Subject } from "../vfs/index.ts";
import type { Ima } from "./ima.ts";

export interface BufferEvent {
  readonly buffer: Uint8Array;
  /** The name in the list. */
  readonly event: string;
  /** The hook whose rules decide; null measures in any case. */
  readonly func: Func | null;
  readonly pcr?: number;
  /** The file that the buffer belongs to, where rules may look at one. */
  readonly inode?: Inode;
  /** Keyring or label, for the rules of KEY_CHECK and CRITICAL_DATA. */
  readonly data?: string;
  /** The list holds the digest of the buffer instead of the buffer. */
  readonly hashed?: boolean;
}

/** @returns null once it is in the list; ENOENT where no rule wants it */
export function measureBuffer(ima: Ima, task: Subject, e: BufferEvent): Errno | null {
  if (ima.policyFlag === 0) return "ENOENT";
  let pcr = e.pcr ?? 0;
  let template = ima.list.setup.bufferTemplate;
  if (e.func !== null) {
    const matched = ima.matchBuffer(task, e.func, e.inode ?? null, e.data ?? null);
    if ((matched.action & ACTION.MEASURE) === 0) return "ENOENT";
    if (matched.pcr !== null) pcr = matched.pcr;
    template = matched.template ?? template;
  }
  if (template === undefined) return "EINVAL";
  const outcome = ima.list.measureBuffer({
    buffer: e.buffer,
    name: e.event,
    template,
    pcr,
    hashed: e.hashed === true,
    func: measuredName(e.func ?? FUNC.NONE),
    task,
  });
  return outcome.ok ? null : outcome.errno;
}

/** @returns ENOPARAM for an empty event, label or buffer */
export function measureCriticalData(
  ima: Ima,
  task: Subject,
  label: string,
  event: string,
  buffer: Uint8Array,
  hashed: boolean,
): Errno | null {
  if (label === "" || event === "" || buffer.length === 0) return "ENOPARAM";
  return measureBuffer(ima, task, { buffer, event, func: FUNC.CRITICAL_DATA, data: label, hashed });
}
