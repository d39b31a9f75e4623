// Command lines of recorded boots: the same log lines, the same template and hash in the first entry.
import { describe, expect, it } from "vitest";
import { IntegrityAudit, KernelLog } from "../../src/audit/index.ts";
import { type HashName, hashAvailable } from "../../src/crypto/index.ts";
import { chooseTemplateAndHash, MeasurementList, type MeasureSetup, SimulatedTpm } from "../../src/measure/index.ts";
import { Kconfig, type KconfigValues, Release } from "../../src/release/index.ts";
import { recordings } from "./recordings.ts";

/** Lines of ima_init and of IMA's parameters that say something of templates and hashes. */
const CONCERNED = /^ima: .*(TPM chip|llocat|invalid hash|template|format string|Invalid field|field ')/;

const parametersOf = (cmdline: string) =>
  [...cmdline.matchAll(/(?:[^\s"]|"[^"]*")+/g)].map(([text]) => {
    const [name = "", ...rest] = text.replaceAll('"', "").split("=");
    return { name, value: rest.join("=") };
  });

const swapper = { cred: { uid: 0 }, pid: 1, auid: 0, ses: 0, comm: "swapper/0", label: null };

describe("recorded boots", () => {
  const boots = recordings("cmdline", "templates").filter((r) => r.kernel.tpm !== true);

  it.each(boots.map((r) => [r.name, r] as const))("%s", (_, recording) => {
    const log = new KernelLog();
    const release = Release.parse(recording.kernel.release);
    // What is a module is not there at boot.
    const config = Kconfig.fromLines(recording.kernel.config.filter((line) => !line.endsWith("=m")));
    const environment = { release, config, log, tpm: null, hashAvailable: (a: HashName) => hashAvailable(config, a) };
    const setup = chooseTemplateAndHash(parametersOf(recording.kernel.cmdline), environment);
    expect(log.lines.map(({ text }) => text)).toEqual(recording.boot.log.filter((line) => CONCERNED.test(line)));

    const first = recording.boot.measured?.[0];
    expect(setup === null).toBe(first === undefined);
    if (setup === null) return;
    const list = new MeasurementList(setup, new IntegrityAudit(log, release, { informational: false, enabled: true }));
    list.addBootAggregate(swapper);
    expect(list.line(list.entries[0]!)).toBe(first);
  });
});

function boot(cmdline: string, release = "6.12", kconfig: KconfigValues = {}, tpm: readonly string[] | null = null) {
  const log = new KernelLog();
  const setup = chooseTemplateAndHash(parametersOf(cmdline), {
    release: Release.parse(release),
    config: Kconfig.withDefaults(kconfig),
    log,
    tpm: tpm === null ? null : new SimulatedTpm({ banks: tpm }),
  });
  return { setup, lines: log.lines.map(({ text }) => text) };
}
const chosen = (setup: MeasureSetup | null) => setup && `${setup.template.title} ${setup.hash}`;

describe("what no recording shows", () => {
  it("takes a template behind ima_hash= since 5.17 only", () => {
    expect(chosen(boot("ima_hash=sha512 ima_template=ima-sig", "5.17").setup)).toBe("ima-sig sha512");
    expect(chosen(boot("ima_hash=sha512 ima_template=ima-sig", "5.16").setup)).toBe("ima-ng sha512");
    expect(chosen(boot("ima_template=ima-sig ima_hash=sha512", "5.16").setup)).toBe("ima-sig sha512");
  });

  it("knows a template and a field from the release on that brought it", () => {
    for (const [name, since, before] of [
      ["ima-ngv2", "5.19", "5.18"],
      ["evm-sig", "5.14", "5.13"],
      ["ima-modsig", "5.4", "5.3"],
      ["ima-buf", "5.3", "5.2"],
    ] as const) {
      expect(chosen(boot(`ima_template=${name}`, since).setup)).toBe(`${name} sha256`);
      expect(boot(`ima_template=${name}`, before).lines[0]).toBe(`ima: template ${name} not found, using ima-ng`);
    }
    expect(boot("ima_template_fmt=d-ngv2|n-ng", "5.18").lines.slice(0, 2)).toEqual([
      "ima: field 'd-ngv2' not found",
      "ima: format string 'd-ngv2|n-ng' not valid, using template ima-ng",
    ]);
  });

  it("calls SM3 by its name of the time", () => {
    expect(boot("ima_hash=sm3-256", "5.5").lines).toContain("ima: Allocated hash algorithm: sm3-256");
    expect(boot("ima_hash=sm3", "5.5").lines).toContain('ima: invalid hash algorithm "sm3"');
  });

  it("keeps slots for the banks, SHA1 and ima_hash", () => {
    const slots = (setup: MeasureSetup | null) =>
      setup!.slots.map((s) => `${s.algo}${s.bank ? "" : "+"}${s.computed ? "" : "-"}`);
    expect(slots(boot("ima_hash=sha512").setup)).toEqual(["sha1+", "sha512+"]);
    expect(slots(boot("ima_hash=sha1").setup)).toEqual(["sha1+"]);
    expect(slots(boot("", "6.12", {}, ["sha256", "sha384"]).setup)).toEqual(["sha256", "sha384", "sha1+"]);
    expect(slots(boot("", "6.12", {}, ["sha1", "sha3-256"]).setup)).toEqual(["sha1", "sha3-256-", "sha256+"]);
    expect(slots(boot("", "5.7", {}, ["sha1", "sha256"]).setup)).toEqual(["sha1", "sha256-"]);
  });

  it("measures nothing for the whole boot where SHA1 cannot be allocated", () => {
    const log = new KernelLog();
    const release = Release.parse("6.12");
    const environment = { release, config: Kconfig.withDefaults(), log, tpm: null };
    expect(chooseTemplateAndHash([], { ...environment, hashAvailable: (algo) => algo !== "sha1" })).toBeNull();
    expect(log.lines.at(-1)!.text).toBe("ima: Can not allocate sha1 (reason: -2)");
  });

  it("refuses a build default that the release does not have", () => {
    expect(() => boot("", "5.10", { IMA_DEFAULT_HASH: "sha3-256" })).toThrow(/IMA_DEFAULT_HASH.*sha3-256/);
    expect(() => boot("", "5.10", { IMA_DEFAULT_TEMPLATE: "ima-sigv2" })).toThrow(/IMA_DEFAULT_TEMPLATE.*ima-sigv2/);
  });
});
