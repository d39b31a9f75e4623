// What records mean that are not of an appraisal: EVM's refusals (evm/evm_main.c: integrity_status_msg), the list (ima_main.c, ima_queue.c) and the
// policy (ima_policy.c, ima_fs.c). The causes of appraisals stand in causes.ts.

export interface RecordCause {
  /** The record's `op=`. */
  readonly op: string;
  /** As it stands behind `cause=`. */
  readonly cause: string;
  readonly meaning: string;
  readonly remedy: string;
}

const REPAIR = "Under evm=fix together with ima_appraise=fix, opening the file writes label and HMAC.";

export const RECORD_CAUSES: readonly RecordCause[] = [
  {
    op: "appraise_metadata",
    cause: "no_label",
    meaning:
      "EVM refused a change: the file has protected xattrs, but no security.evm that vouches for what is to be changed.",
    remedy: `Write security.evm first, from an image or an archive that carries it. ${REPAIR}`,
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
      "Replace the file with one that is signed as it should be; take the signature away only if it is no longer wanted.",
  },
  {
    op: "appraise_metadata",
    cause: "fail_immutable",
    meaning: "EVM refused a change: the portable signature in security.evm does not fit the metadata.",
    remedy: "Restore owner, mode and protected xattrs as they were signed, or sign again.",
  },
  {
    op: "appraise_metadata",
    cause: "unknown",
    meaning: "EVM refused a change: it could not tell whether security.evm is right, as when its key is not loaded.",
    remedy: "Look whether EVM has its key: securityfs/evm, the .evm keyring and the log lines that begin with evm:.",
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
    op: "add_template_measure",
    cause: "hash_exists",
    meaning: "The measurement stands in the list already, so it is not added again.",
    remedy: "Nothing to mend.",
  },
  {
    op: "add_template_measure",
    cause: "ENOMEM",
    meaning: "There was no memory for an entry of the measurement list: the list no longer tells all.",
    remedy: "Measure less, or give the machine memory; the entry is lost until the next boot.",
  },
];

export function recordCause(op: string, cause: string): RecordCause | undefined {
  return RECORD_CAUSES.find((row) => row.op === op && row.cause === cause);
}
