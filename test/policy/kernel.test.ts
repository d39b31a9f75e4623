// The policy of a kernel where no recording reaches: other configurations and releases, derived state, labels, keys that wait.
import { describe, expect, it } from "vitest";
import { type AuditSubject, IntegrityAudit, KernelLog } from "../../src/audit/index.ts";
import { fail, ok, type Result } from "../../src/errno/index.ts";
import {
  ACTION,
  APPRAISE_SETTING,
  apparmorLabels,
  archRules,
  type BootChoices,
  FUNC,
  ImaPolicy,
  type LabelSource,
  type MatchQuery,
  noBootChoices,
  PolicyFile,
  policyFileMode,
  RULE_FLAG,
  SUBACTION,
  selinuxLabels,
  smackLabels,
} from "../../src/policy/index.ts";
import { Kconfig, type KconfigValues, Release } from "../../src/release/index.ts";
import { templateNamed } from "./recording.ts";

const task: AuditSubject = { cred: { uid: 0 }, pid: 7, auid: 1000, ses: 2, comm: "cat", label: null };
const utf8 = new TextEncoder();

interface Setting {
  readonly release?: string;
  readonly config?: KconfigValues;
  readonly choices?: Partial<BootChoices>;
  readonly arch?: readonly string[];
  readonly labels?: LabelSource | null;
  readonly mode?: number;
  readonly files?: Readonly<Record<string, string>>;
  readonly onUpdated?: () => void;
}

function kernel(setting: Setting = {}) {
  const release = Release.parse(setting.release ?? "6.12");
  const config = Kconfig.withDefaults(setting.config ?? {});
  const log = new KernelLog();
  const policy = new ImaPolicy({
    release,
    config,
    audit: new IntegrityAudit(log, release, { informational: false, enabled: true }),
    template: templateNamed,
    bootTemplate: () => templateNamed("ima-ng")!,
    labels: setting.labels ?? null,
    appraiseMode: setting.mode ?? APPRAISE_SETTING.ENFORCE,
    ...(setting.onUpdated === undefined ? {} : { onUpdated: setting.onUpdated }),
  });
  policy.initialise({ ...noBootChoices(), ...setting.choices }, setting.arch ?? []);
  const file = new PolicyFile(policy, {
    readPolicyFile: (path): Result<Uint8Array> => {
      const text = setting.files?.[path];
      return text === undefined ? fail("ENOENT") : ok(utf8.encode(text));
    },
  });
  const load = (...writes: string[]): (number | string)[] => {
    const opened = file.open(1, true);
    if (!opened.ok) return [opened.errno];
    const outcomes = writes.map((text) => opened.value!.write(task, utf8.encode(text), 0));
    const fate = opened.value!.release(task);
    return [...outcomes.map((outcome) => (outcome.ok ? outcome.value : outcome.errno)), fate];
  };
  return { policy, file, log, load, release, config };
}

const access = (changes: Partial<MatchQuery> = {}): MatchQuery => ({
  func: FUNC.FILE_CHECK,
  mask: 4,
  wanted: ACTION.MEASURE | ACTION.APPRAISE | ACTION.AUDIT | ACTION.HASH,
  cred: { uid: 0, euid: 0, suid: 0, gid: 0, egid: 0, sgid: 0 },
  currentCapable: { setuid: true, setgid: true },
  inode: { uid: 0, gid: 0, sb: { magic: 0xef53, uuid: new Uint8Array(16), type: { name: "ext4" }, subtype: null } },
  objectLabel: null,
  subjectLabel: null,
  data: null,
  ...changes,
});
const printk = (log: KernelLog): string[] => log.lines.filter((l) => l.kind === "printk").map((l) => l.text);

