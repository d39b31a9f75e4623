// What the kernel's cause strings mean, and what mends each. One row a cause; docs/causes has a page for each.

export interface Cause {
  /** As it stands behind `cause=`. */
  readonly cause: string;
  /** The record's `op=`. */
  readonly op: "appraise_data" | "collect_data" | "mmap_file" | "set_data" | "invalid_pcr";
  readonly meaning: string;
  readonly remedy: string;
  /** First release that says it; all that are modelled where left out. */
  readonly since?: string;
}

export const CAUSES: readonly Cause[] = [
  {
    cause: "missing-hash",
    op: "appraise_data",
    meaning:
      "The rule asks for an appraisal, and the file has no security.ima that could be compared with its content.",
    remedy:
      "Label the file: open it once under ima_appraise=fix, or sign it (evmctl ima_sign); copying and most archives lose labels.",
  },
  {
    cause: "IMA-signature-required",
    op: "appraise_data",
    meaning: "The rule demands a signature (appraise_type=imasig), and security.ima is absent or holds a plain hash.",
    remedy: "Sign the file with a key whose certificate is on .ima, or give the rule no appraise_type.",
  },
  {
    cause: "verity-signature-required",
    op: "appraise_data",
    meaning:
      "The rule demands a version 3 signature of the fs-verity digest (digest_type=verity appraise_type=sigv3), and security.ima is not of type 0x06.",
    remedy: "Enable fs-verity on the file and sign its digest (evmctl sign_hash --veritysig).",
    since: "5.19",
  },
  {
    cause: "invalid-hash",
    op: "appraise_data",
    meaning: "The content does not hash to the digest in security.ima: content or label was changed without the other.",
    remedy:
      "Restore the content, or relabel the file if the new content is wanted (ima_appraise=fix, or write it through a label-keeping tool).",
  },
  {
    cause: "invalid-signature",
    op: "appraise_data",
    meaning:
      "The signature does not verify: the content changed, the key is not on .ima, was revoked or is blacklisted, or the signature is malformed.",
    remedy:
      "Look for 'Request for unknown key' beside the record: then load the certificate; else sign the file again.",
  },
  {
    cause: "invalid-signature-version",
    op: "appraise_data",
    meaning: "The signature header has a version that this kernel does not accept for this kind of label.",
    remedy: "Sign with version 2 for file content, version 3 for fs-verity digests.",
    since: "5.19",
  },
  {
    cause: "invalid-verity-signature",
    op: "appraise_data",
    meaning:
      "The version 3 signature does not verify over the digest of the file: fs-verity is off, its digest is another one, or the key is not on .ima.",
    remedy: "Enable fs-verity, sign the digest that `fsverity measure` prints, and load the certificate.",
    since: "5.19",
  },
  {
    cause: "sigv3-hashing-error",
    op: "appraise_data",
    meaning:
      "The structure that a version 3 signature covers could not be hashed: the kernel has no such hash algorithm.",
    remedy: "Use a hash that the kernel has built in.",
    since: "5.19",
  },
  {
    cause: "IMA-sigv3-required",
    op: "appraise_data",
    meaning: "The rule demands a version 3 signature (appraise_type=sigv3), and the signature is of another version.",
    remedy: "Sign again with version 3 (evmctl --v3).",
    since: "7.1",
  },
  {
    cause: "unknown-ima-data",
    op: "appraise_data",
    meaning: "The first byte of security.ima is no kind of label that IMA compares.",
    remedy: "Write a hash (type 0x01 or 0x04) or a signature (0x03, 0x06).",
  },
  {
    cause: "missing-HMAC",
    op: "appraise_data",
    meaning: "EVM is active, and the file has no security.evm that protects its security.ima.",
    remedy: "Create it under evm=fix with ima_appraise=fix, or sign the metadata (evmctl sign).",
  },
  {
    cause: "invalid-HMAC",
    op: "appraise_data",
    meaning:
      "security.evm does not fit the file: an xattr, owner, mode, inode or file system changed behind EVM, or the key is another one.",
    remedy: "Restore the metadata, or let evm=fix with ima_appraise=fix write a new HMAC.",
  },
  {
    cause: "invalid-fail-immutable",
    op: "appraise_data",
    meaning: "The portable signature in security.evm does not verify over the metadata.",
    remedy:
      "Restore owner, mode and protected xattrs as they were signed, or sign again; such a file may still be changed.",
    since: "5.14",
  },
  {
    cause: "unverifiable-signature",
    op: "appraise_data",
    meaning:
      "The file system (FUSE) can answer every read differently, so no verdict on it would last; it was mounted by an untrusted user, or fail_securely is set.",
    remedy: "Have a trusted user mount it, or leave out fail_securely.",
    since: "4.17",
  },
  {
    cause: "unknown",
    op: "appraise_data",
    meaning: "No verdict was possible: security.ima could not be read, or its signature version is not supported.",
    remedy: "Look at the error that reading the xattr gives, and at the version byte of the signature.",
  },
  {
    cause: "failed",
    op: "collect_data",
    meaning:
      "The content could not be hashed: reading failed, or the algorithm that security.ima names is not available. On an overlay it also fails after an open with O_TRUNC that was denied.",
    remedy:
      "Use a hash that the kernel has built in; check the device for read errors. On an overlay remove the empty copy from the upper layer, with the overlay unmounted.",
  },
  {
    cause: "failed(directio)",
    op: "collect_data",
    meaning:
      "The file was opened with O_DIRECT, and no digest of it was known yet: the kernel does not hash through direct I/O.",
    remedy: "Open it without O_DIRECT first, or add permit_directio to the rule.",
  },
  {
    cause: "no-verity-digest",
    op: "collect_data",
    meaning: "The rule asks for the fs-verity digest, and fs-verity is not enabled on the file.",
    remedy: "Enable fs-verity, or leave digest_type=verity out of the rule.",
    since: "5.19",
  },
  {
    cause: "denied-hash-algorithm",
    op: "collect_data",
    meaning: "The hash algorithm of the label is not among those that a rule allows (appraise_algos=).",
    remedy: "Label the file with an allowed algorithm, or extend the list.",
    since: "5.15",
  },
  {
    cause: "unavailable-hash-algorithm",
    op: "set_data",
    meaning:
      "The label names a hash algorithm that this kernel cannot compute, so the file could never be appraised again.",
    remedy: "Use an algorithm that the kernel has built in, or load its module first.",
    since: "5.15",
  },
  {
    cause: "mmapped_writers",
    op: "mmap_file",
    meaning: "The file is mapped shared and writable elsewhere, so its content may change under an executable mapping.",
    remedy: "End the writable mapping first; closing its descriptor is not enough.",
    since: "5.3",
  },
  {
    cause: "failed-mprotect",
    op: "collect_data",
    meaning:
      "A mapping was to become executable after the fact, where it can no longer be appraised; no mode allows it.",
    remedy: "Map the file executable from the start, so that it is appraised then.",
    since: "5.8",
  },
  {
    cause: "ToMToU",
    op: "invalid_pcr",
    meaning:
      "A measured file was opened for writing while a reader still has it open: what was measured may not be what is used.",
    remedy:
      "Keep writers away from measured files, or exclude files that are written while they are read (logs) from measuring.",
  },
  {
    cause: "open_writers",
    op: "invalid_pcr",
    meaning: "A file was opened to be measured while a writer has it open: what was measured may change at once.",
    remedy: "Let writers close before readers open, or exclude such files from measuring.",
  },
];

export function causeNamed(cause: string): Cause | undefined {
  return CAUSES.find((row) => row.cause === cause);
}
