// The entries of a measurement list by name and digest, whatever their template.
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Kernel } from "../kernel/index.ts";

export interface MeasuredFile {
  readonly path: string;
  /** `sha256:…` in hex digits; without an algorithm in entries of the template `ima`. */
  readonly digest: string;
}

const NUL = 0;
const text = new TextDecoder();
const upToNul = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(NUL);
  return text.decode(end < 0 ? bytes : bytes.subarray(0, end));
};

/** `sha256:` NUL and the digest, as d-ng and d-ngv2 have it. */
function namedDigest(bytes: Uint8Array): string {
  return upToNul(bytes) + bytesToHex(bytes.subarray(bytes.indexOf(NUL) + 1));
}

/** @returns the entries in their order; none without IMA */
export function measuredFiles(kernel: Kernel): MeasuredFile[] {
  const entries = kernel.ima?.list.entries ?? [];
  return entries.map(({ template, fields }) => {
    const field = (...ids: string[]) => fields[template.fields.findIndex(({ id }) => ids.includes(id))];
    const [name, plain, named] = [field("n", "n-ng"), field("d"), field("d-ng", "d-ngv2")];
    return {
      path: name === undefined ? "" : upToNul(name),
      digest: named !== undefined ? namedDigest(named) : plain === undefined ? "" : bytesToHex(plain),
    };
  });
}
