// Whether a PKCS#7 message is right in itself, and signed by someone who is trusted (crypto/asymmetric_keys/pkcs7_verify.c: pkcs7_verify,
// pkcs7_verify_sig_chain; pkcs7_trust.c: pkcs7_validate_trust; certs/system_keyring.c: verify_pkcs7_message_sig).
import { canDigest, digest, type HashName, hashAvailable, type Signature } from "../crypto/index.ts";
import { type Denial, fail, ok, type Result } from "../errno/index.ts";
import { type Certificate, type Pkcs7Message, type Pkcs7Signer, parsePkcs7 } from "../formats/index.ts";
import { findAsymmetricKey, sameId } from "./asymmetric-match.ts";
import { type LoadedCertificate, loadCertificate } from "./certificate.ts";
import type { Key } from "./key.ts";
import type { KeyState } from "./state.ts";

/** What a signature is good for: enum key_being_used_for. */
export type Pkcs7Usage = "module" | "firmware" | "kexec" | "unspecified";
/** The keyring that a chain must end in. */
export type TrustedKeyring = "builtin" | "secondary" | "platform" | Key;

/** A certificate of a message, with what verification finds out about it. */
interface ChainCertificate extends LoadedCertificate {
  /** The certificate that signed it; itself for a root. */
  signer: ChainCertificate | null;
  seen: boolean;
  verified: boolean;
  banned: boolean;
}

interface SignerState {
  readonly info: Pkcs7Signer;
  digest: Uint8Array | null;
  certificate: ChainCertificate | null;
  unsupported: boolean;
  banned: boolean;
}

/** A signer, by serial number and issuer of its certificate or by key identifier, and the certificates from its own to the last. */
export interface SignerChain {
  readonly signer: Uint8Array;
  readonly certificates: readonly Certificate[];
}

const issuerOf = ({ authority: [id, keyId] }: Certificate) => [id, keyId] as const;

/** A message that was read and not judged yet. The content may be supplied once: supply(). */
export class SignedMessage {
  readonly #state: KeyState;
  readonly #message: Pkcs7Message<ChainCertificate>;
  readonly #signers: readonly SignerState[];
  #content: Uint8Array | null;

