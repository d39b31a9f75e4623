// Debian's evmctl, where it is installed.
import { execFileSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

export const evmctl: string | undefined = (process.env.PATH ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "evmctl"))
  .find((path) => existsSync(path));

interface Outcome {
  readonly ok: boolean;
  /** What it printed. */
  readonly text: string;
}

function run(args: readonly string[]): Outcome {
  try {
    return { ok: true, text: execFileSync(evmctl!, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }) };
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    return { ok: false, text: `${stdout ?? ""}${stderr ?? ""}` };
  }
}

function withFile<T>(content: string, use: (file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "imasim-evmctl-"));
  try {
    const file = join(folder, "file");
    writeFileSync(file, content);
    return use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The security.ima that evmctl makes. */
export function evmctlSign(content: string, key: string, hash: string, version: 1 | 2): Uint8Array {
  return withFile(content, (file) => {
    const scheme = version === 1 ? ["--rsa"] : [];
    const signed = run(["ima_sign", ...scheme, "--sigfile", "--key", key, "-a", hash, file]);
    if (!signed.ok) throw new Error(signed.text);
    return new Uint8Array(readFileSync(`${file}.sig`));
  });
}

/** Whether evmctl takes a security.ima: `key` is a certificate, or the private key of a version 1 signature. */
export function evmctlVerify(content: string, xattr: Uint8Array, key: string, version: 1 | 2): Outcome {
  return withFile(content, (file) => {
    writeFileSync(`${file}.sig`, xattr);
    if (version === 2) return run(["ima_verify", "--sigfile", "--key", key, file]);
    const publicKey = `${file}.pub`;
    writeFileSync(publicKey, createPublicKey(readFileSync(key)).export({ type: "spki", format: "pem" }));
    return run(["ima_verify", "--rsa", "--sigfile", "--key", publicKey, file]);
  });
}
