// Certificates: what the kernel's reading of them has in common with OpenSSL's, and where it has its own way.
import { X509Certificate } from "node:crypto";
import { readdirSync } from "node:fs";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TAG } from "../../src/crypto/asn1.ts";
import { canDigest, digest, verifySignature } from "../../src/crypto/index.ts";
import { type Certificate, parseCertificate } from "../../src/formats/index.ts";
import { nameText } from "../../src/formats/x509/name.ts";
import { decodeTime } from "../../src/formats/x509/time.ts";
import { Kconfig, Release } from "../../src/release/index.ts";
import { runs } from "../fuzz.ts";
import { pem, testFile } from "../keyring/test-keys.node.ts";

const release = Release.parse("6.12");
/** Cut, of a kind of key or signature that the kernel lacks, without a subject. */
const EXPECTED_REFUSALS = [
  ...["cut.der EBADMSG", "ed.der ENOPKG", "k256.der ENOPKG", "md5sig.der ENOPKG"],
  ...["p224.der ENOPKG", "psssig.der ENOPKG", "subjnone.der EBADMSG"],
];
const support = { release, config: Kconfig.withDefaults() };

const files = new Map<string, Uint8Array>();
for (const name of readdirSync(new URL("../data/keys/corpus/", import.meta.url)))
  if (name.endsWith(".der")) files.set(name, testFile(`corpus/${name}`));
for (const name of ["ima", "ima2", "evm", "ec", "rogue"]) files.set(`${name}.der`, testFile(`${name}.der`));
const parsed = [...files].flatMap(([name, der]): [string, Certificate, Uint8Array][] => {
  const result = parseCertificate(der, release);
  return result.ok ? [[name, result.value, der]] : [];
});

describe("certificates", () => {
  it("of some kinds are none to the kernel", () => {
    const refused = [...files].flatMap(([name, der]) => {
      const result = parseCertificate(der, release);
      return result.ok ? [] : [`${name} ${result.errno}`];
    });
    expect(refused.sort()).toEqual(EXPECTED_REFUSALS);
  });

  it.each(parsed)("%s is read as OpenSSL reads it", (_, cert, der) => {
    const theirs = new X509Certificate(der);
    expect(bytesToHex(cert.serial).replace(/^00/, "")).toBe(theirs.serialNumber.toLowerCase());
    if (theirs.ca) expect(cert.ca).toBe(true);
    expect(1000 * cert.validFrom).toBe(Date.parse(theirs.validFrom));
    expect(1000 * cert.validTo).toBe(Date.parse(theirs.validTo));
    const spki = theirs.publicKey.export({ type: "spki", format: "der" });
    expect(spki.subarray(-cert.publicKey.bytes.length).equals(cert.publicKey.bytes)).toBe(true);
    // The types of Node.js leave out what the names hold.
    const { subject } = theirs.toLegacyObject() as unknown as { subject: Readonly<Record<string, string>> };
    const { CN, O, emailAddress } = subject;
    const text = new TextDecoder().decode(cert.subject);
    expect([CN, O, emailAddress, `${O}: ${CN}`, ""]).toContain(text);
  });

  it("are signed by whom OpenSSL says", () => {
    const issuers = parsed.filter(([, cert]) => cert.ca || cert.keyCertSign);
    let good = 0;
    for (const [, cert, der] of parsed) {
      const { hash } = cert.signature;
      if (!canDigest(hash)) continue;
      const signature = { ...cert.signature, digest: digest(hash, cert.tbs) };
      for (const [, issuer, issuerDer] of [...issuers, CA]) {
        const ours = verifySignature(issuer.publicKey, signature, support) === null;
        if (ours !== verifiedByOpenSsl(der, issuerDer)) throw new Error(`${new X509Certificate(der).subject}`);
        if (ours) good++;
      }
    }
    expect(good).toBeGreaterThan(20);
  });

  it("may have bytes after them", () => {
    const der = testFile("ima.der");
    const result = parseCertificate(Uint8Array.of(...der, 1, 2, 3), release);
    expect(result.ok && bytesToHex(result.value.tbs)).toBe(
      bytesToHex(der.subarray(4, 4 + (result.ok ? result.value.tbs.length : 0))),
    );
  });

  it("know their usage since 6.6 alone", () => {
    const usage = (name: string, text: string) => {
      const result = parseCertificate(testFile(name), Release.parse(text));
      if (!result.ok) throw new Error(name);
      const { ca, keyCertSign, digitalSignature } = result.value;
      return { ca, keyCertSign, digitalSignature };
    };
    expect(usage("ima.der", "6.12")).toEqual({ ca: false, keyCertSign: false, digitalSignature: true });
    expect(usage("ima.der", "6.1")).toEqual({ ca: false, keyCertSign: false, digitalSignature: false });
    expect(usage("corpus/inter.der", "6.12")).toEqual({ ca: true, keyCertSign: true, digitalSignature: false });
    expect(usage("corpus/nousage.der", "6.12")).toEqual({ ca: false, keyCertSign: false, digitalSignature: false });
  });
});

