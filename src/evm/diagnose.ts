// What would have to be different for a label that does not verify to be right. Neither kernel nor tools tell; here the plausible
// differences are tried one after the other, and the first that fits is named.
import { digest, type HashName, hashByName, hmac } from "../crypto/index.ts";
import type { Subject } from "../vfs/index.ts";
import { alternatives, type EvmCandidates, type EvmDifference, type EvmTrial } from "./alternatives.ts";
import type { EvmCore } from "./core.ts";
import type { EvmHashed, EvmVerification } from "./observe.ts";
import { type EvmPreimageInput, preimageParts } from "./preimage.ts";
import { signedDigest } from "./verify.ts";

export interface EvmDiagnosis {
  readonly differences: readonly EvmDifference[];
  /** In plain words. */
  readonly text: string;
  readonly input: EvmPreimageInput;
  readonly algorithm: HashName;
}

export interface DiagnosisOptions {
  /** Whether the label fits this input. Must change nothing and say nothing. */
  readonly fits: (trial: EvmTrial) => boolean;
  /** The order in which xattrs are hashed. */
  readonly order: readonly string[];
  readonly candidates?: EvmCandidates;
  /** The greatest number of attempts. Default 10000. */
  readonly limit?: number;
}

/**
 * Tries the differences against the label of a verification that failed. Null where nothing fits, where there is nothing to compare
 * (the label was not even hashed), or where no key is at hand to try with.
 */
export function diagnoseVerification(
  core: EvmCore,
  task: Subject,
  { label, hashed, finding }: EvmVerification,
  candidates?: EvmCandidates,
): EvmDiagnosis | null {
  if (hashed === null || label === null || finding === "verified") return null;
  const order = core.names.list.map((x) => x.name);
  const common = { order, ...(candidates && { candidates }) };
  if (hashed.input.type === "hmac") {
    const key = core.setup.hmacKey;
    if (key === null) return null;
    const fits = (trial: EvmTrial) => same(hmac("sha1", key, ...preimageParts(trial.input)), label.subarray(1));
    return diagnose(hashed, { ...common, fits });
  }
  const { keys } = core;
  if (keys.signatureFits === undefined) return null;
  const fits = ({ input, algorithm }: EvmTrial) => {
    const as = Uint8Array.from(label);
    as[2] = hashByName(algorithm)!.id;
    const made = { input, algorithm, digest: digest(algorithm, ...preimageParts(input)) };
    return keys.signatureFits!(task, as, signedDigest(core, as, made));
  };
  return diagnose(hashed, { ...common, fits, limit: SIGNATURE_TRIES });
}

/** Verifying a signature takes a hundred times as long as an HMAC. */
const SIGNATURE_TRIES = 500;

/** Null where nothing that was tried fits. */
export function diagnose(
  hashed: Pick<EvmHashed, "input" | "algorithm">,
  options: DiagnosisOptions,
): EvmDiagnosis | null {
  let left = options.limit ?? 10_000;
  const seen = new Set<string>();
  for (const variant of alternatives(hashed, options.order, options.candidates ?? {})) {
    const key = variant.differences.map((d) => `${d.field}=${d.labelled}`).join(" ");
    if (seen.has(key)) continue;
    seen.add(key);
    if (left-- <= 0) return null;
    if (options.fits(variant)) {
      const { differences, text, input, algorithm } = variant;
      return { differences, text: `verifies ${text}`, input, algorithm };
    }
  }
  return null;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
