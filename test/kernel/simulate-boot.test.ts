// Boots that come up, halt, end in the emergency shell, and those of which too much is unknown.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
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

  it("ends in the emergency shell of the initramfs where the root's init has no label, and without initramfs the kernel halts", () => {
    const root = disk({ [SYSTEMD]: { bytes: program }, "/sbin/init": { bytes: program } });
    const cmdline = "ima_policy=appraise_tcb";
    expect(told({ initramfs, root, cmdline })).toMatchObject({
      verdict: "emergency-shell",
      file: SYSTEMD,
      cause: "missing-hash",
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
    expect(told(fixed)).toMatchObject({ verdict: "emergency-shell" });
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

  it("load keys and policy, after which programs need signatures", () => {
    const files = {
      "/etc/keys/ima/one.der": { bytes: example("keys/ima.der") },
      "/etc/sysconfig/ima": { bytes: text("IMAPOLICY=/etc/sysconfig/my-policy\n") },
      "/etc/sysconfig/my-policy": { bytes: text(POLICY) },
    };
    const common = { initramfs, keys: KEYS.keys, dracut: ["integrity"] as const };
    expect(told({ ...common, root: disk({ ...files, [SYSTEMD]: signed }) }).verdict).toBe("comes-up");
    expect(told({ ...common, root: disk({ ...files, [SYSTEMD]: { bytes: program } }) })).toMatchObject({
      verdict: "emergency-shell",
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
