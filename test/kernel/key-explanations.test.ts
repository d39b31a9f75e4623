// Why a signature or a certificate was refused, as the keyrings tell it: through a whole kernel, with real keys.
import { readFileSync } from "node:fs";
import { boot, type Kernel, KernelError, type Task } from "imasim";
import { describe, expect, it } from "vitest";
import { type Decision, explain } from "../../src/appraise/index.ts";
import { digest, parsePrivateKey } from "../../src/crypto/index.ts";
import { evmDigest } from "../../src/evm/index.ts";
import { appendSignature, encodeXattr, IMA_XATTR, signV2 } from "../../src/formats/index.ts";
import { pem, testFile } from "../keyring/test-keys.node.ts";

const CONTENT = new TextEncoder().encode("contents");
const UUID = "11112222-3333-4444-5555-666677778888";

const signed = (by: string, over = CONTENT): Uint8Array =>
  encodeXattr({
    type: IMA_XATTR.DIGSIG,
    signature: signV2(parsePrivateKey(testFile(by)), "sha256", digest("sha256", over)),
  });

function refusal(act: () => unknown): KernelError<Decision> {
  try {
    act();
  } catch (error) {
    if (error instanceof KernelError) return error as KernelError<Decision>;
    throw error;
  }
  throw new Error("it was allowed");
}

/** A kernel that trusts the test CA and appraises /mnt/f, which has these labels. */
function machine(
  xattrs: readonly (readonly [string, Uint8Array])[],
  extra: readonly Uint8Array[] = [],
  policy = "appraise_tcb",
) {
  const file = { path: "/f", bytes: CONTENT, mode: 0o100644, generation: 5, xattrs };
  const kernel = boot({
    cmdline: `ima_policy=${policy}`,
    config: { EVM: true },
    builtinKeys: [pem("ca.pem"), ...extra],
    disks: { d: { fstype: "ext4", uuid: UUID, files: [file] } },
  });
  const root = kernel.task();
  kernel.mount("/mnt", { disk: "sda", fstype: "ext4" });
  return { kernel, root };
}

/** What the kernel shows of itself: nobody may see from it that an explanation was read. */
const shown = (kernel: Kernel) => ({
  log: kernel.log.lines.length,
  audit: kernel.auditLines.length,
  keys: new TextDecoder().decode(kernel.task().readFile("/proc/keys")),
});

function unchangedBy<T>(kernel: Kernel, act: () => T): T {
  const before = shown(kernel);
  const result = act();
  expect(shown(kernel)).toEqual(before);
  return result;
}

const load = (task: Task, certificate: string): number =>
  task.addKey("asymmetric", "", testFile(certificate), task.findKeyring(".ima"));

