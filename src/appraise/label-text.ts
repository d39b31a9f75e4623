// A label in words.
import { bytesToHex } from "@noble/hashes/utils.js";
import { hashById } from "../crypto/index.ts";
import { InputError } from "../errno/index.ts";
import { decodeXattr, IMA_XATTR } from "../formats/index.ts";

const MAX_HEX = 40;

const hexStart = (bytes: Uint8Array): string => {
  const hex = bytesToHex(bytes.subarray(0, MAX_HEX / 2));
  return bytes.length > MAX_HEX / 2 ? `${hex}…` : hex;
};

/** One sentence about a value of security.ima or security.evm, with its type; also about one that means nothing. */
export function describeXattr(value: Uint8Array): string {
  try {
    const xattr = decodeXattr(value);
    switch (xattr.type) {
      case IMA_XATTR.DIGEST:
        return `a plain hash (type 0x01): ${bytesToHex(xattr.digest)}.`;
      case IMA_XATTR.EVM_HMAC:
        return `an HMAC (type 0x02), which belongs in security.evm: ${bytesToHex(xattr.hmac)}.`;
      case IMA_XATTR.DIGEST_NG:
        return `a hash (type 0x04), ${hashById(xattr.algorithm)?.name ?? `algorithm ${xattr.algorithm}`}:${bytesToHex(xattr.digest)}.`;
      default: {
        const { signature } = xattr;
        const kind =
          xattr.type === IMA_XATTR.DIGSIG
            ? "a signature (type 0x03)"
            : xattr.type === IMA_XATTR.VERITY_DIGSIG
              ? "a signature of the fs-verity digest (type 0x06)"
              : "a portable signature (type 0x05)";
        return `${kind}, version ${signature.version}: ${hexStart(value)}.`;
      }
    }
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return `${hexStart(value)}, which is malformed: ${error.message}.`;
  }
}
