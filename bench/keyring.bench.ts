// What verifying a signature of security.ima costs beyond the RSA operation itself, and once its result is known.
import { constants, generateKeyPairSync, publicDecrypt, sign, verify } from "node:crypto";
import { KernelLog } from "../src/audit/index.ts";
import { digest, SignatureCache } from "../src/crypto/index.ts";
import { encodeXattr, hashByName, IMA_XATTR, parseCertificate } from "../src/formats/index.ts";
import { integrityVerify, KeyService, makeIntegrityKeyring, makeSystemKeyrings } from "../src/keyring/index.ts";
import { Kconfig, Release } from "../src/release/index.ts";
import type { Suite } from "./suite.ts";

const RSA = "node:crypto, RSA-2048 alone";

/** A DER element. */
function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Uint8Array.of(tag, ...length), body]);
}
const hex = (text: string): Uint8Array => Buffer.from(text, "hex");
const COMMON_NAME = der(0x30, der(0x31, der(0x30, hex("0603550403"), der(0x0c, Buffer.from("bench")))));
const SHA256_RSA = hex("300d06092a864886f70d01010b0500");
const SKID = hex("000102030405060708090a0b0c0d0e0f10111213");

/** A self-signed certificate of an RSA key. */
function selfSigned(spki: Uint8Array, signWith: (tbs: Uint8Array) => Uint8Array): Uint8Array {
  const time = der(0x17, Buffer.from("200101000000Z"));
  const keyUsage = der(0x30, hex("0603551d0f"), der(0x04, hex("03020780")));
  const skid = der(0x30, hex("0603551d0e"), der(0x04, der(0x04, SKID)));
  const tbs = der(
    0x30,
    ...[hex("a003020102"), hex("020101"), SHA256_RSA, COMMON_NAME, der(0x30, time, time), COMMON_NAME, spki],
    der(0xa3, der(0x30, keyUsage, skid)),
  );
  return der(0x30, tbs, SHA256_RSA, der(0x03, Uint8Array.of(0), signWith(tbs)));
}

/** A kernel whose _ima keyring holds the certificate. */
function kernel(certificate: Uint8Array) {
  const service = new KeyService({
    release: Release.parse("6.12"),
    config: Kconfig.withDefaults({ INTEGRITY_TRUSTED_KEYRING: false, IMA_BLACKLIST_KEYRING: false }),
    log: new KernelLog(),
    clock: () => 1000,
  });
  const { state } = service;
  makeSystemKeyrings(state, []);
  makeIntegrityKeyring(state, "ima", null);
  const ring = service.addKey(state.kernel, "keyring", "_ima", new Uint8Array(), "@s");
  if (!ring.ok || !service.addKey(state.kernel, "asymmetric", null, certificate, ring.value).ok)
    throw new Error("the certificate was not taken");
  return state;
}

export default {
  name: "keyring",
  peer: RSA,
  run(add) {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const certificate = selfSigned(publicKey.export({ type: "spki", format: "der" }), (tbs) =>
      sign("sha256", tbs, privateKey),
    );
    const state = kernel(new Uint8Array(certificate));
    const data = new Uint8Array(100);
    const signature = new Uint8Array(sign("sha256", data, privateKey));
    const fileDigest = digest("sha256", data);
    const xattr = encodeXattr({
      type: IMA_XATTR.DIGSIG,
      signature: { version: 2, hash: hashByName("sha256")!.id, keyId: 0x10111213, signature },
    });
    const check = (by: typeof state): null => {
      const refused = integrityVerify(by, by.kernel, "ima", xattr, fileDigest);
      if (refused !== null) throw new Error(refused);
      return null;
    };
    let fresh = state;
    add("version 2, RSA-2048", () => check(fresh), {
      before() {
        fresh = { ...state, signatures: new SignatureCache(state) };
      },
    });
    const operation = { key: publicKey, padding: constants.RSA_PKCS1_PADDING };
    add(RSA, () => publicDecrypt(operation, signature));
    add("node:crypto verify, digest included", () => verify("sha256", data, publicKey, signature));
    add("version 2, verified before", () => check(state), { aim: 10 });
    add("certificate", () => parseCertificate(certificate, state.release), { aim: 100 });
  },
} satisfies Suite;
