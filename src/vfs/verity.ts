// fs-verity: the Merkle tree over a file, its descriptor and its digest (include/uapi/linux/fsverity.h: struct fsverity_descriptor;
// fs/verity/enable.c: build_merkle_tree; fs/verity/open.c: fsverity_init_merkle_tree_params).

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
