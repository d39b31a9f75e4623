// What the hooks of EVM decide and do, beyond what the recordings without IMA show.
import { describe, expect, it } from "vitest";
import { type EvmEvent, type EvmPreimageInput, evmHmac, explainGuard, explainRefresh } from "../../src/evm/index.ts";
import {
  chmod,
  closeFile,
  mkdir,
  mknod,
  O,
  type Path,
  removexattr,
  type SecurityModule,
  setxattr,
  Vfs,
} from "../../src/vfs/index.ts";
import { Machine, type MachineOptions } from "./machine.ts";
import { label, signed, TEST_KEYS } from "./signing.ts";
import { task } from "./stand-in.ts";

const KEY = new Uint8Array(32).fill(3);
const UUID = Uint8Array.from({ length: 16 }, (_, i) => i);
const F = "/mnt/f";
const IMA = Uint8Array.of(4, 4, ...new Uint8Array(32).fill(1));
const text = (s: string) => new TextEncoder().encode(s);
/** An ACL of owner, group and others, one digit each. */
const acl = ([owner, group, others]: string) =>
  Uint8Array.from(Buffer.from(`0200000001000${owner}00ffffffff04000${group}00ffffffff20000${others}00ffffffff`, "hex"));

function machineWith(
  stored: Readonly<Record<string, Uint8Array>>,
  on: { hmac?: boolean; x509?: boolean; gid?: number; mode?: number } & MachineOptions,
): Machine {
  const machine = new Machine({ keys: TEST_KEYS, ...on });
  const { gid = 0, mode = 0o644 } = on;
  const file = { path: "/f", bytes: new Uint8Array(), generation: 77, gid, mode, xattrs: Object.entries(stored) };
  machine.mountDisk("/mnt", "ext4", Uint8Array.from(UUID), [file]);
  if (on.x509) machine.evm.certificateLoaded();
  if (on.hmac) machine.loadKey(KEY);
  return machine;
}
const portable = (mode = 0o100644, gid = 0): EvmPreimageInput => ({
  type: "portable",
  xattrs: [{ name: "security.ima", value: IMA }],
  inode: { ino: 12, generation: 77, uid: 0, gid, mode },
  fsuuid: UUID,
});
const set = (m: Machine, name: string, value: Uint8Array, as = m.root) => setxattr(m.vfs, as, m.path(F), name, value);
const lastOf = <K extends EvmEvent["kind"]>(m: Machine, kind: K) =>
  m.events.findLast((e): e is Extract<EvmEvent, { kind: K }> => e.kind === kind)!;
const reason = (m: Machine) => lastOf(m, "guard").reason;

describe("setting an ACL", () => {
  it("under a portable signature is allowed only where the mode stays", () => {
    const m = machineWith({ "security.ima": IMA, "security.evm": signed(portable()) }, { x509: true });
    expect([set(m, "system.posix_acl_access", acl("644")), reason(m)]).toEqual([null, "same-value"]);
    const before = m.lines().length;
    expect([set(m, "system.posix_acl_access", acl("664")), reason(m)]).toEqual(["EPERM", "portable"]);
    expect([removexattr(m.vfs, m.root, m.path(F), "system.posix_acl_access"), reason(m)]).toEqual([
      "EPERM",
      "portable",
    ]);
    expect(m.lines().length).toBe(before);
  });

  it("counts the set-group-ID bit that it would take from who is not in the group", () => {
    const stored = { "security.ima": IMA, "security.evm": signed(portable(0o102644, 50)) };
    const without = {
      ...task(),
      cred: { ...task().cred, capabilities: new Set(["CAP_SYS_ADMIN", "CAP_FOWNER"] as const) },
    };
    const on = { x509: true, gid: 50, mode: 0o2644 };
    expect(set(machineWith(stored, on), "system.posix_acl_access", acl("644"))).toBeNull();
    expect(set(machineWith(stored, on), "system.posix_acl_access", acl("644"), without)).toBe("EPERM");
  });

  it("went through the xattr hooks before 6.2, with the same outcome", () => {
    const stored = { "security.ima": IMA, "security.evm": signed(portable()) };
    const m = machineWith(stored, { x509: true, release: "6.1" });
    expect([set(m, "system.posix_acl_access", acl("644")), lastOf(m, "guard").change]).toEqual([null, "setxattr"]);
    expect(set(m, "system.posix_acl_access", acl("664"))).toBe("EPERM");
  });

  it("refreshes the HMAC with the mode that it sets", () => {
    const made = machineWith(
      { "security.ima": IMA, "security.evm": Uint8Array.of(2, ...evmHmac(portable(), KEY).digest) },
      { hmac: true },
    );
    expect(set(made, "system.posix_acl_access", acl("664"))).toBeNull();
    expect(made.xattr(F, "security.evm")).toEqual(Uint8Array.of(2, ...evmHmac(portable(0o100664), KEY).digest));
    expect(explainRefresh(lastOf(made, "refresh"))).toBe("EVM wrote a fresh HMAC to security.evm.");
  });
});

