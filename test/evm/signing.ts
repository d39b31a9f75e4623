// A signature scheme for tests: what is signed stands in the signature itself.
import type { EvmKeys } from "../../src/evm/index.ts";
import { type EvmPreimageInput, evmDigest } from "../../src/evm/preimage.ts";

const KEY_ID = [1, 2, 3, 4];
const SHA256 = 4;

/** A label that holds this digest as its signature. */
export function label(type: 0x03 | 0x05, digest: Uint8Array, version = 2): Uint8Array {
  return Uint8Array.of(type, version, SHA256, ...KEY_ID, 0, digest.length, ...digest);
}

/** A label over a file, for the key that `TEST_KEYS` knows. */
export function signed(input: EvmPreimageInput, version = 2): Uint8Array {
  return label(input.type === "portable" ? 0x05 : 0x03, evmDigest({ ...input, algorithm: "sha256" }).digest, version);
}

const fits = (signature: Uint8Array, digest: Uint8Array) =>
  Buffer.from(signature.subarray(9)).equals(Buffer.from(digest));

export const TEST_KEYS: Pick<EvmKeys, "verifySignature" | "signatureFits"> = {
  verifySignature: (_task, signature, digest) => (fits(signature, digest) ? null : "EKEYREJECTED"),
  signatureFits: (_task, signature, digest) => fits(signature, digest),
};
