import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EvmCandidates } from "../../src/evm/alternatives.ts";
import { diagnose } from "../../src/evm/diagnose.ts";
import { type EvmPreimageInput, evmDigest, evmHmac } from "../../src/evm/preimage.ts";
import { runs } from "../fuzz.ts";

const KEY = new Uint8Array(32).fill(1);
const ORDER = ["security.selinux", "security.ima", "security.capability"];
const text = (s: string) => new TextEncoder().encode(s);
const now: EvmPreimageInput = {
  type: "hmac",
  xattrs: [
    { name: "security.ima", value: text("ima") },
    { name: "security.capability", value: text("cap") },
  ],
  inode: { ino: 12, generation: 100, uid: 0, gid: 0, mode: 0o100644 },
  fsuuid: new Uint8Array(16).fill(5),
};
const digestOf = (input: EvmPreimageInput) =>
  input.type === "hmac" ? evmHmac(input, KEY).digest : evmDigest({ ...input, algorithm: "sha256" }).digest;

/** What is said of a label that was made over `labelled` and is found on `now`. */
function told(labelled: Partial<EvmPreimageInput>, candidates: EvmCandidates = {}, base = now): string | null {
  const label = Buffer.from(digestOf({ ...base, ...labelled }));
  const fits = ({ input }: { input: EvmPreimageInput }) => label.equals(digestOf(input));
  return diagnose({ input: base, algorithm: "sha256" }, { fits, order: ORDER, candidates })?.text ?? null;
}

describe("diagnosis of a label that does not verify", () => {
  const inode = (change: Partial<EvmPreimageInput["inode"]>) => ({ inode: { ...now.inode, ...change } });

  it("names the file that the label was copied from", () => {
    const inodes = [{ ino: 14, generation: 777, name: "/mnt/other" }];
    expect(told(inode({ ino: 14, generation: 777 }), { inodes })).toBe(
      "verifies with inode number 14 instead of 12 and generation 777 instead of 100, those of /mnt/other",
    );
  });

  it("names a generation of zero, an owner, a mode, a file system", () => {
    expect(told(inode({ generation: 0 }))).toBe("verifies with generation 0 instead of 100");
    expect(told(inode({ uid: 1000, gid: 1000 }))).toBe(
      "verifies with owner 1000 instead of 0 and group 1000 instead of 0",
    );
    expect(told(inode({ mode: 0o104755 }))).toBe("verifies with mode 0104755 instead of 0100644");
    expect(told(inode({ mode: 0o101357 }))).toBe("verifies with mode 0101357 instead of 0100644");
    expect(told({ fsuuid: null })).toBe("verifies without the file system UUID");
    const uuids = [{ uuid: new Uint8Array(16).fill(6), name: "/mnt/b" }];
    expect(told({ fsuuid: new Uint8Array(16).fill(6) }, { uuids })).toBe(
      "verifies with the file system UUID 06060606060606060606060606060606 (/mnt/b)",
    );
  });

  it("names a missing, an added and a changed xattr", () => {
    const [ima, capability] = now.xattrs;
    const xattrs = [
      { name: "security.selinux", value: text("label") },
      { name: "security.ima", value: text("other") },
    ];
    expect(told({ xattrs: [ima!] })).toBe("verifies without security.capability, which is there now");
    expect(told({ xattrs: [xattrs[0]!, ima!, capability!] }, { xattrs })).toBe(
      "verifies with security.selinux, which is missing now",
    );
    expect(told({ xattrs: [xattrs[1]!, capability!] }, { xattrs })).toBe("verifies with another value of security.ima");
  });

  it("finds two differences that come together", () => {
    expect(told(inode({ uid: 1000, gid: 1000, mode: 0o104755 }))).toBe(
      "verifies with owner 1000 instead of 0 and group 1000 instead of 0 and with mode 0104755 instead of 0100644",
    );
  });

  it("tells a portable signature under the wrong type byte", () => {
    const base = { ...now, type: "signature" } as const;
    expect(told({ type: "portable" }, {}, base)).toBe("verifies as a signature that is portable");
  });

  it("does not make up inode numbers for portable labels", () => {
    const base = { ...now, type: "portable" } as const;
    const inodes = [{ ino: 14, generation: 777 }];
    const tried: string[] = [];
    const fits = ({ input }: { input: EvmPreimageInput }) => tried.push(String(input.inode.ino)) < 0;
    expect(diagnose({ input: base, algorithm: "sha256" }, { fits, order: ORDER, candidates: { inodes } })).toBeNull();
    expect(new Set(tried)).toEqual(new Set(["12"]));
  });

  it("stops at its limit", () => {
    let tries = 0;
    const fits = () => tries++ < 0;
    diagnose({ input: now, algorithm: "sha1" }, { fits, order: ORDER, limit: 7 });
    expect(tries).toBe(7);
  });

  it("finds any one mode or owner among its candidates, and the input that it names does fit", () => {
    const wrong = fc.oneof(
      fc.nat(0o7777).map((mode) => ({ mode: 0o100000 | mode })),
      fc.record({ uid: fc.nat(0xffff), gid: fc.nat(0xffff) }),
    );
    fc.assert(
      fc.property(wrong, (change) => {
        const labelled = { ...now, inode: { ...now.inode, ...change } };
        const label = createHmac("sha1", KEY).update(evmHmac(labelled, KEY).preimage).digest();
        const fits = ({ input }: { input: EvmPreimageInput }) =>
          createHmac("sha1", KEY).update(evmHmac(input, KEY).preimage).digest().equals(label);
        const candidates = "uid" in change ? { owners: [change] } : {};
        const found = diagnose({ input: now, algorithm: "sha1" }, { fits, order: ORDER, candidates });
        const differs = Object.entries(change).some(([k, v]) => now.inode[k as "mode"] !== v);
        expect(found !== null && fits(found)).toBe(differs);
      }),
      runs(20),
    );
  });
});
