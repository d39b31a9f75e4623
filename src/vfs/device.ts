// Files without content of their own: the memory devices and named pipes (drivers/char/mem.c, fs/pipe.c). Nothing here ever waits:
// where a process would have to, the answer is EAGAIN.
import { fail, ok, type Result } from "../errno/index.ts";
import type { OpenFile } from "./file.ts";

const ZERO = "1:5";
const FULL = "1:7";

const deviceOf = ({ inode: { rdev } }: OpenFile): string => `${rdev.major}:${rdev.minor}`;

export function readDevice(file: OpenFile, length: number): Result<Uint8Array> {
  if (file.inode.isFifo) {
    const queue = file.inode.queue ?? new Uint8Array(0);
    if (queue.length === 0) return file.inode.writeCount > 0 ? fail("EAGAIN") : ok(queue);
    file.inode.queue = queue.slice(length);
    return ok(queue.slice(0, length));
  }
  const device = deviceOf(file);
  return device === ZERO || device === FULL ? ok(new Uint8Array(length)) : ok(new Uint8Array(0));
}

export function writeDevice(file: OpenFile, bytes: Uint8Array): Result<number> {
  if (file.inode.isFifo) {
    const queue = file.inode.queue ?? new Uint8Array(0);
    const joined = new Uint8Array(queue.length + bytes.length);
    joined.set(queue);
    joined.set(bytes, queue.length);
    if (joined.length > 65536) return fail("EAGAIN");
    file.inode.queue = joined;
    return ok(bytes.length);
  }
  return deviceOf(file) === FULL ? fail("ENOSPC") : ok(bytes.length);
}
