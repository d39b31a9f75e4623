import { utf8ToBytes } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import { digest, type HashName, parsePrivateKey } from "../../src/crypto/index.ts";
import {
  encodePublicKeyV1,
  encodeXattr,
  IMA_XATTR,
  imaFileIdDigest,
  keyIdV1,
  keyNameV1,
  signV1,
  signV2,
  signV3,
} from "../../src/formats/index.ts";
import { diagnoseVerification, integrityVerify, listProcKeys } from "../../src/keyring/index.ts";
import { newSubject, type TestKernel, testKernel } from "./key-kernel.ts";
import { testFile } from "./test-keys.node.ts";

const key = parsePrivateKey(testFile("ima.key"));
const ec = parsePrivateKey(testFile("ec.key"));
const file = utf8ToBytes("contents");
const value = (signature: ReturnType<typeof signV2> | ReturnType<typeof signV1>): Uint8Array =>
  encodeXattr({ type: IMA_XATTR.DIGSIG, signature });
const signed = (hash: HashName, by = key): Uint8Array => value(signV2(by, hash, digest(hash, file)));
const sha256 = digest("sha256", file);

/** A kernel with certificates on .ima. */
function withKeys(names: readonly string[], kernel: TestKernel = testKernel()): TestKernel {
  for (const name of names) {
    const added = kernel.service.addKey(kernel.root, "asymmetric", null, testFile(name), serialOf(kernel, "ima"));
    if (!added.ok) throw new Error(`${name}: ${added.errno}`);
  }
  kernel.printed();
  return kernel;
}
const serialOf = ({ state }: TestKernel, ring: "ima" | "imaBlacklist" | "evm"): number => state.rings[ring]!.serial;
const verify = ({ state, root }: TestKernel, signature: Uint8Array, over: Uint8Array = sha256) =>
  integrityVerify(state, root, "ima", signature, over);

describe("signatures of version 2 and 3", () => {
  const kernel = withKeys(["ima.der", "ec.der"]);

  it.each(["sha1", "sha224", "sha256", "sha384", "sha512", "rmd160", "md5", "sha3-256"] as const)("RSA, %s", (hash) => {
    expect(verify(kernel, signed(hash), digest(hash, file))).toBeNull();
    expect(verify(kernel, signed(hash), digest(hash))).toBe("EKEYREJECTED");
  });

  it.each([
    ["sha256", null],
    ["sha384", null],
    ["sha3-512", null],
    ["md5", "EINVAL"],
    ["rmd160", "EINVAL"],
  ] as const)("ECDSA, %s: %s", (hash, expected) => {
    expect(verify(kernel, signed(hash, ec), digest(hash, file))).toBe(expected);
  });

  it("over ima_file_id", () => {
    const signature = encodeXattr({ type: IMA_XATTR.VERITY_DIGSIG, signature: signV3(key, "sha256", sha256) });
    expect(verify(kernel, signature, imaFileIdDigest(IMA_XATTR.VERITY_DIGSIG, "sha256", sha256))).toBeNull();
    expect(verify(kernel, signature, sha256)).toBe("EKEYREJECTED");
    const old = withKeys(["ima.der"], testKernel({ release: "5.17" }));
    expect(verify(old, signature)).toBe("EOPNOTSUPP");
  });

  it.each([
    ["nothing", Uint8Array.of(), "EINVAL"],
    ["a type alone", Uint8Array.of(3), "EINVAL"],
    ["an unknown version", Uint8Array.of(3, 4, 4, 0, 0, 0, 0, 0, 1, 1), "EOPNOTSUPP"],
    ["a header alone", Uint8Array.of(3, 2, 4, 0, 0, 0, 0, 0, 0), "EBADMSG"],
    ["a length that does not fit", Uint8Array.of(3, 2, 4, 0, 0, 0, 0, 0, 2, 1), "EBADMSG"],
    ["an unknown hash", Uint8Array.of(3, 2, 99, 0, 0, 0, 0, 0, 1, 1), "ENOPKG"],
  ])("%s is refused", (_, signature, errno) => {
    expect(verify(kernel, signature)).toBe(errno);
    expect(kernel.printed()).toEqual([]);
  });

  it("whose header says another hash than was used are malformed", () => {
    expect(verify(kernel, signed("sha256").with(2, 6))).toBe("EBADMSG");
    const { summary } = diagnoseVerification(kernel.state, kernel.root, "ima", signed("sha256").with(2, 6), sha256);
    expect(summary).toBe("signed by another key, or as another hash than the header says (sha512)");
  });

  it("of unknown keys are talked about ten times in five seconds", () => {
    const stranger = withKeys([]);
    for (let i = 0; i < 15; i++) expect(verify(stranger, signed("sha256"))).toBe("ENOKEY");
    const line = "integrity: Request for unknown key 'id:a07ccbb9' in '.ima' keyring. err -11";
    expect(stranger.printed()).toEqual(new Array<string>(10).fill(line));
  });

  it("do not count once .ima_blacklist holds the key", () => {
    const blacklisting = withKeys(["ima.der"]);
    expect(verify(blacklisting, signed("sha256"))).toBeNull();
    const { service, root } = blacklisting;
    const added = service.addKey(root, "asymmetric", null, testFile("ima.der"), serialOf(blacklisting, "imaBlacklist"));
    expect(added.ok).toBe(true);
    expect(verify(blacklisting, signed("sha256"))).toBe("EKEYREJECTED");
    expect(blacklisting.printed()).toEqual(["integrity: Key 'id:a07ccbb9' is in ima_blacklist_keyring"]);
  });

  it("do not count with a key that is gone, whatever was verified before", () => {
    const kernel = withKeys(["ima.der"]);
    const { service, root } = kernel;
    expect(verify(kernel, signed("sha256"))).toBeNull();
    const listed = service.list(root, serialOf(kernel, "ima"));
    if (!listed.ok) throw new Error(listed.errno);
    expect(service.unlink(root, listed.value[0]!, serialOf(kernel, "ima"))).toBeNull();
    expect(verify(kernel, signed("sha256"))).toBe("ENOKEY");
  });

  it("need a kernel with signatures", () => {
    const none = testKernel({ config: { INTEGRITY_SIGNATURE: false } });
    expect(verify(none, signed("sha256"))).toBe("EOPNOTSUPP");
  });
});

