// imasim inspect and imasim cert on files and hex digits.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { certCommand } from "../../src/cli/cert.ts";
import { inspectCommand } from "../../src/cli/inspect.ts";
import { assemble, failure } from "../../src/cli/program.ts";

const keys = fileURLToPath(new URL("../data/keys/", import.meta.url));
const ca = `${keys}ca.pem`;
const ima = `${keys}ima.der`;
const fixtures = JSON.parse(readFileSync(new URL("../data/evmctl/signatures.json", import.meta.url), "utf8")) as {
  readonly key: string;
  readonly version: number;
  readonly value: string;
}[];
const signature = fixtures.find(({ key, version }) => key === "ima.key" && version === 2)!.value;

afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

async function imasim(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  let out = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += String(text);
    return true;
  });
  process.exitCode = 0;
  try {
    await assemble("1", [inspectCommand(), certCommand()]).parseAsync(args, { from: "user" });
    return { status: Number(process.exitCode), out, err: "" };
  } catch (error) {
    const { line, status } = failure(error);
    return { status, out, err: line ?? "" };
  } finally {
    vi.restoreAllMocks();
    process.exitCode = undefined;
  }
}

describe("inspect", () => {
  it("takes hex digits, with or without 0x", async () => {
    const plain = await imasim("inspect", signature);
    expect(plain.status).toBe(0);
    expect(plain.out).toMatch(/^security\.ima, 265 bytes\n {10}0 {2}type {14}03 {2}signature\n/);
    expect(await imasim("inspect", "--ima", `0x${signature}`)).toEqual(plain);
  });

  it("takes files of several kinds, and names each", async () => {
    const { out, status } = await imasim("inspect", ima, signature);
    expect(status).toBe(0);
    expect(out).toContain(`${ima.slice(0, 80)}: certificate, `);
    expect(out).toContain(": security.ima, 265 bytes");
  });

  it("ends with 1 where something is wrong", async () => {
    const cut = await imasim("inspect", signature.slice(0, 300));
    expect(cut.status).toBe(1);
    expect(cut.out).toMatch(
      /wrong at byte 150: the length field says 256, but only 141 bytes follow.*\[truncated\]\n$/,
    );
    expect((await imasim("inspect", "--evm", `0404${"00".repeat(32)}`)).out).toContain("[wrong-xattr]");
  });

  it("looks for the key among certificates", async () => {
    expect((await imasim("inspect", signature, "--cert", ima)).status).toBe(0);
    const other = await imasim("inspect", signature, "--cert", `${keys}ec.der`);
    expect(other.status).toBe(1);
    expect(other.out).toContain("[other-key]");
  });

  it("prints JSON", async () => {
    const { out } = await imasim("inspect", "--json", signature);
    expect(JSON.parse(out)).toMatchObject({ kind: "security.ima", length: 265, faults: [] });
  });

  it.each<[string[], RegExp]>([
    [["inspect", "abc"], /^imasim: abc: an odd number of hex digits/],
    [["inspect", "/nosuch"], /^imasim: \/nosuch: no such file or directory$/],
    [["inspect", "00", "--release", "banana"], /^imasim: /],
    [
      ["inspect", "00", "--cert", `${keys}ima.key`],
      /ima\.key: this is a private key; keyrings take the certificate that goes/,
    ],
    [["inspect", "00", "--cert", `${keys}../key-files/nosuch`], /no such file or directory$/],
    [["inspect", "00", "--cert", `${keys}corpus/noskid.der`], /has no subject key identifier$/],
  ])("%j is unusable", async (args, err) => {
    const result = await imasim(...args);
    expect(result.err).toMatch(err);
    expect(result.status).toBe(2);
  });
});

