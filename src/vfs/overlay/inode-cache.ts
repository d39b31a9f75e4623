// The overlay's inodes in memory, each found again by one file of a layer: the lower one where that stands for nothing else, else the
// upper one (fs/overlayfs/inode.c: ovl_get_inode, ovl_hash_bylower, ovl_verify_inode; util.c: ovl_inode_update).
import type { Dentry } from "../dentry.ts";
import { Inode } from "../inode.ts";
import { dropInode } from "../lifetime.ts";
import type { Path } from "../path.ts";
import type { OverlayFs } from "./file-system.ts";
import { copyAttributesUp, type OverlayInode } from "./inode.ts";
import { takeProtection } from "./protection.ts";

/** The files of the layers that an inode is for. */
export interface RealFiles {
  readonly upper: Dentry | null;
  readonly lower: readonly Path[];
  /** The lower file that an upper one was copied from, where its attribute tells. */
  readonly origin?: Inode | null;
  readonly opaque?: boolean;
  readonly impure?: boolean;
}

/** The overlay holds a file of a layer. */
function pin(dentry: Dentry): void {
  dentry.pins++;
  dentry.inode!.overlays++;
}

/** Whether an inode in memory stands for the files that a lookup found. A file may have been copied up under another name. */
function standsFor(known: OverlayInode, upper: Inode | null, lower: Inode | null, isDirectory: boolean): boolean {
  if (isDirectory && ((lower === null && known.origin !== null) || (upper === null && known.upper !== null)))
    return false;
  if (lower !== null && known.origin !== lower) return false;
  return upper === null || known.upper?.inode === upper;
}

export class InodeCache {
  readonly #fs: OverlayFs;
  readonly #byReal = new Map<Inode, Inode>();
  #serial = 0;
  /** The last number given to a directory; the first goes to an inode that nobody sees (ovl_get_trap_inode). */
  #directories = 1;

  constructor(fs: OverlayFs) {
    this.#fs = fs;
  }

  /** The inode for what a lookup found; ESTALE where the one in memory is for other files, as layers were changed meanwhile. */
  find(files: RealFiles): Inode | "ESTALE" {
    const { upper, origin } = this.#real(files);
    const { key } = this.#key(files);
    const known = key === null ? undefined : this.#byReal.get(key);
    if (known === undefined || known.freed) return this.add(files);
    return standsFor(known.overlay!, upper, origin, known.isDirectory) ? known : "ESTALE";
  }

  /** A new inode. */
  add(files: RealFiles): Inode {
    const { upper, lower } = files;
    const { sb } = this.#fs;
    const { origin } = this.#real(files);
    const { key, byLower } = this.#key(files);
    const real = upper?.inode ?? origin!;
    const { mode, uid, gid, nlink, rdev } = real;
    const inode = new Inode(sb, {
      // Directories of several file systems are numbered by the overlay itself.
      ino: this.#fs.sameFs || !real.isDirectory ? (key ?? real).ino : ++this.#directories,
      generation: 0,
      mode,
      uid,
      gid,
      nlink,
      rdev,
      time: real.ctime,
    });
    inode.key = ++this.#serial;
    inode.overlay = {
      upper,
      lower,
      origin,
      byLower,
      size: 0,
      names: new Map(),
      opaque: files.opaque ?? false,
      impure: files.impure ?? false,
    };
    copyAttributesUp(inode);
    takeProtection(inode, real, upper !== null);
    sb.inodes.set(inode.key, inode);
    if (upper !== null) pin(upper);
    for (const { dentry } of lower) pin(dentry);
    if (lower.length === 0 && origin !== null) origin.overlays++;
    if (key !== null) this.#byReal.set(key, inode);
    return inode;
  }

  #real({ upper, lower, origin }: RealFiles): { readonly upper: Inode | null; readonly origin: Inode | null } {
    return { upper: upper?.inode ?? null, origin: origin ?? lower[0]?.dentry.inode ?? null };
  }

  /** What the inode is found by; null for a lower file with several names, which a copy-up parts. */
  #key(files: RealFiles): { readonly key: Inode | null; readonly byLower: boolean } {
    const { upper, origin } = this.#real(files);
    const byLower = origin !== null && (this.#fs.layers.upper === null || origin.isDirectory || origin.nlink <= 1);
    return { key: byLower ? origin : upper, byLower };
  }

  /** A file was copied up. Its attributes are those of the lower file until something takes them over. */
  setUpper(inode: Inode, upper: Dentry): void {
    const overlay = inode.overlay!;
    overlay.upper = upper;
    pin(upper);
    if (!overlay.byLower) this.#byReal.set(upper.inode!, inode);
  }

  /** Lets go of the files of the layers. */
  evicted(inode: Inode): void {
    const { upper, lower, origin, byLower } = inode.overlay!;
    const key = byLower ? origin : (upper?.inode ?? null);
    if (key !== null && this.#byReal.get(key) === inode) this.#byReal.delete(key);
    for (const dentry of [...(upper === null ? [] : [upper]), ...lower.map((path) => path.dentry)]) {
      dentry.pins--;
      this.#letGo(dentry.inode!);
    }
    if (lower.length === 0 && origin !== null) this.#letGo(origin);
  }

  /** A file that was unlinked in its layer goes with the last overlay that shows it. */
  #letGo(real: Inode): void {
    real.overlays--;
    dropInode(real.sb.vfs, real);
  }
}
