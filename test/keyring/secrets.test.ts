// Keys of types encrypted and trusted.
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digest } from "../../src/crypto/index.ts";
import { parseBlobRequest, simulatedTpmTrust } from "../../src/keyring/index.ts";
import { runs } from "../fuzz.ts";
import { newSubject, type TestKernel, testKernel } from "./key-kernel.ts";

const text = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);

/** Adds a key to the user's keyring; its serial, or the errno. */
function add({ service, root }: TestKernel, type: string, name: string, payload: string): number | string {
  const made = service.addKey(root, type, name, utf8ToBytes(payload), "@u");
  return made.ok ? made.value : made.errno;
}
function readKey({ service, root }: TestKernel, serial: number | string): string {
  const found = service.read(root, serial as number);
  return found.ok ? text(found.value) : found.errno;
}
/** The user's keyring is where requests look. */
function withMaster(options: Parameters<typeof testKernel>[0] = {}): TestKernel {
  const kernel = testKernel(options);
  kernel.service.link(kernel.root, "@u", "@s");
  add(kernel, "user", "kmk", "a master secret");
  kernel.printed();
  return kernel;
}

describe("encrypted keys", () => {
  it("are read sealed, and load again elsewhere with the same master key", () => {
    for (const request of ["new user:kmk 20", "new default user:kmk 128", "new enc32 user:kmk 32"]) {
      const kernel = withMaster();
      const serial = add(kernel, "encrypted", "evm-key", request);
      const blob = readKey(kernel, serial);
      expect(blob).toMatch(/^(default|enc32) user:kmk \d+ [0-9a-f]+$/);
      const secret = kernel.service.requestSecret(kernel.root, "evm-key");
      const there = withMaster();
      expect(add(there, "encrypted", "evm-key", `load ${blob}`)).toBeTypeOf("number");
      expect(there.service.requestSecret(there.root, "evm-key")).toEqual(secret);
      expect(secret.ok && secret.value.length).toBe(Number(/ (\d+)$/.exec(request)![1]));
    }
  });

  it("do not load changed, cut, or with another master key", () => {
    const kernel = withMaster();
    const blob = readKey(kernel, add(kernel, "encrypted", "a", "new user:kmk 32"));
    const load = (changed: string, by = withMaster()) => [
      add(by, "encrypted", "b", `load ${changed}`),
      ...by.printed(),
    ];
    const bad = ["EINVAL", "trusted_key: encrypted_key: bad hmac (-22)"];
    const last = blob.slice(0, -1) + (blob.endsWith("0") ? "1" : "0");
    expect(load(last)).toEqual(bad);
    expect(load(blob.replace(" 32 ", " 31 "))).toEqual(bad);
    expect(load(blob.slice(0, -2))).toEqual(["EINVAL"]);
    const other = testKernel();
    other.service.link(other.root, "@u", "@s");
    add(other, "user", "kmk", "another secret");
    other.printed();
    expect(load(blob, other)).toEqual(bad);
    const none = testKernel();
    expect(add(none, "encrypted", "b", `load ${blob}`)).toBe("ENOKEY");
    expect(none.printed()).toContain("trusted_key: encrypted_key: key user:kmk not found");
  });

  it("take a secret that is given, and another master key of the same kind", () => {
    const kernel = withMaster();
    const given = "ab".repeat(32);
    const serial = add(kernel, "encrypted", "a", `new user:kmk 32 ${given}`);
    const secret = kernel.service.requestSecret(kernel.root, "a");
    expect(secret.ok && bytesToHex(secret.value)).toBe(given);
    add(kernel, "user", "kmk2", "second");
    expect(kernel.service.update(kernel.root, serial as number, utf8ToBytes("update user:kmk2"))).toBeNull();
    expect(readKey(kernel, serial)).toMatch(/^default user:kmk2 32 /);
    expect(kernel.service.update(kernel.root, serial as number, utf8ToBytes("update trusted:kmk2"))).toBe("EINVAL");
    const closed = withMaster({ config: { USER_DECRYPTED_DATA: false } });
    expect(add(closed, "encrypted", "a", `new user:kmk 32 ${given}`)).toBe("EINVAL");
  });

  it("come with other secrets each time, and the same in every run", () => {
    const secrets = (): (string | boolean)[] => {
      const kernel = withMaster();
      return ["a", "b"].map((name) => {
        add(kernel, "encrypted", name, "new user:kmk 32");
        const secret = kernel.service.requestSecret(kernel.root, name);
        return secret.ok && bytesToHex(secret.value);
      });
    };
    const [a, b] = secrets();
    expect(a).not.toBe(b);
    expect(secrets()).toEqual([a, b]);
  });

  it("are requested with any text without a crash", () => {
    const word = fc.constantFrom(
      "new",
      "load",
      "update",
      "default",
      "enc32",
      "ecryptfs",
      "user:kmk",
      "trusted:x",
      "32",
      "",
    );
    const request = fc.oneof(
      fc.array(fc.oneof(word, fc.string({ maxLength: 9 })), { maxLength: 7 }).map((words) => words.join(" ")),
      fc.string(),
    );
    const kernel = withMaster();
    fc.assert(
      fc.property(request, fc.boolean(), (payload, instantiate) => {
        parseBlobRequest(utf8ToBytes(payload), instantiate);
        expect(["number", "string"]).toContain(typeof add(kernel, "encrypted", "fuzz", payload));
      }),
      runs(1000),
    );
  });
});

