// Statuses and how they come about, beyond what the recordings without IMA show.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  type EvmInodeState,
  type EvmPreimageInput,
  type EvmVerification,
  evmHmac,
  explainVerification,
} from "../../src/evm/index.ts";
import { chmod, type Inode, setxattr } from "../../src/vfs/index.ts";
import { Machine, type MachineOptions } from "./machine.ts";
import { label, signed, TEST_KEYS } from "./signing.ts";

const KEY = new Uint8Array(32).fill(3);
const UUID = Uint8Array.from({ length: 16 }, (_, i) => i);
const F = "/mnt/f";
const IMA = Uint8Array.of(4, 4, ...new Uint8Array(32).fill(1));
const xattrs = [{ name: "security.ima", value: IMA }];
const fields = { xattrs, inode: { ino: 12, generation: 77, uid: 0, gid: 0, mode: 0o100644 }, fsuuid: UUID };
const hmacLabel = Uint8Array.of(2, ...evmHmac(fields, KEY).digest);
const portable: EvmPreimageInput = { ...fields, type: "portable" };
const bound: EvmPreimageInput = { ...fields, type: "signature" };

interface Setup extends MachineOptions {
  readonly hmac?: boolean;
  readonly x509?: boolean;
  readonly ima?: boolean;
}

function machineWith(evm: Uint8Array | null, { hmac = false, x509 = false, ima = true, ...options }: Setup): Machine {
  const machine = new Machine({ keys: TEST_KEYS, ...options });
  const stored: [string, Uint8Array][] = [];
  if (ima) stored.push(["security.ima", IMA]);
  if (evm !== null) stored.push(["security.evm", evm]);
  const file = { path: "/f", bytes: new Uint8Array(3), generation: 77, xattrs: stored };
  machine.mountDisk("/mnt", "ext4", Uint8Array.from(UUID), [file]);
  if (x509) machine.evm.certificateLoaded();
  if (hmac) machine.loadKey(KEY);
  return machine;
}

/** Status and reason. */
function verdict(machine: Machine): [string, string] {
  const status = machine.verify(F);
  return [status, last(machine).finding];
}
const last = (machine: Machine) => machine.events.findLast((e) => e.kind === "verification") as EvmVerification;
const inodeOf = (machine: Machine): Inode => machine.path(F).dentry.inode!;