describe("writing security.evm", () => {
  it.each<[string, Uint8Array, string | null, string]>([
    ["an HMAC", Uint8Array.of(2, ...new Uint8Array(20)), "EPERM", "hmac-from-user-space"],
    ["nothing", new Uint8Array(), "EINVAL", "empty-value"],
    ["a hash", IMA, "EPERM", "hmac-from-user-space"],
    ["a signature", label(3, UUID), null, "pass"],
  ])("%s", (_name, value, errno, why) => {
    const m = machineWith({}, {});
    expect([set(m, "security.evm", value), reason(m)]).toEqual([errno, why]);
  });

  it("says nothing where metadata writes are allowed, whatever is written", () => {
    const m = machineWith({}, {});
    m.evm.setup.write(m.root, text("4"));
    expect([set(m, "security.evm", Uint8Array.of(2)), reason(m)]).toEqual([null, "metadata-writes"]);
  });

  it("is explained", () => {
    const m = machineWith({ "security.ima": IMA }, { hmac: true });
    set(m, "security.evm", label(5, UUID));
    expect(explainGuard(lastOf(m, "guard"))).toBe(
      "EVM refuses (EPERM) setting security.evm: the metadata was not good before, and a change would hide that behind a fresh HMAC (status no_label).",
    );
    chmod(m.vfs, m.root, m.vfs.root, "/mnt", 0o700);
    expect(explainGuard(lastOf(m, "guard"))).toBe(
      "EVM allows changing attributes: the metadata was good before, so it may be changed (status pass).",
    );
  });
});

describe("before 5.14", () => {
  it("portable signatures were no reason to allow anything, and left a record", () => {
    const shared = { status: "unknown" as const, newFile: false, immutableSignature: false };
    const stored = { "security.ima": IMA, "security.evm": signed(portable()) };
    const m = machineWith(stored, { x509: true, release: "5.10", imaInodeState: () => shared });
    expect(set(m, "security.ima", IMA)).toBe("EPERM");
    expect(m.lines().at(-1)).toContain("op=appraise_metadata cause=pass_immutable");
    expect(chmod(m.vfs, m.root, m.vfs.root, F, 0o644)).toBe("EPERM");
  });

  it("a sealed setup without a key did not overlook missing labels", () => {
    const sealed = (release: string) => {
      const m = machineWith({ "security.ima": IMA }, { release, x509: true });
      m.evm.setup.write(m.root, text("0x80000002"));
      return chmod(m.vfs, m.root, m.vfs.root, F, 0o600);
    };
    expect([sealed("5.10"), sealed("6.12")]).toEqual(["EPERM", null]);
  });
});

