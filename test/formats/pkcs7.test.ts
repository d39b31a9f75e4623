// PKCS#7 messages made with OpenSSL: test/data/pkcs7.
import { readdirSync, readFileSync } from "node:fs";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import { digest } from "../../src/crypto/index.ts";
import { type Certificate, inspect, parseCertificate, parsePkcs7 } from "../../src/formats/index.ts";
import { Release } from "../../src/release/index.ts";

const release = Release.parse("6.12");
const folder = new URL("../data/pkcs7/", import.meta.url);
const message = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`${name}.p7`, folder)));

function parse(bytes: Uint8Array, of = release) {
  const warnings: string[] = [];
  const result = parsePkcs7<Certificate>(bytes, {
    release: of,
    certificate: (der) => parseCertificate(der, of),
    warn: (text) => warnings.push(text),
  });
  return { result, warnings };
}

function read(name: string) {
  const { result } = parse(message(name));
  if (!result.ok) throw new Error(`${name}: ${result.errno}`);
  return result.value;
}
const subjects = (name: string): string[] =>
  read(name).certificates.map(({ subject }) => new TextDecoder().decode(subject));

describe("PKCS#7 messages", () => {
  it("of every kind at hand are read", () => {
    for (const file of readdirSync(folder))
      expect(parse(message(file.replace(".p7", "")))).toMatchObject({ warnings: [] });
  });

  it("name signer, algorithm and hash", () => {
    const { signers, certificates, content, dataType, hasAttributes } = read("ca");
    expect({ certificates, content, dataType, hasAttributes }).toEqual({
      certificates: [],
      content: null,
      dataType: "data",
      hasAttributes: false,
    });
    expect(signers).toHaveLength(1);
    expect(signers[0]).toMatchObject({ hash: "sha256", algorithm: "rsa", attributes: null, signingTime: null });
    expect(signers[0]!.bytes).toHaveLength(256);
    expect(bytesToHex(signers[0]!.id)).toMatch(/^76bc68e92c24b392544912c9e004d80dae64e331/);
    expect(read("keyid").signers[0]!.id).toHaveLength(20);
    expect(read("leafec").signers[0]!.algorithm).toBe("ecdsa");
    expect(read("sha1").signers[0]!.hash).toBe("sha1");
    expect(read("sha3").signers[0]!.hash).toBe("sha3-256");
    expect(read("two").signers).toHaveLength(2);
  });

  it("hold their certificates and their content", () => {
    expect(subjects("leaf")).toEqual(["IMA test signing key"]);
    expect(new Set(subjects("two-below"))).toEqual(
      new Set([
        "IMA corpus: leaf three levels down",
        "IMA corpus: CA below the intermediate",
        "IMA corpus: corpus intermediate CA",
      ]),
    );
    const text = new TextDecoder().decode(read("emb").content!);
    expect(text).toMatch(/^bin:[0-9a-f]{64}$/);
  });

  it("have signed attributes with the digest of what was signed", () => {
    const text = read("emb").content!;
    const [signer] = read("attr").signers;
    expect(read("attr").hasAttributes).toBe(true);
    expect(signer!.messageDigest).toEqual(digest("sha256", text));
    expect(signer!.signingTime).toBeGreaterThan(1_700_000_000);
    expect(digest("sha256", utf8ToBytes("other"))).not.toEqual(signer!.messageDigest);
  });

  it("of algorithms that a release lacks are refused", () => {
    expect(parse(message("sha3"), Release.parse("6.1")).result).toEqual({ ok: false, errno: "ENOPKG" });
    expect(parse(message("leafec"), Release.parse("5.10")).result).toEqual({ ok: false, errno: "ENOPKG" });
  });

  it("cut anywhere are refused", () => {
    const whole = message("leaf");
    for (let length = 0; length < whole.length; length++) {
      const { result } = parse(whole.subarray(0, length));
      expect(result).toEqual({ ok: false, errno: "EBADMSG" });
    }
  });

  it("are inspected: certificates, signers, and what no module may carry", () => {
    const faults = (name: string): string[] => inspect(message(name), { release }).faults.map(({ code }) => code);
    expect(inspect(message("leaf"), { release }).kind).toBe("pkcs7");
    expect(faults("leaf")).toEqual([]);
    expect(faults("attrleaf")).toEqual(["signed-attributes"]);
    expect(faults("emb")).toEqual(["content-inside"]);
    expect(faults("two")).toEqual(["several-signers"]);
    expect(inspect(message("leaf").subarray(0, 500), { release }).faults).toMatchObject([{ code: "truncated" }]);
    const names = inspect(message("two-below"), { release }).fields.map(({ name }) => name);
    expect(names.filter((name) => name === "certificate")).toHaveLength(3);
  });
});
