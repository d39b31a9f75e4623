// An open file: what a descriptor stands for (include/linux/fs.h: struct file).
import type { Inode } from "./inode.ts";
import type { Path } from "./path.ts";
import type { Credentials } from "./task.ts";
import { O } from "./uapi.ts";

export class OpenFile {
  readonly path: Path;
  readonly inode: Inode;
  /** O_* as given, creation flags aside. */
  flags: number;
  /** FMODE_READ, FMODE_WRITE. */
  readonly canRead: boolean;
  readonly canWrite: boolean;
  /** FMODE_PWRITE; what is opened as a sequence of records has lost it (fs/seq_file.c: seq_open). */
  positionedWrite = true;
  /** O_PATH: names a file without opening it. */
  readonly isPath: boolean;
  /** Credentials of the opener. */
  readonly cred: Credentials;
  /** FMODE_CREATED: this open made the file. */
  created = false;
  /** Opened to be run: it denies writers while it is open (FMODE_EXEC, deny_write_access). */
  exec = false;
  /** FMODE_OPENED: open went through, close must undo it. */
  opened = false;
  /** It stands in i_readcount or i_writecount; a file that the kernel makes without opening it (memfd) does not. */
  counted = false;
  pos = 0;
  /** Descriptors and mappings that share it. */
  refs = 1;
  /** The file under an overlay's file, opened without asking the hooks of opening. */
  backing: OpenFile | null = null;
  /** For a backing file: the path that its user sees (backing_file_user_path) and the inode there; it holds on to both. */
  userPath: Path | null = null;
  userInode: Inode | null = null;
  /** What a pseudo file keeps for this opener. */
  session: unknown = null;
  /** The content that a pseudo file made for this reader. */
  content: Uint8Array | null = null;

  constructor(path: Path, inode: Inode, flags: number, cred: Credentials) {
    this.path = path;
    this.inode = inode;
    this.flags = flags;
    this.isPath = (flags & O.PATH) !== 0;
    const accmode = flags & O.ACCMODE;
    this.canRead = !this.isPath && (accmode === O.RDONLY || accmode === O.RDWR);
    this.canWrite = !this.isPath && (accmode === O.WRONLY || accmode === O.RDWR);
    this.cred = cred;
  }

  /** O_DIRECT. */
  get direct(): boolean {
    return (this.flags & O.DIRECT) !== 0;
  }
}
