// EVM's findings and decisions in plain English.
import type { EvmFinding, EvmGuardDecision, EvmGuardReason, EvmRefresh, EvmVerification } from "./observe.ts";
import type { EvmStatus } from "./status.ts";

const KIND = { hmac: "an HMAC", signature: "a signature", portable: "a portable signature" } as const;

/** Why a verification ended as it did. */
const FINDINGS: Readonly<Record<EvmFinding, (v: EvmVerification) => string>> = {
  cached: () => "an earlier verification of this inode succeeded, and nothing that EVM notices has changed since",
  "no-key": () => "EVM has no key: it verifies nothing",
  "not-protected": () => "this xattr is not among those that EVM protects",
  "no-inode-state": () => "IMA has no record of the inode, and this kernel keeps EVM's verdict there",
  "not-regular": () => "EVM guards the metadata of regular files only",
  "fix-mode": () => "evm=fix: metadata may be changed whatever its state",
  "unsupported-fs": () => "the file system's inode numbers mean nothing to an HMAC, so EVM keeps out of it",
  "no-label": () => "there is no security.evm, although there are xattrs for it to protect",
  "no-xattrs": () => "there is neither security.evm nor any xattr for it to protect",
  "xattrs-unreadable": (v) => `the xattrs could not be read (${v.errno})`,
  "xattrs-unsupported": () => "the file system has no xattrs",
  "empty-label": () => "security.evm is empty",
  "unknown-type": (v) => `security.evm starts with ${typeByte(v)}, which is none of 0x02, 0x03, 0x05`,
  "bad-length": (v) =>
    v.type === "hmac"
      ? `security.evm holds an HMAC of ${(v.label?.length ?? 0) - 1} bytes instead of 20`
      : `security.evm is too short to hold ${KIND[v.type ?? "signature"]}`,
  "version-3-required": (v) => `signatures must be of version 3, this one is of version ${v.label?.[1]}`,
  "cannot-hash": (v) => CANNOT_HASH[v.errno ?? ""] ?? `the metadata could not be hashed (${v.errno})`,
  mismatch: () => "the HMAC of the file's metadata is not the one in security.evm",
  "bad-signature": (v) => BAD_SIGNATURE[v.errno ?? ""] ?? `the signature does not verify (${v.errno})`,
  verified: (v) => `security.evm holds ${KIND[v.type ?? "hmac"]} that fits the file's metadata`,
};

const CANNOT_HASH: Readonly<Record<string, string>> = {
  EOPNOTSUPP: "the file system has no xattrs, or belongs to a user namespace other than the first",
  ENOKEY: "security.evm holds an HMAC, but EVM has no HMAC key",
  EINVAL: "the signature names a hash algorithm that this kernel does not know",
  ENOENT: "the signature names a hash algorithm that this kernel was built without",
  ENODATA: "none of the xattrs that EVM protects is there",
  EPERM: "a portable signature covers nothing without security.ima",
};

const BAD_SIGNATURE: Readonly<Record<string, string>> = {
  ENOKEY: "the key that signed is not on the EVM keyring",
  EKEYREVOKED: "the key that signed is revoked",
  EKEYEXPIRED: "the key that signed has expired",
  EKEYREJECTED: "the signature is not one over the file's metadata, or its key is on the blacklist",
  EBADMSG: "the signature's length field does not fit its length, or it is no signature at all",
  EOPNOTSUPP: "the signature is of a version that this kernel does not know",
  ENOPKG: "the signature needs an algorithm that this kernel lacks",
};

const typeByte = (v: EvmVerification) => `0x${(v.label?.[0] ?? 0).toString(16).padStart(2, "0")}`;

const STATUS_WORDS: Readonly<Record<EvmStatus, string>> = {
  pass: "the metadata is vouched for",
  pass_immutable: "the metadata is vouched for by a portable signature, and so must not change",
  fail: "the metadata is not what security.evm vouches for",
  fail_immutable: "the metadata is not what the portable signature in security.evm vouches for",
  no_label: "security.evm is missing",
  no_xattrs: "nothing is there to be protected",
  unknown: "EVM does not judge",
};

/** One sentence: the status and why. */
export function explainVerification(v: EvmVerification): string {
  return `EVM ${v.status}: ${STATUS_WORDS[v.status]}; ${FINDINGS[v.finding](v)}.`;
}

const REASONS: Readonly<Record<EvmGuardReason, string>> = {
  "metadata-writes": "the bit 0x4 of the evm file allows every change of metadata",
  "not-protected": "EVM does not protect this xattr",
  "unsupported-fs": "EVM leaves this file system alone",
  "not-covered": "times and sizes are not covered",
  pass: "the metadata was good before, so it may be changed",
  "no-xattrs": "nothing was protected before",
  "hmac-disabled": "setup is complete without an HMAC key, so a missing label can never be made good",
  "new-file": "the file was made by mknod and not closed by a writer yet",
  "memory-fs": "files of tmpfs and sysfs may get their first label at any time",
  "invalid-portable": "the portable signature does not fit: changes can only bring the file closer to it",
  "same-value": "the value is the one that is there already",
  "empty-value": "security.evm cannot be empty",
  "hmac-from-user-space": "user space may write signatures to security.evm, but only the kernel writes HMACs",
  "no-capability": "changing security.evm takes CAP_SYS_ADMIN",
  "overlay-label": "security.evm cannot be changed on this file system",
  portable: "the file is protected by a portable signature, which a change would break",
  invalid: "the metadata was not good before, and a change would hide that behind a fresh HMAC",
};

const CHANGES: Readonly<Record<EvmGuardDecision["change"], (name: string | null) => string>> = {
  setxattr: (name) => `setting ${name}`,
  removexattr: (name) => `removing ${name}`,
  "set-acl": (name) => `setting ${name}`,
  "remove-acl": (name) => `removing ${name}`,
  setattr: () => "changing attributes",
};

/** One sentence: what was wanted, what EVM said and why. */
export function explainGuard(d: EvmGuardDecision): string {
  const said = d.errno === null ? "allows" : `refuses (${d.errno})`;
  const status = d.status === null ? "" : ` (status ${d.status})`;
  return `EVM ${said} ${CHANGES[d.change](d.name)}: ${REASONS[d.reason]}${status}.`;
}

/** One sentence: what became of security.evm after a change. */
export function explainRefresh(r: EvmRefresh): string {
  switch (r.outcome) {
    case "written":
      return "EVM wrote a fresh HMAC to security.evm.";
    case "removed":
      return "EVM removed security.evm: nothing is left for it to protect.";
    case "portable-signature":
      return "EVM left the portable signature in security.evm as it is.";
    case "failed":
      return `EVM could not bring security.evm up to date (${r.errno}).`;
  }
}
