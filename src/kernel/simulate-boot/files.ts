// How the programs of a boot read and write files, as far as integrity sees it: whole files, one open each.
import { type Errno, fail, ok, type Result } from "../../errno/index.ts";
import { O, S } from "../../vfs/index.ts";
import type { Process } from "../process.ts";
import type { BootFinding } from "./report.ts";

const CHUNK = 65536;

export function isThere(process: Process, path: string): boolean {
  return process.sys.stat(path, true).ok;
}

/** `[ -f path ]` */
export function isFile(process: Process, path: string): boolean {
  const found = process.sys.stat(path, true);
  return found.ok && (found.value.mode & S.IFMT) === S.IFREG;
}

export function readAll({ sys }: Process, path: string): Result<Uint8Array> {
  const opened = sys.open(path, O.RDONLY | O.CLOEXEC, 0);
  if (!opened.ok) return opened;
  const parts: Uint8Array[] = [];
  let failed: Errno | null = null;
  for (;;) {
    const part = sys.read(opened.value, CHUNK);
    if (!part.ok) failed = part.errno;
    if (!part.ok || part.value.length === 0) break;
    parts.push(part.value);
  }
  sys.close(opened.value);
  if (failed !== null) return fail(failed);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return ok(bytes);
}

/** One open, the writes one after the other, one close. @returns what the first write that failed was refused with */
export function writeInto({ sys }: Process, path: string, writes: readonly Uint8Array[]): Errno | null {
  const opened = sys.open(path, O.WRONLY | O.CLOEXEC, 0);
  if (!opened.ok) return opened.errno;
  let failed: Errno | null = null;
  for (const bytes of writes) {
    for (let at = 0; at < bytes.length && failed === null; ) {
      const written = sys.write(opened.value, bytes.subarray(at));
      if (!written.ok) failed = written.errno;
      else at += Math.max(1, written.value);
    }
  }
  sys.close(opened.value);
  return failed;
}

export const failed = (errno: Errno, file: string, detail?: string): BootFinding => ({
  outcome: "failed",
  errno,
  file,
  ...(detail !== undefined && { detail }),
});
