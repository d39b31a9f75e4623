// The certificates in files that commands are given.
import { InputError } from "../errno/index.ts";
import { keyFileText, parseCertificate, pemBlocks, recogniseKeyFile } from "../formats/index.ts";
import type { Release } from "../release/index.ts";
import { readBytes } from "./bytes.node.ts";

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
