// Why a keyring does not take a certificate: the conditions of the kernel one by one, and which link of trust is missing.
// Nothing is logged and nothing changes.
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Denial } from "../../errno/index.ts";
import type { Certificate } from "../../formats/index.ts";
import { findAsymmetricKey, sameId } from "../asymmetric-match.ts";
import { type LoadedCertificate, loadCertificate } from "../certificate.ts";
import type { AsymmetricIds, AsymmetricPayload, Key } from "../key.ts";
import { textOf } from "../key-types/asymmetric.ts";
import type { KeyState } from "../state.ts";
import { keysBelow, quiet } from "./verification.ts";

/** One condition on the way into a keyring. */
export interface TrustStep {
  readonly condition: string;
  readonly met: boolean;
  readonly detail: string;
}

export interface CertificateDiagnosis {
  /** null: the keyring takes it. */
  readonly errno: Denial;
  /** Conditions in the order in which they are looked at, up to the first that is not met. */
  readonly steps: readonly TrustStep[];
}

const hexOf = (id: Uint8Array | null): string => (id === null ? "none" : bytesToHex(id));

function authorityText({ certificate }: LoadedCertificate): string {
  const [id, keyId] = certificate.authority;
  const issuer = textOf(certificate.issuer) || "a nameless issuer";
  if (id !== null) return `'${issuer}', by issuer and serial number`;
  if (keyId !== null) return `'${issuer}', key identifier ${bytesToHex(keyId)}`;
  return `'${issuer}', by name alone`;
}

/** A key of the trusted keyring that has something in common with the signer that is looked for. */
function nearMiss(trusted: Key, [, keyId]: AsymmetricIds, issuer: Uint8Array): string {
  for (const key of keysBelow(trusted)) {
    const payload = key.asymmetric;
    if (payload === null) continue;
    if (sameId(payload.ids[2], issuer))
      return `; '${key.description}' has that name, but key identifier ${hexOf(payload.ids[1])} instead of ${hexOf(keyId)}`;
  }
  return "";
}

/** What a certificate is for, where that alone decides. */
function usageText({ ca, keyCertSign, digitalSignature }: Certificate): string {
  if (!ca) return "basicConstraints does not say CA:TRUE";
  if (!keyCertSign) return "keyUsage lacks keyCertSign";
  return digitalSignature ? "keyUsage has digitalSignature" : "";
}

/** Follows a certificate into a keyring (by its own restriction) and names the link of trust that is missing. */
export function diagnoseCertificate(state: KeyState, keyring: Key, der: Uint8Array): CertificateDiagnosis {
  const silent = quiet(state);
  const steps: TrustStep[] = [];
  const step = (condition: string, met: boolean, detail: string): boolean => {
    steps.push({ condition, met, detail });
    return met;
  };
  const loaded = loadCertificate(silent, der);
  if (
    !step(
      "a certificate that the kernel can read",
      loaded.ok,
      loaded.ok ? textOf(loaded.value.certificate.subject) : loaded.errno,
    )
  )
    return { errno: loaded.ok ? null : loaded.errno, steps };
  const value = (loaded as { value: LoadedCertificate }).value;
  const { certificate, signature, blacklisted } = value;
  if (!step("not blacklisted", !blacklisted, blacklisted ? "its digest is in .blacklist" : ""))
    return { errno: "EKEYREJECTED", steps };
  const { restriction } = keyring;
  if (restriction === null) {
    step("no restriction", true, "the keyring takes any certificate");
    return { errno: null, steps };
  }
  const payload: AsymmetricPayload = {
    kind: "asymmetric",
    idType: "X509",
    publicKey: certificate.publicKey,
    ids: [certificate.id, certificate.skid, certificate.rawSubject],
    digitalSignature: certificate.digitalSignature,
    keyCertSign: certificate.keyCertSign,
    ca: certificate.ca,
    vouched: signature && { signature, authority: certificate.authority },
  };
  const type = state.types.get("asymmetric")!;
  const errno = restriction.check(silent, keyring, { type, payload, key: null });
  const trusted = restriction.trusted?.(state) ?? null;
  if (restriction.trusted === undefined) {
    step(restriction.name, errno === null, errno === null ? "" : usageText(certificate));
    return { errno, steps };
  }
  if (restriction.digsig) {
    const { digitalSignature, keyCertSign, ca } = certificate;
    if (
      !step(
        "digitalSignature in keyUsage",
        digitalSignature,
        digitalSignature ? "" : "it is not set, or there is no keyUsage",
      ) ||
      !step("no CA", !ca, ca ? "basicConstraints says CA:TRUE" : "") ||
      !step("no keyCertSign in keyUsage", !keyCertSign, keyCertSign ? "it is set" : "")
    )
      return { errno, steps };
  }
  if (
    !step(
      "a signature that the kernel can check",
      signature !== null,
      `${certificate.signature.algorithm} with ${certificate.signature.hash}`,
    )
  )
    return { errno, steps };
  if (trusted === null) {
    step("a keyring that vouches", false, "there is none");
    return { errno, steps };
  }
  const signer = findAsymmetricKey(silent, trusted, certificate.authority);
  const wanted = authorityText(value);
  const where = `${wanted} in ${trusted.description}`;
  if (
    !step(
      "a trusted signer",
      signer.ok,
      signer.ok ? where : `not found: ${where}${nearMiss(trusted, certificate.authority, certificate.rawIssuer)}`,
    )
  )
    return { errno, steps };
  step(
    errno === "EPERM" || errno === "ENOKEY" ? "a signer that may vouch (ca_keys=)" : "a signature that verifies",
    errno === null,
    errno ?? "",
  );
  return { errno, steps };
}
