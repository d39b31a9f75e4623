// memfd_create: a file of memory that never had a name (mm/memfd.c; mm/shmem.c: __shmem_file_setup). It lies on the kernel's own tmpfs.
import { fail, ok, type Result } from "../errno/index.ts";
import { Content } from "./content.ts";
import { Dentry } from "./dentry.ts";
import { OpenFile } from "./file.ts";
import { Inode } from "./inode.ts";
import { usedMemory } from "./inode-memory.ts";
import { kernelMount } from "./mount/kernel-mount.ts";
import { newIno } from "./native/inode-number.ts";
import type { Subject } from "./task.ts";
import { O, S } from "./uapi.ts";
import type { Vfs } from "./vfs.ts";

const CLOEXEC = 1;
const ALLOW_SEALING = 2;
const NOEXEC_SEAL = 8;
const EXEC = 0x10;
/** MFD_NAME_MAX_LEN: NAME_MAX less "memfd:". */
const NAME_MAX = 249;

/** memfd_create(2): a file open for reading and writing. EINVAL for unknown flags or a name that is too long. */
export function memfdCreate(vfs: Vfs, task: Subject, name: string, flags = 0): Result<OpenFile> {
  const known = CLOEXEC | ALLOW_SEALING | (vfs.release.atLeast("6.3") ? NOEXEC_SEAL | EXEC : 0);
  if ((flags & ~known) !== 0 || name.length > NAME_MAX) return fail("EINVAL");
  if ((flags & (NOEXEC_SEAL | EXEC)) === (NOEXEC_SEAL | EXEC)) return fail("EINVAL");
  // shm_mnt
  const mount = kernelMount(vfs, "tmpfs");
  const { sb } = mount;
  const ino = newIno(vfs, sb);
  const inode = new Inode(sb, {
    ino,
    generation: vfs.newGeneration(sb, ino),
    mode: S.IFREG | (flags & NOEXEC_SEAL ? 0o666 : 0o777),
    uid: task.cred.fsuid,
    gid: task.cred.fsgid,
    nlink: 0,
    time: vfs.clock(),
    ...usedMemory(vfs, sb),
  });
  inode.content = new Content();
  sb.inodes.set(inode.ino, inode);
  const dentry = Dentry.anonymous(sb, `memfd:${name}`, null, inode);
  const file = new OpenFile({ mount, dentry }, inode, O.RDWR | O.LARGEFILE, task.cred);
  // alloc_file_pseudo: it counts neither as a reader nor as a writer, so that the program in it can be run while it is open.
  file.opened = true;
  inode.openFiles++;
  dentry.pins++;
  mount.pins++;
  return ok(file);
}
