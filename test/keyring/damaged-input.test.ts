// What keyrings are given, damaged and random: certificates, PKCS#7 messages, signatures, keys of version 1, encrypted and trusted blobs.
// Each call answers with a value or an errno, and what is refused can be explained.
import { readdirSync, readFileSync } from "node:fs";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digest, parsePrivateKey } from "../../src/crypto/index.ts";
import { ERRNO } from "../../src/errno/index.ts";
import {
  appendSignature,
  encodePublicKeyV1,
  encodeXattr,
  IMA_XATTR,
  keyIdV1,
  keyNameV1,
  signV1,
  signV2,
  signV3,
} from "../../src/formats/index.ts";
import {
  diagnoseVerification,
  explainAppended,
  explainCertificate,
  integrityVerify,
  readAppendedSignature,
  simulatedTpmTrust,
  verifyModuleSignature,
  verifyPkcs7,
} from "../../src/keyring/index.ts";
import { certificate, gostKey } from "../crypto/gost.ts";
import { damaged, damagedText } from "../damage.ts";
import { decoderRuns } from "../fuzz.ts";
import { type TestKernel, testKernel } from "./key-kernel.ts";
import { pem, testFile } from "./test-keys.node.ts";

const data = new URL("../data/", import.meta.url);
const messages = readdirSync(new URL("pkcs7/", data)).map(
  (name) => new Uint8Array(readFileSync(new URL(`pkcs7/${name}`, data))),
);
const gost = gostKey("B", 3n);
const certificates = [
  certificate({ subject: "gost", key: gost, issuer: { name: "gost", key: gost } }).der,
  ...readdirSync(new URL("keys/corpus/", data))
    .filter((name) => name.endsWith(".der"))
    .map((name) => testFile(`corpus/${name}`)),
  testFile("ima.der"),
  testFile("ec.der"),
  pem("ima.key"),
  pem("ec.key"),
];
const rsa = parsePrivateKey(testFile("ima.key"));
const ec = parsePrivateKey(testFile("ec.key"));
const file = utf8ToBytes("contents");
const sha256 = digest("sha256", file);
const oldKey = rsa.algorithm === "rsa" ? encodePublicKeyV1(rsa.rsa) : new Uint8Array();

function answered(refused: string | null): void {
  if (refused !== null && !(refused in ERRNO)) throw new Error(String(refused));
}

/** A kernel whose .ima has keys of both kinds; the keyrings of release 6.1 also take keys of version 1. */
function withKeys(release: string): TestKernel {
  const kernel = testKernel({ release, config: { INTEGRITY_TRUSTED_KEYRING: release !== "6.1" } });
  const { service, root } = kernel;
  if (release === "6.1") service.addKey(root, "keyring", "_ima", new Uint8Array(), "@s");
  const ring = release === "6.1" ? service.search(root, "@s", "keyring", "_ima", null) : null;
  const serial = ring === null ? kernel.state.rings.ima!.serial : ring.ok ? ring.value : 0;
  for (const name of ["ima.der", "ec.der"]) service.addKey(root, "asymmetric", null, testFile(name), serial);
  if (release === "6.1") service.addKey(root, "user", keyNameV1(keyIdV1(oldKey)), oldKey, serial);
  return kernel;
}

