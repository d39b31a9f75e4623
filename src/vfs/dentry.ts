// A name in a directory and the tree of names that one mounted file system shows (include/linux/dcache.h: struct dentry).
import type { Inode } from "./inode.ts";
import type { SuperBlock } from "./superblock.ts";

export class Dentry {
  readonly sb: SuperBlock;
  name: string;
  /** The directory that holds the name; the root is its own parent. */
  parent: Dentry;
  /** null: a name that is about to be made. */
  inode: Inode | null;
  /** Names looked up so far, for directories. */
  children: Map<string, Dentry> | null = null;
  /** Unlinked while somebody still held it: it is in no directory any more. */
  unhashed = false;
  /** How many mounts sit on it. */
  mounts = 0;

  constructor(sb: SuperBlock, name: string, parent: Dentry | null, inode: Inode | null) {
    this.sb = sb;
    this.name = name;
    this.parent = parent ?? this;
    this.inode = inode;
  }

  get isRoot(): boolean {
    return this.parent === this;
  }

  /** A name without a directory, as O_TMPFILE and memfd_create make it. */
  static anonymous(sb: SuperBlock, name: string, inode: Inode): Dentry {
    const dentry = new Dentry(sb, name, null, inode);
    dentry.unhashed = true;
    return dentry;
  }

  attach(): void {
    this.parent.children ??= new Map();
    this.parent.children.set(this.name, this);
    this.unhashed = false;
  }
  detach(): void {
    if (this.parent.children?.get(this.name) === this) this.parent.children.delete(this.name);
    this.unhashed = true;
  }
}