describe("the policy file", () => {
  it.each([
    [{ IMA_WRITE_POLICY: true, IMA_READ_POLICY: true }, 0o600, "kept", [18, "kept"]],
    [{ IMA_WRITE_POLICY: true, IMA_READ_POLICY: false }, 0o200, "kept", [18, "kept"]],
    [{ IMA_WRITE_POLICY: false, IMA_READ_POLICY: true }, 0o600, "write-protected", ["EBUSY"]],
    [{ IMA_WRITE_POLICY: false, IMA_READ_POLICY: false }, 0o200, "removed", ["EBUSY"]],
  ])("as built with %j", (config, mode, fate, again) => {
    const { load, release, config: built, file } = kernel({ config });
    expect(policyFileMode(built, release)).toBe(mode);
    expect(file.open(0, true)).toEqual(config.IMA_READ_POLICY ? ok(null) : fail("EACCES"));
    expect(load("bogus\n")).toEqual(["EINVAL", "kept"]);
    expect(load("audit fowner=9201\n")).toEqual([18, fate]);
    expect(load("audit fowner=9202\n")).toEqual(again);
  });

  it("goes after its one load where releases before 4.18 have it readable", () => {
    const config = { IMA_WRITE_POLICY: false, IMA_READ_POLICY: true };
    expect(kernel({ release: "4.17", config }).load("audit\n")).toEqual([6, "removed"]);
    expect(kernel({ release: "4.4", config }).load("# nothing\n")).toEqual([10, "removed"]);
  });

  it("drops the good lines of a session that went bad, and starts afresh", () => {
    const { load, policy, log } = kernel();
    expect(load("audit fowner=1\n", "nonsense\n", "audit fowner=2\n")).toEqual([15, "EINVAL", 15, "kept"]);
    expect(policy.show()).toBe("");
    expect(load("audit fowner=3\n")).toEqual([15, "kept"]);
    expect(policy.show()).toBe("audit fowner=3 \n");
    expect(printk(log).slice(-2)).toEqual(["ima: policy update failed", "ima: policy update completed"]);
  });

  it("cuts a write at a page and refuses one elsewhere than at the start", () => {
    const { file } = kernel();
    const session = file.open(1, true);
    if (!session.ok || session.value === null) throw new Error("no session");
    const long = utf8.encode(`audit fsname=${"x".repeat(5000)}\n`);
    expect(session.value.write(task, long, 0)).toEqual(ok(4096));
    expect(session.value.write(task, utf8.encode("audit\n"), 1)).toEqual(fail("EINVAL"));
    expect(session.value.release(task)).toBe("kept");
    expect(file.open(1, true).ok).toBe(true);
  });

  it("counts bytes, not characters", () => {
    expect(kernel().load("audit fsname=é\n")).toEqual([16, "kept"]);
  });

  it("loads by path from 4.6 on", () => {
    const files = { "/p": "# policy\naudit fowner=1\n" };
    expect(kernel({ files }).load("/p\n")).toEqual([3, "kept"]);
    expect(kernel({ files, release: "4.5" }).load("/p\n")).toEqual(["EINVAL", "kept"]);
  });

  it("reads a last line without newline on into what the load before left behind, up to where that was cut", () => {
    const files = {
      "/first": "audit fowner=8702 uid=4\nappraise appraise_algos=sha256,sha512\n",
      "/short": "audit fowner=87",
      "/algos": "audit fowner=8702 uid=4\nappraise appraise_algos=sha2",
    };
    const { load, log } = kernel({ files });
    const rules = (): string[] =>
      log.lines.filter((l) => l.text.includes("type=1807")).map((l) => l.text.replace(/^.*0\): /, ""));
    expect(load("/short")).toEqual(["EINVAL", "kept"]);
    expect(rules()).toEqual(["action=audit fowner=87 res=1"]);
    load("/first");
    expect(load("/short")).toEqual(["EINVAL", "kept"]);
    expect(rules().at(-1)).toBe("action=audit fowner=8702 res=1");
    expect(load("/algos")).toEqual(["EINVAL", "kept"]);
    expect(rules().at(-1)).toBe("action=appraise appraise_algos=sha256 res=1");
  });

  it("wants a path as soon as an appraise rule for POLICY_CHECK has been loaded", () => {
    const { load, policy, log } = kernel({ files: { "/p": "audit\n" } });
    expect(load("appraise func=POLICY_CHECK\n")).toEqual([27, "kept"]);
    expect(policy.appraise).toBe(APPRAISE_SETTING.ENFORCE | APPRAISE_SETTING.POLICY);
    expect(load("audit\n")).toEqual(["EACCES", "kept"]);
    expect(printk(log).at(-2)).toBe("ima: signed policy file (specified as an absolute pathname) required");
    expect(load("/p")).toEqual([2, "kept"]);
  });

  it("tells that a custom policy is there", () => {
    let updates = 0;
    const { load } = kernel({ onUpdated: () => updates++ });
    load("bogus\n");
    expect(updates).toBe(0);
    load("measure func=KEY_CHECK\n");
    expect(updates).toBe(1);
  });
});

