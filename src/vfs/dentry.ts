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
  /** Holders beside the tree of names: open files, overlays, working directories. */
  pins = 0;

  constructor(sb: SuperBlock, name: string, parent: Dentry | null, inode: Inode | null) {
    this.sb = sb;
    this.name = name;
    this.parent = parent ?? this;
    this.inode = inode;
  }

  get isRoot(): boolean {
    return this.parent === this;
  }

  /**
   * A name that no directory holds: `#12` of a file made with O_TMPFILE, which knows the directory it was made in,
   * or that of a memfd, which knows none.
   */
  static anonymous(sb: SuperBlock, name: string, parent: Dentry | null, inode: Inode): Dentry {
    const dentry = new Dentry(sb, name, parent, inode);
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