describe("trusted keys", () => {
  const pcrs = new Map<number, Uint8Array>();
  const pcr = (index: number): Uint8Array => pcrs.get(index) ?? new Uint8Array(20);
  const options = { config: { TRUSTED_KEYS: true }, trust: simulatedTpmTrust(pcr) };
  /** TPM_PCR_INFO for PCR 10 alone: selection, and the composite digest for a value. */
  function boundTo(value: Uint8Array): string {
    const selection = hexToBytes("0003000400");
    const length = hexToBytes("00000014");
    return bytesToHex(Uint8Array.of(...selection, ...digest("sha1", selection, length, value), ...new Uint8Array(20)));
  }

  it("are read as a blob, and load from it", () => {
    const kernel = withMaster(options);
    const serial = add(kernel, "trusted", "kmk-trusted", "new 32 keyhandle=0x81000001");
    const blob = readKey(kernel, serial);
    expect(blob).toMatch(/^[0-9a-f]{64,}$/);
    const again = withMaster(options);
    expect(add(again, "trusted", "kmk-trusted", `load ${blob} keyhandle=0x81000001`)).toBeTypeOf("number");
    // An encrypted key below it means the same in both.
    const below = readKey(kernel, add(kernel, "encrypted", "evm-key", "new trusted:kmk-trusted 32"));
    expect(add(again, "encrypted", "evm-key", `load ${below}`)).toBeTypeOf("number");
    expect(again.service.requestSecret(again.root, "evm-key")).toEqual(
      kernel.service.requestSecret(kernel.root, "evm-key"),
    );
  });

  it("bound to a PCR load while it has that value alone", () => {
    pcrs.clear();
    const kernel = withMaster(options);
    const bound = `pcrinfo=${boundTo(new Uint8Array(20))}`;
    const blob = readKey(kernel, add(kernel, "trusted", "a", `new 32 keyhandle=1 ${bound}`));
    const load = (): number | string => add(withMaster(options), "trusted", "b", `load ${blob} keyhandle=1`);
    expect(load()).toBeTypeOf("number");
    pcrs.set(10, new Uint8Array(20).fill(1));
    expect(load()).toBe("EPERM");
    pcrs.set(10, new Uint8Array(20));
    pcrs.set(11, new Uint8Array(20).fill(1));
    expect(load()).toBeTypeOf("number");
  });

  it.each([
    ["new", "EINVAL"],
    ["new 31 keyhandle=1", "EINVAL"],
    ["new 129 keyhandle=1", "EINVAL"],
    ["new 32", "EINVAL"],
    ["new 32 keyhandle=1 keyhandle=2", "EINVAL"],
    ["new 32 keyhandle=1 pcrinfo=00", "EINVAL"],
    ["new 32 keyhandle=1 unknown=2", "EINVAL"],
    ["load zz keyhandle=1", "EINVAL"],
    [`load ${"00".repeat(40)} keyhandle=1`, "EPERM"],
    ["update keyhandle=1", "EINVAL"],
    ["", "EINVAL"],
  ])("'%s' gives %s", (payload, errno) => {
    expect(add(withMaster(options), "trusted", "t", payload)).toBe(errno);
  });

  it("are no type of a kernel without a trust source", () => {
    expect(add(withMaster({ config: { TRUSTED_KEYS: true } }), "trusted", "t", "new 32 keyhandle=1")).toBe("ENODEV");
    expect(newSubject().keyrings.session).toBeNull();
  });
});
