// Who vouches for whom: certificates offered to the kernel's keyrings, PKCS#7 messages, modules.
import { readFileSync } from "node:fs";
import { concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import { digest } from "../../src/crypto/index.ts";
import { appendSignature, parseCertificate } from "../../src/formats/index.ts";
import {
  blacklistHash,
  diagnoseCertificate,
  isHashBlacklisted,
  loadFirmwareCertificate,
  loadRevocations,
  loadX509,
  readAppendedSignature,
  surveyCertificate,
  verifyModuleSignature,
  verifyPkcs7,
} from "../../src/keyring/index.ts";
import type { KconfigValues } from "../../src/release/index.ts";
import { newSubject, type TestKernel, type TestKernelOptions, testKernel } from "./key-kernel.ts";
import { pem, testFile } from "./test-keys.node.ts";

const ca = pem("ca.pem");
const message = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../data/pkcs7/${name}.p7`, import.meta.url)));

type Ring = "ima" | "evm" | "secondary" | "imaBlacklist" | "machine" | "platform";
/** What putting a certificate on a keyring gives. */
function offer({ service, state, root }: TestKernel, ring: Ring, der: Uint8Array): string {
  const made = service.addKey(root, "asymmetric", null, der, state.rings[ring]!.serial);
  return made.ok ? "taken" : made.errno;
}
const offered = (options: TestKernelOptions, ring: Ring, name: string): string =>
  offer(testKernel(options), ring, testFile(name));
function tbsDigest(der: Uint8Array, { state }: TestKernel): string {
  const parsed = parseCertificate(der, state.release);
  if (!parsed.ok) throw new Error(parsed.errno);
  return Buffer.from(digest("sha256", parsed.value.tbs)).toString("hex");
}

describe("keyrings with a restriction", () => {
  it.each<[string, Ring, TestKernelOptions, string]>([
    ["ima.der", "ima", {}, "taken"],
    ["rogue.der", "ima", {}, "ENOKEY"],
    ["corpus/catrue.der", "ima", {}, "ENOKEY"],
    ["corpus/catrue.der", "ima", { release: "6.1" }, "taken"],
    ["corpus/nousage.der", "ima", {}, "ENOKEY"],
    ["corpus/nousage.der", "ima", { release: "6.1" }, "taken"],
    ["corpus/inter.der", "secondary", {}, "taken"],
    ["corpus/leafinter.der", "ima", {}, "ENOKEY"],
    ["corpus/badsig.der", "ima", {}, "EINVAL"],
    ["corpus/badtbs.der", "ima", {}, "EKEYREJECTED"],
    ["corpus/expired.der", "ima", {}, "taken"],
    ["ima.der", "ima", { compiledIn: [] }, "ENOKEY"],
    ["ima.der", "imaBlacklist", {}, "taken"],
    ["rogue.der", "imaBlacklist", {}, "ENOKEY"],
  ])("%s on %s %j: %s", (name, ring, options, expected) => {
    expect(offered(options, ring, name)).toBe(expected);
  });

  it("take what a key on the secondary keyring vouches for, where configured so", () => {
    const offerBoth = (config: KconfigValues): string => {
      const kernel = testKernel({ config });
      expect(offer(kernel, "secondary", testFile("corpus/inter.der"))).toBe("taken");
      return offer(kernel, "ima", testFile("corpus/leafinter.der"));
    };
    expect(offerBoth({})).toBe("taken");
    expect(offerBoth({ IMA_KEYRINGS_PERMIT_SIGNED_BY_BUILTIN_OR_SECONDARY: false })).toBe("ENOKEY");
  });

  it("obey ca_keys=", () => {
    const skid = hexToBytes("1fe7bccb22a92d18990e21e2773773b1486e89e1");
    expect(offered({ caKeys: { id: skid, builtin: false } }, "ima", "ima.der")).toBe("taken");
    expect(offered({ caKeys: { id: skid.subarray(-4), builtin: false } }, "ima", "ima.der")).toBe("taken");
    expect(offered({ caKeys: { id: skid.subarray(0, 4), builtin: false } }, "ima", "ima.der")).toBe("EPERM");
    const builtin = testKernel({ caKeys: { id: null, builtin: true } });
    expect(offer(builtin, "secondary", testFile("corpus/inter.der"))).toBe("taken");
    expect(offer(builtin, "ima", testFile("corpus/leafinter.der"))).toBe("ENOKEY");
    expect(offer(builtin, "ima", testFile("ima.der"))).toBe("taken");
  });

  it("take nothing that is blacklisted", () => {
    const kernel = testKernel();
    const der = testFile("ima.der");
    const hash = tbsDigest(der, kernel);
    expect(blacklistHash(kernel.state, `tbs:${hash}`)).toBeNull();
    kernel.printed();
    expect(offer(kernel, "ima", der)).toBe("EKEYREJECTED");
    expect(kernel.printed()).toEqual([`X.509: Cert ${hash} is blacklisted`]);
    expect(isHashBlacklisted(kernel.state, "tbs", hexToBytes(hash))).toBe(true);
    expect(isHashBlacklisted(kernel.state, "bin", hexToBytes(hash))).toBe(false);
    expect(blacklistHash(kernel.state, `tbs:${hash}`)).toBe("EEXIST");
    expect(kernel.printed()).toEqual([`blacklist: Duplicate blacklisted hash tbs:${hash}`]);
    expect(blacklistHash(kernel.state, "tbs:zz")).toBe("EINVAL");
  });
});

describe("the log at boot", () => {
  it("names the keyrings and the certificates", () => {
    const kernel = testKernel({ moduleKey: pem("modsign.crt") });
    const lines = kernel.state.log.lines.map(({ text }) => text);
    expect(lines).toEqual([
      "Initialise system trusted keyrings",
      "Allocating IMA blacklist keyring.",
      "Asymmetric key parser 'x509' registered",
      "Loading compiled-in X.509 certificates",
      "Loaded X.509 cert 'IMA test CA: 1fe7bccb22a92d18990e21e2773773b1486e89e1'",
      "Loading compiled-in module X.509 certificates",
      expect.stringMatching(/^Loaded X\.509 cert 'IMA test module signing key: [0-9a-f]{40}'$/),
    ]);
  });

  it("tells of certificates that cannot be loaded", () => {
    const kernel = testKernel({ compiledIn: [Uint8Array.of(1)] });
    expect(kernel.state.log.lines.map(({ text }) => text)).toContain(
      "Problem loading in-kernel X.509 certificate (-74)",
    );
    const load = (content: Parameters<typeof loadX509>[2]) => [
      loadX509(kernel.state, "ima", content, "/etc/keys/x509_ima.der"),
      ...kernel.printed(),
    ];
    kernel.printed();
    expect(load({ ok: false, errno: "ENOENT" })).toEqual([
      "ENOENT",
      "integrity: Unable to open file: /etc/keys/x509_ima.der (-2)",
    ]);
    expect(load({ ok: true, value: testFile("rogue.der") })).toEqual([
      "ENOKEY",
      "integrity: Loading X.509 certificate: /etc/keys/x509_ima.der",
      "integrity: Problem loading X.509 certificate -126",
    ]);
  });
});

describe("keys of the firmware", () => {
  const config = { INTEGRITY_PLATFORM_KEYRING: true, INTEGRITY_MACHINE_KEYRING: true };
  const source = "UEFI:MokListRT (MOKvar table)";
  const contents = ({ service, state, root }: TestKernel, ring: Ring): string[] => {
    const listed = service.list(root, state.rings[ring]!.serial);
    if (!listed.ok) throw new Error(listed.errno);
    return Array.from(state.rings[ring]!.links!, ({ description }) => description.replace(/: [0-9a-f]+$/, ""));
  };

  it("go to .machine, whose keys then vouch as secondary ones do", () => {
    const kernel = testKernel({ config });
    loadFirmwareCertificate(kernel.state, "machine", testFile("corpus/inter.der"), source);
    expect(contents(kernel, "machine")).toEqual(["IMA corpus: corpus intermediate CA"]);
    expect(offer(kernel, "ima", testFile("corpus/leafinter.der"))).toBe("taken");
  });

  it("go to .platform when .machine wants CAs alone", () => {
    const kernel = testKernel({ config: { ...config, INTEGRITY_CA_MACHINE_KEYRING: true } });
    kernel.printed();
    loadFirmwareCertificate(kernel.state, "machine", testFile("rogue.der"), source);
    expect(contents(kernel, "machine")).toEqual([]);
    expect(contents(kernel, "platform")).toEqual(["IMA test rogue key"]);
    expect(kernel.printed()).toEqual([
      `integrity: Loading X.509 certificate: ${source}`,
      `integrity: Loading X.509 certificate: ${source}`,
      expect.stringMatching(/^integrity: Loaded X\.509 cert 'IMA test rogue key: /),
    ]);
  });

  it("that are none are told of", () => {
    const kernel = testKernel({ config });
    kernel.printed();
    loadFirmwareCertificate(kernel.state, "platform", Uint8Array.of(0x30, 0), "UEFI:db");
    expect(kernel.printed()).toEqual([
      "integrity: Loading X.509 certificate: UEFI:db",
      "integrity: Problem loading X.509 certificate -74",
      "integrity: Error adding keys to platform keyring UEFI:db",
    ]);
  });
});

describe("signed modules", () => {
  const content = utf8ToBytes("a module\n");
  const signed = (name: string): Uint8Array => appendSignature(content, message(name));
  const modsign = pem("modsign.crt");
  const kernel = testKernel({ compiledIn: [modsign, ca] });
  const verify = (module: Uint8Array, by = kernel) => {
    by.printed();
    const result = verifyModuleSignature(by.state, module);
    return [result.ok ? new TextDecoder().decode(result.value) : result.errno, ...by.printed()];
  };

  it("are taken when a trusted key signed them", () => {
    expect(verify(signed("module"))).toEqual(["a module\n"]);
  });

  it.each<[string, Uint8Array, string[]]>([
    ["no signature", content, ["ENODATA"]],
    ["a key that no keyring has", signed("module-rogue"), ["ENOKEY"]],
    ["a leaf below the CA without its certificate", signed("module-ima"), ["ENOKEY"]],
    ["signed attributes", signed("module-attr"), ["EKEYREJECTED", "PKCS7: Invalid module sig (has authattrs)"]],
    ["other contents", appendSignature(utf8ToBytes("other\n"), message("module")), ["EKEYREJECTED"]],
    [
      "contents in the message",
      appendSignature(content, message("emb")),
      ["EBADMSG", "PKCS7: Data already supplied", "PKCS#7 signature with non-detached data"],
    ],
    ["no PKCS#7", appendSignature(content, Uint8Array.of(1, 2, 3)), ["EBADMSG"]],
  ])("are refused for %s", (_, module, expected) => {
    expect(verify(module)).toEqual(expected);
  });

  it("are refused with an algorithm that is not built in", () => {
    const lean = testKernel({ compiledIn: [modsign], config: { CRYPTO_SHA256: false } });
    expect(verify(signed("module"), lean)[0]).toBe("ENOPKG");
  });

  it("of Debian's kernels may be signed with a platform key, and blacklisted as a whole", () => {
    const debian = testKernel({ compiledIn: [ca], config: { INTEGRITY_PLATFORM_KEYRING: true } });
    const module = signed("module");
    const check = () => {
      const result = verifyModuleSignature(debian.state, module, { debian: true });
      return result.ok ? "taken" : result.errno;
    };
    expect(check()).toBe("ENOKEY");
    loadFirmwareCertificate(debian.state, "platform", modsign, "UEFI:db");
    expect(verifyModuleSignature(debian.state, module).ok).toBe(false);
    expect(check()).toBe("taken");
    blacklistHash(debian.state, `bin:${Buffer.from(digest("sha256", module)).toString("hex")}`);
    expect(check()).toBe("EKEYREJECTED");
  });
});

describe("PKCS#7 messages", () => {
  const content = new TextEncoder().encode("bin:4965664ac260c2471484dfc28fbcdd225cf3fe60eb3441269af4746a49c31c89");
  const kernel = testKernel({ compiledIn: [pem("modsign.crt"), ca] });
  const verify = (name: string, usage: "unspecified" | "module" | "kexec" | "firmware" = "unspecified", by = kernel) =>
    verifyPkcs7(by.state, { content, message: message(name), trusted: "builtin", usage });

  it.each([
    ["ca", null],
    ["leaf", null],
    ["cacert", null],
    ["attr", null],
    ["leafec", null],
    ["sha1", null],
    ["sha3", null],
    ["two", null],
    ["rogue", "ENOKEY"],
    ["emb", "EBADMSG"],
  ] as const)("%s: %s", (name, expected) => {
    expect(verify(name)).toBe(expected);
  });

  it("fit only some uses", () => {
    expect(verify("attr", "module")).toBe("EKEYREJECTED");
    expect(verify("attr", "firmware")).toBeNull();
    expect(verify("ca", "firmware")).toBe("EKEYREJECTED");
    expect(verify("ca", "kexec")).toBe("EKEYREJECTED");
  });

  it("do not count once their signer, or one above it, is blacklisted", () => {
    for (const name of ["ima.der"]) {
      const banning = testKernel({ compiledIn: [ca] });
      blacklistHash(banning.state, `tbs:${tbsDigest(testFile(name), banning)}`);
      expect(verify("leaf", "unspecified", banning)).toBe("EKEYREJECTED");
      expect(verify("ca", "unspecified", banning)).toBeNull();
    }
  });

  it("do not count once a certificate of theirs is revoked", () => {
    const revoking = testKernel({ compiledIn: [ca], config: { SYSTEM_REVOCATION_LIST: true } });
    expect(verify("leaf", "unspecified", revoking)).toBeNull();
    loadRevocations(revoking.state, [testFile("ima.der")]);
    expect(verify("leaf", "unspecified", revoking)).toBe("EKEYREJECTED");
    expect(verify("ca", "unspecified", revoking)).toBeNull();
  });

  it("appended to files are judged by .ima", () => {
    const file = appendSignature(utf8ToBytes("a module\n"), message("module-ima"));
    const by = testKernel();
    const read = readAppendedSignature(by.state, "MODULE_CHECK", file);
    if (!read.ok) throw new Error(read.errno);
    expect(read.value.digest).toBeNull();
    read.value.supply(file);
    expect(read.value.digest).toEqual({ algorithm: "sha256", bytes: digest("sha256", utf8ToBytes("a module\n")) });
    expect(read.value.verify(by.state, newSubject(), "ima")).toBe("ENOKEY");
    expect(offer(by, "ima", testFile("ima.der"))).toBe("taken");
    expect(read.value.verify(by.state, newSubject(), "ima")).toBeNull();
    const changed = concatBytes(utf8ToBytes("b"), file.subarray(1));
    const other = readAppendedSignature(by.state, "MODULE_CHECK", changed);
    if (!other.ok) throw new Error(other.errno);
    other.value.supply(changed);
    expect(other.value.verify(by.state, newSubject(), "ima")).toBe("EKEYREJECTED");
  });
});

describe("the missing link of trust", () => {
  const missing = (kernel: TestKernel, ring: Ring, name: string) => {
    const { errno, steps } = diagnoseCertificate(kernel.state, kernel.state.rings[ring]!, testFile(name));
    const last = steps.find(({ met }) => !met);
    return [errno, last?.condition, last?.detail];
  };

  it.each<[string, Ring, string, string | RegExp]>([
    ["rogue.der", "ima", "ENOKEY", "a trusted signer"],
    ["corpus/leafinter.der", "ima", "ENOKEY", "a trusted signer"],
    ["corpus/catrue.der", "ima", "ENOKEY", "no CA"],
    ["corpus/nousage.der", "ima", "ENOKEY", "digitalSignature in keyUsage"],
    ["corpus/certsign.der", "ima", "ENOKEY", "no keyCertSign in keyUsage"],
    ["corpus/badsig.der", "ima", "EINVAL", "a signature that verifies"],
    ["corpus/cut.der", "ima", "EBADMSG", "a certificate that the kernel can read"],
  ])("of %s on %s: %s, %s", (name, ring, errno, condition) => {
    expect(missing(testKernel(), ring, name).slice(0, 2)).toEqual([errno, condition]);
    // The kernel says the same.
    expect(offered({}, ring, name)).toBe(errno);
  });

  it("is named", () => {
    expect(missing(testKernel(), "ima", "corpus/leafinter.der")[2]).toMatch(
      /^not found: 'IMA corpus: corpus intermediate CA', key identifier [0-9a-f]{40} in \.secondary_trusted_keys$/,
    );
    const ids = { caKeys: { id: Uint8Array.of(1, 2), builtin: false } };
    expect(missing(testKernel(ids), "ima", "ima.der")).toEqual([
      "EPERM",
      "a signer that may vouch (ca_keys=)",
      "EPERM",
    ]);
    expect(missing(testKernel(), "ima", "ima.der")).toEqual([null, undefined, undefined]);
  });

  it("is the blacklist, where the certificate is on it", () => {
    const kernel = testKernel();
    blacklistHash(kernel.state, `tbs:${tbsDigest(testFile("ima.der"), kernel)}`);
    kernel.printed();
    expect(missing(kernel, "ima", "ima.der").slice(0, 2)).toEqual(["EKEYREJECTED", "not blacklisted"]);
    expect(kernel.printed()).toEqual([]);
  });

  it("shows in the survey of keyrings and configurations", () => {
    const { release } = testKernel().state;
    const survey = (name: string, secondary: readonly Uint8Array[] = []) => {
      const found = surveyCertificate(testFile(name), { release, config: {}, builtin: [ca], secondary });
      if (!found.ok) throw new Error(found.errno);
      return found.value.rows.map(({ keyring, when, errno }) => `${keyring} ${when.split("_").at(-1)} ${errno}`);
    };
    expect(survey("ima.der").slice(0, 2)).toEqual([".ima SECONDARY=y null", ".ima SECONDARY=n null"]);
    expect(survey("corpus/leafinter.der", [testFile("corpus/inter.der")]).slice(0, 2)).toEqual([
      ".ima SECONDARY=y null",
      ".ima SECONDARY=n ENOKEY",
    ]);
    expect(surveyCertificate(Uint8Array.of(1), { release, config: {}, builtin: [], secondary: [] })).toEqual({
      ok: false,
      errno: "EBADMSG",
    });
  });
});
