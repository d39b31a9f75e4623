// Does security.evm vouch for the metadata of this file? (security/integrity/evm/evm_main.c: evm_verifyxattr, evm_verify_current_integrity,
// evm_verify_hmac, evm_find_protected_xattrs)
import type { Denial, Errno, Result } from "../errno/index.ts";
import { imaFileIdDigest, XATTR_NAME_EVM } from "../formats/index.ts";
import type { Dentry, Inode, Path, Subject } from "../vfs/index.ts";
import { calculate, type GivenXattr, HMAC_SHA1 } from "./calculate.ts";
import { type EvmCore, hmacUnsupported } from "./core.ts";
import type { EvmInodeState } from "./environment.ts";
import type { EvmFinding, EvmHashed, EvmVerification } from "./observe.ts";
import { refreshHmac } from "./refresh.ts";
import { type EvmStatus, type EvmType, evmTypeOf } from "./status.ts";

/** 0x02 and 20 bytes of HMAC-SHA1. */
const HMAC_LABEL_LENGTH = 21;
/** struct signature_v2_hdr: type, version, hash, key id, length of what follows. */
const SIGNATURE_HEADER_LENGTH = 9;

/** The file that a caller asks about: an open file will do. */
export interface EvmTarget {
  readonly path: Path;
  readonly inode: Inode;
}

/**
 * evm_verifyxattr, for appraisal: whether `name` with this value (as the caller read it) is vouched for.
 * A cached pass is answered whatever the value.
 */
export function verifyXattr(
  core: EvmCore,
  task: Subject,
  target: EvmTarget,
  name: string,
  value: Uint8Array,
): EvmStatus {
  const { setup, names, inodes } = core;
  if (!setup.keyLoaded) return settled(core, "appraisal", target, "unknown", "no-key");
  if (!names.protects(name)) return settled(core, "appraisal", target, "unknown", "not-protected");
  const state = inodes.find(target.inode);
  if (state === null) return settled(core, "appraisal", target, "unknown", "no-inode-state");
  return verify(core, task, target, "appraisal", { name, value }, state);
}

/** evm_verify_current_integrity, for the hooks that guard metadata. */
export function verifyForChange(core: EvmCore, task: Subject, path: Path): EvmStatus {
  const inode = path.dentry.inode!;
  const target = { path, inode };
  if (!core.setup.keyLoaded) return settled(core, "metadata-hook", target, "pass", "no-key");
  if (!inode.isRegular) return settled(core, "metadata-hook", target, "pass", "not-regular");
  if (core.fixMode) return settled(core, "metadata-hook", target, "pass", "fix-mode");
  return verify(core, task, target, "metadata-hook", null, core.inodes.forMetadataHooks(inode));
}

type Caller = EvmVerification["caller"];

/** What was found out, and on the way to what. */
interface Finding {
  readonly status: EvmStatus;
  readonly finding: EvmFinding;
  readonly label?: Uint8Array;
  readonly type?: EvmType;
  readonly hashed?: EvmHashed;
  readonly errno?: Errno;
}

function settled(core: EvmCore, caller: Caller, target: EvmTarget, status: EvmStatus, finding: EvmFinding): EvmStatus {
  return told(core, caller, target, { status, finding });
}

function told(core: EvmCore, caller: Caller, target: EvmTarget, found: Finding): EvmStatus {
  core.observer?.({
    kind: "verification",
    caller,
    path: target.path,
    inode: target.inode,
    status: found.status,
    finding: found.finding,
    label: found.label ?? null,
    type: found.type ?? null,
    hashed: found.hashed ?? null,
    errno: found.errno ?? null,
  });
  return found.status;
}

function verify(
  core: EvmCore,
  task: Subject,
  target: EvmTarget,
  caller: Caller,
  given: GivenXattr | null,
  state: EvmInodeState | null,
): EvmStatus {
  const { inode } = target;
  if (state !== null && (state.status === "pass" || state.status === "pass_immutable"))
    return core.observer === null ? state.status : settled(core, caller, target, state.status, "cached");
  // Since "evm-overlay-portable" a certificate makes signatures worth looking at on such file systems too.
  const signaturesCount = core.setup.x509On && core.release.has("evm-overlay-portable");
  if (!signaturesCount && hmacUnsupported(core, inode))
    return settled(core, caller, target, "unknown", "unsupported-fs");
  const found = examine(core, task, target, given, state);
  if (state !== null) state.status = found.status;
  return told(core, caller, target, found);
}

function examine(
  core: EvmCore,
  task: Subject,
  { path, inode }: EvmTarget,
  given: GivenXattr | null,
  state: EvmInodeState | null,
): Finding {
  const read = core.files.readXattr(path.dentry, inode, XATTR_NAME_EVM);
  if (!read.ok) return withoutLabel(core, path.dentry, inode, read.errno);
  const label = read.value;
  if (label.length === 0) return { status: "fail", finding: "empty-label", label };
  const type = evmTypeOf(label[0]);
  if (type === null || (type === "portable" && !core.release.has("evm-portable-signatures")))
    return { status: "fail", finding: "unknown-type", label };
  if (type === "hmac") return checkHmac(core, path.dentry, inode, given, label);
  const found = checkSignature(core, task, path.dentry, inode, given, label, type);
  if (found.finding !== "verified") return found;
  if (type === "portable") {
    if (state !== null) state.immutableSignature = true;
  } else if (mayConvert(core, inode)) refreshHmac(core, task, path, given);
  return found;
}