describe("a file whose signature does not verify", () => {
  /** What is said of the signature in /mnt/f's label to somebody who may not read it. */
  function said(label: Uint8Array, loaded: readonly string[] = [], builtin: readonly Uint8Array[] = []) {
    const { kernel, root } = machine([["security.ima", label]], builtin);
    for (const name of loaded) load(root, name);
    const denied = refusal(() => root.readFile("/mnt/f"));
    expect(denied).toMatchObject({ code: "EACCES", cause: "invalid-signature" });
    const sentence = () => explain(denied.decision!).find((text) => text.startsWith("The signature was refused"));
    const text = unchangedBy(kernel, sentence);
    expect(denied.explanation).toContain(text);
    return { root, text, sentence };
  }
  const KEY = "'IMA test signing key: ee29a7a39a662a167dcf5f1e1287b896a07ccbb9'";

  it("is told which key is missing, and that the keyring is empty", () => {
    expect(said(signed("ima.key")).text).toBe(
      "The signature was refused with ENOKEY: no usable key id:a07ccbb9 in the keyring. .ima is empty.",
    );
  });

  it("is told which keys there are instead", () => {
    const { text } = said(signed("ima.key"), ["ima2.der"]);
    expect(text).toMatch(
      /no usable key id:a07ccbb9 in the keyring\. \.ima holds '.+' \(its key identifier ends in [0-9a-f]{8}\)\.$/,
    );
  });

  it("is told that the key is on another keyring", () => {
    const { text } = said(signed("ima.key"), [], [testFile("ima.der")]);
    expect(text).toContain(".ima is empty.");
    expect(text).toMatch(/The key is there, but not where it is looked for: '.+' on \.builtin_trusted_keys\.$/);
  });

  it("is told that the content is another one", () => {
    const other = signed("ima.key", new TextEncoder().encode("other contents"));
    expect(said(other, ["ima.der"]).text).toBe(
      `The signature was refused with EKEYREJECTED: signed over other data than this. The key that it names is ${KEY} on .ima.`,
    );
  });

  it("is told that another hash was used than the header says", () => {
    expect(said(signed("ima.key").with(2, 6), ["ima.der"]).text).toBe(
      `The signature was refused with EBADMSG: signed by another key, or as another hash than the header says (sha512). The key that it names is ${KEY} on .ima.`,
    );
  });

  it("is told that the key identifier is reversed", () => {
    const label = signed("ima.key");
    label.set(label.slice(3, 7).reverse(), 3);
    expect(said(label, ["ima.der"]).text).toContain("with the bytes of its identifier reversed");
  });

  it("tells who asks only later what was so when it was refused", () => {
    const { root, sentence } = said(signed("ima.key"));
    load(root, "ima.der");
    expect(sentence()).toBe(
      "The signature was refused with ENOKEY: no usable key id:a07ccbb9 in the keyring. .ima is empty.",
    );
    expect(root.readFile("/mnt/f")).toEqual(CONTENT);
  });
});

it("a portable signature of metadata names the key that .evm lacks", () => {
  const ima = Uint8Array.of(4, 4, ...digest("sha256", CONTENT));
  const made = evmDigest({
    type: "portable",
    xattrs: [{ name: "security.ima", value: ima }],
    inode: { ino: 0, generation: 0, uid: 0, gid: 0, mode: 0o100644 },
    fsuuid: null,
    algorithm: "sha256",
  });
  const signature = signV2(parsePrivateKey(testFile("evm.key")), "sha256", made.digest);
  const label = encodeXattr({ type: IMA_XATTR.EVM_PORTABLE_DIGSIG, signature });
  const { kernel, root } = machine([
    ["security.ima", ima],
    ["security.evm", label],
  ]);
  kernel.evm!.setup.setKey(new Uint8Array(32).fill(9));
  const denied = refusal(() => root.readFile("/mnt/f"));
  expect(denied.cause).toBe("invalid-fail-immutable");
  const text = unchangedBy(kernel, () => denied.explanation);
  expect(text).toMatch(
    /The signature was refused with ENOKEY: no usable key id:[0-9a-f]{8} in the keyring\. \.evm is empty\. Covered/,
  );
});

