// What appraisal needs of keys: verification of signatures and the blacklist. The kernel floor adapts the keyrings to it.
import type { HashName } from "../crypto/index.ts";
import type { Denial, Errno, Result } from "../errno/index.ts";
import type { Subject } from "../vfs/index.ts";

/** A PKCS#7 signature at the end of a file (security/integrity/ima/ima_modsig.c). */
export interface Modsig {
  /** The PKCS#7 message without the trailer. */
  readonly raw: Uint8Array;
  /** Known once the content was supplied. */
  readonly digest: { readonly algorithm: HashName; readonly bytes: Uint8Array } | null;
  /** Hands over the file, signature included (ima_collect_modsig). */
  supply(file: Uint8Array): void;
}

export interface ImaKeys {
  /** integrity_digsig_verify: `xattr` is the whole label, `digest` what it should have signed. */
  verifySignature(task: Subject, keyring: "ima" | "platform", xattr: Uint8Array, digest: Uint8Array): Denial;
  /**
   * Why verifySignature refused with `errno`: called right after it, for what the keyrings hold then; what it gives says it in words, any
   * time later. It leaves no line in the log and changes nothing.
   */
  explainSignature?(
    task: Subject,
    keyring: "ima" | "platform",
    xattr: Uint8Array,
    digest: Uint8Array,
    errno: Errno,
  ): () => string;
  /** ima_read_modsig: ENOENT where the file has none. `func` names the hook in messages. */
  readModsig(func: string, file: Uint8Array): Result<Modsig>;
  verifyModsig(task: Subject, keyring: "ima" | "platform", modsig: Modsig): Denial;
  /** Why verifyModsig refused with `errno`, as explainSignature. */
  explainModsig?(keyring: "ima" | "platform", modsig: Modsig, errno: Errno): () => string;
  /** is_binary_blacklisted */
  isBlacklisted(digest: Uint8Array): boolean;
}