describe("cert", () => {
  const row = (out: string, start: RegExp): string => out.split("\n").find((line) => start.test(line)) ?? "";

  it("tells what the kernel makes of a certificate, and who would take it", async () => {
    const { out, status } = await imasim("cert", ima, "--builtin", ca);
    expect(status).toBe(0);
    expect(out).toContain("key          'IMA test signing key: ee29a7a39a662a167dcf5f1e1287b896a07ccbb9'\n");
    expect(out).toContain("key id       a07ccbb9\n");
    expect(row(out, /^ {2}\.ima .*SECONDARY=y/)).toMatch(/takes it$/);
    expect(row(out, /^ {2}\.evm .*SECONDARY=n/)).toMatch(/takes it$/);
  });

  it("names the missing link", async () => {
    const { out } = await imasim("cert", ima);
    expect(row(out, /^ {2}\.ima .*SECONDARY=y/)).toMatch(
      /refuses it \(ENOKEY\): it wants a trusted signer; not found: 'IMA test CA', key identifier 1fe7bccb/,
    );
    expect(out).toContain("No certificate was given as compiled into the kernel, so that it trusts none: --builtin ");
    const inter = `${keys}corpus/inter.der`;
    const leaf = await imasim("cert", `${keys}corpus/leafinter.der`, "--builtin", ca, "--secondary", inter);
    expect(leaf.out).not.toContain("--builtin");
    expect(row(leaf.out, /^ {2}\.ima .*SECONDARY=y/)).toMatch(/takes it$/);
    expect(row(leaf.out, /^ {2}\.ima .*SECONDARY=n/)).toMatch(/refuses it \(ENOKEY\)/);
  });

  it("says that PEM is not what the kernel wants, and reads it", async () => {
    expect((await imasim("cert", ca)).out).toContain(
      "ca.pem (PEM: the kernel wants it as DER; openssl x509 -outform DER)\n",
    );
  });

  it("reads each certificate of a chain", async () => {
    const folder = mkdtempSync(join(tmpdir(), "imasim-cert-"));
    try {
      const file = join(folder, "chain.pem");
      const block = readFileSync(ima).toString("base64");
      writeFileSync(
        file,
        `${readFileSync(ca, "latin1")}-----BEGIN CERTIFICATE-----\n${block}\n-----END CERTIFICATE-----\n`,
      );
      const { out, status } = await imasim("cert", file, "--builtin", file);
      expect(status).toBe(0);
      expect(out).toContain("chain.pem, certificate 1 of 2 (PEM: the kernel wants it as DER, each by itself; ");
      expect(out).toContain("key          'IMA test signing key: ee29a7a39a662a167dcf5f1e1287b896a07ccbb9'\n");
      const json = (await imasim("cert", "--json", file)).out.trim().split("\n");
      expect(json.map((line) => JSON.parse(line).block)).toEqual([1, 2]);
      expect((await imasim("inspect", signature, "--cert", file)).status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each<[string, string, RegExp]>([
    ["ima.key", "private-key", /^ {2}this is a private key\n {2}keyrings take .*openssl req -new -key FILE .*\n$/m],
    ["../key-files/request.pem", "request", /this is a certificate request\n {2}have it signed by a CA /],
    ["../key-files/public.der", "public-key", /this is a public key\n/],
    ["../key-files/certificates.pem", "pkcs7", /this is a PKCS#7 message\n.*openssl pkcs7 -in FILE -print_certs/],
    ["../pkcs7/leaf.p7", "pkcs7", /this is a PKCS#7 message\n/],
    ["../key-files/container.p12", "pkcs12", /this is a PKCS#12 container .*\n.*openssl pkcs12 -in FILE -clcerts/],
    ["/dev/null", "empty", /\n {2}this is an empty file\n$/],
  ])("says what %s is, and what to do", async (name, kind, text) => {
    const file = name.startsWith("/") ? name : `${keys}${name}`;
    const { out, status } = await imasim("cert", file);
    expect(status).toBe(1);
    expect(out).toMatch(text);
    expect(JSON.parse((await imasim("cert", "--json", file)).out)).toMatchObject({ file, pem: false, is: kind });
  });

  it("ends with 1 for what is no certificate", async () => {
    const folder = mkdtempSync(join(tmpdir(), "imasim-cert-"));
    try {
      const file = join(folder, "cut.der");
      writeFileSync(file, readFileSync(ima).subarray(0, 100));
      const { out, status } = await imasim("cert", file, ima);
      expect(status).toBe(1);
      expect(out).toMatch(
        /the kernel does not read it: its length says \d+ bytes, but only 100 are there \(EBADMSG\)\n/,
      );
      expect(out).toContain("key id       a07ccbb9\n");
      const json = await imasim("cert", "--json", file);
      expect(JSON.parse(json.out)).toEqual({ file, pem: false, errno: "EBADMSG" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each<[string[], RegExp]>([
    [["--config", "IMA"], /'IMA' is not of the form SYMBOL=VALUE$/],
    [["--config", "NOSUCH=y"], /knows no symbol NOSUCH/],
    [["--builtin", "/nosuch"], /no such file or directory$/],
    [["--builtin", `${keys}../key-files/request.der`], /request\.der: this is a certificate request; have it signed/],
    [["--secondary", `${keys}corpus/cut.der`], /cut\.der: no certificate that the kernel reads \(EBADMSG\)$/],
  ])("%j is unusable", async (args, err) => {
    const result = await imasim("cert", ima, ...args);
    expect(result.err).toMatch(err);
    expect(result.status).toBe(2);
  });
});