function withoutLabel(core: EvmCore, dentry: Dentry, inode: Inode, errno: Errno): Finding {
  if (errno === "EOPNOTSUPP") return { status: "unknown", finding: "xattrs-unsupported", errno };
  if (errno !== "ENODATA") return { status: "fail", finding: "xattrs-unreadable", errno };
  const count = countProtected(core, dentry, inode);
  if (!count.ok) return { status: "fail", finding: "xattrs-unreadable", errno: count.errno };
  return count.value > 0 ? { status: "no_label", finding: "no-label" } : { status: "no_xattrs", finding: "no-xattrs" };
}

/** Disabled names count too. */
function countProtected(core: EvmCore, dentry: Dentry, inode: Inode): Result<number> {
  if (inode.noXattr) return { ok: false, errno: "EOPNOTSUPP" };
  let value = 0;
  for (const { name } of core.names.list) {
    const stored = core.files.readXattr(dentry, inode, name);
    if (stored.ok) value++;
    else if (stored.errno !== "ENODATA") return stored;
  }
  return { ok: true, value };
}

function checkHmac(core: EvmCore, dentry: Dentry, inode: Inode, given: GivenXattr | null, label: Uint8Array): Finding {
  const type = "hmac";
  if (label.length !== HMAC_LABEL_LENGTH) return { status: "fail", finding: "bad-length", label, type };
  const made = calculate(core, dentry, inode, given, HMAC_SHA1);
  if (!made.ok) return notHashed(core, made.errno, label, type);
  const hashed = made.value;
  const same = hashed.digest.every((byte, i) => byte === label[i + 1]);
  return same
    ? { status: "pass", finding: "verified", label, type, hashed }
    : { status: "fail", finding: "mismatch", label, type, hashed, errno: "EINVAL" };
}

function checkSignature(
  core: EvmCore,
  task: Subject,
  dentry: Dentry,
  inode: Inode,
  given: GivenXattr | null,
  label: Uint8Array,
  type: "signature" | "portable",
): Finding {
  if (label.length <= SIGNATURE_HEADER_LENGTH) return { status: "fail", finding: "bad-length", label, type };
  if (core.setup.sigv3Required && label[1] !== 3) return { status: "fail", finding: "version-3-required", label, type };
  const made = calculate(core, dentry, inode, given, { type, hashId: label[2]! });
  if (!made.ok) return notHashed(core, made.errno, label, type);
  const hashed = made.value;
  const errno = verifySignature(core, task, label, hashed);
  if (errno !== null) return { status: failureOf(core, type), finding: "bad-signature", label, type, hashed, errno };
  return { status: type === "portable" ? "pass_immutable" : "pass", finding: "verified", label, type, hashed };
}

function verifySignature(core: EvmCore, task: Subject, label: Uint8Array, hashed: EvmHashed): Denial {
  return core.keys.verifySignature(task, label, signedDigest(core, label, hashed));
}

/** What the signature is over: the digest, or for version 3 since "sigv3-all-files" the hash of struct ima_file_id around it. */
export function signedDigest(core: Pick<EvmCore, "release">, label: Uint8Array, hashed: EvmHashed): Uint8Array {
  if (label[1] !== 3 || !core.release.has("sigv3-all-files")) return hashed.digest;
  return imaFileIdDigest(label[0]!, hashed.algorithm, hashed.digest);
}

function notHashed(core: EvmCore, errno: Errno, label: Uint8Array, type: EvmType): Finding {
  return {
    status: errno === "ENODATA" ? "no_xattrs" : failureOf(core, type),
    finding: "cannot-hash",
    label,
    type,
    errno,
  };
}

function failureOf(core: EvmCore, type: EvmType): EvmStatus {
  return type === "portable" && core.release.has("evm-portable-metadata") ? "fail_immutable" : "fail";
}

/** A good signature over this inode becomes an HMAC where the inode may be written; that it cannot be made is no failure. */
function mayConvert(core: EvmCore, inode: Inode): boolean {
  return !inode.sb.flags.readOnly && !inode.immutable && !hmacUnsupported(core, inode);
}

/** evm_metadata_changed: on overlay, whether the inode behind the metadata changed since it was last hashed; resets the cached verdict. */
export function metadataChanged(core: EvmCore, inode: Inode, holder: Inode): boolean {
  const state = core.inodes.own(inode);
  const { version, ino, major, minor } = state.metadata;
  const { dev } = holder.sb;
  const changed =
    !core.files.hasIversion(holder) ||
    dev.major !== major ||
    dev.minor !== minor ||
    holder.ino !== ino ||
    core.files.peekIversion(holder) !== version;
  if (changed) state.status = "unknown";
  return changed;
}
