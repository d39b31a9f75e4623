// The throw-away keys of the recordings.
import { readFileSync } from "node:fs";

const file = (name: string): URL => new URL(`../data/keys/${name}`, import.meta.url);

export const testFile = (name: string): Uint8Array => new Uint8Array(readFileSync(file(name)));

/** The contents of the first block of a PEM file. */
export function pem(name: string): Uint8Array {
  const text = readFileSync(file(name), "latin1");
  const body = /-----BEGIN [^-]+-----([^-]*)-----END/.exec(text)![1]!;
  return new Uint8Array(Buffer.from(body, "base64"));
}
