// security.evm as Debian's evmctl 1.4 signs it (test/data/evmctl/evm.json, written with `evmctl sign` and the keys of test/data/keys).
import { readFileSync } from "node:fs";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import { publicKeyOf, verifySignature } from "../../src/crypto/index.ts";
import { evmDigest } from "../../src/evm/index.ts";
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
