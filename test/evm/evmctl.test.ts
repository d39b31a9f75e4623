// security.evm as Debian's evmctl 1.4 writes it: signatures (test/data/evmctl/evm.json, `evmctl sign` with the keys of test/data/keys) and
// HMACs (hmac.json, `evmctl hmac -a sha1`, the key in /etc/keys/evm-key-plain). Its HMACs leave out the UUID of the file system, as a kernel
// without EVM_ATTR_FSUUID does; that of a kernel with it is compared with recordings (recorded-hmacs.test.ts).
import { readFileSync } from "node:fs";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import { publicKeyOf, verifySignature } from "../../src/crypto/index.ts";
import { evmDigest, evmHmac } from "../../src/evm/index.ts";
import { ProtectedXattrs } from "../../src/evm/protected-xattrs.ts";
import {
  decodeXattr,
  encodeXattr,
  type HashName,
  IMA_XATTR,
  parsePrivateKey,
  signV2,
} from "../../src/formats/index.ts";
import { Kconfig, Release } from "../../src/release/index.ts";
import { testFile } from "../keyring/test-keys.node.ts";

interface Signed {
  readonly key: string;
  readonly type: "portable" | "signature";
  readonly hash: HashName;
  /** security.ima in hex; null for a file without. */
  readonly ima: string | null;
  readonly uid: number;
  readonly gid: number;
  /** Octal. */
  readonly mode: string;
  readonly ino?: number;
  readonly generation?: number;
  readonly uuid?: string;
  /** What evmctl says that it signed, and the value that it wrote, in hex. */
  readonly digest: string;
  readonly value: string;
}
const signed = JSON.parse(
  readFileSync(new URL("../data/evmctl/evm.json", import.meta.url), "utf8"),
) as readonly Signed[];

const digestOf = ({ type, hash, ima, uid, gid, mode, ino = 0, generation = 0, uuid }: Signed): Uint8Array =>
  evmDigest({
    type,
    algorithm: hash,
    xattrs: ima === null ? [] : [{ name: "security.ima", value: hexToBytes(ima) }],
    inode: { ino, generation, uid, gid, mode: Number.parseInt(mode, 8) },
    fsuuid: uuid === undefined ? null : hexToBytes(uuid.replaceAll("-", "")),
  }).digest;

describe.each(signed)("evmctl sign: $type, $hash, mode $mode", (file) => {
  it("covers the same bytes", () => {
    expect(bytesToHex(digestOf(file))).toBe(file.digest);
  });

  it("verifies here", () => {
    const xattr = decodeXattr(hexToBytes(file.value));
    expect(xattr.type).toBe(file.type === "portable" ? IMA_XATTR.EVM_PORTABLE_DIGSIG : IMA_XATTR.DIGSIG);
    if (!("signature" in xattr) || xattr.signature.version !== 2) throw new Error("no signature");
    const support = { release: Release.parse("6.12"), config: Kconfig.withDefaults() };
    const key = publicKeyOf(parsePrivateKey(testFile(file.key)));
    const given = {
      algorithm: "rsa" as const,
      hash: file.hash,
      digest: digestOf(file),
      bytes: xattr.signature.signature,
    };
    expect(verifySignature(key, given, support)).toBeNull();
    const other = digestOf({ ...file, uid: file.uid + 1 });
    expect(verifySignature(key, { ...given, digest: other }, support)).toBe("EKEYREJECTED");
  });

  it("is made here in the same bytes, which evmctl therefore takes", () => {
    const type = file.type === "portable" ? IMA_XATTR.EVM_PORTABLE_DIGSIG : IMA_XATTR.DIGSIG;
    const signature = signV2(parsePrivateKey(testFile(file.key)), file.hash, digestOf(file));
    expect(bytesToHex(encodeXattr({ type, signature }))).toBe(file.value);
  });
});

interface Keyed {
  readonly name: string;
  readonly options: readonly string[];
  readonly key: string;
  readonly ino: number;
  readonly generation: number;
  readonly uid: number;
  readonly gid: number;
  /** Octal, type included. */
  readonly mode: string;
  readonly xattrs: Readonly<Record<string, string>>;
  readonly evm: string;
}
const keyed = JSON.parse(
  readFileSync(new URL("../data/evmctl/hmac.json", import.meta.url), "utf8"),
) as readonly Keyed[];

describe.each(keyed)("evmctl hmac: $name", (file) => {
  /** What evmctl knows: SELinux, Smack, AppArmor; with --smack the other labels of Smack too. */
  const config = Kconfig.withDefaults({
    SECURITY_SELINUX: true,
    SECURITY_SMACK: true,
    SECURITY_APPARMOR: true,
    EVM_EXTRA_SMACK_XATTRS: file.options.includes("--smack"),
  });
  const xattrs = new ProtectedXattrs(Release.parse("6.12"), config).list
    .filter(({ name, enabled }) => enabled && name in file.xattrs)
    .map(({ name }) => ({ name, value: hexToBytes(file.xattrs[name]!) }));
  const inode = { ...file, mode: Number.parseInt(file.mode, 8) };
  const made = (change: Partial<typeof inode>) =>
    bytesToHex(evmHmac({ xattrs, inode: { ...inode, ...change }, fsuuid: null }, hexToBytes(file.key)).digest);

  it("is the HMAC of a kernel without EVM_ATTR_FSUUID", () => {
    expect(`02${made({})}`).toBe(file.evm);
    expect(`02${made({ generation: file.generation + 1 })}`).not.toBe(file.evm);
  });
});
