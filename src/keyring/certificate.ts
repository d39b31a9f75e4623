// A certificate on its way to become a key: its signature is made ready, its digest looked up in the blacklist, and where it signed
// itself that is checked (crypto/asymmetric_keys/x509_public_key.c: x509_get_sig_params, x509_check_for_self_signed).
import { bytesToHex } from "@noble/hashes/utils.js";
import { canDigest, digest, hashAvailable, type Signature } from "../crypto/index.ts";
import { type Denial, fail, ok, type Result } from "../errno/index.ts";
import { type Certificate, parseCertificate } from "../formats/index.ts";
import { sameId } from "./asymmetric-match.ts";
import { isHashBlacklisted } from "./hash-blacklist.ts";
import type { KeyState } from "./state.ts";

export interface LoadedCertificate {
  readonly certificate: Certificate;
  /** Its signature, ready to be verified; null where the kernel lacks the hash or the algorithm. */
  readonly signature: Signature | null;
  readonly blacklisted: boolean;
  readonly selfSigned: boolean;
}

/** "no": signed by another; "yes": verified; "unsupported": cannot be verified; else the errno of a broken one. */
function selfSignature(state: KeyState, cert: Certificate, signature: Signature | null): Denial | "no" | "unsupported" {
  if (!sameId(cert.rawSubject, cert.rawIssuer)) return "no";
  const [id, keyId] = cert.authority;
  if (id !== null || keyId !== null) {
    const byKeyId = sameId(cert.skid, keyId);
    const bySerial = sameId(cert.id, id);
    if (!byKeyId && !bySerial) return "no";
    if (byKeyId !== bySerial && id !== null && keyId !== null) return "EKEYREJECTED";
  }
  if (signature === null) return "unsupported";
  const result = state.signatures.verify(cert.publicKey, signature);
  return result === "ENOPKG" ? "unsupported" : result;
}

/**
 * x509_cert_parse. A blacklisted certificate is loaded, and marked.
 * @returns the errors of parseCertificate; those of verifySignature for a self-signed certificate that does not verify.
 */
export function loadCertificate(state: KeyState, der: Uint8Array): Result<LoadedCertificate> {
  const parsed = parseCertificate(der, state.release);
  if (!parsed.ok) return parsed;
  const certificate = parsed.value;
  const { hash } = certificate.signature;
  let signature: Signature | null = null;
  let blacklisted = false;
  if (hashAvailable(state.config, hash) && canDigest(hash)) {
    signature = { ...certificate.signature, digest: digest(hash, certificate.tbs) };
    blacklisted = isHashBlacklisted(state, "tbs", signature.digest);
    if (blacklisted) state.log.printk(`X.509: Cert ${bytesToHex(signature.digest)} is blacklisted`);
  }
  const self = selfSignature(state, certificate, signature);
  if (self === "unsupported") signature = null;
  else if (self !== "no" && self !== null) return fail(self);
  return ok({ certificate, signature, blacklisted, selfSigned: self === null });
}
