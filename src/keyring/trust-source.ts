// A simulated TPM that trusted keys are sealed to. Of the options of security/keys/trusted-keys/trusted_tpm1.c it honours keyhandle=
// (must be given) and pcrinfo=: a TPM_PCR_INFO naming PCRs and the composite digest that they must have when the key is unsealed.
import { bytesToHex, concatBytes, hexToBytes } from "@noble/hashes/utils.js";
import { digest } from "../crypto/index.ts";
import { fail, ok, type Result } from "../errno/index.ts";
import type { TrustSource } from "./state.ts";

const OPTION = /^(keyhandle|keyauth|blobauth|pcrinfo|migratable|hash|policydigest|policyhandle)=(.+)$/;
const SHA1 = 20;
/** The SRK, in the simulation the key of everything. */
const MAGIC = /* @__PURE__ */ hexToBytes("73696d74706d3031");

/** Which PCRs, and the composite digest they must have. */
interface PcrInfo {
  readonly selection: Uint8Array;
  readonly digest: Uint8Array;
}

/** TPM_PCR_INFO: selection, digest at release, digest at creation. */
function pcrInfo(hex: string): PcrInfo | null {
  if (hex.length % 2 === 1 || !/^[0-9a-fA-F]+$/.test(hex)) return null;
  const bytes = hexToBytes(hex);
  const length = 2 + (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0));
  if (bytes.length !== length + 2 * SHA1) return null;
  return { selection: bytes.subarray(0, length), digest: bytes.subarray(length, length + SHA1) };
}

function parse(options: string): Result<PcrInfo | null> {
  let info: PcrInfo | null = null;
  let handle = false;
  const seen = new Set<string>();
  for (const word of options.split(/[ \t]+/)) {
    if (word === "") continue;
    const [, name, value] = OPTION.exec(word) ?? [];
    if (name === undefined || value === undefined || seen.has(name)) return fail("EINVAL");
    seen.add(name);
    if (name === "keyhandle") handle = /^(?:0x)?[0-9a-fA-F]{1,8}$/.test(value);
    if (name === "pcrinfo") {
      info = pcrInfo(value);
      if (info === null) return fail("EINVAL");
    }
  }
  return handle ? ok(info) : fail("EINVAL");
}

/** A trust source over the SHA-1 values of PCRs. What it seals, any simulated TPM whose PCRs have the values asked for unseals. */
export function simulatedTpmTrust(pcr: (index: number) => Uint8Array): TrustSource {
  /** TPM_PCR_COMPOSITE of a selection, hashed. */
  const composite = (selection: Uint8Array): Uint8Array => {
    const values: Uint8Array[] = [];
    selection.subarray(2).forEach((byte, i) => {
      for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) values.push(pcr(8 * i + bit));
    });
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, SHA1 * values.length);
    return digest("sha1", selection, length, ...values);
  };
  return {
    seal(secret, options) {
      const info = parse(options);
      if (!info.ok) return info;
      const bound = info.value === null ? new Uint8Array() : concatBytes(info.value.selection, info.value.digest);
      return ok(concatBytes(MAGIC, Uint8Array.of(bound.length), bound, secret));
    },
    unseal(blob, options) {
      const info = parse(options);
      if (!info.ok) return info;
      if (bytesToHex(blob.subarray(0, MAGIC.length)) !== bytesToHex(MAGIC)) return fail("EPERM");
      const start = MAGIC.length + 1;
      const length = blob[MAGIC.length] ?? 0;
      const bound = blob.subarray(start, start + length);
      const selection = bound.subarray(0, Math.max(0, length - SHA1));
      if (length > 0 && bytesToHex(composite(selection)) !== bytesToHex(bound.subarray(-SHA1))) return fail("EPERM");
      const secret = blob.slice(start + length);
      return secret.length === 0 ? fail("EPERM") : ok(secret);
    },
  };
}
