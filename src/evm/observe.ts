// What EVM tells a watcher: each verification with the bytes that went into it, each refreshed HMAC, each decision about a change.
import type { HashName } from "../crypto/index.ts";
import type { Denial, Errno } from "../errno/index.ts";
import type { Inode, Path } from "../vfs/index.ts";
import type { EvmPreimageInput } from "./preimage.ts";
import type { EvmStatus, EvmType } from "./status.ts";

/** Why a verification ended as it did. */
export type EvmFinding =
  | "cached"
  | "no-key"
  | "not-protected"
  | "no-inode-state"
  | "not-regular"
  | "fix-mode"
  | "unsupported-fs"
  | "no-label"
  | "no-xattrs"
  | "xattrs-unreadable"
  | "xattrs-unsupported"
  | "empty-label"
  | "unknown-type"
  | "bad-length"
  | "version-3-required"
  | "cannot-hash"
  | "mismatch"
  | "bad-signature"
  | "verified";

/** What a digest was made over, and under which algorithm. */
export interface EvmHashed {
  readonly input: EvmPreimageInput;
  readonly algorithm: HashName;
  readonly digest: Uint8Array;
}

export interface EvmVerification {
  readonly kind: "verification";
  /** Appraisal of security.ima, or a hook that guards metadata. */
  readonly caller: "appraisal" | "metadata-hook";
  readonly path: Path;
  readonly inode: Inode;
  readonly status: EvmStatus;
  readonly finding: EvmFinding;
  /** security.evm as read; null where it was not read or is not there. */
  readonly label: Uint8Array | null;
  readonly type: EvmType | null;
  readonly hashed: EvmHashed | null;
  readonly errno: Errno | null;
}

export interface EvmRefresh {
  readonly kind: "refresh";
  readonly path: Path;
  readonly inode: Inode;
  readonly outcome: "written" | "removed" | "portable-signature" | "failed";
  readonly hashed: EvmHashed | null;
  readonly errno: Denial;
}

/** Why a change of metadata was let through or refused. */
export type EvmGuardReason =
  | "metadata-writes"
  | "not-protected"
  | "unsupported-fs"
  | "not-covered"
  | "pass"
  | "no-xattrs"
  | "hmac-disabled"
  | "new-file"
  | "memory-fs"
  | "invalid-portable"
  | "same-value"
  | "empty-value"
  | "hmac-from-user-space"
  | "no-capability"
  | "overlay-label"
  | "portable"
  | "invalid";

export interface EvmGuardDecision {
  readonly kind: "guard";
  readonly change: "setxattr" | "removexattr" | "set-acl" | "remove-acl" | "setattr";
  readonly path: Path;
  /** The xattr; null for attributes. */
  readonly name: string | null;
  readonly status: EvmStatus | null;
  readonly reason: EvmGuardReason;
  readonly errno: Denial;
}

export type EvmEvent = EvmVerification | EvmRefresh | EvmGuardDecision;
export type EvmObserver = (event: EvmEvent) => void;