const CA = ((): [string, Certificate, Uint8Array] => {
  const der = pem("ca.pem");
  const result = parseCertificate(der, release);
  if (!result.ok) throw new Error("the CA");
  return ["ca", result.value, der];
})();

function verifiedByOpenSsl(der: Uint8Array, issuer: Uint8Array): boolean {
  try {
    return new X509Certificate(der).verify(new X509Certificate(issuer).publicKey);
  } catch {
    return false;
  }
}

describe("times", () => {
  const time = (tag: number, text: string): number | null => decodeTime(tag, utf8ToBytes(text));
  const UTC = TAG.UTC_TIME;
  const GENERAL = TAG.GENERALIZED_TIME;

  it("are those of the calendar", () => {
    const span = { min: new Date("1970-01-01T00:00:00Z"), max: new Date("2049-12-31T23:59:59Z"), noInvalidDate: true };
    fc.assert(
      fc.property(fc.date(span), (date) => {
        const digits = date.toISOString().replace(/\D/g, "").slice(2, 14);
        expect(time(UTC, `${digits}Z`)).toBe(Math.floor(date.getTime() / 1000));
      }),
      runs(300),
    );
    expect(time(GENERAL, "20991231235959Z")).toBe(Date.UTC(2099, 11, 31, 23, 59, 59) / 1000);
  });

  it.each([
    [UTC, "700101000000Z", 0],
    [UTC, "691231235959Z", null],
    [UTC, "491231235959Z", Date.UTC(2049, 11, 31, 23, 59, 59) / 1000],
    [GENERAL, "20491231235959Z", null],
    [GENERAL, "20500101000000Z", Date.UTC(2050, 0, 1) / 1000],
    [UTC, "240229000000Z", Date.UTC(2024, 1, 29) / 1000],
    [UTC, "230229000000Z", null],
    [GENERAL, "21000229000000Z", null],
    [UTC, "240101240000Z", Date.UTC(2024, 0, 2) / 1000],
    [UTC, "240101250000Z", null],
    [UTC, "240101006000Z", null],
    [UTC, "240101000060Z", Date.UTC(2024, 0, 1, 0, 1) / 1000],
    [UTC, "240101000061Z", null],
    [UTC, "240001000000Z", null],
    [UTC, "241301000000Z", null],
    [UTC, "240100000000Z", null],
    [UTC, "240101000000", null],
    [UTC, "2401010000Z", null],
    [UTC, "24010100000xZ", null],
    [UTC, "240101000000+", null],
    [TAG.INTEGER, "240101000000Z", null],
  ])("%i %s is %s", (tag, text, expected) => {
    expect(time(tag, text)).toBe(expected);
  });
});

describe("names", () => {
  const name = (commonName?: string, organizationName?: string, emailAddress?: string): string => {
    const parts = { commonName, organizationName, emailAddress };
    const given = Object.entries(parts).filter(([, text]) => text !== undefined);
    return new TextDecoder().decode(nameText(Object.fromEntries(given.map(([k, text]) => [k, utf8ToBytes(text!)]))));
  };
  it.each([
    ["organisation and common name", name("key", "Example"), "Example: key"],
    ["a common name that begins with the organisation", name("Example key", "Example"), "Example key"],
    ["seven bytes in common", name("Debian key", "Debian Project"), "Debian key"],
    ["six bytes in common", name("DebianX", "Debian Project"), "Debian Project: DebianX"],
    ["a short organisation inside the common name", name("ABC key", "ABC"), "ABC key"],
    ["common name alone", name("key"), "key"],
    ["organisation alone", name(undefined, "Example"), "Example"],
    ["mail address alone", name(undefined, undefined, "a@b"), "a@b"],
    ["organisation and mail address", name(undefined, "Example", "a@b"), "Example"],
    ["nothing", name(), ""],
  ])("%s", (_, made, expected) => {
    expect(made).toBe(expected);
  });
});
