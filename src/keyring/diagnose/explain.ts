// Diagnoses of signatures and certificates in sentences, for a person who asks later why something was refused. What the keyrings held is
// looked at when it happened.
import type { Errno } from "../../errno/index.ts";
import type { Certificate } from "../../formats/index.ts";
import { sameId } from "../asymmetric-match.ts";
import { type IntegrityKeyring, integrityKeyringName } from "../kernel-keyrings.ts";
import { textOf } from "../key-types/asymmetric.ts";
import type { AppendedSignature } from "../modsig.ts";
import type { KeyState } from "../state.ts";
import type { KeySubject } from "../subject.ts";
import { type CertificateDiagnosis, diagnoseCertificate } from "./certificate.ts";
import { diagnoseVerification, type KeyVerdict, type VerificationDiagnosis } from "./verification.ts";

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
 * Why integrityVerify refused a signature with `errno`; arguments as there. Looks at the keyrings as they are now, to be asked right
 * after the refusal; the answer puts it into words any time later.
 */
export function explainSignature(
  state: KeyState,
  subject: KeySubject,
  id: IntegrityKeyring,
  signature: Uint8Array,
  digest: Uint8Array,
  errno: Errno,
): () => string {
  const diagnosis = diagnoseVerification(state, subject, id, signature, digest, errno);
  return () =>
    [`The signature was refused with ${errno}: ${diagnosis.summary}.`, ...verificationText(diagnosis)].join(" ");
}

const APPENDED: Readonly<Record<string, string>> = {
  ENOKEY: "no key of the keyring has made it, or vouches for a certificate in it",
  EKEYREJECTED:
    "it is over other content, of a kind that does not count for modules, or its key is revoked or blacklisted",
  EBADMSG: "it is malformed, or made by another key than it says",
  ENOPKG: "it needs an algorithm that this kernel lacks",
};

/** A certificate of an appended signature, and where the keyrings have its key. */
interface ChainLink {
  readonly certificate: Certificate;
  readonly places: readonly string[];
}

/** The keys that `ids` name, serial number and issuer or key identifier, on all keyrings. */
function placesOf(state: KeyState, ...ids: readonly (Uint8Array | null)[]): string[] {
  const places: string[] = [];
  for (const ring of state.store.keys)
    for (const { asymmetric, description } of ring.links ?? [])
      if (asymmetric !== null && ids.some((id) => sameId(asymmetric.ids[0], id) || sameId(asymmetric.ids[1], id)))
        places.push(`'${description}' on ${ring.description}`);
  return places;
}

const onKeyrings = (places: readonly string[]): string => (places.length === 0 ? "on no keyring" : places.join(", "));

/** Who signed, certificate by certificate as the message has them, up to the issuer that a keyring would have to know. */
function chainText(chain: readonly ChainLink[], issuer: readonly string[]): string {
  const links = chain.map(({ certificate, places }) => {
    const own = places.length === 0 ? "" : ` and as ${places.join(", ")}`;
    return `'${textOf(certificate.subject)}' (in the message${own})`;
  });
  const last = chain.at(-1)!.certificate;
  const end = sameId(last.rawSubject, last.rawIssuer)
    ? "which signed itself"
    : `signed by '${textOf(last.issuer)}' (${onKeyrings(issuer)})`;
  return `Its signer is ${[...links.slice(0, 1), ...links.slice(1).map((link) => `signed by ${link}`), end].join(", ")}`;
}

/**
 * Why AppendedSignature.verify refused with `errno`: where the keys of its signers and of those that vouch for them are. As
 * explainSignature it looks now and tells later.
 */
export function explainAppended(
  state: KeyState,
  id: IntegrityKeyring,
  { chains }: AppendedSignature,
  errno: Errno,
): () => string {
  const seen = chains.map(({ signer, certificates }) => ({
    chain: certificates.map((certificate) => ({
      certificate,
      places: placesOf(state, certificate.id, certificate.skid),
    })),
    places: placesOf(state, ...(certificates.at(-1)?.authority.slice(0, 2) ?? [signer])),
  }));
  return () => {
    const why = APPENDED[errno];
    const searched = integrityKeyringName(state, id);
    const sentences = seen.map(({ chain, places }) => {
      if (chain.length > 0) return `${chainText(chain, places)}; looked for on ${searched}.`;
      return places.length === 0
        ? `The certificate of its signer is on no keyring; looked for on ${searched}.`
        : `Its signer is ${places.join(", ")}; looked for on ${searched}.`;
    });
    return [
      `The appended signature was refused with ${errno}${why === undefined ? "" : `: ${why}`}.`,
      ...sentences,
    ].join(" ");
  };
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
 * Why a keyring refused a certificate (DER) with `errno`; as explainSignature it looks now and tells later. Undefined where that had
 * another reason than the certificate, as a lack of permission.
 */
export function explainCertificate(
  state: KeyState,
  keyring: number,
  der: Uint8Array,
  errno: Errno,
): (() => string) | undefined {
  const ring = state.store.lookup(keyring);
  if (ring === undefined || ring.links === null) return undefined;
  const diagnosis = diagnoseCertificate(state, ring, der);
  return diagnosis.errno === errno ? () => certificateText(diagnosis, ring.description) : undefined;
}
