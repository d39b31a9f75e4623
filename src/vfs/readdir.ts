// Listing a directory: open, getdents, close, as opendir and readdir do (fs/readdir.c: iterate_dir).
import { fail, ok, type Result } from "../errno/index.ts";
import type { OpenFile } from "./file.ts";
import { closeFile } from "./file-open.ts";
import { askFilePermission } from "./io.ts";
import { touchAtime } from "./native/attr.ts";
import { open } from "./open.ts";
import type { Path } from "./path.ts";
import { MAY } from "./security.ts";
import type { Subject } from "./task.ts";
import { O } from "./uapi.ts";
import type { Vfs } from "./vfs.ts";

/** Names in an open directory, `.` and `..` first. ENOTDIR, EBADF, ENOENT for a removed directory. */
export function getdents(vfs: Vfs, task: Subject, file: OpenFile): Result<string[]> {
  if (!file.canRead) return fail("EBADF");
  const { inode, path } = file;
  if (!inode.isDirectory) return fail("ENOTDIR");
  const refused = askFilePermission(vfs, task, file, MAY.READ);
  if (refused !== null) return fail(refused);
  if (inode.nlink === 0) return fail("ENOENT");
  const names = [".", "..", ...inode.sb.fs.list(vfs, path.dentry)];
  touchAtime(vfs, path.mount, inode);
  return ok(names);
}

/** Opens, lists and closes a directory. */
export function readdir(vfs: Vfs, task: Subject, base: Path, text: string): Result<string[]> {
  const file = open(vfs, task, base, text, O.RDONLY | O.DIRECTORY | O.NONBLOCK | O.CLOEXEC);
  if (!file.ok) return file;
  const names = getdents(vfs, task, file.value);
  closeFile(vfs, task, file.value);
  return names;
}