describe("keyrings of user space, _ima and _evm", () => {
  const CONFIG = { INTEGRITY_TRUSTED_KEYRING: false };

  it("are missed aloud until there is one, and kept from then on", () => {
    const kernel = testKernel({ config: CONFIG });
    const { service, root } = kernel;
    expect(kernel.state.rings.ima).toBeNull();
    expect(verify(kernel, signed("sha256"))).toBe("ENOKEY");
    expect(kernel.printed()).toEqual(["integrity: no _ima keyring: -126"]);
    const made = service.addKey(root, "keyring", "_ima", new Uint8Array(), "@s");
    if (!made.ok) throw new Error(made.errno);
    expect(service.addKey(root, "asymmetric", null, testFile("ima.der"), made.value).ok).toBe(true);
    expect(verify(kernel, signed("sha256"))).toBeNull();
    // Another process, which does not have it within its reach.
    const other = newSubject();
    expect(integrityVerify(kernel.state, other, "ima", signed("sha256"), sha256)).toBeNull();
  });

  it("hold the keys of version 1 as user keys", () => {
    const kernel = testKernel({ config: CONFIG });
    const { service, root } = kernel;
    if (key.algorithm !== "rsa") throw new Error("RSA");
    const payload = encodePublicKeyV1(key.rsa);
    const sha1 = digest("sha1", file);
    const signature = value(signV1(key, sha1, "sha1"));
    const made = service.addKey(root, "keyring", "_ima", new Uint8Array(), "@s");
    if (!made.ok) throw new Error(made.errno);
    expect(verify(kernel, signature, sha1)).toBe("EAGAIN");
    const name = keyNameV1(keyIdV1(payload));
    expect(kernel.printed()).toEqual([`digsig: key not found, id: ${name}`]);
    expect(diagnoseVerification(kernel.state, root, "ima", signature, sha1)).toMatchObject({
      errno: "EAGAIN",
      keyWanted: name,
      summary: `no usable key ${name} in the keyring`,
    });
    expect(service.addKey(root, "user", name, payload, made.value).ok).toBe(true);
    expect(verify(kernel, signature, sha1)).toBeNull();
    expect(verify(kernel, signature, digest("sha1"))).toBe("EINVAL");
    expect(verify(kernel, signature.with(6, 1), sha1)).toBe("ENOTSUPP");
    expect(verify(kernel, signature.subarray(0, 18), sha1)).toBe("EINVAL");
    expect(verify(kernel, signature.subarray(0, 100), sha1)).toBe("EINVAL");
    expect(diagnoseVerification(kernel.state, root, "ima", signature, sha1).errno).toBeNull();
  });
});

