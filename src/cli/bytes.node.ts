// Bytes that commands read and lines that they print.
import { existsSync, readFileSync } from "node:fs";
import { hexToBytes } from "@noble/hashes/utils.js";
import { InputError } from "../errno/index.ts";
import { keyFileText, parseCertificate, pemBlocks, recogniseKeyFile } from "../formats/index.ts";
import type { Release } from "../release/index.ts";

/** A file's bytes; `-` is the standard input. @throws InputError `unreadable` */
export function readBytes(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file === "-" ? 0 : file));
  } catch (error) {
    // Node names the file in some of its messages and not in others: `EISDIR: illegal operation on a directory, read`.
    const reason = error instanceof Error ? /^\w+: ([^,]*)/.exec(error.message)?.[1] : undefined;
    throw new InputError("unreadable", file, reason ?? "cannot be read");
  }
}

/** A file's text, as UTF-8. @throws InputError `unreadable` */
export const readText = (file: string): string => new TextDecoder().decode(readBytes(file));

/** The bytes of hex digits, or of a file where there is one of that name. @throws InputError `bad-hex` for an odd number of digits. */
export function hexOrFile(argument: string): Uint8Array {
  const digits = argument.replace(/^0x/i, "");
  if (!/^[0-9a-f]+$/i.test(digits) || existsSync(argument)) return readBytes(argument);
  if (digits.length % 2 === 1) throw new InputError("bad-hex", argument.slice(0, 20), "an odd number of hex digits");
  return hexToBytes(digits);
}

/** A certificate of a file. */
export interface CertificateBytes {
  readonly der: Uint8Array;
  /** Which it is of those in a PEM file, from 1; null: the file is DER. */
  readonly block: number | null;
}

/** The certificates of a file in PEM, else the file as it is. */
export function readCertificates(file: string): CertificateBytes[] {
  const bytes = readBytes(file);
  const found = pemBlocks(bytes).filter(({ label, der }) => label.endsWith("CERTIFICATE") && der !== null);
  if (found.length === 0) return [{ der: bytes, block: null }];
  return found.map(({ der }, i) => ({ der: der!, block: i + 1 }));
}

/** Certificates that must be such. @throws InputError `bad-certificate` saying what the file is */
export function readTrusted(files: readonly string[], release: Release): Uint8Array[] {
  return files.flatMap((file) =>
    readCertificates(file).map(({ der }) => {
      const parsed = parseCertificate(der, release);
      if (parsed.ok) return der;
      const other = recogniseKeyFile(der);
      const why = other === null ? `no certificate that the kernel reads (${parsed.errno})` : keyFileText(other);
      throw new InputError("bad-certificate", file, why);
    }),
  );
}

export function print(text: string): void {
  process.stdout.write(text);
}

/** The command will end with this status. */
export function endWith(status: number): void {
  process.exitCode = status;
}