describe("what is derived from the active rules", () => {
  it("the actions that any rule asks for", () => {
    const { policy, load } = kernel({ choices: { measure: "default", appraiseTcb: true } });
    expect(policy.policyFlag).toBe(ACTION.MEASURE | ACTION.APPRAISE);
    load("/nowhere\n");
    const other = kernel({ choices: { measure: "default" } });
    other.load("audit\n", "dont_measure\n", "appraise func=SETXATTR_CHECK appraise_algos=sha256\n");
    expect(other.policy.policyFlag).toBe(ACTION.AUDIT);
  });

  it("no appraisal while the mode is off, but where a rule for modules, firmware, policies or kexec switches it on", () => {
    const { policy, load } = kernel({ mode: 0 });
    load("appraise fowner=0\n");
    expect(policy.policyFlag).toBe(0);
    load("appraise func=KEXEC_KERNEL_CHECK\n");
    expect(policy.policyFlag).toBe(ACTION.APPRAISE);
    expect(policy.appraise).toBe(APPRAISE_SETTING.KEXEC);
  });

  it("the bit of a rule that failed is taken back at the close", () => {
    const { policy, load } = kernel({ mode: 0 });
    expect(load("appraise func=MODULE_CHECK bogus\n")).toEqual(["EINVAL", "kept"]);
    load("audit\n");
    expect(policy.appraise).toBe(0);
  });

  it("before 5.2 a measure rule for policies locks them out too", () => {
    expect(kernel({ release: "5.2" }).load("measure func=POLICY_CHECK\n")).toEqual([26, "kept"]);
    const { load, policy } = kernel({ release: "5.1" });
    load("measure func=POLICY_CHECK\n");
    expect(policy.requiresSignedPolicy).toBe(true);
  });

  it("the algorithms of the first SETXATTR_CHECK rule, for good", () => {
    const { policy, load } = kernel();
    expect(policy.setxattrAlgos).toBe(0);
    load("appraise func=SETXATTR_CHECK appraise_algos=sha256,sha1\n");
    load("appraise func=SETXATTR_CHECK appraise_algos=md5\n");
    expect(policy.setxattrAlgos).toBe((1 << 2) | (1 << 4));
  });

  it("whether a kind of read will be appraised by signature", () => {
    const { policy, load } = kernel();
    load(
      "appraise func=MODULE_CHECK appraise_type=imasig fowner=5\n",
      "appraise uid=3\n",
      "appraise func=FIRMWARE_CHECK appraise_type=imasig\n",
    );
    expect(policy.appraiseSignatureRequired("kernel-module")).toBe(true);
    expect(policy.appraiseSignatureRequired("firmware")).toBe(false);
    expect(policy.appraiseSignatureRequired("unknown")).toBe(false);
    expect(kernel().policy.appraiseSignatureRequired("kernel-module")).toBe(false);
  });
});

