// Appended signatures in appraisal (security/integrity/ima/ima_modsig.c).
import type { HashName } from "../crypto/index.ts";
import { type Denial, ok, type Result } from "../errno/index.ts";
import { splitSignedFile } from "../formats/index.ts";
import { integrityKeyring } from "./integrity.ts";
import { SignedMessage, type SignerChain } from "./pkcs7-verify.ts";
import type { KeyState } from "./state.ts";
import type { KeySubject } from "./subject.ts";

/** A PKCS#7 signature at the end of a file. */
export class AppendedSignature {
  /** The PKCS#7 message without the trailer. */
  readonly raw: Uint8Array;
  readonly #message: SignedMessage;
  readonly #contentLength: number;
  #digest: { readonly algorithm: HashName; readonly bytes: Uint8Array } | null = null;

  constructor(message: SignedMessage, raw: Uint8Array, contentLength: number) {
    this.#message = message;
    this.raw = raw;
    this.#contentLength = contentLength;
  }

  /** Known once the content was supplied; null for a message with several signatures or an algorithm that the kernel lacks. */
  get digest(): { readonly algorithm: HashName; readonly bytes: Uint8Array } | null {
    return this.#digest;
  }

  /** Hands over the file, signature included: ima_collect_modsig. */
  supply(file: Uint8Array): void {
    if (this.#message.supply(file.subarray(0, this.#contentLength)) !== null) return;
    const found = this.#message.digest();
    if (found.ok) this.#digest = found.value;
  }

  /** Who signed, by the certificates in the message. */
  get chains(): readonly SignerChain[] {
    return this.#message.chains;
  }

  /** integrity_modsig_verify. */
  verify(state: KeyState, subject: KeySubject, id: "ima" | "platform"): Denial {
    const keyring = integrityKeyring(state, subject, id);
    return keyring.ok ? this.#message.verify(keyring.value, "module") : keyring.errno;
  }
}

/**
 * ima_read_modsig. `func` names the hook in messages.
 * @returns ENOENT where the file has none; what splitSignedFile and parsePkcs7 refuse with.
 */
export function readAppendedSignature(state: KeyState, func: string, file: Uint8Array): Result<AppendedSignature> {
  const split = splitSignedFile(file, (text) => state.log.printk(`${func}: ${text}`));
  if (!split.ok) return split;
  const { content, pkcs7 } = split.value;
  const message = SignedMessage.parse(state, pkcs7);
  return message.ok ? ok(new AppendedSignature(message.value, pkcs7, content.length)) : message;
}