describe("new files", () => {
  /** A module that labels every new file, as Smack does. */
  const labels = (...given: [string, string][]): SecurityModule => ({
    name: "labels",
    inodeInitSecurity(_task, _inode, _dir, _name, xattrs) {
      for (const [name, value] of given) xattrs.push({ name, value: text(value) });
      return null;
    },
  });
  const smack = labels(["security.SMACK64TRANSMUTE", "TRUE"], ["security.other", "o"], ["security.SMACK64", "_"]);
  const born = (options: MachineOptions & { x509?: boolean; hmac?: boolean }) => {
    const m = machineWith({}, { hmac: true, ...options });
    closeFile(m.vfs, m.root, m.open("/mnt/new", O.CREAT | O.WRONLY));
    const { ino, generation, uid, gid, mode } = m.path("/mnt/new").dentry.inode!;
    const inode = { ino, generation, uid, gid, mode };
    const over = (...values: string[]) =>
      Uint8Array.of(
        2,
        ...evmHmac({ xattrs: values.map((v) => ({ name: "", value: text(v) })), inode, fsuuid: UUID }, KEY).digest,
      );
    return { evm: m.xattr("/mnt/new", "security.evm"), over };
  };

  it("are born with an HMAC over the labels of other modules, in the order of the list", () => {
    const { evm, over } = born({ modules: [smack] });
    expect(evm).toEqual(over("_", "TRUE"));
  });

  it("were hashed in the order of the modules before 6.12.75, whatever their names", () => {
    const { evm, over } = born({ modules: [smack], release: "6.12.74" });
    expect(evm).toEqual(over("TRUE", "o", "_"));
  });

  it("were hashed by their first label before 6.6", () => {
    const { evm, over } = born({ modules: [smack], release: "6.1" });
    expect(evm).toEqual(over("TRUE"));
  });

  it("get none without a protected label, or without an HMAC key", () => {
    expect(born({}).evm).toBeNull();
    expect(born({ modules: [labels(["security.other", "o"])] }).evm).toBeNull();
    expect(born({ modules: [smack], hmac: false, x509: true }).evm).toBeNull();
  });

  it("could not be made before 5.14 with labels and a certificate alone", () => {
    const m = machineWith({}, { modules: [smack], x509: true, release: "5.10" });
    expect(() => m.open("/mnt/new", O.CREAT | O.WRONLY)).toThrow("ENOKEY");
  });

  it("made by mknod may be labelled until a writer closes them", () => {
    const m = machineWith({}, { hmac: true });
    const at = (name: string) => m.path(`/mnt/${name}`);
    for (const name of ["a", "b"]) mknod(m.vfs, m.root, m.vfs.root, `/mnt/${name}`, 0o100644, { major: 0, minor: 0 });
    expect([setxattr(m.vfs, m.root, at("a"), "security.ima", IMA), reason(m)]).toEqual([null, "new-file"]);
    closeFile(m.vfs, m.root, m.open("/mnt/b", O.WRONLY));
    expect(setxattr(m.vfs, m.root, at("b"), "security.ima", IMA)).toBe("EPERM");
    expect(
      m
        .lines()
        .slice(-2)
        .map((l) => /op=\w+ cause=\w+/.exec(l)![0]),
    ).toEqual(["op=update_metadata cause=no_xattrs", "op=appraise_metadata cause=no_xattrs"]);
  });

  it("on tmpfs may be labelled at any time", () => {
    const m = machineWith({}, { hmac: true });
    expect(mkdir(m.vfs, m.root, m.vfs.root, "/d", 0o755)).toBeNull();
    closeFile(m.vfs, m.root, m.open("/d/f", O.CREAT | O.WRONLY));
    expect([setxattr(m.vfs, m.root, m.path("/d/f"), "security.ima", IMA), reason(m)]).toEqual([null, "memory-fs"]);
    expect(m.xattr("/d/f", "security.evm")).not.toBeNull();
  });
});

