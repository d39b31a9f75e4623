// Diagnoses of signatures and certificates in sentences, for a person who asks later why something was refused.
import type { Errno } from "../errno/index.ts";
import { type CertificateDiagnosis, diagnoseCertificate } from "./diagnose-certificate.ts";
import { diagnoseVerification, type KeyVerdict, type VerificationDiagnosis } from "./diagnose-verification.ts";
import type { IntegrityKeyring } from "./kernel-keyrings.ts";
import type { KeyState } from "./state.ts";
import type { KeySubject } from "./subject.ts";

/** So many keys of a keyring are told one by one. */
const KEYS_TOLD = 4;

const isHeld = ({ keyring, description }: KeyVerdict): string => `'${description}' on ${keyring}`;

function keysThere({ keyring, keys }: VerificationDiagnosis["searched"][number]): string {
  if (keys.length === 0) return `${keyring} is empty.`;
  const told = keys.slice(0, KEYS_TOLD).map(({ description, why }) => `'${description}' (${why})`);
  const more = keys.length - told.length;
  return `${keyring} holds ${told.join(", ")}${more > 0 ? ` and ${more} more` : ""}.`;
}

function verificationText({ keyWanted, searched, elsewhere }: VerificationDiagnosis): string[] {
  if (keyWanted === null) return [];
  const named = searched.flatMap(({ keys }) => keys).find(({ wanted }) => wanted);
  if (named !== undefined) return [`The key that it names is ${isHeld(named)}.`];
  const last = searched.at(-1);
  const sentences = last === undefined ? [] : [keysThere(last)];
  if (elsewhere.length > 0)
    sentences.push(`The key is there, but not where it is looked for: ${elsewhere.map(isHeld).join(", ")}.`);
  return sentences;
}

/**
 * Why integrityVerify refused a signature with `errno`, as the keyrings are now: where they have changed since, that is said.
 * Arguments as there.
 */
export function explainSignature(
  state: KeyState,
  subject: KeySubject,
  id: IntegrityKeyring,
  signature: Uint8Array,
  digest: Uint8Array,
  errno: Errno,
): string {
  const diagnosis = diagnoseVerification(state, subject, id, signature, digest);
  const said = `The signature was refused with ${errno}`;
  const sentences =
    diagnosis.errno === errno
      ? [`${said}: ${diagnosis.summary}.`]
      : [`${said}, but the keyrings have changed since; asked again, the answer is: ${diagnosis.summary}.`];
  return [...sentences, ...verificationText(diagnosis)].join(" ");
}

function certificateText({ errno, steps }: CertificateDiagnosis, keyring: string): string {
  const met = steps.filter((step) => step.met).map(({ condition }) => condition);
  const missing = steps.find((step) => !step.met);
  const why = missing === undefined ? "" : `: it does not meet the condition '${missing.condition}'`;
  const detail = missing === undefined || missing.detail === "" ? "" : ` (${missing.detail})`;
  const fine = met.length === 0 ? "" : ` It meets: ${met.join(", ")}.`;
  return `${keyring} refuses the certificate with ${errno}${why}${detail}.${fine}`;
}

/**
 * Why a keyring refused a certificate (DER) with `errno`. Undefined where that had another reason than the certificate, as a lack of
 * permission, or where the keyring is gone or would answer otherwise by now.
 */
export function explainCertificate(
  state: KeyState,
  keyring: number,
  der: Uint8Array,
  errno: Errno,
): string | undefined {
  const ring = state.store.lookup(keyring);
  if (ring === undefined || ring.links === null) return undefined;
  const diagnosis = diagnoseCertificate(state, ring, der);
  return diagnosis.errno === errno ? certificateText(diagnosis, ring.description) : undefined;
}