describe("the rules of the boot", () => {
  const require = {
    IMA_APPRAISE_BUILD_POLICY: true,
    IMA_APPRAISE_REQUIRE_MODULE_SIGS: true,
    IMA_APPRAISE_REQUIRE_POLICY_SIGS: true,
  };
  const built = "appraise func=MODULE_CHECK appraise_type=imasig \nappraise func=POLICY_CHECK appraise_type=imasig \n";

  it("that are built in survive a custom policy", () => {
    const { policy, load } = kernel({ config: require, files: { "/p": "audit\n" } });
    expect(policy.show()).toBe(built);
    expect(load("/p\n")).toEqual([3, "kept"]);
    expect(policy.show()).toBe(`${built}audit \n`);
  });

  it("of secure_boot stand for the built-in ones, which come after it in a custom policy", () => {
    const { policy, load } = kernel({ config: require, choices: { secureBoot: true }, files: { "/p": "audit\n" } });
    expect(policy.rules).toHaveLength(4);
    load("/p\n");
    expect(policy.show()).toBe(`${built}audit \n`);
  });

  it("of the architecture are audited and copied, an unknown one is skipped", () => {
    const arch = ["measure func=KEXEC_KERNEL_CHECK", "appraise func=NOSUCH"];
    const { policy, log, load } = kernel({ arch });
    expect(log.lines.map((line) => line.text)).toEqual([
      "audit: type=1807 audit(0.0:0): action=measure func=KEXEC_KERNEL_CHECK res=1",
      "audit: type=1807 audit(0.0:0): action=appraise func=NOSUCH res=0",
      "ima: Skipping unknown architecture policy rule: appraise func=NOSUCH",
    ]);
    load("audit\n");
    expect(policy.show()).toBe("measure func=KEXEC_KERNEL_CHECK \naudit \n");
  });

  it.each([
    ["6.12", {}, { secureBoot: false }, []],
    ["6.12", { IMA_ARCH_POLICY: false }, {}, []],
    [
      "6.12",
      {},
      {},
      [
        "appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig",
        "measure func=KEXEC_KERNEL_CHECK",
        "measure func=MODULE_CHECK",
      ],
    ],
    [
      "6.12",
      { KEXEC_SIG: true, MODULE_SIG: false },
      {},
      [
        "measure func=KEXEC_KERNEL_CHECK",
        "appraise func=MODULE_CHECK appraise_type=imasig",
        "measure func=MODULE_CHECK",
      ],
    ],
    [
      "6.12",
      { INTEGRITY_MACHINE_KEYRING: true, KEXEC_SIG: true },
      {},
      [
        "measure func=KEXEC_KERNEL_CHECK",
        "appraise func=POLICY_CHECK appraise_type=imasig",
        "measure func=MODULE_CHECK",
      ],
    ],
    [
      "6.1",
      { INTEGRITY_MACHINE_KEYRING: true, KEXEC_SIG: true },
      {},
      ["measure func=KEXEC_KERNEL_CHECK", "measure func=MODULE_CHECK"],
    ],
    [
      "6.12",
      {},
      { arch: "powerpc", secureBoot: false, trustedBoot: true },
      ["measure func=KEXEC_KERNEL_CHECK", "measure func=MODULE_CHECK"],
    ],
    ["6.12", {}, { arch: "powerpc" }, ["appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig|modsig"]],
    [
      "6.1",
      {},
      { arch: "powerpc", trustedBoot: true },
      [
        "measure func=KEXEC_KERNEL_CHECK template=ima-modsig",
        "measure func=MODULE_CHECK template=ima-modsig",
        "appraise func=KEXEC_KERNEL_CHECK appraise_flag=check_blacklist appraise_type=imasig|modsig",
      ],
    ],
    ["4.20", {}, {}, []],
  ] as const)("that an architecture has: %s %j %j", (release, config, state, expected) => {
    const built = Kconfig.withDefaults({ IMA_ARCH_POLICY: true, ...config });
    expect(archRules({ arch: "x86", secureBoot: true, ...state }, Release.parse(release), built)).toEqual(expected);
  });

  it("leave tmpfs out for reading alone from 6.14 on", () => {
    const shown = (release: string): string =>
      kernel({ release, choices: { measure: "default" } }).policy.showRules()[3]!;
    expect(shown("6.14")).toBe("dont_measure func=FILE_CHECK fsmagic=0x1021994 \n");
    expect(shown("6.13")).toBe("dont_measure fsmagic=0x1021994 \n");
  });
});

