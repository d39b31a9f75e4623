// The hash algorithms a kernel can name: ids, names, lengths, and what must be built in for it to compute them
// (include/uapi/linux/hash_info.h: enum hash_algo; crypto/hash_info.c: hash_algo_name, hash_digest_size).
import type { Kconfig, Release } from "../release/index.ts";

interface HashRow {
  /** HASH_ALGO_*: the byte in security.ima and in signature headers. */
  readonly id: number;
  readonly name: string;
  /** Bytes of a digest. */
  readonly size: number;
  /** First release that knows the name. */
  readonly since?: string;
  /** What the algorithm was called before a release. */
  readonly formerly?: { readonly name: string; readonly until: string };
  /** One of these Kconfig symbols gives an implementation; none where no kernel since 5.13 has one. */
  readonly kconfig: readonly string[];
}

// biome-ignore format: a table reads better in columns
const table = [
  { id: 0, name: "md4", size: 16, kconfig: ["CRYPTO_MD4"] },
  { id: 1, name: "md5", size: 16, kconfig: ["CRYPTO_MD5"] },
  { id: 2, name: "sha1", size: 20, kconfig: ["CRYPTO_SHA1"] },
  { id: 3, name: "rmd160", size: 20, kconfig: ["CRYPTO_RMD160"] },
  { id: 4, name: "sha256", size: 32, kconfig: ["CRYPTO_SHA256"] },
  { id: 5, name: "sha384", size: 48, kconfig: ["CRYPTO_SHA512"] },
  { id: 6, name: "sha512", size: 64, kconfig: ["CRYPTO_SHA512"] },
  { id: 7, name: "sha224", size: 28, kconfig: ["CRYPTO_SHA256"] },
  { id: 8, name: "rmd128", size: 16, kconfig: [] },
  { id: 9, name: "rmd256", size: 32, kconfig: [] },
  { id: 10, name: "rmd320", size: 40, kconfig: [] },
  { id: 11, name: "wp256", size: 32, kconfig: ["CRYPTO_WP512"] },
  { id: 12, name: "wp384", size: 48, kconfig: ["CRYPTO_WP512"] },
  { id: 13, name: "wp512", size: 64, kconfig: ["CRYPTO_WP512"] },
  { id: 14, name: "tgr128", size: 16, kconfig: [] },
  { id: 15, name: "tgr160", size: 20, kconfig: [] },
  { id: 16, name: "tgr192", size: 24, kconfig: [] },
  { id: 17, name: "sm3", size: 32, formerly: { name: "sm3-256", until: "5.6" }, kconfig: ["CRYPTO_SM3_GENERIC", "CRYPTO_SM3"] },
  { id: 18, name: "streebog256", size: 32, since: "5.0", kconfig: ["CRYPTO_STREEBOG"] },
  { id: 19, name: "streebog512", size: 64, since: "5.0", kconfig: ["CRYPTO_STREEBOG"] },
  { id: 20, name: "sha3-256", size: 32, since: "6.7", kconfig: ["CRYPTO_SHA3"] },
  { id: 21, name: "sha3-384", size: 48, since: "6.7", kconfig: ["CRYPTO_SHA3"] },
  { id: 22, name: "sha3-512", size: 64, since: "6.7", kconfig: ["CRYPTO_SHA3"] },
] as const satisfies readonly HashRow[];

/** The kernel's name of a hash algorithm. */
export type HashName = (typeof table)[number]["name"];

/** A row of the table of hash algorithms. */
export interface HashAlgorithm extends HashRow {
  readonly name: HashName;
}

/** All hash algorithms in the order of their ids. */
export const HASH_ALGORITHMS: readonly HashAlgorithm[] = table;

const BY_NAME: ReadonlyMap<string, HashAlgorithm> = new Map(HASH_ALGORITHMS.map((row) => [row.name, row]));

const known = (row: HashAlgorithm, release: Release | undefined): boolean =>
  row.since === undefined || release === undefined || release.atLeast(row.since);

/** The algorithm that `release` (any, where left out) calls `name`: match_string over hash_algo_name. */
export function hashByName(name: string, release?: Release): HashAlgorithm | undefined {
  const row = BY_NAME.get(name);
  const old = release && HASH_ALGORITHMS.find((r) => r.formerly && !release.atLeast(r.formerly.until));
  if (old?.formerly && name === old.formerly.name) return old;
  return row && row !== old && known(row, release) ? row : undefined;
}

/** The algorithm with this id, undefined from HASH_ALGO__LAST of `release` on. */
export function hashById(id: number, release?: Release): HashAlgorithm | undefined {
  const row = HASH_ALGORITHMS[id];
  return row && known(row, release) ? row : undefined;
}

/** What `release` prints for an algorithm. */
export function hashNameOf(row: HashAlgorithm, release: Release): string {
  return row.formerly && !release.atLeast(row.formerly.until) ? row.formerly.name : row.name;
}

/**
 * Whether a kernel of this configuration can allocate the algorithm; where not, it says `ima: Can not allocate NAME`. An algorithm in a
 * module is not there: nobody loads one here.
 */
export function hashAvailable(config: Kconfig, name: HashName): boolean {
  return BY_NAME.get(name)!.kconfig.some((symbol) => config.builtIn(symbol));
}
