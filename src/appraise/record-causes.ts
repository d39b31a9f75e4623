// What records mean that are not of an appraisal: EVM's refusals (evm/evm_main.c: integrity_status_msg), labels that a rule refuses (ima_appraise.c:
// validate_hash_algo), the policy (ima_policy.c, ima_fs.c) and the list (ima_init.c, ima_api.c, ima_main.c, ima_queue.c, ima_queue_keys.c).
// The causes of appraisals stand in causes.ts; docs/causes has a page for each of both.

export interface RecordCause {
  /** The record's `op=`; `FUNC` stands for a kind of buffer: `measuring_key`, `measuring_kexec_cmdline`… */
  readonly op: string;
  /** As it stands behind `cause=`; `N` stands for a number. */
  readonly cause: string;
  readonly meaning: string;
  readonly remedy: string;
  /** First release that says it; all that are modelled where left out. */
  readonly since?: string;
}

const MEMORY = "Give the machine memory, or measure less; what was not measured is lost until the next boot.";
const REPAIR = "Under evm=fix together with ima_appraise=fix, opening the file writes label and HMAC.";

export const RECORD_CAUSES: readonly RecordCause[] = [
  {
    op: "appraise_metadata",
    cause: "no_label",
    meaning:
      "EVM refused a change: the file has protected xattrs, but no security.evm that vouches for what is to be changed.",
    remedy: `Write security.evm before EVM has its key, from an image or an archive that carries it. ${REPAIR}`,
  },
  {
    op: "appraise_metadata",
    cause: "no_xattrs",
    meaning: "EVM refused a change: the file has no protected xattr at all, and is not new.",
    remedy: REPAIR,
  },
  {
    op: "appraise_metadata",
    cause: "fail",
    meaning:
      "EVM refused a change: security.evm does not fit the file as it is, so a new one would vouch for what nobody checked.",
    remedy: "Restore the metadata as they were when security.evm was made, or repair the file under evm=fix.",
  },
  {
    op: "appraise_metadata",
    cause: "pass_immutable",
    meaning: "EVM refused a change: a portable signature covers the metadata, and a change would break it.",
    remedy:
      "Replace the file with one that is signed as it should be; the signature itself can only be taken away under evm=fix.",
  },
  {
    op: "appraise_metadata",
    cause: "unknown",
    meaning:
      "EVM refused a change: the file system has no xattrs, or EVM keeps no HMACs on it, so nothing vouches for the file.",
    remedy:
      "Use a file system with xattrs (tmpfs, not ramfs), or give owner and mode by mount options; on an overlay set ACLs in the layer below.",
  },
  {
    op: "update_metadata",
    cause: "no_xattrs",
    meaning:
      "A change of xattrs met a file without any protected xattr that is not new. EVM refuses it; the record appraise_metadata beside this one says so again.",
    remedy:
      "As for appraise_metadata: label the file from an image or an archive, before EVM has its key or under evm=fix.",
  },
  {
    op: "set_data",
    cause: "denied-hash-algorithm",
    meaning:
      "A label was not set: its hash algorithm is not among those of the rule func=SETXATTR_CHECK appraise_algos=.",
    remedy: "Make the label with an allowed algorithm, or extend the list.",
    since: "5.15",
  },
  {
    op: "policy_update",
    cause: "completed",
    meaning: "A policy was taken; its rules are in force.",
    remedy: "Nothing to mend.",
  },
  {
    op: "policy_update",
    cause: "failed",
    meaning:
      "The policy was not taken: one of its rules is refused, or the file that holds it. The rules in force stay.",
    remedy: "The records before it name the rule (type 1807, res=0); `imasim policy check` says where and why.",
  },
  {
    op: "policy_update",
    cause: "signed policy required",
    meaning:
      "Rules were written as text, where only a signed file may be named (secure boot, or a rule appraise func=POLICY_CHECK).",
    remedy: "Sign the policy file and write its path to securityfs/ima/policy.",
  },
  {
    op: "update_policy",
    cause: "invalid-policy",
    meaning: "A rule of the policy cannot be read, or not on this kernel; the whole policy is refused.",
    remedy: "`imasim policy check --release RELEASE` says where and why.",
  },
  {
    op: "update_policy",
    cause: "-ENOMEM",
    meaning: "There was no memory for a rule; the whole policy is refused.",
    remedy: "Give the machine memory, and load the policy again.",
  },
  {
    op: "add_template_measure",
    cause: "hash_added",
    meaning: "The list has a new entry. Only integrity_audit=1 shows this record.",
    remedy: "Nothing to mend.",
  },
  {
    op: "add_template_measure",
    cause: "hash_exists",
    meaning: "The measurement stands in the list already, so it is not added again.",
    remedy: "Nothing to mend.",
  },
  {
    op: "add_template_measure",
    cause: "ENOMEM",
    meaning: "No entry was added: a field of the template could not be made, or there was no memory.",
    remedy:
      "Look for op=collect_data before the record: then a template without the field d helps. Else give the machine memory.",
  },
  {
    op: "add_template_measure",
    cause: "TPM_error(N)",
    meaning: "The entry is in the list, but the TPM did not extend the PCR: list and PCR no longer agree.",
    remedy: "Look at the TPM, and at pcr= of the rule: some PCRs are not the kernel's to extend.",
  },
  {
    op: "add_template_measure",
    cause: "hashing_error",
    meaning: "The fields of an entry could not be hashed, so it was not added; name= holds the template.",
    remedy: MEMORY,
  },
  {
    op: "add_template_measure",
    cause: "measurements_suspended",
    meaning: "The machine is on its way down, and the list takes no more entries.",
    remedy: "Nothing to mend; let programs end before the reboot begins.",
    since: "6.14",
  },
  {
    op: "measuring_FUNC",
    cause: "store_entry",
    meaning:
      "A buffer (a key, a command line, critical data) was not added to the list; errno=-17: it stands there already.",
    remedy: "Nothing to mend for errno=-17; else the record before it, op=add_template_measure, says why.",
  },
  {
    op: "measuring_FUNC",
    cause: "alloc_entry",
    meaning: "There was no memory for the entry of a buffer.",
    remedy: MEMORY,
  },
  {
    op: "measuring_FUNC",
    cause: "hashing_error",
    meaning: "A buffer that was to be measured could not be hashed.",
    remedy: MEMORY,
  },
  {
    op: "measuring_FUNC",
    cause: "ENOMEM",
    meaning: "There was no memory to keep a key that came before the policy, so it is not measured.",
    remedy: MEMORY,
  },
  {
    op: "measuring_FUNC",
    cause: "ima_template_desc_buf",
    meaning: "The template of buffers (ima-buf) could not be set up.",
    remedy: MEMORY,
  },
  {
    op: "add_boot_aggregate",
    cause: "hashing_error",
    meaning: "The PCRs could not be hashed for the first entry of the list. IMA does not start.",
    remedy: "Give the machine memory, and boot again.",
  },
  {
    op: "add_boot_aggregate",
    cause: "alloc_entry",
    meaning: "There was no memory for the first entry of the list. IMA does not start.",
    remedy: "Give the machine memory, and boot again.",
  },
  {
    op: "add_boot_aggregate",
    cause: "store_entry",
    meaning: "The first entry could not be added to the list. IMA does not start.",
    remedy: "The record before it, op=add_template_measure, says why; boot again.",
  },
];

export function recordCause(op: string, cause: string): RecordCause | undefined {
  const kind = op.replace(/^measuring_\w+$/, "measuring_FUNC");
  const word = cause.replace(/^TPM_error\(-?\d+\)$/, "TPM_error(N)");
  return RECORD_CAUSES.find((row) => row.op === kind && row.cause === word);
}