describe("a match", () => {
  const matched = (rules: readonly string[], query: Partial<MatchQuery> = {}, setting: Setting = {}) => {
    const { policy, load } = kernel(setting);
    for (const outcome of load(...rules.map((rule) => `${rule}\n`))) expect(outcome).not.toBe("EINVAL");
    return policy.match(access(query));
  };
  const { FILE_APPRAISE, BPRM_APPRAISE, MMAP_APPRAISE, READ_APPRAISE, CREDS_APPRAISE } = SUBACTION;
  const tmpfs = {
    uid: 0,
    gid: 0,
    sb: { magic: 0x01021994, uuid: new Uint8Array(16), type: { name: "tmpfs" }, subtype: null },
  };

  it.each([
    ["an equal mask", ["measure func=FILE_CHECK mask=MAY_READ uid=0"], { mask: 6 }, 0],
    ["an overlapping mask", ["measure func=FILE_CHECK mask=^MAY_READ uid=0"], { mask: 6 }, ACTION.MEASURE],
    ["an exec-open", ["measure func=FILE_CHECK"], { mask: 1 }, ACTION.MEASURE],
    ["an exception first", ["dont_measure fowner=0", "measure func=BPRM_CHECK"], { func: FUNC.BPRM_CHECK, mask: 1 }, 0],
    [
      "independent actions",
      ["dont_appraise fsmagic=0x01021994", "appraise fowner=0", "audit func=FILE_CHECK"],
      { inode: tmpfs },
      ACTION.AUDIT,
    ],
    ["hash, then appraise", ["hash func=FILE_CHECK", "appraise fowner=0"], {}, ACTION.APPRAISE | FILE_APPRAISE],
    [
      "appraise, then hash",
      ["appraise fowner=0", "hash func=FILE_CHECK"],
      {},
      ACTION.APPRAISE | FILE_APPRAISE | ACTION.HASH,
    ],
    [
      "a flag that leaks",
      ["audit permit_directio", "appraise fowner=0"],
      {},
      ACTION.AUDIT | ACTION.APPRAISE | FILE_APPRAISE | RULE_FLAG.PERMIT_DIRECTIO,
    ],
    [
      "a rule without hook at mmap",
      ["appraise fowner=0"],
      { func: FUNC.MMAP_CHECK, mask: 1 },
      ACTION.APPRAISE | FILE_APPRAISE,
    ],
    [
      "a rule for mmap",
      ["appraise func=MMAP_CHECK"],
      { func: FUNC.MMAP_CHECK, mask: 1 },
      ACTION.APPRAISE | MMAP_APPRAISE,
    ],
    [
      "a rule for programs",
      ["appraise func=BPRM_CHECK"],
      { func: FUNC.BPRM_CHECK, mask: 1 },
      ACTION.APPRAISE | BPRM_APPRAISE,
    ],
    [
      "a rule for credentials",
      ["appraise func=CREDS_CHECK"],
      { func: FUNC.CREDS_CHECK, mask: 1 },
      ACTION.APPRAISE | CREDS_APPRAISE,
    ],
    [
      "a rule for modules",
      ["appraise func=MODULE_CHECK"],
      { func: FUNC.MODULE_CHECK },
      ACTION.APPRAISE | READ_APPRAISE,
    ],
    ["no hook for a key", ["measure"], { func: FUNC.KEY_CHECK, inode: null, data: ".ima" }, 0],
    [
      "a key of another keyring",
      ["measure func=KEY_CHECK keyrings=.evm"],
      { func: FUNC.KEY_CHECK, inode: null, data: ".ima" },
      0,
    ],
    [
      "a key, whatever the group",
      ["measure func=KEY_CHECK gid=77"],
      { func: FUNC.KEY_CHECK, inode: null, data: ".ima" },
      ACTION.MEASURE,
    ],
    [
      "a command line, with the rules without hook",
      ["measure uid=0"],
      { func: FUNC.KEXEC_CMDLINE, mask: 0 },
      ACTION.MEASURE,
    ],
    [
      "any hook after a change of attributes",
      ["appraise func=SETXATTR_CHECK appraise_algos=sha256"],
      { func: FUNC.POST_SETATTR, mask: 0 },
      ACTION.APPRAISE | FILE_APPRAISE,
    ],
  ])("of %s", (_, rules, query, action) => {
    expect(matched(rules, query).action | 0).toBe(action | 0);
  });

  it("takes PCR, template and algorithms from the rule that decides", () => {
    const rules = ["measure pcr=11 uid=1000 template=ima-sig", "measure", "appraise appraise_algos=sha512"];
    const other = { uid: 1000, euid: 1000, suid: 1000, gid: 0, egid: 0, sgid: 0 };
    expect(matched(rules, { cred: other })).toMatchObject({
      pcr: 11,
      template: { name: "ima-sig" },
      allowedAlgos: 1 << 6,
    });
    expect(matched(rules)).toMatchObject({ pcr: 10, template: null });
  });

  it("looks at the saved and the real id where the task may change it", () => {
    const cred = { uid: 1, euid: 2, suid: 3, gid: 4, egid: 5, sgid: 6 };
    const may = { setuid: true, setgid: true };
    const mayNot = { setuid: false, setgid: false };
    for (const [rule, capable, action] of [
      ["measure euid=2", mayNot, 1],
      ["measure euid=3", mayNot, 0],
      ["measure euid=3", may, 1],
      ["measure euid=1", may, 1],
      ["measure egid=6", may, 1],
      ["measure egid=6", mayNot, 0],
      ["measure uid=2", may, 0],
    ] as const)
      expect(matched([rule], { cred, currentCapable: capable }).action).toBe(action);
  });

  it("marks appraisals where ima_policy=fail_securely asks for it", () => {
    const setting = { choices: { failSecurely: true } };
    expect(matched(["appraise"], {}, setting).action & RULE_FLAG.FAIL_UNVERIFIABLE_SIGS).not.toBe(0);
    expect(matched(["measure"], {}, setting).action & RULE_FLAG.FAIL_UNVERIFIABLE_SIGS).toBe(0);
  });

  it("tells subtypes apart", () => {
    const inode = { ...tmpfs, sb: { ...tmpfs.sb, subtype: "sshfs" } };
    const setting = { release: "6.19" };
    expect(matched(["audit fs_subtype=sshfs"], { inode }, setting).action).toBe(ACTION.AUDIT);
    expect(matched(["audit fs_subtype=sshfs"], { inode: tmpfs }, setting).action).toBe(0);
  });
});

