// Computing the HMAC or the digest that security.evm of a file should hold, from the file as it is now
// (security/integrity/evm/evm_crypto.c: evm_calc_hmac_or_hash, init_desc).
import { digest, type HashName, hashById, hashNameOf, hmac } from "../crypto/index.ts";
import { type Errno, fail, ok, type Result } from "../errno/index.ts";
import { XATTR_NAME_IMA } from "../formats/index.ts";
import type { Dentry, Inode } from "../vfs/index.ts";
import type { EvmCore } from "./core.ts";
import type { EvmHashed } from "./observe.ts";
import { type EvmPreimageInput, type EvmXattr, preimageParts } from "./preimage.ts";
import type { EvmType } from "./status.ts";

/** An xattr whose value the caller has at hand: it stands in place of what is stored. An empty one is looked up all the same. */
export interface GivenXattr {
  readonly name: string;
  readonly value: Uint8Array;
}

interface Wanted {
  readonly type: EvmType;
  /** The id in the signature's header; HMACs are always SHA-1. */
  readonly hashId: number;
}

export const HMAC_SHA1: Wanted = { type: "hmac", hashId: 2 };

/**
 * EOPNOTSUPP: no xattrs, or a foreign user namespace; ENOKEY: no HMAC key; EINVAL: unknown hash; ENOENT: hash not built in;
 * ENODATA: no protected xattr at all; EPERM: a portable signature without security.ima.
 */
export function calculate(
  core: EvmCore,
  dentry: Dentry,
  inode: Inode,
  given: GivenXattr | null,
  wanted: Wanted,
): Result<EvmHashed> {
  // Earlier an overlay's own inode was hashed.
  const holder = core.release.has("evm-overlay-portable") ? core.files.metadataInode(dentry) : inode;
  if (holder.noXattr || !holder.sb.initialUserNs) return fail("EOPNOTSUPP");
  const ready = prepare(core, wanted);
  if (!ready.ok) return ready;
  const portable = wanted.type === "portable";
  const xattrs: EvmXattr[] = [];
  for (const { name, enabled } of core.names.list) {
    if (!enabled && !portable) continue;
    if (given !== null && given.name === name && given.value.length > 0) {
      xattrs.push(given);
      continue;
    }
    const stored = core.files.readXattr(dentry, inode, name);
    if (stored.ok) xattrs.push({ name, value: stored.value });
  }
  const input: EvmPreimageInput = {
    type: wanted.type,
    xattrs,
    inode: holder,
    fsuuid: core.config.enabled("EVM_ATTR_FSUUID") ? holder.sb.uuid : null,
  };
  const { algorithm, key } = ready.value;
  const parts = preimageParts(input);
  const bytes = key === null ? digest(algorithm, ...parts) : hmac(algorithm, key, ...parts);
  if (holder !== inode) markMetadata(core, inode, holder);
  const errno = outcome(portable, xattrs);
  if (errno !== null) return fail(errno);
  return ok({ input: core.observer === null ? input : { ...input, inode: frozen(holder) }, algorithm, digest: bytes });
}

function outcome(portable: boolean, xattrs: readonly EvmXattr[]): Errno | null {
  if (portable && !xattrs.some((x) => x.name === XATTR_NAME_IMA)) return "EPERM";
  return xattrs.length === 0 ? "ENODATA" : null;
}

function prepare(core: EvmCore, wanted: Wanted): Result<{ algorithm: HashName; key: Uint8Array | null }> {
  if (wanted.type === "hmac") {
    const key = core.setup.hmacKey;
    if (key !== null) return ok({ algorithm: "sha1", key });
    core.log.printkOnce("evm-hmac-key", "evm: HMAC key is not set");
    return fail("ENOKEY");
  }
  const row = hashById(wanted.hashId, core.release);
  if (row === undefined) return fail("EINVAL");
  if (core.hashAvailable(row.name)) return ok({ algorithm: row.name, key: null });
  core.log.printk(`evm: Can not allocate ${hashNameOf(row, core.release)} (reason: -2)`);
  return fail("ENOENT");
}

/** On overlay: remember what the metadata was computed from, to notice when it changes underneath. */
function markMetadata(core: EvmCore, inode: Inode, holder: Inode): void {
  const { major, minor } = holder.sb.dev;
  const version = core.files.hasIversion(holder) ? core.files.queryIversion(holder) : 0;
  core.inodes.own(inode).metadata = { version, ino: holder.ino, major, minor };
}

/** A watcher keeps what it was told: a copy that does not change with the inode. */
function frozen({ ino, generation, uid, gid, mode }: Inode): EvmPreimageInput["inode"] {
  return { ino, generation, uid, gid, mode };
}
