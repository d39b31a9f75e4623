// Files that are taken for certificates: what each is, and what is said of it.
import { createPrivateKey, createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import { inspect, keyFileText, pemBlocks, recogniseKeyFile } from "../../src/formats/index.ts";
import { Release } from "../../src/release/index.ts";
import { testFile } from "../keyring/test-keys.node.ts";

const release = Release.parse("6.12");
const read = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../data/key-files/${name}`, import.meta.url)));
const message = new Uint8Array(readFileSync(new URL("../data/pkcs7/cacert.p7", import.meta.url)));
const key = createPrivateKey(Buffer.from(testFile("ima.key")));
const text = (...parts: readonly (string | Uint8Array)[]): Uint8Array =>
  utf8ToBytes(parts.map((part) => (typeof part === "string" ? part : new TextDecoder().decode(part))).join(""));
const exported = (options: object): Uint8Array =>
  utf8ToBytes(String(key.export({ format: "pem", ...options } as never)));
const locked = exported({ type: "pkcs1", cipher: "aes-128-cbc", passphrase: "x" });
const publicPem = utf8ToBytes(String(createPublicKey(key).export({ format: "pem", type: "spki" })));
const pem = (label: string, body: string): string => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const base64 = Buffer.from(testFile("ima.der")).toString("base64");

describe("a file that is no certificate in DER", () => {
  it.each<[string, Uint8Array, string]>([
    ["PKCS#8 in PEM", testFile("ima.key"), "private-key"],
    ["PKCS#1 in PEM", exported({ type: "pkcs1" }), "private-key"],
    ["PKCS#1 in PEM, with a passphrase", locked, "private-key"],
    ["PKCS#8 in DER", new Uint8Array(key.export({ format: "der", type: "pkcs8" })), "private-key"],
    ["PKCS#1 in DER", read("pkcs1.der"), "private-key"],
    ["SEC1 in DER", read("sec1.der"), "private-key"],
    ["PKCS#8 in DER, with a passphrase", read("sealed.der"), "encrypted-private-key"],
    ["PKCS#8 in PEM, with a passphrase", utf8ToBytes(pem("ENCRYPTED PRIVATE KEY", "MII=")), "encrypted-private-key"],
    ["a private key of OpenSSH", utf8ToBytes(pem("OPENSSH PRIVATE KEY", "b3BlbnNzaA==")), "ssh-private-key"],
    ["a public key of OpenSSH", utf8ToBytes("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@host\n"), "ssh-public-key"],
    ["SubjectPublicKeyInfo in PEM", publicPem, "public-key"],
    ["SubjectPublicKeyInfo in DER", read("public.der"), "public-key"],
    ["a signature of ECDSA", Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 2), "bare-signature"],
    ["RSAPublicKey in DER", read("pkcs1-public.der"), "public-key"],
    ["a request in PEM", read("request.pem"), "request"],
    ["a request in DER", read("request.der"), "request"],
    ["PKCS#7 in PEM", read("certificates.pem"), "pkcs7"],
    ["PKCS#7 in DER", message, "pkcs7"],
    ["PKCS#12", read("container.p12"), "pkcs12"],
    ["a revocation list", read("revocations.der"), "revocation-list"],
    ["parameters", read("parameters.pem"), "parameters"],
    ["parameters before a key", text(read("parameters.pem"), pem("EC PRIVATE KEY", "MHc=")), "private-key"],
    ["a key of PGP", utf8ToBytes(pem("PGP PUBLIC KEY BLOCK", "mQ==")), "pgp"],
    ["PEM of another kind", utf8ToBytes(pem("X509 ATTRIBUTE", "MQ==")), "pem"],
    ["a certificate in PEM", testFile("ca.pem"), "pem-certificate"],
    ["a certificate behind its key", text(testFile("ima.key"), testFile("ca.pem")), "pem-certificate"],
    ["a certificate in PEM that is cut", testFile("ca.pem").subarray(0, 300), "broken-pem"],
    ["a certificate in PEM without base64", utf8ToBytes(pem("CERTIFICATE", "*")), "broken-pem"],
    ["base64 alone", utf8ToBytes(base64.replaceAll(/.{64}/g, "$&\n")), "base64"],
    ["nothing", new Uint8Array(), "empty"],
  ])("%s", (_, file, kind) => {
    const found = recogniseKeyFile(file);
    expect(found?.kind).toBe(kind);
    const { faults } = inspect(file, { release, kind: "certificate" });
    expect(faults).toEqual([
      { code: kind === "pem-certificate" ? "not-der" : "no-certificate", at: 0, message: keyFileText(found!) },
    ]);
  });

  it.each<[string, Uint8Array]>([
    ["a certificate", testFile("ima.der")],
    ["a certificate that is cut", testFile("ima.der").subarray(0, 200)],
    ["a program with a certificate in it", text("\u007fELF\0\0", testFile("ca.pem"))],
    ["text", utf8ToBytes("Dear reader\n")],
    ["a signature", Uint8Array.of(3, 2, 4, ...new Uint8Array(262))],
  ])("is not %s", (_, file) => expect(recogniseKeyFile(file)).toBeNull());

  it("is inspected as what it is, unless told otherwise", () => {
    const file = testFile("ima.key");
    expect(inspect(file, { release })).toMatchObject({ kind: "certificate", faults: [{ code: "no-certificate" }] });
    expect(inspect(file, { release, kind: "security.ima" }).faults).toEqual([
      { code: "not-a-value", at: 0, message: "this is a private key, not a value" },
    ]);
    expect(inspect(message, { release }).kind).toBe("pkcs7");
  });
});

describe("what is said", () => {
  const said = (file: Uint8Array): string => keyFileText(recogniseKeyFile(file)!);

  it("is the command that comes next", () => {
    expect(said(testFile("ca.pem"))).toBe(
      "this is a certificate in PEM; the kernel wants DER: openssl x509 -in FILE -outform DER -out CERT.der",
    );
    expect(said(read("request.der"))).toMatch(/openssl x509 -req -in FILE -CA CA\.pem .* -outform DER -out CERT\.der/);
    expect(said(testFile("ima.key"))).toMatch(/openssl req -new -key FILE .* openssl x509 -req -in REQUEST /);
    expect(said(read("container.p12"))).toContain("openssl pkcs12 -in FILE -clcerts -nokeys");
    expect(said(new Uint8Array())).toBe("this is an empty file");
  });

  it("counts the certificates of a chain", () => {
    const chain = text(testFile("ca.pem"), testFile("ca.pem"), testFile("ca.pem"));
    expect(said(chain)).toMatch(/^this is 3 certificates in PEM; the kernel takes one at a time/);
    expect(pemBlocks(chain).map(({ label, der }) => `${label} ${der?.length}`)).toHaveLength(3);
  });
});

it("takes time in proportion to the file", () => {
  const start = performance.now();
  recogniseKeyFile(utf8ToBytes("-----BEGIN ".repeat(90_000)));
  recogniseKeyFile(utf8ToBytes(`-----BEGIN A-----${"-".repeat(1_000_000)}`));
  recogniseKeyFile(utf8ToBytes(`MI${"A ".repeat(500_000)}!`));
  expect(performance.now() - start).toBeLessThan(2000);
});
