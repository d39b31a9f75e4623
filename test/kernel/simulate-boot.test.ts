// Boots that come up, halt, end in the emergency shell, and those of which too much is unknown.
import { readFileSync } from "node:fs";
import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, it } from "vitest";
import { KernelPanic } from "../../src/errno/index.ts";
import { type BootSimulationOptions, boot, simulateBoot } from "../../src/kernel/index.ts";
import { payload } from "../../src/scenario/payload.ts";

const SYSTEMD = "/usr/lib/systemd/systemd";
const example = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../examples/${name}`, import.meta.url)));
const text = (content: string): Uint8Array => new TextEncoder().encode(content);

interface File {
  readonly bytes: Uint8Array;
  readonly mode?: number;
  readonly xattrs?: readonly (readonly [string, Uint8Array])[];
}
const disk = (files: Readonly<Record<string, File>>) => ({
  fstype: "ext4",
  files: Object.entries(files).map(([path, file]) => ({ path, mode: 0o755, ...file })),
});
const program = payload("true");
const signed = { bytes: program, xattrs: [["security.ima", example("signatures/tool.ima")]] } as const;
const initramfs = { "/init": { bytes: program, mode: 0o755 } };
const KEYS = {
  keys: [example("keys/ca.der")],
  initramfs: { ...initramfs, "/etc/keys/x509_ima.der": example("keys/ima.der") },
};
const IMASIG = "appraise func=BPRM_CHECK fowner=0 appraise_type=imasig";
/** The initramfs lies on tmpfs, without labels. */
const POLICY = `dont_appraise fsmagic=0x1021994\n${IMASIG}\n`;

const told = (options: BootSimulationOptions) => {
  const { verdict, firstDenied, reason, unknowns } = simulateBoot(options);
  return {
    verdict,
    reason,
    unknowns,
    file: firstDenied?.file ?? null,
    cause: firstDenied?.decisions.at(-1)?.cause ?? null,
  };
};

describe("a boot", () => {
  it("comes up where nothing is appraised, and each step says so", () => {
    const { steps, ...report } = simulateBoot({ initramfs, root: disk({ [SYSTEMD]: { bytes: program } }) });
    expect(report).toMatchObject({ verdict: "comes-up", firstDenied: null, unknowns: [] });
    expect(steps.map(({ stage, outcome }) => [stage, outcome])).toEqual([
      ["kernel", "ok"],
      ["kernel", "ok"],
      ["kernel", "ok"],
      ["kernel", "skipped"],
      ["kernel", "skipped"],
      ["initramfs", "ok"],
      ["root", "ok"],
      ["root", "ok"],
      ["init", "ok"],
    ]);
    expect(steps[1]!.log).toContain("ima: Allocated hash algorithm: sha256");
  });

  it("halts where the root's init has no label: the initramfs is gone by then; one without systemd tries its shell", () => {
    const root = disk({ [SYSTEMD]: { bytes: program }, "/sbin/init": { bytes: program } });
    const cmdline = "ima_policy=appraise_tcb";
    expect(told({ initramfs, root, cmdline })).toMatchObject({
      verdict: "halts",
      file: SYSTEMD,
      cause: "missing-hash",
    });
    expect(told({ initramfs, root, cmdline, systemd: false })).toMatchObject({
      verdict: "emergency-shell",
      file: SYSTEMD,
    });
    expect(told({ initramfs: null, root, cmdline })).toMatchObject({ verdict: "halts", file: "/sbin/init" });
    expect(told({ initramfs, root, cmdline: `${cmdline} ima_appraise=log` })).toMatchObject({
      verdict: "comes-up",
      file: null,
    });
  });

  it("halts where the first program of the initramfs does not start, unless there is another that the kernel may start", () => {
    const root = disk({ [SYSTEMD]: { bytes: program } });
    const broken = { "/init": { bytes: program, mode: 0o644 } };
    expect(told({ initramfs: broken, root })).toMatchObject({ verdict: "halts" });
    const shell = { ...broken, "/bin/sh": { bytes: program, mode: 0o755 } };
    expect(told({ initramfs: shell, root })).toMatchObject({ verdict: "emergency-shell" });
    expect(told({ initramfs: shell, root, cmdline: "init=/bin/none" })).toMatchObject({ verdict: "halts" });
  });

  it("tells what configuration, command line and firmware made of IMA, a signed init among it", () => {
    const labelled = { bytes: program, xattrs: [["security.ima", Uint8Array.of(4, 4, ...sha256(program))]] } as const;
    const config = { IMA_APPRAISE_SIGNED_INIT: true, IMA_DEFAULT_HASH: "sha512" };
    const boots = { initramfs: null, root: disk({ "/sbin/init": labelled }), cmdline: "ima_policy=appraise_tcb" };
    expect(told(boots).verdict).toBe("comes-up");
    const { steps, firstDenied } = simulateBoot({ ...boots, config });
    expect(steps.find(({ what }) => what === "IMA starts")?.detail).toMatch(
      /^hash sha512, template ima-ng, ima_appraise=enforce, \d+ rules$/,
    );
    expect(firstDenied?.decisions.at(-1)?.cause).toBe("IMA-signature-required");
  });

  it("under fix labels what it starts, so that the next one may enforce", () => {
    const root = disk({ [SYSTEMD]: { bytes: program } });
    const { kernel, verdict } = simulateBoot({ initramfs, root, cmdline: "ima_policy=appraise_tcb ima_appraise=fix" });
    expect(verdict).toBe("comes-up");
    expect(kernel.task().getxattr(SYSTEMD, "security.ima")?.[0]).toBe(4);
  });

  it("starts signed programs by the policy that systemd loads, and names the first service that is not", () => {
    const root = disk({ [SYSTEMD]: signed, "/usr/bin/a": signed, "/usr/bin/b": { bytes: payload("exit:3") } });
    const services = [{ path: "/usr/bin/a" }, { path: "/usr/bin/b", needed: true }];
    expect(told({ ...KEYS, root, policy: POLICY, services })).toMatchObject({
      verdict: "emergency-shell",
      file: "/usr/bin/b",
      cause: "IMA-signature-required",
    });
    // One that is not needed is told, and the machine is up without it.
    expect(told({ ...KEYS, root, policy: POLICY, services: [{ path: "/usr/bin/b" }] })).toMatchObject({
      verdict: "comes-up",
      file: "/usr/bin/b",
    });
  });

  it("halts where systemd meets a policy that the kernel refuses", () => {
    const root = disk({ [SYSTEMD]: signed });
    expect(told({ ...KEYS, root, policy: "appraise func=NOSUCH\n" })).toMatchObject({
      verdict: "halts",
      reason: expect.stringContaining("policy is refused"),
    });
  });

  it("with secure_boot takes the policy from a signed file only", () => {
    const cmdline = "ima_policy=secure_boot";
    const unsigned = told({ ...KEYS, root: disk({ [SYSTEMD]: signed }), policy: POLICY, cmdline });
    expect(unsigned).toMatchObject({ verdict: "halts", file: "/etc/ima/ima-policy", cause: "IMA-signature-required" });
    const policy = {
      bytes: example("signed-policy.txt"),
      xattrs: [["security.ima", example("signatures/policy.ima")]],
    } as const;
    const root = disk({ [SYSTEMD]: signed, "/etc/ima/ima-policy": policy });
    expect(told({ ...KEYS, root, cmdline })).toMatchObject({ verdict: "comes-up", file: null });
  });
});

it("without an initramfs the kernel loads the certificate that lies on the root", () => {
  const files = { "/sbin/init": signed, "/etc/keys/x509_ima.der": { bytes: example("keys/ima.der") } };
  const options = { initramfs: null, keys: KEYS.keys, root: disk(files), policy: POLICY };
  const { steps, verdict } = simulateBoot({ ...options, services: [{ path: "/sbin/init", needed: true }] });
  expect(verdict).toBe("comes-up");
  expect(steps.find(({ what }) => what.endsWith("certificate for IMA"))?.outcome).toBe("ok");
});

it("tells of a certificate that the kernel does not take, and of a kernel without IMA", () => {
  const root = disk({ [SYSTEMD]: { bytes: program } });
  const stranger = simulateBoot({ ...KEYS, keys: [], root });
  expect(stranger.steps.find(({ what }) => what.endsWith("certificate for IMA"))).toMatchObject({
    outcome: "failed",
    detail: expect.stringContaining("-126"),
  });
  const without = simulateBoot({ initramfs, root, config: { IMA: false }, cmdline: "ima_policy=appraise_tcb" });
  expect(without.steps.find(({ what }) => what === "IMA starts")?.outcome).toBe("skipped");
  expect(without.verdict).toBe("comes-up");
});

describe("archives", () => {
  const entry = { mode: 0o755, uid: 0, gid: 0, xattrs: [] };
  const label = [["security.ima", example("signatures/tool.ima")]] as const;
  /** With a merged /usr. */
  const root = {
    fstype: "ext4",
    files: [
      { ...entry, type: "directory", path: "/usr/sbin", mode: 0o711 },
      { ...entry, type: "file", path: SYSTEMD, bytes: program, xattrs: label },
      { ...entry, type: "symlink", path: "/usr/sbin/init", target: "../lib/systemd/systemd" },
      { ...entry, type: "link", path: "/usr/bin/other", target: SYSTEMD },
      { ...entry, type: "symlink", path: "/sbin", target: "usr/sbin" },
      { ...entry, type: "character", path: "/srv/one", major: 1, minor: 9 },
    ],
  } as const;

  it("fill a root: the kernel finds its init through links, and names of one file share its label", () => {
    const { kernel, verdict, steps } = simulateBoot({ initramfs: null, keys: KEYS.keys, root });
    expect(verdict).toBe("comes-up");
    expect(steps.map(({ what }) => what)).toContain("start /sbin/init");
    const task = kernel.task();
    expect(task.getxattr("/usr/bin/other", "security.ima")).toEqual(label[0][1]);
    expect(task.stat("/usr/bin/other")).toMatchObject({ nlink: 2, ino: task.stat(SYSTEMD).ino });
    expect(task.stat("/sbin/").mode & 0o7777).toBe(0o711);
    expect(task.stat("/srv/one").mode & 0o170000).toBe(0o020000);
  });

  it("are an initramfs: what has no directory to lie in is not there, and neither then is a program to start", () => {
    const directories = ["/etc", "/etc/keys"].map((path) => ({ ...entry, type: "directory", path }) as const);
    const image = [
      { ...entry, type: "file", path: "/bin/true", bytes: program },
      ...directories,
      { ...entry, type: "file", path: "/etc/keys/x509_ima.der", bytes: example("keys/ima.der"), mode: 0o644 },
      { ...entry, type: "file", path: "/program", bytes: program },
      { ...entry, type: "symlink", path: "/init", target: "program" },
    ] as const;
    const { kernel, steps, verdict } = simulateBoot({ initramfs: image, keys: KEYS.keys, root });
    expect(verdict).toBe("comes-up");
    expect(steps.filter(({ outcome }) => outcome === "ok").map(({ what }) => what)).toEqual(
      expect.arrayContaining(["the kernel loads a certificate for IMA", "start /init", `start ${SYSTEMD}`]),
    );
    expect(kernel.initProcess.sys.stat("/bin/true", true).ok).toBe(false);
    // Without /init the kernel goes to the root by itself.
    const without = simulateBoot({ initramfs: image.slice(0, -1), keys: KEYS.keys, root });
    expect(without.steps.map(({ what }) => what)).toContain("start /sbin/init");
    expect(without.steps.map(({ what }) => what)).not.toContain("start /init");
  });

  it.each([
    [
      "a name of a file that is not there",
      [{ ...entry, type: "link", path: "/a", target: "/b" }],
      "no such file before it",
    ],
    [
      "a name of a directory",
      [{ ...entry, type: "link", path: "/a", target: "/lost+found" }],
      "no such file before it",
    ],
    [
      "a file in a file",
      [
        { ...entry, type: "fifo", path: "/a" },
        { ...entry, type: "fifo", path: "/a/b" },
      ],
      "a is not a directory",
    ],
    [
      "two of one name",
      [
        { ...entry, type: "fifo", path: "/a" },
        { ...entry, type: "fifo", path: "/a" },
      ],
      "there twice",
    ],
  ] as const)("with %s are refused", (_, files, why) =>
    expect(() => simulateBoot({ initramfs: null, root: { fstype: "ext4", files } })).toThrow(why),
  );
});

describe("a kernel 6.1 whose lsm= leaves out integrity", () => {
  const release = "6.1";
  const root = disk({ "/sbin/init": { bytes: program } });
  it("panics at the first file that a rule is about: as the kernel reads a certificate, or when init starts", () => {
    const cmdline = "ima_policy=tcb lsm=yama";
    const early = simulateBoot({
      release,
      cmdline,
      initramfs: null,
      root: disk({ "/sbin/init": { bytes: program }, "/etc/keys/x509_ima.der": { bytes: example("keys/ima.der") } }),
    });
    expect(early).toMatchObject({ verdict: "halts", reason: "the kernel panics" });
    expect(early.steps.at(-1)).toMatchObject({
      what: "the kernel loads a certificate for IMA",
      detail: "kernel panic: integrity_inode_get: lsm=integrity required.",
    });
    const { steps, verdict } = simulateBoot({ release, cmdline, initramfs, root });
    expect(verdict).toBe("halts");
    expect(steps.at(-1)).toMatchObject({ what: "start /sbin/init", outcome: "failed" });
  });

  it("comes up where no rule is about any, where it is named, and since IMA has room of its own", () => {
    const up = (cmdline: string, more = {}) => simulateBoot({ release, cmdline, initramfs, root, ...more }).verdict;
    expect(up("lsm=yama")).toBe("comes-up");
    expect(up("ima_policy=tcb lsm=yama lsm=smack,integrity")).toBe("comes-up");
    expect(up("ima_policy=tcb lsm=", { release: "6.12" })).toBe("comes-up");
    expect(up("ima_policy=tcb lsm=")).toBe("halts");
    expect(up("ima_policy=tcb", { config: { LSM: "yama" } })).toBe("halts");
    const file = { "/etc/keys/x509_ima.der": { bytes: example("keys/ima.der") }, "/sbin/init": { bytes: program } };
    const options = { release, cmdline: "ima_policy=tcb lsm=", disks: { root: disk(file) }, rootDisk: "root" };
    expect(() => boot(options)).toThrow(KernelPanic);
  });
});

describe("what was not given is unknown, never safe", () => {
  const dynamic = payload("interp:/lib/ld.so");
  it.each([
    ["no root", { initramfs }],
    ["a root without init", { initramfs, root: disk({ "/etc/motd": { bytes: text("hi") } }) }],
    [
      "the libraries of init",
      { initramfs, root: disk({ [SYSTEMD]: { bytes: dynamic }, "/lib/ld.so": { bytes: program } }) },
    ],
    ["the loader of init", { initramfs, root: disk({ [SYSTEMD]: { bytes: dynamic } }) }],
    ["the content of init", { initramfs, root: disk({ [SYSTEMD]: { bytes: new Uint8Array() } }) }],
    ["a service", { initramfs, root: disk({ [SYSTEMD]: { bytes: program } }), services: [{ path: "/usr/sbin/sshd" }] }],
    [
      "what a script runs",
      {
        initramfs: { "/init": { bytes: text("#!/bin/sh\n"), mode: 0o755 }, "/bin/sh": { bytes: program, mode: 0o755 } },
        root: disk({ [SYSTEMD]: { bytes: program } }),
      },
    ],
  ] as const)("%s", (_, options) => {
    const { verdict, unknowns } = simulateBoot(options);
    expect(verdict).toBe("unknown");
    expect(unknowns).toHaveLength(1);
  });

  it("libraries that are named are mapped, and one that is denied is found", () => {
    const root = disk({
      [SYSTEMD]: { bytes: dynamic, mode: 0o755 },
      "/lib/ld.so": { bytes: program },
      "/lib/libc.so": { bytes: program },
    });
    const init = { path: SYSTEMD, libraries: ["/lib/libc.so"] };
    expect(told({ initramfs, root, init })).toMatchObject({ verdict: "comes-up" });
    const policy = "dont_appraise fsmagic=0x1021994\nappraise func=MMAP_CHECK mask=MAY_EXEC\n";
    const fixed = { initramfs: { ...initramfs, "/etc/ima/ima-policy": policy }, root, init };
    expect(told(fixed)).toMatchObject({ verdict: "halts", file: "/lib/libc.so" });
  });
});

describe("dracut's hooks", () => {
  const KMK = "0123456789abcdef0123456789abcdef";
  /** What `keyctl pipe` gives of a new key. */
  function evmBlob(): Uint8Array {
    const { sys } = boot().initProcess;
    expect(sys.addKey("user", "kmk-user", text(KMK), -4).ok).toBe(true);
    const key = sys.addKey("encrypted", "evm-key", text("new user:kmk-user 64"), -4);
    const blob = key.ok ? sys.readKey(key.value) : key;
    if (!blob.ok) throw new Error(blob.errno);
    return blob.value;
  }
  const keyed = (more: Readonly<Record<string, File>> = {}) =>
    disk({
      [SYSTEMD]: { bytes: program },
      "/etc/sysconfig/masterkey": { bytes: text('MASTERKEYTYPE="user"\nMASTERKEY=/etc/keys/kmk.blob # here\n') },
      "/etc/keys/kmk.blob": { bytes: text(KMK) },
      "/etc/sysconfig/evm": { bytes: text("EVMKEY='/etc/keys/evm.blob'\n") },
      "/etc/keys/evm.blob": { bytes: evmBlob() },
      ...more,
    });
  const dracut = ["masterkey", "integrity"] as const;

  it("load the master key and EVM's key and switch EVM on, as the settings on the root say", () => {
    const { kernel, steps } = simulateBoot({ initramfs, dracut, root: keyed() });
    const hooks = steps.filter(({ what }) => what.startsWith("dracut"));
    expect(hooks.map(({ outcome }) => outcome)).toEqual(["ok", "ok", "skipped", "skipped"]);
    expect(hooks[1]!.log).toContain("evm: key initialized");
    expect(kernel.securityfs.read("evm").trim()).toBe("1");
  });

  it("the command line goes before the settings, and what is not there is skipped", () => {
    const { steps } = simulateBoot({
      initramfs,
      dracut,
      root: keyed(),
      cmdline: "masterkey=/etc/none evmkey=/etc/none",
    });
    const hooks = steps.filter(({ what }) => what.startsWith("dracut"));
    expect(hooks.map(({ outcome, file }) => [outcome, file]).slice(0, 2)).toEqual(
      Array(2).fill(["skipped", "/sysroot/etc/none"]),
    );
  });

  const hooksOf = (options: BootSimulationOptions) =>
    simulateBoot(options).steps.filter(({ what }) => what.startsWith("dracut"));

  it("know parameters as dracut does: the last counts, an empty one is none, one without a value is empty", () => {
    const file = (cmdline: string) =>
      hooksOf({ initramfs, dracut, root: keyed(), cmdline }).map((step) => step.file)[0];
    expect(file("masterkey=/a masterkey=/b")).toBe("/sysroot/b");
    expect(file("masterkey=/a masterkey=")).toBe("/sysroot/etc/keys/kmk.blob");
    expect(file("masterkey=/a masterkey")).toBe("/sysroot/etc/keys/kmk-user.blob");
    expect(file("master-key=/a")).toBe("/sysroot/etc/keys/kmk.blob");
    const brought = { ...initramfs, "/etc/cmdline.d/10.conf": "masterkey=/c\n", "/etc/cmdline": "masterkey=/d" };
    expect(hooksOf({ initramfs: brought, dracut, root: keyed() })[0]?.file).toBe("/sysroot/d");
  });

  it("switch EVM on with certificates, with an HMAC key, or with both, and what the settings add", () => {
    const evm = (files: Readonly<Record<string, File>>, more: Partial<BootSimulationOptions> = {}) => {
      const root = disk({ [SYSTEMD]: { bytes: program }, ...files });
      const { kernel, steps } = simulateBoot({ initramfs, dracut, keys: KEYS.keys, root, ...more });
      const [step] = steps.filter(({ what }) => what === "dracut switches EVM on");
      return { outcome: step?.outcome, file: step?.file, evm: kernel.securityfs.read("evm").trim() };
    };
    const x509 = { "/etc/keys/x509_evm.der": { bytes: example("keys/evm.der") } };
    expect(evm(x509)).toEqual({ outcome: "ok", file: "/sysroot/etc/keys/x509_evm.der", evm: "2" });
    expect(evm({ "/etc/keys/evm/one.der": x509["/etc/keys/x509_evm.der"] }).evm).toBe("2");
    const settings = { "/etc/sysconfig/evm": { bytes: text("EVM_ACTIVATION_BITS=4\n") } };
    expect(evm({ ...x509, ...settings }).evm).toBe("6");
    // A certificate that the keyring refuses does not count.
    expect(evm(x509, { keys: [] })).toMatchObject({ outcome: "failed", evm: "0" });
    // A kernel without a keyring of its own has one made for it.
    expect(evm(x509, { keys: [], config: { INTEGRITY_TRUSTED_KEYRING: false } })).toMatchObject({
      outcome: "ok",
      evm: "2",
    });
    expect(evm({})).toMatchObject({ outcome: "skipped", file: "/sysroot/etc/keys/evm-trusted.blob", evm: "0" });
  });

  it("load the policy by its path, which a signature may vouch for, and its text where the kernel does not take that", () => {
    const files = {
      [SYSTEMD]: signed,
      "/etc/sysconfig/ima": { bytes: text("IMAPOLICY=/etc/keys/policy\n") },
      "/etc/keys/policy": {
        bytes: example("signed-policy.txt"),
        xattrs: [["security.ima", example("signatures/policy.ima")]],
      },
    } as const;
    const options = { ...KEYS, dracut: ["integrity"], root: disk(files) } as const;
    const loaded = (more: Partial<BootSimulationOptions>) =>
      hooksOf({ ...options, ...more }).find(({ what }) => what.endsWith("policy"))?.outcome;
    expect(loaded({ cmdline: "ima_policy=secure_boot" })).toBe("ok");
    expect(
      loaded({
        cmdline: "ima_policy=secure_boot",
        root: disk({ ...files, "/etc/keys/policy": { bytes: text(POLICY) } }),
      }),
    ).toBe("denied");
    expect(loaded({ root: disk({ ...files, "/etc/keys/policy": { bytes: text(POLICY) } }) })).toBe("ok");
  });

  it("load keys and policy, after which programs need signatures", () => {
    const files = {
      "/etc/keys/ima/one.der": { bytes: example("keys/ima.der") },
      "/etc/sysconfig/ima": { bytes: text("IMAPOLICY=/etc/sysconfig/my-policy\n") },
      "/etc/sysconfig/my-policy": { bytes: text(POLICY) },
    };
    const common = { initramfs, keys: KEYS.keys, dracut: ["integrity"] as const };
    expect(told({ ...common, root: disk({ ...files, [SYSTEMD]: signed }) }).verdict).toBe("comes-up");
    expect(told({ ...common, root: disk({ ...files, [SYSTEMD]: { bytes: program } }) })).toMatchObject({
      verdict: "halts",
      file: SYSTEMD,
      cause: "IMA-signature-required",
    });
    // A key that nobody trusts does not get in.
    const { steps } = simulateBoot({ ...common, keys: [], root: disk({ ...files, [SYSTEMD]: signed }) });
    expect(steps.find(({ what }) => what === "dracut loads keys for .ima")).toMatchObject({
      outcome: "failed",
      errno: "ENOKEY",
    });
  });

  it("settings that only a shell could follow make the verdict unknown", () => {
    const root = keyed({ "/etc/sysconfig/evm": { bytes: text("EVMKEY=$(find-key)\n") } });
    expect(told({ initramfs, dracut, root })).toMatchObject({
      verdict: "unknown",
      unknowns: [expect.stringContaining("assignments")],
    });
  });
});
