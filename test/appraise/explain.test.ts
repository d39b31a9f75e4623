// What explain() says, word for word, of decisions that a kernel made.
import { describe, expect, it } from "vitest";
import { CAUSES } from "../../src/appraise/causes.ts";
import { type Decision, explain } from "../../src/appraise/index.ts";
import { boot } from "../../src/index.ts";
import { causePage } from "../docs/cause-pages.ts";
import { hashLabel } from "./walk.ts";

/** Of the decision that the scenario of each cause's page leads to. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  "missing-hash": [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
    "It has no security.ima.",
    "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "missing-hash: The rule asks for an appraisal, and the file has no security.ima that could be compared with its content.",
    "To change it: Label the file: open it once under ima_appraise=fix, or sign it (evmctl ima_sign); copying and most archives lose labels.",
  ],
  "IMA-signature-required": [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4 appraise_type=imasig",
    "security.ima: a hash (type 0x04), sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "IMA-signature-required: The rule demands a signature (appraise_type=imasig), and security.ima is absent or holds a plain hash.",
    "To change it: Sign the file with a key whose certificate is on .ima, or give the rule no appraise_type.",
  ],
  "verity-signature-required": [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4 appraise_type=sigv3 digest_type=verity",
    "It has no security.ima.",
    "Its fs-verity digest is sha256:8de6a0ac1443e672d6d6a479c9b7b314d6a61d6a9dd55e4b4a1e5506a2b7e6f7.",
    "verity-signature-required: The rule demands a version 3 signature of the fs-verity digest (digest_type=verity appraise_type=sigv3), and security.ima is not of type 0x06.",
    "To change it: Enable fs-verity on the file and sign its digest (evmctl sign_hash --veritysig).",
  ],
  "invalid-hash": [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
    "security.ima: a hash (type 0x04), sha256:c9c35465c79d12978ce82af86aa8652840acdc22c8b5bcd7d828a855a55dbd57.",
    "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "invalid-hash: The content does not hash to the digest in security.ima: content or label was changed without the other.",
    "To change it: Restore the content, or relabel the file if the new content is wanted (ima_appraise=fix, or write it through a label-keeping tool).",
  ],
  "invalid-signature": [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
    "security.ima: a signature (type 0x03), version 2: 030204a1b2c3d4001000112233445566778899aa….",
    "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "The signature was refused with ENOKEY: no usable key id:a1b2c3d4 in the keyring. .ima is empty.",
    "invalid-signature: The signature does not verify: the content changed, the key is not on .ima, was revoked or is blacklisted, or the signature is malformed.",
    "To change it: Look for 'Request for unknown key' beside the record: then load the certificate; else sign the file again.",
  ],
  "invalid-signature-version": [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
    "security.ima: a signature (type 0x03), version 3: 030304a1b2c3d4001000112233445566778899aa….",
    "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "invalid-signature-version: The signature header has a version that this kernel does not accept for this kind of label.",
    "To change it: Sign with version 2 for file content, version 3 for fs-verity digests.",
  ],
  "invalid-verity-signature": [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4 appraise_type=sigv3 digest_type=verity",
    "security.ima: a signature of the fs-verity digest (type 0x06), version 3: 060304a1b2c3d4001000112233445566778899aa….",
    "Its fs-verity digest is sha256:8de6a0ac1443e672d6d6a479c9b7b314d6a61d6a9dd55e4b4a1e5506a2b7e6f7.",
    "The signature was refused with ENOKEY: no usable key id:a1b2c3d4 in the keyring. .ima is empty.",
    "invalid-verity-signature: The version 3 signature does not verify over the digest of the file: fs-verity is off, its digest is another one, or the key is not on .ima.",
    "To change it: Enable fs-verity, sign the digest that `fsverity measure` prints, and load the certificate.",
  ],
  "sigv3-hashing-error": [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4 appraise_type=sigv3 digest_type=verity",
    "security.ima: a signature of the fs-verity digest (type 0x06), version 3: 060304a1b2c3d4001000112233445566778899aa….",
    "Its fs-verity digest is sha512:96477b91ba7caa670c960873e70f2cb7d919aa8085763c11e0aef4c908ec809f80091196940f40a27bb963e9deef5145fdc336df2a19dadb609c2d897dbb6c77.",
    "sigv3-hashing-error: The structure that a version 3 signature covers could not be hashed: the kernel has no such hash algorithm.",
    "To change it: Use a hash that the kernel has built in.",
  ],
  "IMA-sigv3-required": [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4 appraise_type=sigv3",
    "security.ima: a signature (type 0x03), version 2: 030204a1b2c3d4001000112233445566778899aa….",
    "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "IMA-sigv3-required: The rule demands a version 3 signature (appraise_type=sigv3), and the signature is of another version.",
    "To change it: Sign again with version 3 (evmctl --v3).",
  ],
  "unknown-ima-data": [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
    "security.ima: an HMAC (type 0x02), which belongs in security.evm: 0000000000000000000000000000000000000000.",
    "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "unknown-ima-data: The first byte of security.ima is no kind of label that IMA compares.",
    "To change it: Write a hash (type 0x01 or 0x04) or a signature (0x03, 0x06).",
  ],
  "missing-HMAC": [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
    "security.ima: a hash (type 0x04), sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "EVM no_label: security.evm is missing; there is no security.evm, although there are xattrs for it to protect.",
    "missing-HMAC: EVM is active, and the file has no security.evm that protects its security.ima.",
    "To change it: Create it under evm=fix with ima_appraise=fix, or sign the metadata (evmctl sign).",
  ],
  "invalid-HMAC": [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
    "security.ima: a hash (type 0x04), sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "EVM fail: the metadata is not what security.evm vouches for; the HMAC of the file's metadata is not the one in security.evm. Covered (sha1): security.ima 0404434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53, ino 12, generation 0, uid 0, gid 0, mode 0100644, fsuuid 5e0b1d4f-4d63-4a62-9d76-e65959f11be4.",
    "invalid-HMAC: security.evm does not fit the file: an xattr, owner, mode, inode or file system changed behind EVM, or the key is another one.",
    "To change it: Restore the metadata, or let evm=fix with ima_appraise=fix write a new HMAC.",
  ],
  "invalid-fail-immutable": [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
    "security.ima: a hash (type 0x04), sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "EVM fail_immutable: the metadata is not what the portable signature in security.evm vouches for; the key that signed is not on the EVM keyring. The signature was refused with ENOKEY: no usable key id:a1b2c3d4 in the keyring. .evm is empty. Covered (sha256): security.ima 0404434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53, ino 0 (portable), generation 0 (portable), uid 0, gid 0, mode 0100644.",
    "invalid-fail-immutable: The portable signature in security.evm does not verify over the metadata.",
    "To change it: Restore owner, mode and protected xattrs as they were signed, or sign again; such a file may still be changed.",
  ],
  "unverifiable-signature": [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=fuse",
    "security.ima: a hash (type 0x04), sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "unverifiable-signature: The file system (FUSE) can answer every read differently, so no verdict on it would last; it was mounted by an untrusted user, or fail_securely is set.",
    "To change it: Have a trusted user mount it, or leave out fail_securely.",
  ],
  unknown: [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
    "security.ima: 030004a1b2c3d4001000112233445566778899aa…, which is malformed: byte 1: signature version 0 is unknown.",
    "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "The signature was refused with EOPNOTSUPP: signature version 0 is unknown, or signatures are not built in.",
    "unknown: No verdict was possible: security.ima could not be read, or its signature version is not supported.",
    "To change it: Look at the error that reading the xattr gives, and at the version byte of the signature.",
  ],
  failed: [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
    "security.ima: a hash (type 0x04), rmd256:0000000000000000000000000000000000000000000000000000000000000000.",
    "This kernel cannot compute rmd256.",
    "failed: The content could not be hashed: reading failed, or the algorithm that security.ima names is not available. On an overlay it also fails after an open with O_TRUNC that was denied.",
    "To change it: Use a hash that the kernel has built in; check the device for read errors. On an overlay remove the empty copy from the upper layer, with the overlay unmounted.",
  ],
  "failed(directio)": [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
    "security.ima: a hash (type 0x04), sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "Hashing with sha256 failed: EINVAL.",
    "failed(directio): The file was opened with O_DIRECT, and no digest of it was known yet: the kernel does not hash through direct I/O.",
    "To change it: Open it without O_DIRECT first, or add permit_directio to the rule.",
  ],
  "no-verity-digest": [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4 appraise_type=sigv3 digest_type=verity",
    "security.ima: a hash (type 0x04), sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "fs-verity keeps no digest of it.",
    "no-verity-digest: The rule asks for the fs-verity digest, and fs-verity is not enabled on the file.",
    "To change it: Enable fs-verity, or leave digest_type=verity out of the rule.",
  ],
  "denied-hash-algorithm": [
    "FILE_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4 appraise_algos=sha512",
    "security.ima: a hash (type 0x04), sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "denied-hash-algorithm: The hash algorithm of the label is not among those that a rule allows (appraise_algos=).",
    "To change it: Label the file with an allowed algorithm, or extend the list.",
  ],
  "unavailable-hash-algorithm": [
    "SETXATTR_CHECK of /mnt/f: denied with EACCES.",
    "The label that was to be set: a hash (type 0x04), rmd256:0000000000000000000000000000000000000000000000000000000000000000.",
    "unavailable-hash-algorithm: The label names a hash algorithm that this kernel cannot compute, so the file could never be appraised again.",
    "To change it: Use an algorithm that the kernel has built in, or load its module first.",
  ],
  mmapped_writers: [
    "MMAP_CHECK of /mnt/f: denied with EACCES.",
    "Rule 1 decided: appraise func=MMAP_CHECK fsname=ext4",
    "security.ima: a hash (type 0x04), sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "mmapped_writers: The file is mapped shared and writable elsewhere, so its content may change under an executable mapping.",
    "To change it: End the writable mapping first; closing its descriptor is not enough.",
  ],
  "failed-mprotect": [
    "MMAP_CHECK of /mnt/f: denied with EPERM.",
    "Rule 1 decided: appraise func=MMAP_CHECK fsname=ext4",
    "failed-mprotect: A mapping was to become executable after the fact, where it can no longer be appraised; no mode allows it.",
    "To change it: Map the file executable from the start, so that it is appraised then.",
  ],
  ToMToU: [
    "FILE_CHECK of /mnt/f: allowed.",
    "A violation was recorded: ToMToU, for one reader has the file open. A measured file was opened for writing while a reader still has it open: what was measured may not be what is used.",
  ],
  open_writers: [
    "FILE_CHECK of /mnt/f: allowed.",
    "Rule 1 decided: measure func=FILE_CHECK mask=MAY_READ fsname=ext4",
    "A violation was recorded: open_writers, for one writer has the file open. A file was opened to be measured while a writer has it open: what was measured may change at once.",
    "It has no security.ima.",
    "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
    "It was measured into PCR 10 with template ima-ng.",
  ],
};

const tellsOf = (cause: string) => (decision: Decision) =>
  decision.cause === cause || decision.steps.some((step) => step.kind === "violation" && step.cause === cause);

describe("the explanation of", () => {
  it.each(CAUSES)("$cause", ({ cause }) => {
    const decisions = causePage(cause).played.steps.flatMap((step) => step.decisions);
    expect(decisions.filter(tellsOf(cause)).map(explain)).toEqual([TEXTS[cause]]);
  });

  it("nothing that is no cause", () => {
    expect(Object.keys(TEXTS)).toEqual(CAUSES.map(({ cause }) => cause));
  });
});

it("tells the rules and owners of its time, also when it is read later", () => {
  const kernel = boot({ release: "6.12" });
  kernel.mount("/mnt", { fstype: "ext4" });
  const root = kernel.task();
  root.writeFile("/mnt/f", "content\n");
  kernel.securityfs.write("ima/policy", "measure func=FILE_CHECK fowner=0\n");
  const decisions: Decision[] = [];
  kernel.watch((decision) => decisions.push(decision));
  root.readFile("/mnt/f");
  root.chown("/mnt/f", 1000, 1000);
  kernel.securityfs.write("ima/policy", "dont_measure func=FILE_CHECK\n");
  const [first] = decisions;
  expect(first!.rules.map(({ text, outcome }) => [text, outcome])).toEqual([
    ["measure func=FILE_CHECK fowner=0", "matched"],
  ]);
});

describe("what the mode and the cache make of it", () => {
  function machine(mode: string) {
    const kernel = boot({ release: "6.12", cmdline: `ima_appraise=${mode}` });
    kernel.mount("/mnt", { fstype: "ext4" });
    const root = kernel.task();
    root.writeFile("/mnt/f", "content\n");
    kernel.securityfs.write("ima/policy", "appraise func=FILE_CHECK fsname=ext4\n");
    const decisions: Decision[] = [];
    kernel.watch((decision) => decisions.push(decision));
    return { root, last: () => explain(decisions.at(-1)!) };
  }
  const LABEL = hashLabel("content\n");

  it("log", () => {
    const { root, last } = machine("log");
    root.readFile("/mnt/f");
    expect(last()).toMatchInlineSnapshot(`
      [
        "FILE_CHECK of /mnt/f: allowed.",
        "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
        "It has no security.ima.",
        "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
        "missing-hash: The rule asks for an appraisal, and the file has no security.ima that could be compared with its content.",
        "Under ima_appraise=log nothing is denied for it.",
        "To change it: Label the file: open it once under ima_appraise=fix, or sign it (evmctl ima_sign); copying and most archives lose labels.",
      ]
    `);
  });

  it("fix", () => {
    const { root, last } = machine("fix");
    root.readFile("/mnt/f");
    expect(last()).toMatchInlineSnapshot(`
      [
        "FILE_CHECK of /mnt/f: allowed.",
        "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
        "It has no security.ima.",
        "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
        "Fix mode wrote a hash (type 0x04), sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
      ]
    `);
  });

  it("a pass, the same again, and after changes of attributes and of the label", () => {
    const { root, last } = machine("enforce");
    root.setxattr("/mnt/f", "security.ima", LABEL);
    root.readFile("/mnt/f");
    expect(last()).toMatchInlineSnapshot(`
      [
        "FILE_CHECK of /mnt/f: allowed.",
        "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
        "security.ima: a hash (type 0x04), sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
        "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
      ]
    `);
    root.readFile("/mnt/f");
    expect(last()).toMatchInlineSnapshot(`
      [
        "FILE_CHECK of /mnt/f: allowed.",
        "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
        "The verdict comes from the cache: pass.",
      ]
    `);
    root.chmod("/mnt/f", 0o600);
    root.readFile("/mnt/f");
    expect(last()).toMatchInlineSnapshot(`
      [
        "FILE_CHECK of /mnt/f: allowed.",
        "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
        "Its attributes changed since the last access, so earlier verdicts no longer count.",
        "security.ima: a hash (type 0x04), sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
        "Its content was hashed before to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
      ]
    `);
    root.setxattr("/mnt/f", "security.ima", LABEL);
    root.readFile("/mnt/f");
    expect(last()).toMatchInlineSnapshot(`
      [
        "FILE_CHECK of /mnt/f: allowed.",
        "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
        "Its label changed since the last access, so everything is done again.",
        "security.ima: a hash (type 0x04), sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
        "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
      ]
    `);
  });

  it("a new file, and one that is sealed", () => {
    const { root, last } = machine("enforce");
    const fd = root.open("/mnt/new", "O_WRONLY|O_CREAT");
    expect(last()).toMatchInlineSnapshot(`
      [
        "FILE_CHECK of /mnt/new: allowed.",
        "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
        "It has no security.ima.",
        "Its content hashes to sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.",
        "It is new and without a label, which is allowed until its last writer closes it.",
      ]
    `);
    root.close(fd);
    root.setxattr("/mnt/f", "security.ima", Uint8Array.of(3, 2, 4, 1, 2, 3, 4, 0, 1, 9));
    expect(() => root.open("/mnt/f", "O_WRONLY")).toThrow("EACCES");
    expect(last()).toMatchInlineSnapshot(`
      [
        "FILE_CHECK of /mnt/f: denied with EACCES.",
        "Rule 1 decided: appraise func=FILE_CHECK fsname=ext4",
        "security.ima: a signature (type 0x03), version 2: 03020401020304000109.",
        "Its content hashes to sha256:434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53.",
        "The signature was refused with ENOKEY: no usable key id:01020304 in the keyring. .ima is empty.",
        "It carries a signature, so it may not be opened for writing.",
        "invalid-signature: The signature does not verify: the content changed, the key is not on .ima, was revoked or is blacklisted, or the signature is malformed.",
        "To change it: Look for 'Request for unknown key' beside the record: then load the certificate; else sign the file again.",
      ]
    `);
  });
});

it("says of a file system without xattrs that nothing there can be vouched for, and what an exception would open", () => {
  const kernel = boot({ cmdline: "ima_appraise=enforce" });
  kernel.mount("/media", { fstype: "vfat" });
  const task = kernel.task();
  task.writeFile("/media/f", "x");
  kernel.securityfs.write("ima/policy", "appraise func=FILE_CHECK fsname=vfat\n");
  const denied: Decision[] = [];
  kernel.watch((decision) => denied.push(decision));
  expect(() => task.readFile("/media/f")).toThrow("EACCES");
  expect(explain(denied.at(-1)!).slice(-2)).toEqual([
    "Its file system keeps no xattrs, so nothing can vouch for it; no record tells of it.",
    "To change it: Keep the file where there are xattrs. A rule dont_appraise fsmagic= before this one would let anything on such file systems pass, whoever put it there.",
  ]);
});
