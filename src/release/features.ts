// What differs between kernel releases, apart from the policy grammar (src/policy) and the template names (src/measure),
// which keep their own columns "since". One row a behaviour: the first mainline release that has it, the release that
// lost it again, and the stable releases that had it earlier. Code asks `release.has(name)` and never compares numbers.

interface FeatureRow {
  /** First mainline release, `major.minor`. */
  readonly since: string;
  /** First mainline release that no longer has it. */
  readonly until?: string;
  /** Stable series that received it at a point release: `"6.12": 104` stands for 6.12.104. */
  readonly backports?: Readonly<Record<string, number>>;
  readonly what: string;
}

const table = {
  "lsm-hooks": {
    since: "6.9",
    what: "IMA and EVM are security modules of their own, last in order, each with its own inode state",
  },
  "integrity-named-by-lsm": {
    since: "5.1",
    until: "6.9",
    what: "lsm= and CONFIG_LSM have to name integrity: without it there is no cache for the inodes that rules are about, and the first one stops the kernel",
  },
  "creat-directory-refused": { since: "6.4", what: "open with O_CREAT and O_DIRECTORY fails with EINVAL" },
  "proc-cmdline-sized": { since: "6.2", what: "/proc/cmdline has a size, so that its content is hashed" },
  "acl-hooks": { since: "6.2", what: "POSIX ACLs have their own hooks instead of the xattr path" },
  "mmap-check-reqprot": { since: "6.3", what: "func MMAP_CHECK_REQPROT: the protection that was asked for" },
  "mmap-check-effective": {
    since: "6.3",
    backports: { "6.1": 16 },
    what: "MMAP_CHECK looks at the effective protection; before, READ_IMPLIES_EXEC made mappings executable unseen",
  },
  "collect-failure-denies": {
    since: "6.3",
    backports: { "6.1": 16 },
    what: "a file that cannot be hashed fails its appraisal",
  },
  "change-cookie": {
    since: "6.5",
    what: "change detection asks getattr for a change cookie instead of reading i_version",
  },
  "blacklist-any-signature": {
    since: "6.6",
    what: "every parsed appraise_type rule checks the blacklist; appraise_flag is ignored",
  },
  "pkcs7-revocation-always": {
    since: "6.6",
    what: "revoked certificates are refused whichever keyring verifies a PKCS#7",
  },
  "integrity-key-usage": { since: "6.6", what: ".ima and .evm demand digitalSignature and refuse CA certificates" },
  "x509-usage-parsing": { since: "6.4", what: "keyUsage and basicConstraints are read from certificates" },
  "arch-policy-check-rule": { since: "6.6", what: "EFI secure boot adds a rule for signed policies" },
  "overlay-backing-change": {
    since: "6.7",
    backports: { "6.1": 39 },
    what: "a change of the file under an overlay is noticed",
  },
  "evm-portable-signatures": { since: "4.16", what: "security.evm of type 0x05, the bit 0x4 of the evm file" },
  "evm-xattrs-file": { since: "4.18", what: "evm_xattrs; the protected xattrs are listed in the boot log" },
  "evm-portable-metadata": {
    since: "5.14",
    what: "EVM: FAIL_IMMUTABLE, unchanged values allowed, missing HMACs overlooked once none can come, disabled names in portable digests",
  },
  "evm-multiple-initial-xattrs": {
    since: "6.6",
    what: "the first HMAC covers the xattrs of all LSMs, not of the first alone",
  },
  "backing-files-own-path": { since: "6.7", what: "a file that an overlay opened below itself goes by its own path" },
  "copy-up-never-replaces": {
    since: "7.2",
    backports: { "6.12": 117 },
    what: "a directory or special file is not copied up over a name that the upper layer got meanwhile",
  },
  "long-log-records": { since: "6.3", what: "the log buffer keeps 32 bytes more of a message" },
  "overlay-uuid": { since: "6.6", what: "an overlay has a UUID of its own, kept on its upper root" },
  "evm-overlay-unsupported": { since: "6.8", what: "EVM HMACs are not supported on overlay" },
  "evm-overlay-portable": { since: "6.10", what: "portable signatures work on overlay and are copied up" },
  "list-per-bank": {
    since: "6.10",
    what: "a pair of measurement-list files for each bank; the plain names are symlinks",
  },
  "init-module-critical-data": { since: "6.10", what: "init_module buffers are measured as critical data" },
  "check-execve": { since: "6.14", what: "AT_EXECVE_CHECK, with audit records of type 1808" },
  "firmware-kernel-credentials": {
    since: "5.18",
    what: "firmware is read with the credentials of the kernel, not of the process that the driver serves",
  },
  "firmware-name-checked": {
    since: "6.12",
    backports: { "6.1": 113 },
    what: "a name of firmware with a component '..' is refused",
  },
  "firmware-path-line": { since: "6.4", what: "firmware_class.path ends at its first newline" },
  "loaded-data-shown": {
    since: "5.10",
    what: "security modules see firmware from user space after it came; before, they had to refuse it unseen",
  },
  "suspend-measurements": { since: "6.14", what: "no entries during reboot" },
  "new-file-survives-setattr": { since: "6.14", backports: { "6.12": 18 }, what: "an attribute change keeps NEW_FILE" },
  "violation-limit": {
    since: "6.15",
    backports: { "6.12": 24 },
    what: "one open_writers a writer period, one ToMToU a reader arming",
  },
  "violation-check-when-needed": {
    since: "6.15",
    backports: { "6.12": 31 },
    what: "no violation check for readers that nothing measures",
  },
  "kexec-list-at-execution": {
    since: "6.16",
    backports: { "6.12": 77 },
    what: "the list is copied when the new kernel starts, not when it is loaded",
  },
  "basic-constraints-strict": {
    since: "6.18",
    backports: { "6.12": 53 },
    what: "malformed basicConstraints are refused",
  },
  "digsig-kept-on-other-xattr": {
    since: "6.18",
    backports: { "6.12": 58, "6.1": 191 },
    what: "DIGSIG survives changes of other xattrs and ACLs",
  },
  "lsm-match-error-no-match": {
    since: "6.19",
    backports: { "6.12": 63, "6.1": 160 },
    what: "an error of the label comparison is no match",
  },
  "creds-check-final": { since: "6.19", what: "CREDS_CHECK runs once, on the final binary, with its new credentials" },
  "ordered-initial-hmac": {
    since: "7.0",
    backports: { "6.12": 75 },
    what: "the first HMAC hashes the LSM xattrs in list order",
  },
  "verity-size-kept": {
    since: "7.0",
    backports: { "6.12": 113 },
    what: "truncate refuses a file with fs-verity on every file system; before, btrfs cut it",
  },
  "fs-verity-signatures": {
    since: "5.19",
    what: "security.ima type 0x06, version 3 signatures over fs-verity digests",
  },
  "sigv3-hash-from-header": { since: "7.2", what: "a version 3 header of type 0x03 names the hash of the file" },
  "sigv3-all-files": { since: "7.1", what: "version-3 signatures for ordinary files and portable EVM" },
  "iversion-fallback": { since: "7.1", what: "without a change cookie the i_version of the real inode is compared" },
  "evm-fix-beside-signature": {
    since: "7.1",
    what: "under ima_appraise=fix and evm=fix a file with a signature in security.ima gets the HMAC that it lacks",
  },
  "evm-fix-ignored-secure-boot": { since: "7.1", what: "secure boot ignores evm=fix" },
  "list-unknown-bank": {
    since: "7.1",
    backports: { "6.12": 91 },
    what: "list files for banks whose algorithm the kernel does not know",
  },
  "evm-xattrs-long-read": { since: "7.2", backports: { "6.12": 97 }, what: "long evm_xattrs lists read in full" },
  "short-hash-bounds": {
    since: "7.2",
    backports: { "6.12": 104, "6.1": 183 },
    what: "a hash label that is too short never passes",
  },
  "idmapped-mounts": { since: "5.12", what: "mounts through which owners show as others (mount_setattr)" },
  "overlay-odd-capability-dropped": {
    since: "7.2",
    backports: { "6.12": 117 },
    what: "a malformed security.capability is left behind by a copy-up instead of failing it",
  },
  "listed-by-lsm": {
    since: "6.16",
    backports: { "6.12": 35 },
    what: "file systems in memory leave the listing of labels to the security modules",
  },
  "smack-label-exact": {
    since: "6.17",
    backports: { "6.12": 64 },
    what: "Smack takes what a process names as its label whole or not at all",
  },
  "smack-sockets-unlabelled": {
    since: "6.17",
    backports: { "6.12": 64 },
    what: "Smack gives the file of a socket no label",
  },
  "truncate-hooks": { since: "7.2", backports: { "6.12": 104 }, what: "truncation resets the cached verdict" },
  "fix-respects-read-only": {
    since: "7.2",
    backports: { "6.12": 111, "6.1": 192 },
    what: "read-only and immutable files are not relabelled",
  },
  "comm-of-descriptor": {
    since: "6.14",
    backports: { "6.12": 14, "6.1": 129 },
    what: "a program run by a descriptor is named after its file, not after the descriptor",
  },
  "copy-across-file-systems": {
    since: "5.3",
    until: "5.19",
    what: "copy_file_range copies from one file system to another",
  },
  "verity-small-blocks": { since: "6.3", what: "fs-verity blocks smaller than a page" },
  "elf-interpreter-text-only": {
    since: "6.7",
    what: "an ELF interpreter whose last segment is not writable need not end at a page",
  },
  "list-staging": { since: "7.2", what: "staged measurement lists" },
  "violation-digest-of-ima-hash": { since: "5.19", what: "violation entries carry the length and name of ima_hash" },
  "portable-counts-as-signature": {
    since: "5.14",
    what: "a portable EVM signature satisfies imasig; FAIL_IMMUTABLE; hmac-disabled exemptions",
  },
  "per-bank-digests": { since: "5.8", what: "each bank has a template digest of its own; earlier SHA1 was padded" },
  "boot-aggregate-bank": { since: "5.8", what: "boot_aggregate uses the bank of ima_hash" },
  "boot-aggregate-pcr-8-9": { since: "5.9", what: "boot_aggregate covers PCR 8 and 9 but in SHA1" },
  "mprotect-check": { since: "5.8", what: "mprotect to PROT_EXEC is checked" },
  "audit-errno": { since: "5.9", what: "integrity records end in errno=" },
  "ignore-mode-under-secure-boot": { since: "5.9", what: "secure boot ignores ima_appraise=" },
  "unknown-key-names-keyring": {
    since: "5.10",
    what: "a request for an unknown key is logged with the keyring's name",
  },
  "unknown-policy-name-logged": { since: "5.10", what: "unknown names in ima_policy= are logged" },
  "tpm-version-file": { since: "5.6", what: "sysfs tells the version of the TPM: tpm_version_major" },
  "tpm-pcr-files": { since: "5.12", what: "sysfs shows the PCRs of each bank: pcr-<bank>/<n>" },
  "kernel-version-measured": { since: "5.12", what: "the release string is measured as critical data at boot" },
  "modsign-key-on-ima": { since: "5.13", what: "the module signing certificate is on .ima" },
  "template-after-hash": { since: "5.17", what: "ima_template= and ima_template_fmt= count behind ima_hash=" },
  "setxattr-algorithm-check": { since: "5.15", what: "setxattr of security.ima checks the algorithm" },
} as const satisfies Readonly<Record<string, FeatureRow>>;

/** The name of a behaviour that some kernel releases have and others lack. */
export type Feature = keyof typeof table;

export const FEATURES: Readonly<Record<Feature, FeatureRow>> = table;
