// Diagnoses of signatures and certificates in sentences, for a person who asks later why something was refused.
import type { Errno } from "../errno/index.ts";
import { sameId } from "./asymmetric-match.ts";
import { type CertificateDiagnosis, diagnoseCertificate } from "./diagnose-certificate.ts";
import { diagnoseVerification, type KeyVerdict, type VerificationDiagnosis } from "./diagnose-verification.ts";
import { type IntegrityKeyring, integrityKeyringName } from "./kernel-keyrings.ts";
import type { AppendedSignature } from "./modsig.ts";
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

const APPENDED: Readonly<Record<string, string>> = {
  ENOKEY: "no key of the keyring has made it, or vouches for a certificate in it",
  EKEYREJECTED:
    "it is over other content, of a kind that does not count for modules, or its key is revoked or blacklisted",
  EBADMSG: "it is malformed, or made by another key than it says",
  ENOPKG: "it needs an algorithm that this kernel lacks",
};

/** Why AppendedSignature.verify refused with `errno`, and where the keys of its signers are now. */
export function explainAppended(
  state: KeyState,
  id: IntegrityKeyring,
  { signerIds }: AppendedSignature,
  errno: Errno,
): string {
  const why = APPENDED[errno];
  const searched = integrityKeyringName(state, id);
  const sentences = [`The appended signature was refused with ${errno}${why === undefined ? "" : `: ${why}`}.`];
  for (const signer of signerIds) {
    const places: string[] = [];
    for (const ring of state.store.keys)
      for (const { asymmetric, description } of ring.links ?? [])
        if (asymmetric !== null && (sameId(asymmetric.ids[0], signer) || sameId(asymmetric.ids[1], signer)))
          places.push(`'${description}' on ${ring.description}`);
    sentences.push(
      places.length === 0
        ? `The certificate of its signer is on no keyring; looked for on ${searched}.`
        : `Its signer is ${places.join(", ")}; looked for on ${searched}.`,
    );
  }
  return sentences.join(" ");
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