describe("verification for appraisal", () => {
  const flipped = Uint8Array.from(hmacLabel, (b, i) => (i === 9 ? b ^ 1 : b));
  const cut = (bytes: Uint8Array, length: number) => bytes.subarray(0, length);

  it.each<[string, Uint8Array | null, Setup, string, string]>([
    ["no key at all", hmacLabel, {}, "unknown", "no-key"],
    ["a good HMAC", hmacLabel, { hmac: true }, "pass", "verified"],
    ["another HMAC", flipped, { hmac: true }, "fail", "mismatch"],
    ["an HMAC that is short", cut(hmacLabel, 20), { hmac: true }, "fail", "bad-length"],
    ["an HMAC, but only a certificate", hmacLabel, { x509: true }, "fail", "cannot-hash"],
    ["no label", null, { hmac: true }, "no_label", "no-label"],
    ["nothing", null, { hmac: true, ima: false }, "no_xattrs", "no-xattrs"],
    ["an HMAC, but nothing for it to protect", hmacLabel, { hmac: true, ima: false }, "no_xattrs", "cannot-hash"],
    ["an empty label", new Uint8Array(), { hmac: true }, "fail", "empty-label"],
    ["a label of another kind", Uint8Array.of(4, 4, 0), { hmac: true }, "fail", "unknown-type"],
    ["a portable signature", signed(portable), { x509: true }, "pass_immutable", "verified"],
    ["a portable signature over something else", label(5, UUID), { x509: true }, "fail_immutable", "bad-signature"],
    [
      "a portable signature without security.ima",
      signed(portable),
      { x509: true, ima: false },
      "fail_immutable",
      "cannot-hash",
    ],
    ["a portable signature that is cut", cut(signed(portable), 9), { x509: true }, "fail", "bad-length"],
    ["a signature over this inode", signed(bound), { x509: true }, "pass", "verified"],
    ["a signature over something else", label(3, UUID), { x509: true }, "fail", "bad-signature"],
    [
      "a signature with an unknown hash",
      Uint8Array.of(5, 2, 99, 0, 0, 0, 0, 0, 1, 0),
      { x509: true },
      "fail_immutable",
      "cannot-hash",
    ],
    [
      "a portable signature before they counted",
      signed(portable),
      { x509: true, release: "4.15" },
      "fail",
      "unknown-type",
    ],
    ["a bad portable signature before 5.14", label(5, UUID), { x509: true, release: "5.10" }, "fail", "bad-signature"],
  ])("%s", (_name, evm, setup, status, finding) => {
    const shared: EvmInodeState = { status: "unknown", newFile: false, immutableSignature: false };
    expect(verdict(machineWith(evm, { ...setup, imaInodeState: () => shared }))).toEqual([status, finding]);
  });

  it("says once that the HMAC key is missing", () => {
    const machine = machineWith(hmacLabel, { x509: true });
    machine.verify(F);
    machine.verify(F);
    expect(machine.lines().filter((l) => l === "evm: HMAC key is not set").length).toBe(1);
  });

  it("says each time that a hash is not built in", () => {
    const machine = machineWith(signed(portable), { x509: true, hashAvailable: (name) => name !== "sha256" });
    expect([verdict(machine), verdict(machine)]).toEqual(Array(2).fill(["fail_immutable", "cannot-hash"]));
    expect(machine.lines().slice(-2)).toEqual(Array(2).fill("evm: Can not allocate sha256 (reason: -2)"));
  });

  it("fails where the file system belongs to another user namespace", () => {
    const machine = machineWith(hmacLabel, { hmac: true });
    Object.assign(inodeOf(machine).sb, { initialUserNs: false });
    expect(verdict(machine)).toEqual(["fail", "cannot-hash"]);
    expect(last(machine).errno).toBe("EOPNOTSUPP");
  });

  it("answers from the cache, whatever the value, until something EVM notices changes", () => {
    const machine = machineWith(hmacLabel, { hmac: true });
    const target = { path: machine.path(F), inode: inodeOf(machine) };
    const ask = (value: Uint8Array) => machine.evm.verifyXattr(machine.root, target, "security.ima", value);
    expect(ask(IMA)).toBe("pass");
    expect(ask(UUID)).toBe("pass");
    expect(last(machine).finding).toBe("cached");
    expect(chmod(machine.vfs, machine.root, machine.vfs.root, F, 0o600)).toBeNull();
    expect(ask(UUID)).toBe("fail");
    expect(ask(IMA)).toBe("pass");
  });

  it("does not know xattrs that are not protected", () => {
    const machine = machineWith(hmacLabel, { hmac: true });
    const target = { path: machine.path(F), inode: inodeOf(machine) };
    expect(machine.evm.verifyXattr(machine.root, target, "user.x", IMA)).toBe("unknown");
  });
});

describe("a good signature over this very inode", () => {
  const both = { hmac: true, x509: true };

  it("becomes an HMAC", () => {
    const machine = machineWith(signed(bound), both);
    expect(machine.verify(F)).toBe("pass");
    expect(machine.xattr(F, "security.evm")).toEqual(hmacLabel);
    expect(machine.events.map((e) => e.kind)).toEqual(["refresh", "verification"]);
    machine.evm.inodes.free(inodeOf(machine));
    expect(last(machine).type).toBe("signature");
    machine.verify(F);
    expect(last(machine).type).toBe("hmac");
  });

  it.each<[string, (inode: Inode) => void]>([
    ["an immutable file", (inode) => Object.assign(inode, { immutable: true })],
    ["a read-only file system", (inode) => Object.assign(inode.sb.flags, { readOnly: true })],
    ["a file system without HMACs", (inode) => Object.assign(inode.sb.flags, { evmHmacUnsupported: true })],
  ])("stays on %s", (_name, change) => {
    const machine = machineWith(signed(bound), both);
    change(inodeOf(machine));
    expect(machine.verify(F)).toBe("pass");
    expect(machine.xattr(F, "security.evm")).toEqual(signed(bound));
  });

  it("stays without an HMAC key", () => {
    const machine = machineWith(signed(bound), { x509: true });
    expect(machine.verify(F)).toBe("pass");
    expect(machine.xattr(F, "security.evm")).toEqual(signed(bound));
    expect(machine.lines()).toContain("evm: HMAC key is not set");
  });
});

