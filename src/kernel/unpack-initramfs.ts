// How the kernel unpacks an initramfs into the first root (init/initramfs.c: do_name, do_symlink): what cannot be made is left out without a word,
// and directories are not made for what lies in them.
import type { ArchiveEntry } from "../formats/index.ts";
import { O, S } from "../vfs/index.ts";
import type { SystemCalls } from "./system-calls.ts";

const FORMATS = { character: S.IFCHR, block: S.IFBLK, fifo: S.IFIFO, socket: S.IFSOCK } as const;
const NO_DEVICE = { major: 0, minor: 0 };

/** What is there already of another kind gives way. */
function makeRoom(sys: SystemCalls, path: string, format: number): void {
  const there = sys.stat(path, false);
  if (!there.ok || (there.value.mode & S.IFMT) === format) return;
  if ((there.value.mode & S.IFMT) === S.IFDIR) sys.rmdir(path);
  else sys.unlink(path);
}

function writeFile(sys: SystemCalls, { path, mode, uid, gid, bytes }: ArchiveEntry & { type: "file" }): void {
  makeRoom(sys, path, S.IFREG);
  const fd = sys.open(path, O.WRONLY | O.CREAT | O.TRUNC, mode);
  if (!fd.ok) return;
  sys.fchown(fd.value, uid, gid);
  sys.fchmod(fd.value, mode);
  sys.write(fd.value, bytes);
  sys.close(fd.value);
}

export function unpackEntry(sys: SystemCalls, entry: ArchiveEntry): void {
  const { path, mode, uid, gid } = entry;
  switch (entry.type) {
    case "file":
      return writeFile(sys, entry);
    case "link":
      makeRoom(sys, path, 0);
      sys.link(entry.target, path);
      return;
    case "symlink":
      makeRoom(sys, path, 0);
      sys.symlink(entry.target, path);
      sys.chown(path, uid, gid, false);
      return;
    case "directory":
      makeRoom(sys, path, S.IFDIR);
      sys.mkdir(path, mode);
      break;
    default: {
      const format = FORMATS[entry.type];
      makeRoom(sys, path, format);
      const device = entry.type === "character" || entry.type === "block" ? entry : NO_DEVICE;
      sys.mknod(path, format | mode, { major: device.major, minor: device.minor });
    }
  }
  sys.chown(path, uid, gid, true);
  sys.chmod(path, mode);
}
