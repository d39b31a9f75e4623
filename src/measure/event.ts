// What is known of an event when its measurement entry is made (security/integrity/ima/ima_template_lib.h: struct ima_event_data).
import type { HashName } from "../crypto/hash.ts";
import type { Result } from "../errno/index.ts";
import type { Release } from "../release/index.ts";

export interface EventDigest {
  readonly algo: HashName;
  readonly bytes: Uint8Array;
}

/** The measured file, as far as template fields look at it. */
export interface EventFile {
  /** The last component of its path. */
  readonly name: string;
  /** Ids as the inode has them, before any id mapping of the mount. */
  readonly uid: number;
  readonly gid: number;
  /** Type and permission bits. */
  readonly mode: number;
  /** security.evm, null where there is none. */
  evmXattr(): Uint8Array | null;
  /** The xattrs of EVM's list that the file has, in the order of the list; null where they cannot be read. */
  protectedXattrs(): readonly { readonly name: string; readonly value: Uint8Array }[] | null;
  /** Hashes the content again: the field `d` has room for SHA1 and MD5 only. */
  rehash(algo: HashName): Result<Uint8Array>;
}

export interface EventData {
  /** Absolute path of a file, or the name of the event. */
  readonly filename: string;
  /** The collected digest; not looked at for a violation. */
  readonly digest: EventDigest | null;
  /** The rule asked for the fs-verity digest. */
  readonly verity: boolean;
  /** security.ima, null where it is absent or was not read. */
  readonly xattr: Uint8Array | null;
  /** An appended signature: the digest it is about, null where that could not be made, and its PKCS#7 without what marks its end. */
  readonly modsig: { readonly digest: EventDigest | null; readonly raw: Uint8Array } | null;
  readonly buffer: Uint8Array | null;
  /** ToMToU, open_writers; null for an ordinary event. */
  readonly violation: string | null;
  readonly file: EventFile | null;
  /** Only for boot_aggregate: the aggregate of the SHA1 bank, null where the TPM has none. */
  readonly sha1Aggregate?: Uint8Array | null;
}

/** What the fields of every entry depend on. */
export interface FieldContext {
  /** ima_hash */
  readonly hash: HashName;
  readonly release: Release;
  /** Byte order of numbers: that of the machine, or little-endian where ima_canonical_fmt has a say. */
  readonly littleEndian: boolean;
}
