import { readFileSync } from "node:fs";
import { compareModes, type ModeComparison, parseScenarios } from "imasim/scenario";
import { describe, expect, it } from "vitest";

const hexOf = (name: string): string =>
  readFileSync(new URL(`../../examples/keys/${name}`, import.meta.url)).toString("hex");
const evmCertificate = hexOf("evm.der");
const ca = hexOf("ca.der");

const DISK = "disks: { d: { fstype: ext4, files: { prog: { payload: 'true', mode: '755' } } } }";
const STEPS = `steps:
  - { op: mount, device: d, path: /mnt, fstype: ext4 }
  - { op: exec, path: /mnt/prog }
  - { op: getxattr, path: /mnt/prog, name: security.ima }`;

const compare = (kernel: string, more = ""): ModeComparison =>
  compareModes(parseScenarios(`kernel: ${kernel}\n${DISK}\n${STEPS}${more}`, "test")[0]!);

/** What the exec of the unlabelled program comes to, by column. */
const execs = ({ columns, rows }: ModeComparison) =>
  Object.fromEntries(columns.map(({ name }, c) => [name, rows[1]!.outcomes[c]]));

describe("modes side by side", () => {
  it("an unlabelled program is ignored, told, labelled and denied, whatever mode the scenario asked for", () => {
    const comparison = compare("{ cmdline: ima-appraise=log ima_policy=appraise_tcb }");
    const nothing = { measured: 0, skipped: false, labelled: false };
    expect(execs(comparison)).toEqual({
      // appraise_tcb brings an appraise rule for policies, which keeps appraisal going even then.
      off: { ...nothing, result: "ok", causes: ["missing-hash"] },
      log: { ...nothing, result: "ok", causes: ["missing-hash"] },
      fix: { ...nothing, result: "ok", causes: [], labelled: true },
      enforce: { ...nothing, result: "EACCES", causes: ["missing-hash"] },
    });
    expect(comparison.columns.map(({ impossible }) => impossible)).toEqual([null, null, null, null]);
    expect(comparison.rows.map(({ differs }) => differs)).toEqual([false, true, true]);
    expect(comparison.rows[2]!.outcomes.map(({ result }) => result)).toEqual(["ENODATA", "ENODATA", "ok", "ENODATA"]);
  });

  it.each([
    ["secure boot", "{ cmdline: ima_policy=appraise_tcb, secureBoot: true }", /secure boot/],
    [
      "a kernel without the parameter",
      "{ cmdline: ima_policy=appraise_tcb, config: { IMA_APPRAISE_BOOTPARAM: false } }",
      /BOOTPARAM/,
    ],
  ])("%s enforces in every column, and says so in those that asked for another mode", (_, kernel, why) => {
    const comparison = compare(kernel);
    expect(Object.values(execs(comparison)).map((cell) => cell?.result)).toEqual(Array(4).fill("EACCES"));
    const [enforce, ...others] = [...comparison.columns].reverse();
    expect(enforce!.impossible).toBeNull();
    for (const { impossible } of others) expect(impossible).toMatch(why);
  });

  it("without CONFIG_IMA_APPRAISE only off is possible", () => {
    const { columns } = compare("{ cmdline: ima_policy=tcb, config: { IMA_APPRAISE: false } }");
    expect(columns.map(({ impossible }) => impossible === null)).toEqual([true, false, false, false]);
  });

  it("where a step switches EVM on, EVM left off and evm=fix are compared too", () => {
    const key = `
  - { op: addkey, type: user, description: kmk, keyring: "@u", text: 0123456789abcdef0123456789abcdef }
  - { op: securityfsWrite, file: evm, text: "1" }`;
    const { columns, rows } = compare("{ cmdline: evm=fix ima_policy=appraise_tcb }", key);
    expect(columns.map(({ name }) => name)).toEqual([
      "off",
      "log",
      "fix",
      "enforce",
      "fix evm=fix",
      "enforce evm=off",
      "enforce evm=fix",
    ]);
    expect(columns.map(({ cmdline }) => /\bevm=fix\b/.test(cmdline))).toEqual([0, 0, 0, 0, 1, 0, 1].map(Boolean));
    expect(rows.at(-1)!.outcomes.map(({ skipped }) => skipped)).toEqual([0, 0, 0, 0, 0, 1, 0].map(Boolean));
  });

  it("a certificate that switches EVM on at boot is left out where EVM is off", () => {
    const scenario = parseScenarios(
      `files: { /etc/keys/x509_evm.der: "${evmCertificate}" }\nkeys: ["${ca}"]\nsteps: [{ op: securityfsRead, file: evm }]`,
      "test",
    )[0]!;
    const { columns } = compareModes(scenario);
    expect(columns.map(({ name }) => name)).toContain("enforce evm=off");
    const loaded = columns.map(({ boot }) => boot.log.some((line) => line.includes("EVM test signing key")));
    expect(loaded).toEqual(columns.map(({ evm }) => evm !== "off"));
  });

  it("plays earlier boots of the machine as they are written, once for each column", () => {
    const scenarios = parseScenarios(
      `kernel: { cmdline: ima_appraise=fix ima_policy=appraise_tcb }\n${DISK}\n${STEPS}\n---\nkernel: { cmdline: ima_policy=appraise_tcb }\n${DISK}\n${STEPS}`,
      "test",
    );
    const comparison = compareModes(scenarios[1]!, { before: scenarios.slice(0, 1) });
    expect(Object.values(execs(comparison)).map((cell) => cell?.result)).toEqual(Array(4).fill("ok"));
  });

  it("keeps quoted words and what is meant for init", () => {
    const { columns } = compare(`{ cmdline: 'ima_policy="tcb|appraise_tcb" x="a b" -- ima_appraise=off' }`);
    expect(columns[3]!.cmdline).toMatch(/^ima_appraise=enforce ima_policy="tcb\|appraise_tcb" x="a b" --/);
  });
});
