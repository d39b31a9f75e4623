// PCR values that a TPM held while a real kernel measured: the list extends a simulated one to the same values.
import { describe, expect, it } from "vitest";
import { IntegrityAudit, KernelLog } from "../../src/audit/index.ts";
import { type HashName, hashByName } from "../../src/crypto/index.ts";
import {
  chooseTemplateAndHash,
  MeasurementList,
  matchQuote,
  readLog,
  SimulatedTpm,
  verifyLog,
} from "../../src/measure/index.ts";
import { Kconfig, Release } from "../../src/release/index.ts";
import { bytesOf, fromHex, hexOf, measuredLines, type Recording, recordings } from "./recordings.ts";

const withTpm = recordings().filter((r) => r.kernel.tpm === true && r.steps.some(({ op }) => op === "pcr"));

/** Debian's kernel has SHA-384 and SHA-512 as modules: not there at boot, so that their banks get padded SHA1 digests. */
const BUILT_IN: readonly string[] = ["md5", "sha1", "sha256"];

function values(recording: Recording) {
  return recording.steps.flatMap(({ op, bank, index }, step) => {
    const { data } = recording.results[step]!;
    if (op !== "pcr" || data === undefined) return [];
    return [{ step, bank: hashByName(bank!)!.name, pcr: index ?? 10, data, value: fromHex(data.trim()) }];
  });
}

it("has recordings with PCR values", () => {
  expect(withTpm.length).toBeGreaterThanOrEqual(4);
  expect(withTpm.flatMap(values).length).toBeGreaterThan(50);
});

describe.each(withTpm.map((r) => [r.name, r] as const))("%s", (_, recording) => {
  const measured = values(recording).filter(({ pcr }) => pcr >= 10);

  it("leaves these values in a simulated TPM", async () => {
    const log = new KernelLog();
    const release = Release.parse(recording.kernel.release);
    const tpm = new SimulatedTpm({ banks: ["sha1", "sha256", "sha384", "sha512"] });
    const setup = chooseTemplateAndHash([], {
      release,
      config: Kconfig.fromLines(recording.kernel.config),
      log,
      tpm,
      hashAvailable: (algo) => BUILT_IN.includes(algo),
    })!;
    const list = new MeasurementList(setup, new IntegrityAudit(log, release, { informational: false, enabled: true }));
    let done = 0;
    for (const { step, bank, pcr, data } of measured) {
      let number = 0;
      for await (const entry of readLog(bytesOf(measuredLines(recording, step)))) {
        if (number++ < done) continue;
        done++;
        expect(list.queue.add(entry, entry.pcr, entry.violation).outcome).toBe("added");
      }
      const file = tpm.sysfs(release).find(({ path }) => path === `pcr-${bank}/${pcr}`)!;
      expect(`${step} ${file.read()}`).toBe(`${step} ${data}`);
    }
  });

  it("is explained up to each value, by computed digests or padded ones", async () => {
    const whole = bytesOf(measuredLines(recording));
    for (const { step, bank, pcr, value } of measured) {
      const before = measuredLines(recording, step);
      const report = await verifyLog(bytesOf(before), { quote: [{ bank, pcr, value }] });
      const inPcr = before.split("\n").filter((line) => line.startsWith(`${pcr} `)).length;
      expect(report.quote).toMatchObject({ kind: "match", altered: null });
      const quote = await matchQuote(whole, [{ bank, pcr, value }]);
      expect(quote).toMatchObject({ kind: "match", tracks: [{ mode: modeOf(bank, inPcr) }] });
    }
  });
});

const modeOf = (bank: HashName, entries: number) => (BUILT_IN.includes(bank) || entries === 0 ? "computed" : "padded");

it("has the boot_aggregate of the PCRs before IMA", async () => {
  const sha512 = withTpm.find((r) => r.name === "templates-q61-sha512-boot-aggregate")!;
  const boot = values(sha512).filter(({ bank, pcr }) => bank === "sha256" && pcr < 10);
  const lines = bytesOf(measuredLines(sha512));
  expect((await verifyLog(lines, { bootPcrs: boot })).boots).toMatchObject([{ entry: 0, status: "matches" }]);
  const spoiled = boot.map((v) => (v.pcr === 8 ? { ...v, value: new Uint8Array(32).fill(1) } : v));
  // PCR 8 and 9 count: releases since 5.9 cover them, and no older aggregate of PCR 0-7 can be meant by this digest.
  expect((await verifyLog(lines, { bootPcrs: spoiled })).boots).toMatchObject([{ status: "differs" }]);
});

it("has the boot_aggregate of a simulated TPM with the same PCRs", () => {
  for (const [name, bank, line] of [
    ["templates-q61-sha512-boot-aggregate", "sha256", 0],
    ["templates-q61-sha1-template-ima", "sha1", 0],
  ] as const) {
    const recording = withTpm.find((r) => r.name === name)!;
    const pcrs = Object.fromEntries(
      values(recording)
        .filter((v) => v.bank === bank && v.pcr < 10)
        .map((v) => [v.pcr, hexOf(v.value)]),
    );
    const release = Release.parse(recording.kernel.release);
    const log = new KernelLog();
    const parameters = recording.kernel.cmdline.split(" ").map((p) => {
      const [key = "", value = ""] = p.split("=");
      return { name: key, value };
    });
    const tpm = new SimulatedTpm({ banks: ["sha1", "sha256", "sha384", "sha512"], pcrs: { [bank]: pcrs } });
    const hashAvailable = (algo: HashName) => BUILT_IN.includes(algo);
    const config = Kconfig.fromLines(recording.kernel.config);
    const setup = chooseTemplateAndHash(parameters, { release, config, log, tpm, hashAvailable })!;
    const list = new MeasurementList(setup, new IntegrityAudit(log, release, { informational: false, enabled: true }));
    const swapper = { cred: { uid: 0 }, pid: 1, auid: 0, ses: 0, comm: "swapper/0", label: null };
    expect(list.addBootAggregate(swapper)).toBe(true);
    expect(list.line(list.entries[line]!)).toBe(recording.boot.measured![line]);
  }
});
