// The signature that a module carries, as the module loader checks it (kernel/module/signing.c: mod_verify_sig).
import { digest } from "../crypto/index.ts";
import { type Denial, fail, ok, type Result } from "../errno/index.ts";
import { hasSignatureMarker, MODULE_SIGNATURE_MARKER, splitTrailer } from "../formats/index.ts";
import { isHashBlacklisted } from "./hash-blacklist.ts";
import { type TrustedKeyring, verifyPkcs7 } from "./pkcs7-verify.ts";
import type { KeyState } from "./state.ts";

/** Kernels of Debian differ here; what they do beyond others. */
export interface ModuleSignatureQuirks {
  /** Also take keys of the platform keyring, and look the whole module up in the blacklist. */
  readonly debian: boolean;
}

/**
 * Checks the signature appended to a module.
 * @returns the module without its signature; ENODATA where it has none, EBADMSG and ENOPKG for a broken trailer, ENOKEY, EKEYREJECTED.
 */
export function verifyModuleSignature(
  state: KeyState,
  module: Uint8Array,
  { debian }: ModuleSignatureQuirks = { debian: false },
): Result<Uint8Array> {
  if (!hasSignatureMarker(module)) return fail("ENODATA");
  const unmarked = module.subarray(0, module.length - MODULE_SIGNATURE_MARKER.length);
  const split = splitTrailer(unmarked, (text) => state.log.printk(`module: ${text}`));
  if (!split.ok) return split;
  const { content, pkcs7 } = split.value;
  const verify = (trusted: TrustedKeyring): Denial =>
    verifyPkcs7(state, { content, message: pkcs7, trusted, usage: "module" });
  let refused = verify("secondary");
  if (refused === "ENOKEY" && debian && state.rings.platform !== null) refused = verify("platform");
  if (refused === null && debian && isHashBlacklisted(state, "bin", digest("sha256", module))) refused = "EKEYREJECTED";
  return refused === null ? ok(content) : fail(refused);
}