describe("labels", () => {
  const match = (labels: LabelSource, rule: string, changes: Partial<MatchQuery>, release = "6.12"): number => {
    const { policy, load } = kernel({ labels, release });
    load("audit fowner=77\n", `${rule}\n`);
    return policy.match(access(changes)).action;
  };

  it("of Smack are compared whole", () => {
    expect(match(smackLabels, "audit obj_user=Secret", { objectLabel: "Secret" })).toBe(ACTION.AUDIT);
    expect(match(smackLabels, "audit obj_user=Secret", { objectLabel: "_" })).toBe(0);
    expect(match(smackLabels, "audit subj_user=_ obj_user=Secret", { subjectLabel: "_", objectLabel: "Secret" })).toBe(
      ACTION.AUDIT,
    );
    expect(match(smackLabels, "audit obj_user=a/b", { objectLabel: "a" })).toBe(ACTION.AUDIT);
  });

  it("of SELinux are contexts, of which a condition names a part", () => {
    const selinux = selinuxLabels({ users: ["system_u"], roles: ["object_r"], types: ["etc_t"] });
    const objectLabel = "system_u:object_r:etc_t:s0";
    expect(match(selinux, "audit obj_user=system_u obj_role=object_r obj_type=etc_t", { objectLabel })).toBe(
      ACTION.AUDIT,
    );
    expect(match(selinux, "audit obj_type=etc_t", { objectLabel: "system_u:object_r:bin_t" })).toBe(0);
    expect(match(selinux, "audit subj_type=etc_t", { objectLabel })).toBe(0);
  });

  it("of AppArmor are profiles of processes", () => {
    const labels = apparmorLabels(["man"]);
    expect(match(labels, "audit subj_role=unconfined", { subjectLabel: "unconfined" })).toBe(ACTION.AUDIT);
    expect(match(labels, "audit subj_role=man", { subjectLabel: "unconfined" })).toBe(0);
    expect(labels.compile("subj_role", "nosuch")).toBeNull();
    expect(labels.compile("obj_role", "man")).toBeNull();
  });

  const failing = (outcomes: (boolean | "ESTALE" | "EINVAL")[]): LabelSource => ({
    name: "failing",
    compile: (kind, text) => ({ kind, text }),
    match: () => outcomes.shift() ?? false,
  });

  it.each([
    ["6.19", ["EINVAL"], 0],
    ["6.18", ["EINVAL"], ACTION.AUDIT],
    ["6.12.62", ["EINVAL"], ACTION.AUDIT],
    ["6.12.63", ["EINVAL"], 0],
    ["6.2", ["ESTALE", true], ACTION.AUDIT],
    ["6.2", ["ESTALE", false], 0],
    ["5.0", ["EINVAL", false], 0],
    ["5.0", ["EINVAL", true], ACTION.AUDIT],
  ] as const)("on %s, where comparing them answers %j", (release, outcomes, action) => {
    expect(match(failing([...outcomes]), "audit obj_type=x", {}, release)).toBe(action);
  });

  it("are compiled anew when the module reloads its policy", () => {
    let known = true;
    const labels: LabelSource = { ...smackLabels, compile: (kind, text) => (known ? { kind, text } : null) };
    const { policy, load, log } = kernel({ labels });
    load("audit obj_user=x\n");
    expect(policy.match(access({ objectLabel: "x" })).action).toBe(ACTION.AUDIT);
    known = false;
    policy.labelsReloaded();
    expect(policy.match(access({ objectLabel: "x" })).action).toBe(0);
    expect(policy.show()).toBe("");
    expect(printk(log).at(-1)).toBe("ima: rule for LSM 'x' is undefined");
    known = true;
    policy.labelsReloaded();
    expect(policy.match(access({ objectLabel: "x" })).action).toBe(ACTION.AUDIT);
  });
});