describe("a module whose appended signature does not verify", () => {
  const denied = (
    content: string,
    loaded: readonly string[],
    builtin: readonly Uint8Array[] = [],
    signature = "module-ima",
  ) => {
    const message = new Uint8Array(readFileSync(new URL(`../data/pkcs7/${signature}.p7`, import.meta.url)));
    const { kernel, root } = machine([], builtin, "tcb");
    for (const name of loaded) load(root, name);
    root.writeFile("/mnt/m.ko", appendSignature(new TextEncoder().encode(content), message));
    root.writeInto("/sys/kernel/security/ima/policy", "appraise func=MODULE_CHECK appraise_type=imasig|modsig\n");
    expect(root.process.sys.finitModule(root.open("/mnt/m.ko"), "", 0)).toBe("EACCES");
    const decision = kernel.ima!.lastDenial!;
    expect(decision.cause).toBe("invalid-signature");
    return unchangedBy(kernel, () => explain(decision).find((text) => text.startsWith("The appended")));
  };

  it("is told that the signer is on no keyring, or on another", () => {
    expect(denied("a module\n", [])).toMatch(
      /refused with ENOKEY: .+\. The certificate of its signer is on no keyring; looked for on \.ima\.$/,
    );
    expect(denied("a module\n", [], [testFile("ima.der")])).toMatch(
      /refused with ENOKEY: .+\. Its signer is 'IMA test signing key: .+' on \.builtin_trusted_keys; looked for on \.ima\.$/,
    );
  });

  it("is told which certificates it brings along, and which issuer would have to be trusted", () => {
    expect(denied("a module\n", [], [testFile("corpus/inter.der")], "two-below")).toMatch(
      /Its signer is 'IMA corpus: leaf three levels down' \(in the message\), signed by '.+' \(in the message\), signed by 'IMA corpus: corpus intermediate CA' \(in the message and as '.+' on \.builtin_trusted_keys\), signed by 'IMA test CA' \('IMA test CA: .+' on \.builtin_trusted_keys\); looked for on \.ima\.$/,
    );
    expect(denied("a module\n", [], [], "leaf")).toMatch(
      /Its signer is 'IMA test signing key' \(in the message\), signed by 'IMA test CA' \('.+' on \.builtin_trusted_keys\); looked for on \.ima\.$/,
    );
    expect(denied("a module\n", [], [], "rogue")).toMatch(
      /Its signer is 'IMA test rogue key' \(in the message\), which signed itself; looked for on \.ima\.$/,
    );
  });

  it("is told that the content is another one", () => {
    expect(denied("another module\n", ["ima.der"])).toMatch(
      /refused with EKEYREJECTED: it is over other content, .+ Its signer is '.+' on \.ima; looked for on \.ima\.$/,
    );
  });
});

describe("a certificate that a keyring refuses", () => {
  const refused = (certificate: string, keyring = ".ima") => {
    const { kernel, root } = machine([]);
    const into = root.findKeyring(keyring);
    const denied = refusal(() => root.addKey("asymmetric", "", testFile(certificate), into));
    expect(denied).toMatchObject({ syscall: "add_key", decision: undefined });
    return [denied.code, unchangedBy(kernel, () => denied.explanation)];
  };

  it.each([
    ["rogue.der", "ENOKEY", / 'a trusted signer' \(not found: '.+', .+ in \.(builtin|secondary)_trusted_keys/],
    ["corpus/catrue.der", "ENOKEY", / 'no CA' \(basicConstraints says CA:TRUE\)/],
    ["corpus/nousage.der", "ENOKEY", / 'digitalSignature in keyUsage' /],
    ["corpus/badsig.der", "EINVAL", / 'a signature that verifies' /],
    ["corpus/cut.der", "EBADMSG", / 'a certificate that the kernel can read' \(EBADMSG\)\.$/],
  ])("%s: %s", (certificate, errno, why) => {
    const [code, text] = refused(certificate);
    expect(code).toBe(errno);
    expect(text).toMatch(new RegExp(`^\\.ima refuses the certificate with ${errno}`));
    expect(text).toMatch(why);
  });

  it("explains nothing where the certificate was not the reason", () => {
    const { kernel, root } = machine([]);
    const ima = root.findKeyring(".ima");
    const nobody = kernel.task({ uid: 1000 });
    const denied = refusal(() => nobody.addKey("asymmetric", "", testFile("ima.der"), ima));
    expect([denied.code, denied.explanation]).toEqual(["EACCES", undefined]);
    expect(refusal(() => root.addKey("user", "", "x", "@u")).explanation).toBeUndefined();
    expect(refusal(() => root.findKeyring(".nosuch"))).toMatchObject({ code: "ENOKEY", path: ".nosuch" });
  });

  it("is no more refused once its signer is trusted", () => {
    const { root } = machine([["security.ima", signed("ima.key")]]);
    expect(load(root, "ima.der")).toBeGreaterThan(0);
    expect(root.addKey("user", "mine", "x", "@u")).toBeGreaterThan(0);
    expect(root.readFile("/mnt/f")).toEqual(CONTENT);
  });
});