describe("file systems without HMACs", () => {
  const on = (release: string, more: { hmac?: boolean; x509?: boolean }) => {
    const m = machineWith({ "security.ima": IMA, "security.evm": signed(portable()) }, { release, ...more });
    Object.assign(m.path(F).dentry.sb.flags, { evmHmacUnsupported: true });
    return m;
  };

  it("are left alone, once with a word about it", () => {
    const m = on("6.12", { hmac: true });
    expect([m.verify(F), m.verify(F)]).toEqual(["unknown", "unknown"]);
    expect([set(m, "security.ima", IMA), reason(m)]).toEqual([null, "unsupported-fs"]);
    expect([chmod(m.vfs, m.root, m.vfs.root, F, 0o600), reason(m)]).toEqual([null, "unsupported-fs"]);
    expect([set(m, "security.evm", label(5, UUID)), reason(m)]).toEqual(["EPERM", "overlay-label"]);
    expect(m.lines().filter((l) => l === "evm: ext4 not supported").length).toBe(1);
  });

  it("have their portable signatures verified since 6.10, where there is a certificate", () => {
    expect(on("6.12", { x509: true }).verify(F)).toBe("pass_immutable");
    const shared = { status: "unknown" as const, newFile: false, immutableSignature: false };
    const m = new Machine({ release: "6.8", keys: TEST_KEYS, imaInodeState: () => shared });
    const file = { path: "/f", bytes: new Uint8Array(), generation: 77, xattrs: [["security.ima", IMA] as const] };
    m.mountDisk("/mnt", "ext4", Uint8Array.from(UUID), [file]);
    Object.assign(m.path(F).dentry.sb.flags, { evmHmacUnsupported: true });
    m.evm.certificateLoaded();
    expect(m.verify(F)).toBe("unknown");
  });

  it("refuse ACLs under an HMAC key alone: nothing was found good", () => {
    const m = on("6.12", { hmac: true });
    expect(set(m, "system.posix_acl_access", acl("664"))).toBe("EPERM");
    expect(m.lines().at(-1)).toContain("op=appraise_metadata cause=unknown");
  });
});

describe("copying up to an overlay", () => {
  const verdict = (release: string, stored: Readonly<Record<string, Uint8Array>>, name = "security.evm") => {
    const m = machineWith(stored, { release });
    const source: Path = m.path(F);
    return m.evm.asSecurityModule().inodeCopyUpXattr!(m.root, source, name);
  };
  it.each<[string, Readonly<Record<string, Uint8Array>>, unknown]>([
    ["6.12", { "security.evm": signed(portable()) }, "copy"],
    ["6.12", { "security.evm": label(3, UUID) }, "discard"],
    ["6.12", { "security.evm": Uint8Array.of(2) }, "discard"],
    ["6.12", {}, { errno: "EPERM" }],
    ["6.8", { "security.evm": signed(portable()) }, "discard"],
    ["6.1", { "security.evm": Uint8Array.of(2) }, null],
  ])("%s %#", (release, stored, expected) => {
    expect(verdict(release, stored)).toEqual(expected);
  });
  it("is not EVM's business for other xattrs", () => expect(verdict("6.12", {}, "security.ima")).toBeNull());
});

describe("evm=fix", () => {
  it("lets HMACs be written for files that have none, since 7.1", () => {
    const stored = { "security.ima": IMA };
    const m = machineWith(stored, { hmac: true, release: "7.1", parameters: ["fix"] });
    expect(m.evm.fixHmac(m.root, m.path(F), IMA)).toBeNull();
    expect(m.verify(F)).toBe("pass");
    expect(machineWith(stored, { hmac: true, release: "7.1" }).evm.fixHmac(m.root, m.path(F), IMA)).toBe("EPERM");
  });
});

describe("evicted inodes", () => {
  it("are looked at afresh", () => {
    const m = machineWith({ "security.ima": IMA, "security.evm": signed(portable()) }, { x509: true });
    expect(m.verify(F)).toBe("pass_immutable");
    const inode = m.path(F).dentry.inode!;
    inode.uid = 9;
    expect(m.verify(F)).toBe("pass_immutable");
    m.evm.asSecurityModule().inodeFree!(inode);
    expect(m.verify(F)).toBe("fail_immutable");
  });
});

it("stands in the list of modules", () => {
  const m = new Machine();
  expect(m.vfs).toBeInstanceOf(Vfs);
  expect(m.vfs.modules.map((x) => x.name)).toEqual(["evm"]);
});