describe("version 3 signatures", () => {
  const digestOf = (input: EvmPreimageInput) => signed(input).subarray(9);
  // What 7.1 signs: the hash of the type, the hash algorithm and the digest.
  const fileId = (type: 3 | 5, input: EvmPreimageInput) => {
    return createHash("sha256").update(Uint8Array.of(type, 4)).update(digestOf(input)).digest();
  };

  it("sign the digest itself before 7.1, and struct ima_file_id from then on", () => {
    const old = signed(portable, 3);
    const recent = label(5, fileId(5, portable), 3);
    expect(machineWith(old, { x509: true, release: "6.12" }).verify(F)).toBe("pass_immutable");
    expect(machineWith(old, { x509: true, release: "7.1" }).verify(F)).toBe("fail_immutable");
    expect(machineWith(recent, { x509: true, release: "7.1" }).verify(F)).toBe("pass_immutable");
    expect(machineWith(label(3, fileId(3, bound), 3), { x509: true, release: "7.1" }).verify(F)).toBe("pass");
  });

  it("can be demanded; then others fail, though not as portable ones do", () => {
    const machine = machineWith(signed(portable), { x509: true, release: "7.1" });
    expect(machine.evm.setup.write(machine.root, Uint8Array.of(0x38)).ok).toBe(true);
    expect(verdict(machine)).toEqual(["fail", "version-3-required"]);
    const hmac = machineWith(hmacLabel, { x509: true, release: "7.1" });
    hmac.evm.setup.write(hmac.root, Uint8Array.of(0x38));
    hmac.loadKey(KEY);
    expect(hmac.verify(F)).toBe("pass");
  });
});

describe("before EVM had inode states of its own", () => {
  const shared = (): EvmInodeState => ({ status: "unknown", newFile: false, immutableSignature: false });

  it("files that IMA never looked at are not judged", () => {
    const machine = machineWith(hmacLabel, { hmac: true, release: "6.1" });
    expect(verdict(machine)).toEqual(["unknown", "no-inode-state"]);
  });

  it("the verdict is kept with IMA, but metadata hooks look afresh", () => {
    const state = shared();
    const machine = machineWith(hmacLabel, { hmac: true, release: "6.1", imaInodeState: () => state });
    expect(machine.verify(F)).toBe("pass");
    expect(state.status).toBe("pass");
    inodeOf(machine).uid = 5;
    expect(verdict(machine)).toEqual(["pass", "cached"]);
    expect(chmod(machine.vfs, machine.root, machine.vfs.root, F, 0o600)).toBe("EPERM");
    expect(last(machine).finding).toBe("mismatch");
    expect(state.status).toBe("pass");
  });

  it("IMA's mark for new files lets the first label through", () => {
    const state = { ...shared(), newFile: true };
    const machine = machineWith(null, { hmac: true, ima: false, release: "6.1", imaInodeState: () => state });
    expect(setxattr(machine.vfs, machine.root, machine.path(F), "security.ima", IMA)).toBeNull();
    expect(machine.xattr(F, "security.evm")).toEqual(hmacLabel);
  });

  it("the mark of a portable signature is shared too", () => {
    const state = shared();
    const machine = machineWith(signed(portable), { x509: true, release: "6.1", imaInodeState: () => state });
    expect(machine.verify(F)).toBe("pass_immutable");
    expect(state.immutableSignature).toBe(true);
  });
});

describe("a watcher", () => {
  it("is told every byte that went in, and can ask what would have fitted", () => {
    const machine = machineWith(hmacLabel, { hmac: true });
    inodeOf(machine).mode = 0o100600;
    expect(machine.verify(F)).toBe("fail");
    const event = last(machine);
    expect(event.hashed!.input.inode.mode).toBe(0o100600);
    expect(explainVerification(event)).toBe(
      "EVM fail: the metadata is not what security.evm vouches for; the HMAC of the file's metadata is not the one in security.evm.",
    );
    expect(machine.evm.diagnose(machine.root, event)!.text).toBe("verifies with mode 0100644 instead of 0100600");
  });

  it("can ask the same about signatures, and about the hash that was used", () => {
    const machine = machineWith(signed(portable), { x509: true });
    inodeOf(machine).uid = 1000;
    machine.verify(F);
    expect(machine.evm.diagnose(machine.root, last(machine))!.text).toBe("verifies with owner 0 instead of 1000");
    const kept = { ...last(machine), finding: "verified" } as const;
    expect(machine.evm.diagnose(machine.root, kept)).toBeNull();
  });

  it("gets a copy that later changes do not reach", () => {
    const machine = machineWith(hmacLabel, { hmac: true });
    machine.verify(F);
    const event = last(machine);
    inodeOf(machine).mode = 0o100777;
    expect(event.hashed!.input.inode.mode).toBe(0o100644);
  });
});