describe("damaged and random input", () => {
  it("to a keyring as a certificate", () => {
    const kernel = testKernel();
    const { state, service, root } = kernel;
    const ring = state.rings.ima!.serial;
    fc.assert(
      fc.property(damaged(certificates), (der) => {
        const before = bytesToHex(der);
        const added = service.addKey(root, "asymmetric", null, der, ring);
        if (added.ok) service.unlink(root, added.value, ring);
        else {
          answered(added.errno);
          explainCertificate(state, ring, der, added.errno)?.();
        }
        expect(bytesToHex(der)).toBe(before);
      }),
      decoderRuns,
    );
  }, 600_000);

  it("to those who verify PKCS#7 messages, modules and appended signatures", () => {
    const { state, root } = testKernel();
    fc.assert(
      fc.property(damaged([...messages, ...messages.map((m) => appendSignature(file, m))]), (bytes) => {
        answered(verifyPkcs7(state, { content: file, message: bytes, trusted: "builtin", usage: "unspecified" }));
        const module = verifyModuleSignature(state, bytes);
        if (!module.ok) answered(module.errno);
        const appended = readAppendedSignature(state, "FILE_CHECK", bytes);
        if (!appended.ok) return answered(appended.errno);
        appended.value.supply(bytes);
        const refused = appended.value.verify(state, root, "ima");
        answered(refused);
        if (refused !== null) explainAppended(state, "ima", appended.value, refused)();
      }),
      decoderRuns,
    );
  }, 600_000);

  it.each(["6.12", "6.1"])(
    "to those who verify the signatures of security.ima and security.evm, on %s",
    (release) => {
      const { state, root } = withKeys(release);
      const signatures = [
        { type: IMA_XATTR.DIGSIG, signature: signV2(rsa, "sha256", sha256) },
        { type: IMA_XATTR.DIGSIG, signature: signV2(ec, "sha256", sha256) },
        { type: IMA_XATTR.DIGSIG, signature: signV1(rsa, digest("sha1", file), "sha1", 1) },
        { type: IMA_XATTR.VERITY_DIGSIG, signature: signV3(rsa, "sha256", sha256) },
      ].map(encodeXattr);
      fc.assert(
        fc.property(damaged(signatures), (bytes) => {
          const refused = integrityVerify(state, root, "ima", bytes, sha256);
          answered(refused);
          if (refused !== null) diagnoseVerification(state, root, "ima", bytes, sha256, refused);
        }),
        decoderRuns,
      );
    },
    600_000,
  );

  it("as a key of version 1", () => {
    const kernel = withKeys("6.1");
    const { state, service, root } = kernel;
    const name = keyNameV1(keyIdV1(oldKey));
    const signature = encodeXattr({ type: IMA_XATTR.DIGSIG, signature: signV1(rsa, digest("sha1", file), "sha1", 1) });
    integrityVerify(state, root, "ima", signature, sha256);
    fc.assert(
      fc.property(damaged([oldKey]), (payload) => {
        const added = service.addKey(root, "user", name, payload, state.rings.ima!.serial);
        if (!added.ok) return answered(added.errno);
        answered(integrityVerify(state, root, "ima", signature, digest("sha1", file)));
      }),
      decoderRuns,
    );
  }, 600_000);

  it("as the payload of an encrypted or a trusted key", () => {
    const trust = simulatedTpmTrust(() => new Uint8Array(20));
    const { service, root } = testKernel({ config: { TRUSTED_KEYS: true }, trust });
    const add = (type: string, description: string, payload: string) =>
      service.addKey(root, type, description, utf8ToBytes(payload), "@u");
    const read = (type: string, description: string, payload: string): string => {
      const added = add(type, description, payload);
      const found = added.ok ? service.read(root, added.value) : added;
      if (!found.ok) throw new Error(found.errno);
      return new TextDecoder().decode(found.value);
    };
    add("user", "kmk", "a master key of thirty-two bytes");
    const sealed = read("trusted", "tmk", "new 32 keyhandle=0x81000001");
    const samples = [
      "new user:kmk 32",
      "new ecryptfs trusted:tmk 64",
      `new enc32 user:kmk 32 ${"5a".repeat(32)}`,
      `load ${read("encrypted", "evm-key", "new user:kmk 32")}`,
      "update user:kmk",
      "new 32 keyhandle=0x81000001",
      `load ${sealed} keyhandle=0x81000001`,
      `update keyhandle=1 pcrinfo=0003000400${"00".repeat(40)}`,
    ];
    const words = ["new ", "load ", "update ", "default ", "user:", "trusted:", " 32", "0", "f", " ", "\t", "\0", "="];
    fc.assert(
      fc.property(damagedText(samples, words), fc.constantFrom("encrypted", "trusted"), (payload, type) => {
        const added = add(type, "damaged", payload);
        if (!added.ok) return answered(added.errno);
        const found = service.read(root, added.value);
        if (!found.ok) answered(found.errno);
        answered(service.update(root, added.value, utf8ToBytes(payload)));
        service.unlink(root, added.value, "@u");
      }),
      decoderRuns,
    );
  }, 600_000);
});