describe("the chain that was tried", () => {
  const tell = (kernel: TestKernel, signature: Uint8Array, over = sha256) =>
    diagnoseVerification(kernel.state, kernel.root, "ima", signature, over);

  it("says with what a signature verified", () => {
    const kernel = withKeys(["ima.der", "ec.der"]);
    const told = tell(kernel, signed("sha256"));
    expect(told).toMatchObject({ errno: null, keyWanted: "id:a07ccbb9", elsewhere: [] });
    expect(told.summary).toMatch(/^verified with 'IMA test signing key: [0-9a-f]{40}'$/);
    expect(told.searched.map(({ keyring }) => keyring)).toEqual([".ima_blacklist", ".ima"]);
  });

  it("names the keys that were there, and why each was not it", () => {
    const kernel = withKeys(["ec.der"]);
    const told = tell(kernel, signed("sha256"));
    expect(told).toMatchObject({ errno: "ENOKEY", keyWanted: "id:a07ccbb9", elsewhere: [] });
    expect(told.searched[1]!.keys.map(({ why }) => why)).toEqual(["its key identifier ends in 113882a0"]);
  });

  it("finds the key in the wrong keyring", () => {
    const kernel = testKernel();
    const { service, root } = kernel;
    expect(service.addKey(root, "asymmetric", null, testFile("ima.der"), serialOf(kernel, "evm")).ok).toBe(true);
    const told = tell(kernel, signed("sha256"));
    expect(told.errno).toBe("ENOKEY");
    expect(told.elsewhere.map(({ keyring, why }) => `${keyring}: ${why}`)).toEqual([
      ".evm: its key identifier ends in a07ccbb9",
    ]);
  });

  it("sees a key id with its bytes reversed", () => {
    const kernel = withKeys(["ima.der"]);
    const reversed = signed("sha256");
    reversed.set(reversed.slice(3, 7).reverse(), 3);
    const told = tell(kernel, reversed);
    expect(told.errno).toBe("ENOKEY");
    expect(told.searched[1]!.keys[0]!.why).toBe("the signature names it with the bytes of its identifier reversed");
  });

  it("tells other data from a blacklisted and from a revoked key", () => {
    const kernel = withKeys(["ima.der"]);
    const { service, root } = kernel;
    expect(tell(kernel, signed("sha256"), digest("sha256")).summary).toBe("signed over other data than this");
    service.addKey(root, "asymmetric", null, testFile("ima.der"), serialOf(kernel, "imaBlacklist"));
    expect(tell(kernel, signed("sha256"))).toMatchObject({ errno: "EKEYREJECTED", summary: "the key is blacklisted" });
  });

  it.each([true, false])("leaves no trace (INTEGRITY_TRUSTED_KEYRING=%s)", (INTEGRITY_TRUSTED_KEYRING) => {
    const kernel = testKernel({ config: { INTEGRITY_TRUSTED_KEYRING } });
    const { service, root, state } = kernel;
    service.addKey(root, "keyring", "_ima", new Uint8Array(), "@s");
    kernel.printed();
    const keys = (): string[] => listProcKeys(state, root).map(({ line }) => line);
    const before = keys();
    tell(kernel, signed("sha256"));
    tell(kernel, Uint8Array.of(3, 9));
    tell(kernel, Uint8Array.of());
    expect(kernel.printed()).toEqual([]);
    expect(keys()).toEqual(before);
    expect(before.length).toBeGreaterThan(2);
  });
});