  private constructor(state: KeyState, message: Pkcs7Message<ChainCertificate>) {
    this.#state = state;
    this.#message = message;
    this.#content = message.content;
    this.#signers = message.signers.map((info) => ({
      info,
      digest: null,
      certificate: null,
      unsupported: false,
      banned: false,
    }));
  }

  /** @returns the errors of parsePkcs7. */
  static parse(state: KeyState, bytes: Uint8Array): Result<SignedMessage> {
    const parsed = parsePkcs7<ChainCertificate>(bytes, {
      release: state.release,
      warn: (text) => state.log.printk(`PKCS7: ${text}`),
      certificate(der) {
        const loaded = loadCertificate(state, der);
        if (!loaded.ok) return loaded;
        return ok({ ...loaded.value, signer: null, seen: false, verified: false, banned: loaded.value.blacklisted });
      },
    });
    return parsed.ok ? ok(new SignedMessage(state, parsed.value)) : parsed;
  }

  /** Each signer and the certificates of the message that lead on from it, by their names alone: nothing is verified. */
  get chains(): readonly SignerChain[] {
    const all = this.#message.certificates.map(({ certificate }) => certificate);
    const named = (id: Uint8Array | null, keyId: Uint8Array | null) =>
      all.find((cert) => sameId(cert.id, id) || sameId(cert.skid, keyId));
    return this.#signers.map(({ info: { id } }) => {
      const chain = new Set<Certificate>();
      for (let next = named(id, id); next !== undefined && !chain.has(next); next = named(...issuerOf(next)))
        chain.add(next);
      return { signer: id, certificates: [...chain] };
    });
  }

  #warn(text: string): void {
    this.#state.log.printk(`PKCS7: ${text}`);
  }

  /** Hands over detached content. EINVAL where the message has its own. */
  supply(content: Uint8Array): Denial {
    if (this.#content !== null) {
      this.#warn("Data already supplied");
      return "EINVAL";
    }
    this.#content = content;
    return null;
  }

  /** The digest that the only signature is over. EBADMSG for several signatures. */
  digest(): Result<{ readonly algorithm: HashName; readonly bytes: Uint8Array }> {
    const [signer, ...others] = this.#signers;
    if (signer === undefined || others.length > 0) return fail("EBADMSG");
    const refused = this.#digest(signer);
    return refused === null ? ok({ algorithm: signer.info.hash, bytes: signer.digest! }) : fail(refused);
  }

  /** pkcs7_digest: of the content, and where there are signed attributes of those. */
  #digest(signer: SignerState): Denial {
    if (signer.digest !== null) return null;
    const { hash, attributes, messageDigest } = signer.info;
    if (!hashAvailable(this.#state.config, hash) || !canDigest(hash)) return "ENOPKG";
    const ofContent = digest(hash, this.#content ?? new Uint8Array());
    signer.digest = ofContent;
    if (attributes === null) return null;
    const index = this.#signers.indexOf(signer) + 1;
    if (messageDigest === null) {
      this.#warn(`Sig ${index}: No messageDigest`);
      return "EKEYREJECTED";
    }
    if (messageDigest.length !== ofContent.length) {
      this.#warn(`Sig ${index}: Invalid digest size (${messageDigest.length})`);
      return "EBADMSG";
    }
    if (!sameId(messageDigest, ofContent)) {
      this.#warn(`Sig ${index}: Message digest doesn't match`);
      return "EKEYREJECTED";
    }
    signer.digest = digest(hash, Uint8Array.of(0x31), attributes);
    return null;
  }

  #signature({ info, digest: bytes }: SignerState): Signature {
    return { algorithm: info.algorithm, hash: info.hash, digest: bytes!, bytes: info.bytes };
  }

  /** Whether the message may be used so at all. */
  #usageFault(usage: Pkcs7Usage): Denial {
    const { dataType, hasAttributes } = this.#message;
    const refuse = (text: string): Denial => {
      this.#warn(text);
      return "EKEYREJECTED";
    };
    if (usage === "kexec") return dataType === "msIndirectData" ? null : refuse("Invalid kexec sig (not Authenticode)");
    if (dataType !== "data") return refuse(`Invalid ${usage} sig (not pkcs7-data)`);
    if (usage === "module" && hasAttributes) return refuse("Invalid module sig (has authattrs)");
    if (usage === "firmware" && !hasAttributes) return refuse("Invalid firmware sig (missing authattrs)");
    return null;
  }

  /** pkcs7_verify: consistent in itself, as far as the certificates in it reach. */
  #verifyInside(usage: Pkcs7Usage): Denial {
    const unusable = this.#usageFault(usage);
    if (unusable !== null) return unusable;
    let result: Denial = "ENOPKG";
    for (const signer of this.#signers) {
      const refused = this.#verifySigner(signer);
      if (signer.banned) {
        if (result === "ENOPKG") result = "EKEYREJECTED";
        continue;
      }
      if (refused === "ENOPKG") {
        signer.unsupported = true;
        continue;
      }
      if (refused !== null) return refused;
      result = null;
    }
    return result;
  }

  #verifySigner(signer: SignerState): Denial {
    const refused = this.#digest(signer);
    if (refused !== null) return refused;
    const { id, signingTime } = signer.info;
    signer.certificate = this.#message.certificates.find(({ certificate }) => sameId(certificate.id, id)) ?? null;
    if (signer.certificate === null) return null;
    const { publicKey, validFrom, validTo } = signer.certificate.certificate;
    if (signingTime !== null && (signingTime < validFrom || signingTime > validTo)) {
      this.#warn("Message signed outside of X.509 validity window");
      return "EKEYREJECTED";
    }
    return this.#state.signatures.verify(publicKey, this.#signature(signer)) ?? this.#verifyChain(signer);
  }

  /** Follows the certificates of the message from the signer's to the last that it holds. */
  #verifyChain(signer: SignerState): Denial {
    const { certificates } = this.#message;
    for (const each of certificates) each.seen = false;
    for (let cert = signer.certificate!; ; ) {
      cert.seen = true;
      if (cert.banned) {
        signer.banned = true;
        for (let p = signer.certificate!; p !== cert; p = p.signer!) p.banned = true;
        return null;
      }
      if (cert.selfSigned) {
        cert.signer = cert;
        return null;
      }
      const [id, keyId] = cert.certificate.authority;
      const next: ChainCertificate | undefined =
        id !== null
          ? certificates.find((p) => sameId(p.certificate.id, id))
          : certificates.find((p) => sameId(p.certificate.skid, keyId));
      if (next === undefined) return null;
      if (id !== null && keyId !== null && !sameId(next.certificate.skid, keyId)) {
        const index = (c: ChainCertificate): number => certificates.indexOf(c) + 1;
        const sig = this.#signers.indexOf(signer) + 1;
        this.#warn(`Sig ${sig}: X.509 chain contains auth-skid nonmatch (${index(cert)}->${index(next)})`);
        return "EKEYREJECTED";
      }
      if (next.seen) {
        this.#warn(`Sig ${this.#signers.indexOf(signer) + 1}: X.509 chain contains loop`);
        return null;
      }
      if (cert.signature === null) return "ENOPKG";
      const refused = this.#state.signatures.verify(next.certificate.publicKey, cert.signature);
      if (refused !== null) return refused;
      cert.signer = next;
      cert = next;
    }
  }

  /** pkcs7_validate_trust: whether a chain of the message meets a key of the keyring. */
  #validateTrust(keyring: Key): Denial {
    for (const each of this.#message.certificates) each.seen = false;
    let result: Denial = "ENOKEY";
    for (const signer of this.#signers) {
      const refused = this.#trustSigner(signer, keyring);
      if (refused === "ENOKEY") continue;
      if (refused === "ENOPKG") {
        if (result === "ENOKEY") result = "ENOPKG";
        continue;
      }
      if (refused !== null) return refused;
      result = null;
    }
    return result;
  }

  #trustSigner(signer: SignerState, keyring: Key): Denial {
    if (signer.unsupported) return "ENOPKG";
    const find = (id: Uint8Array | null, keyId: Uint8Array | null) =>
      findAsymmetricKey(this.#state, keyring, [id, keyId, null]);
    let last: ChainCertificate | null = null;
    let signature: Signature | null = this.#signature(signer);
    for (let cert = signer.certificate; cert !== null; cert = cert.signer) {
      if (cert.seen) return cert.verified ? null : "ENOKEY";
      cert.seen = true;
      // A key of this name that is trusted must have made the signature below.
      const known = find(cert.certificate.id, cert.certificate.skid);
      if (known.ok) return this.#matched(signer, cert, known.value, signature);
      if (cert.signer === cert) return "ENOKEY";
      last = cert;
      signature = cert.signature;
    }
    if (last !== null) {
      const [id, keyId] = last.certificate.authority;
      if (id !== null || keyId !== null) {
        const known = find(id, keyId);
        if (known.ok) return this.#matched(signer, last, known.value, signature);
        if (known.errno !== "ENOKEY") return known.errno;
      }
    }
    const direct = find(signer.info.id, null);
    if (direct.ok) return this.#matched(signer, null, direct.value, this.#signature(signer));
    return direct.errno === "ENOKEY" ? "ENOKEY" : direct.errno;
  }

  /** The trusted key must verify the signature; then all certificates up to `reached` are good. */
  #matched(signer: SignerState, reached: ChainCertificate | null, key: Key, signature: Signature | null): Denial {
    if (signature === null) return "EKEYREJECTED";
    if (this.#state.signatures.verify(key.asymmetric!.publicKey, signature) !== null) return "EKEYREJECTED";
    if (reached === null) return null;
    reached.verified = true;
    for (let p = signer.certificate; p !== null && p !== reached; p = p.signer) p.verified = true;
    return null;
  }

  /**
   * Judges the message.
   * @returns EKEYREJECTED: wrong signature, wrong kind of message, revoked or blacklisted; ENOKEY: signed by no trusted key; ENOPKG:
   * an algorithm that the kernel lacks; EBADMSG.
   */
  verify(trusted: TrustedKeyring, usage: Pkcs7Usage): Denial {
    const inside = this.#verifyInside(usage);
    if (inside !== null) return inside;
    const { rings, config, release } = this.#state;
    const revocable = release.has("pkcs7-revocation-always") || trusted === "platform";
    if (config.enabled("SYSTEM_REVOCATION_LIST") && revocable && rings.blacklist !== null)
      if (this.#validateTrust(rings.blacklist) === null) return "EKEYREJECTED";
    const keyring = trustedKeyring(this.#state, trusted);
    return keyring === null ? "ENOKEY" : this.#validateTrust(keyring);
  }
}

function trustedKeyring({ rings, config }: KeyState, trusted: TrustedKeyring): Key | null {
  if (typeof trusted !== "string") return trusted;
  if (trusted === "secondary" && !config.enabled("SECONDARY_TRUSTED_KEYRING")) return rings.builtin;
  return rings[trusted];
}

/** verify_pkcs7_signature: a detached signature over `content`. */
export function verifyPkcs7(
  state: KeyState,
  what: {
    readonly content: Uint8Array;
    readonly message: Uint8Array;
    readonly trusted: TrustedKeyring;
    readonly usage: Pkcs7Usage;
  },
): Denial {
  const parsed = SignedMessage.parse(state, what.message);
  if (!parsed.ok) return parsed.errno;
  if (parsed.value.supply(what.content) !== null) {
    state.log.printk("PKCS#7 signature with non-detached data");
    return "EBADMSG";
  }
  return parsed.value.verify(what.trusted, what.usage);
}
