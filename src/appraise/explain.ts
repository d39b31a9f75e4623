// A decision in plain English: the rule that decided, what the label says, why the status came out, and what would change it.
import { bytesToHex } from "@noble/hashes/utils.js";
import { causeNamed } from "./causes.ts";
import type { Decision, DecisionStep, ResetReason } from "./decision.ts";
import { describeXattr } from "./label-text.ts";

const RESET: Readonly<Record<ResetReason, string>> = {
  "attributes-changed": "Its attributes changed since the last access, so earlier verdicts no longer count.",
  "xattr-changed": "Its label changed since the last access, so everything is done again.",
  "cannot-tell-changes": "Its file system cannot tell whether it changed, so everything is done again at each access.",
  "backing-file-changed": "The file below the overlay changed or cannot tell, so everything is done again.",
  "metadata-changed": "The metadata below the overlay changed, so it is appraised again.",
};

/** Who had the file open already. */
function openers({ cause, others }: DecisionStep & { readonly kind: "violation" }): string {
  const role = cause === "ToMToU" ? "reader" : "writer";
  return others === 1 ? `one ${role} has the file open` : `${others} ${role}s have the file open`;
}

function told(step: DecisionStep, decision: Decision): string | null {
  switch (step.kind) {
    case "reset":
      return RESET[step.why];
    case "violation":
      return `A violation was recorded: ${step.cause}, for ${openers(step)}. ${causeNamed(step.cause)?.meaning ?? ""}`.trim();
    case "hash-action":
      return "A hash rule asks for a label at the last close.";
    case "cached":
      return `The verdict comes from the cache: ${step.status}.`;
    case "xattr":
      if (step.errno !== null)
        return step.errno === "ENODATA" ? "It has no security.ima." : `Reading security.ima failed: ${step.errno}.`;
      return step.value === null || step.value.length === 0
        ? "It has no security.ima."
        : `security.ima: ${describeXattr(step.value)}`;
    case "new-label":
      return `The label that was to be set: ${describeXattr(step.value)}`;
    case "modsig":
      return step.found ? "A signature is appended to its content." : "No signature is appended to its content.";
    case "collect":
      if (step.errno !== null)
        return step.verity
          ? "fs-verity keeps no digest of it."
          : step.errno === "ENOENT"
            ? `This kernel cannot compute ${step.algorithm}.`
            : `Hashing with ${step.algorithm} failed: ${step.errno}.`;
      return `${step.verity ? "Its fs-verity digest is" : step.fresh ? "Its content hashes to" : "Its content was hashed before to"} ${step.algorithm}:${bytesToHex(step.digest ?? new Uint8Array())}.`;
    case "measure":
      return step.outcome === "added"
        ? `It was measured into PCR ${step.pcr} with template ${step.template}.`
        : step.outcome === "exists"
          ? `PCR ${step.pcr} holds the same entry already.`
          : "It could not be measured.";
    case "blacklisted":
      return "Its digest is on the .blacklist keyring.";
    case "evm":
      return toldOfEvm(step);
    case "signature":
      return step.explain();
    case "appraise":
      if (step.newFile) return "It is new and without a label, which is allowed until its last writer closes it.";
      return keepsNoXattrs(step, decision)
        ? "Its file system keeps no xattrs, so nothing can vouch for it; no record tells of it."
        : null;
    case "fix":
      return step.errno === null
        ? `Fix mode wrote ${describeXattr(step.value)}`
        : `Fix mode could not write the label: ${step.errno}.`;
    case "fix-hmac":
      return step.errno === null
        ? "The signature stays, and evm=fix wrote the HMAC that was missing beside it."
        : `The signature stays, and no HMAC was written beside it: ${step.errno}.`;
    case "mapped-writers":
    case "algorithm-denied":
      return null;
    case "audit-action":
      return "An audit rule had its hash written to the audit log.";
    case "direct-io-permitted":
      return "permit_directio lets the O_DIRECT open pass without a verdict.";
    case "sealed":
      return `It carries a signature, so it may not be opened for writing${decision.mode === "enforce" ? "" : "; this mode lets it pass"}.`;
  }
}

/** Appraisal ends before it looks for a label where there can be none (ima_appraise_measurement: IOP_XATTR). */
function keepsNoXattrs(step: DecisionStep & { readonly kind: "appraise" }, { steps }: Decision): boolean {
  return step.status === "unknown" && step.cause === null && !steps.some(({ kind }) => kind === "signature");
}

/** Where EVM has a say: its verdict, what went into it if that did not fit, and what would have fitted. */
function toldOfEvm({ status, examination }: DecisionStep & { readonly kind: "evm" }): string | null {
  if (status === "unknown") return null;
  if (examination === null) return `EVM says of its metadata: ${status}.`;
  const { text, algorithm, fields, finding } = examination;
  if (algorithm === null || finding === "verified") return text;
  const covered = fields.filter((field) => field.name !== "padding").map((field) => `${field.name} ${field.text}`);
  const found = examination.diagnose();
  const parts = [text, examination.explainSignature(), `Covered (${algorithm}): ${covered.join(", ")}.`];
  if (found !== null) parts.push(`The label ${found.text}.`);
  return parts.filter((part) => part !== null).join(" ");
}

/** @returns sentences, in the order in which things happened, the remedy last */
export function explain(decision: Decision): string[] {
  const { hook, object, verdict, cause, appraisal, mode } = decision;
  const sentences = [`${hook} of ${object.path}: ${verdict === "deny" ? `denied with ${decision.errno}` : "allowed"}.`];
  for (const rule of decision.rules)
    if (rule.outcome === "matched") sentences.push(`Rule ${rule.number} decided: ${rule.text}`);
  for (const step of decision.steps) {
    const sentence = told(step, decision);
    if (sentence !== null) sentences.push(sentence);
  }
  if (appraisal === "failed") {
    const row = cause === null ? undefined : causeNamed(cause);
    if (row !== undefined) sentences.push(`${row.cause}: ${row.meaning}`);
    if (verdict === "allow")
      sentences.push(
        mode === "off"
          ? "Appraisal is off for everything but rules of the loaders, which never deny then."
          : `Under ima_appraise=${mode} nothing is denied for it.`,
      );
    if (row !== undefined) sentences.push(`To change it: ${row.remedy}`);
    else if (decision.steps.some((step) => step.kind === "appraise" && keepsNoXattrs(step, decision)))
      sentences.push(
        "To change it: Keep the file where there are xattrs. A rule dont_appraise fsmagic= before this one would let anything on such file systems pass, whoever put it there.",
      );
  }
  return sentences;
}