describe("a decision", () => {
  it("says of each rule why", () => {
    const { policy, load } = kernel();
    load(
      "dont_measure fsmagic=0x9fa0\n",
      "hash\n",
      "measure uid>999\n",
      "measure func=FILE_CHECK mask=^MAY_READ\n",
      "measure\n",
      "audit\n",
    );
    const told = policy.decide(access({ wanted: ACTION.MEASURE }));
    expect(told.map(({ number, outcome, failed }) => [number, outcome, failed])).toEqual([
      [1, "failed", { condition: "fsmagic", wanted: "=0x9fa0", actual: "0xef53" }],
      [2, "not-wanted", null],
      [3, "failed", { condition: "uid", wanted: ">999", actual: "0" }],
      [4, "matched", null],
      [5, "not-reached", null],
      [6, "not-reached", null],
    ]);
    expect(told[3]!.text).toBe("measure func=FILE_CHECK mask=^MAY_READ");
    expect(policy.decide(access())[4]!.outcome).toBe("decided");
  });

  it.each([
    ["measure func=BPRM_CHECK", {}, "func", "=BPRM_CHECK", "FILE_CHECK"],
    ["measure mask=^MAY_WRITE", {}, "mask", "=^MAY_WRITE", "MAY_READ"],
    ["measure fsname=xfs", {}, "fsname", "=xfs", "ext4"],
    [
      "measure fsuuid=11111111-2222-3333-4444-555555555555",
      {},
      "fsuuid",
      "=11111111-2222-3333-4444-555555555555",
      "00000000-0000-0000-0000-000000000000",
    ],
    ["measure euid=5", {}, "euid", "=5", "0 (saved 0, real 0)"],
    ["measure egid>5", { currentCapable: { setuid: false, setgid: false } }, "egid", ">5", "0"],
    ["measure gid=5", {}, "gid", "=5", "0"],
    ["measure fowner<0", {}, "fowner", "<0", "0"],
    ["measure fgroup>0", {}, "fgroup", ">0", "0"],
    ["measure obj_user=x", { objectLabel: "y" }, "obj_user", "=x", "y"],
    ["measure subj_user=x", {}, "subj_user", "=x", "none"],
    [
      "measure func=KEY_CHECK keyrings=.ima|.evm",
      { func: FUNC.KEY_CHECK, inode: null, data: "@s" },
      "keyrings",
      "=.ima|.evm",
      "@s",
    ],
    [
      "measure func=CRITICAL_DATA label=selinux",
      { func: FUNC.CRITICAL_DATA, inode: null },
      "label",
      "=selinux",
      "none",
    ],
  ] as const)("gives both values: %s", (rule, changes, condition, wanted, actual) => {
    const { policy, load } = kernel({ labels: smackLabels });
    load(`${rule}\n`);
    expect(policy.decide(access(changes))[0]!.failed).toEqual({ condition, wanted, actual });
  });
});
