// fs-verity: the Merkle tree over a file, its descriptor and its digest, and the ioctls that switch it on and show it
// (include/uapi/linux/fsverity.h: struct fsverity_descriptor; fs/verity/enable.c: fsverity_ioctl_enable, enable_verity,
// build_merkle_tree; open.c: fsverity_init_merkle_tree_params; measure.c).
import { digest } from "../crypto/index.ts";
import { type Denial, fail, ok, type Result } from "../errno/index.ts";
import type { OpenFile } from "./file.ts";
import { throughMount } from "./idmap.ts";
import { wantWrite } from "./mount/access.ts";
import { inodePermission } from "./permission.ts";
import { MAY } from "./security.ts";
import type { Subject } from "./task.ts";
import { PAGE_SIZE } from "./uapi.ts";
import type { Vfs } from "./vfs.ts";

export type VerityAlgorithm = "sha256" | "sha512";

/** Numbers and sizes of the algorithms that fs-verity knows: FS_VERITY_HASH_ALG_*. */
// biome-ignore format: a table reads better in columns
export const VERITY_ALGORITHMS: Readonly<Record<VerityAlgorithm, { id: number; digestSize: number; inputBlock: number }>> = {
  sha256: { id: 1, digestSize: 32, inputBlock: 64 },
  sha512: { id: 2, digestSize: 64, inputBlock: 128 },
};

/** What is kept for a file with fs-verity. */
export interface Verity {
  readonly algorithm: VerityAlgorithm;
  /** The fs-verity file digest. */
  readonly digest: Uint8Array;
  readonly rootHash: Uint8Array;
  readonly blockSize: number;
  readonly salt: Uint8Array;
  /** The built-in signature given when it was enabled; empty without one. */
  readonly signature: Uint8Array;
}

/** struct fsverity_enable_arg. */
export interface VerityParameters {
  /** "sha256" if not given; anything that fs-verity does not know is refused with EINVAL. */
  readonly hash?: string;
  /** Bytes of a block of data and of the tree; 4096 if not given. */
  readonly blockSize?: number;
  /** Up to 32 bytes. */
  readonly salt?: Uint8Array;
  readonly signature?: Uint8Array;
}

const SALT_MAX = 32;
const SIGNATURE_MAX = 16128;
const SMALLEST_BLOCK = 1024;
const DESCRIPTOR_SIZE = 256;
const NOTHING = new Uint8Array(0);

/** The root hash of the Merkle tree over some bytes; all zero for no bytes. */
export function merkleRoot(
  bytes: Uint8Array,
  algorithm: VerityAlgorithm,
  blockSize: number,
  salt: Uint8Array,
): Uint8Array {
  const { digestSize, inputBlock } = VERITY_ALGORITHMS[algorithm];
  if (bytes.length === 0) return new Uint8Array(digestSize);
  const padded = new Uint8Array(salt.length === 0 ? 0 : Math.ceil(salt.length / inputBlock) * inputBlock);
  padded.set(salt);
  let level = bytes;
  for (;;) {
    const blocks = Math.ceil(level.length / blockSize);
    const hashes = new Uint8Array(blocks * digestSize);
    for (let i = 0; i < blocks; i++) {
      let block = level.subarray(i * blockSize, (i + 1) * blockSize);
      if (block.length < blockSize) {
        const filled = new Uint8Array(blockSize);
        filled.set(block);
        block = filled;
      }
      hashes.set(digest(algorithm, padded, block), i * digestSize);
    }
    if (blocks === 1) return hashes;
    level = hashes;
  }
}

/** The fs-verity digest: the hash of the descriptor, with the signature left out. */
export function verityDigest(
  size: number,
  rootHash: Uint8Array,
  algorithm: VerityAlgorithm,
  blockSize: number,
  salt: Uint8Array,
): Uint8Array {
  const descriptor = new Uint8Array(DESCRIPTOR_SIZE);
  const view = new DataView(descriptor.buffer);
  descriptor.set([1, VERITY_ALGORITHMS[algorithm].id, Math.log2(blockSize), salt.length]);
  view.setUint32(8, size % 2 ** 32, true);
  view.setUint32(12, Math.floor(size / 2 ** 32), true);
  descriptor.set(rootHash, 16);
  descriptor.set(salt, 80);
  return digest(algorithm, descriptor);
}

/** FS_IOC_ENABLE_VERITY. ENOTTY, EOPNOTSUPP, EINVAL, EMSGSIZE, EBADF, EACCES, EISDIR, EROFS, ETXTBSY, ENOPKG, EEXIST. */
export function verityEnable(vfs: Vfs, task: Subject, file: OpenFile, parameters: VerityParameters): Denial {
  const { inode } = file;
  const { hash = "sha256", blockSize = PAGE_SIZE, salt = NOTHING, signature = NOTHING } = parameters;
  const unsupported = refuseFileSystem(file);
  if (unsupported !== null) return unsupported;
  if (!Number.isInteger(Math.log2(blockSize))) return "EINVAL";
  if (salt.length > SALT_MAX || signature.length > SIGNATURE_MAX) return "EMSGSIZE";
  const denied = inodePermission(vfs, throughMount(task, file.path.mount), inode, MAY.WRITE);
  if (denied !== null) return denied;
  if (!file.canRead) return "EBADF";
  if (inode.appendOnly) return "EPERM";
  if (inode.isDirectory) return "EISDIR";
  if (!inode.isRegular) return "EINVAL";
  const readOnly = wantWrite(file.path.mount);
  if (readOnly !== null) return readOnly;
  if (inode.writeCount > 0) return "ETXTBSY";
  if (hash !== "sha256" && hash !== "sha512") return "EINVAL";
  if (blockSize !== PAGE_SIZE && !vfs.release.has("verity-small-blocks")) return "EINVAL";
  if (blockSize < SMALLEST_BLOCK || blockSize > PAGE_SIZE) return "EINVAL";
  if (inode.verity !== null) return "EEXIST";
  const bytes = inode.bytes();
  const rootHash = merkleRoot(bytes, hash, blockSize, salt);
  const fileDigest = verityDigest(bytes.length, rootHash, hash, blockSize, salt);
  inode.verity = {
    algorithm: hash,
    digest: fileDigest,
    rootHash,
    blockSize,
    salt: salt.slice(),
    signature: signature.slice(),
  };
  return null;
}

/** FS_IOC_MEASURE_VERITY: the number of the algorithm and the digest. ENODATA for a file without. */
export function verityMeasure(file: OpenFile): Result<{ readonly algorithm: number; readonly digest: Uint8Array }> {
  const unsupported = refuseFileSystem(file);
  if (unsupported !== null) return fail(unsupported);
  const { verity } = file.inode;
  if (verity === null) return fail("ENODATA");
  return ok({ algorithm: VERITY_ALGORITHMS[verity.algorithm].id, digest: verity.digest });
}

/** A file system that knows the call but was made without it says so; others know no such call. */
function refuseFileSystem(file: OpenFile): Denial {
  const { type, flags } = file.inode.sb;
  if (file.isPath) return "EBADF";
  if (type.verity === null || file.inode.isDevice || file.inode.isFifo) return "ENOTTY";
  return flags.verity ? null : "EOPNOTSUPP";
}
