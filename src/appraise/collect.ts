// Collecting the digest of a file (security/integrity/ima/ima_api.c: ima_collect_measurement).
import { AUDIT_TYPE } from "../audit/index.ts";
import { digest, type HashName, hashByName } from "../crypto/index.ts";
import { type Errno, fail, type Result } from "../errno/index.ts";
import {
  changeCookie,
  hasIversion,
  O,
  type OpenFile,
  openByPath,
  pathOf,
  queryIversion,
  readContent,
  realInode,
  type Subject,
} from "../vfs/index.ts";
import type { DecisionRecorder } from "./decision.ts";
import { DONE, type Iint } from "./iint.ts";
import type { Ima } from "./ima.ts";
import type { Modsig } from "./keys.ts";

interface Hashed {
  algorithm: HashName;
  bytes: Uint8Array | null;
  errno: Errno | null;
}

/** -EBADF and -EINVAL still leave a digest of zeros behind, for the measurement list to show that the file was met. */
export function leavesZeros(errno: Errno): boolean {
  return errno === "EBADF" || errno === "EINVAL";
}

/** @returns null once a digest is there, else why there is none */
export function collectMeasurement(
  ima: Ima,
  task: Subject,
  iint: Iint,
  file: OpenFile,
  buffer: Uint8Array | null,
  algorithm: HashName,
  modsig: Modsig | null,
  recorder: DecisionRecorder | null,
): Errno | null {
  if (modsig !== null && buffer !== null) modsig.supply(buffer);
  if (iint.has(DONE.COLLECTED)) {
    recorder?.step({
      kind: "collect",
      algorithm: iint.digest!.algorithm,
      digest: iint.digest!.bytes,
      errno: null,
      fresh: false,
      verity: iint.verityRequired,
    });
    return null;
  }
  const { inode } = file;
  // The cookie is read before the content: a write in between is then seen as a change.
  const version = ima.release.has("change-cookie") ? (changeCookie(inode) ?? 0) : queryIversion(inode);
  const found = hash(ima, task, iint, file, buffer, algorithm);
  recorder?.step({
    kind: "collect",
    algorithm: found.algorithm,
    digest: found.bytes,
    errno: found.errno,
    fresh: true,
    verity: iint.verityRequired,
  });
  if (found.errno === null || leavesZeros(found.errno)) {
    const bytes = found.bytes ?? new Uint8Array(hashByName(found.algorithm)!.size);
    iint.digest = { algorithm: found.algorithm, bytes };
    iint.version = version;
    const real = realInode(file.path.dentry);
    if (real !== inode) {
      iint.realIno = real.ino;
      iint.realDev = real.sb;
    }
    if (found.errno === null) iint.flags |= DONE.COLLECTED;
  }
  if (found.errno !== null) {
    const cause = file.direct
      ? "failed(directio)"
      : iint.verityRequired && found.errno === "ENODATA"
        ? "no-verity-digest"
        : "failed";
    if (recorder) recorder.cause = cause;
    ima.audit.record(task, {
      type: AUDIT_TYPE.INTEGRITY_DATA,
      inode,
      name: file.path.dentry.name,
      op: "collect_data",
      cause,
      result: -1,
    });
  }
  return found.errno;
}

function hash(
  ima: Ima,
  task: Subject,
  iint: Iint,
  file: OpenFile,
  buffer: Uint8Array | null,
  algorithm: HashName,
): Hashed {
  if (iint.verityRequired) {
    const verity = file.inode.verity;
    return verity === null
      ? { algorithm, bytes: null, errno: "ENODATA" }
      : { algorithm: verity.algorithm, bytes: verity.digest, errno: null };
  }
  // A file opened for direct I/O is refused whatever its file system could do, and the zeros take the name of ima_hash.
  if (buffer === null && file.direct) return { algorithm: ima.hash, bytes: null, errno: "EINVAL" };
  if (!ima.hashAvailable(algorithm)) {
    ima.log.printk(`ima: Can not allocate ${algorithm} (reason: -2)`);
    return { algorithm, bytes: null, errno: "ENOENT" };
  }
  if (buffer !== null) return { algorithm, bytes: digest(algorithm, buffer), errno: null };
  const content = contentToHash(ima, task, file);
  return content.ok
    ? { algorithm, bytes: digest(algorithm, content.value), errno: null }
    : { algorithm, bytes: null, errno: content.errno };
}

/** The content of an open file; one that was opened for writing only is opened a second time to read it, direct I/O is refused (ima_calc_file_hash). */
export function contentToHash(ima: Ima, task: Subject, file: OpenFile): Result<Uint8Array> {
  if (file.direct) return fail("EINVAL");
  if (file.canRead) return readContent(file);
  const again = openByPath(ima.vfs, task, pathOf(file), O.RDONLY | (file.flags & O.NOATIME));
  if (!again.ok) return again;
  const content = readContent(again.value);
  ima.closeReopened(task, again.value);
  return content;
}

/** Whether the content changed since it was collected, as far as the file system can tell (ima_check_last_writer). */
export function contentChanged(ima: Ima, iint: Iint, file: OpenFile): boolean {
  const { inode } = file;
  // inode_eq_iversion compares without marking the counter as seen.
  if (!ima.release.has("change-cookie")) return !hasIversion(inode) || inode.iversion.peek() !== iint.version;
  const cookie = changeCookie(inode);
  if (cookie !== null) return cookie !== iint.version;
  if (!ima.release.has("iversion-fallback")) return true;
  const real = realInode(file.path.dentry);
  return !hasIversion(real) || real.iversion.peek() !== iint.version;
}
