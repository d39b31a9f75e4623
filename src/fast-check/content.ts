// What an attacker would like to see used: a program, a script and text that carry a mark, so that they are known again wherever
// they turn up under whatever name.
import { digest } from "../crypto/index.ts";
import { payload } from "../scenario/payload.ts";

/** In everything that the attacker writes, and in nothing else. */
const MARK = "written by the attacker";
const mark = new TextEncoder().encode(MARK);

/** Bytes of a step, as documents have them. */
export const HOSTILE = [{ payload: "exit:66", pad: MARK }, { text: `#!/bin/payload\n${MARK}\n` }] as const;

export type HostileBytes = (typeof HOSTILE)[number];

export function bytesOf(content: HostileBytes): Uint8Array {
  return "text" in content ? new TextEncoder().encode(content.text) : payload(content.payload, content.pad);
}

export function isHostile(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(mark[0]!); at >= 0; at = bytes.indexOf(mark[0]!, at + 1))
    if (mark.every((byte, i) => bytes[at + i] === byte)) return true;
  return false;
}

/** `security.ima` with a SHA-256 of the bytes (IMA_XATTR_DIGEST_NG), in hex digits. */
export function hashLabel(bytes: Uint8Array): string {
  return `0404${hex(digest("sha256", bytes))}`;
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
