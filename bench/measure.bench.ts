import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { lookupTemplate, templateDigest, verifyLog, writeLog } from "imasim/measure";
import { IntegrityAudit, KernelLog } from "../src/audit/index.ts";
import { digest } from "../src/crypto/index.ts";
import { chooseTemplateAndHash, MeasurementList, SimulatedTpm } from "../src/measure/index.ts";
import { Kconfig, Release } from "../src/release/index.ts";
import type { Suite } from "./suite.ts";

const ENTRIES = 100_000;
const BANKS = ["sha1", "sha256"] as const;
const utf8 = new TextEncoder();

/** A list as a server has it after some weeks: ima-ng, SHA-256, paths of libraries. */
function entries(count: number) {
  const template = lookupTemplate("ima-ng")!;
  const label = utf8.encode("sha256:\0");
  return Array.from({ length: count }, (_, i) => {
    const file = digest("sha256", utf8.encode(`file ${i}`));
    const fields = [
      Uint8Array.of(...label, ...file),
      utf8.encode(`/usr/lib/x86_64-linux-gnu/package-${i % 977}/lib${i}.so\0`),
    ];
    return { pcr: 10, template, fields, digest: templateDigest("sha1", { template, fields }) };
  });
}

const verify: Suite = {
  name: `log verify, ${ENTRIES} entries, sha1 and sha256`,
  ...(spawnSync("evmctl", ["--version"]).status === 0 && { peer: "evmctl ima_measurement" }),
  async run(add) {
    const all = entries(ENTRIES);
    const logs = { binary: writeLog(all, { kind: "binary" }), ascii: writeLog(all, { kind: "ascii" }) };
    const { pcrs } = await verifyLog(logs.binary, { banks: BANKS });
    for (const kind of ["binary", "ascii"] as const)
      add(
        `verify ${kind}`,
        async () => {
          const report = await verifyLog(logs[kind], { banks: BANKS });
          if (report.entries !== ENTRIES || report.faultCount > 0) throw new Error("the log does not pass");
          return report;
        },
        // 300,000 entries a second.
        { aim: Math.ceil(ENTRIES / 0.3), bytes: logs[kind].length },
      );
    const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
    const list = path("measure-list.bin");
    writeFileSync(list, logs.binary);
    /** A program from its start to its end. */
    const program = (command: string, ...args: readonly string[]) => {
      const run = spawnSync(command, args, { encoding: "utf8" });
      if (run.status !== 0) throw new Error(run.stderr);
      return run.stdout;
    };
    const main = path("../src/cli/main.node.js");
    add("imasim log verify binary", () => program(process.execPath, main, "log", "verify", list));
    if (this.peer === undefined) return;
    const options = BANKS.flatMap((bank) => {
      const value = Buffer.from(pcrs.get(bank)!.get(10)!).toString("hex");
      const file = path(`measure-pcrs-${bank}.txt`);
      const rows = Array.from(
        { length: 24 },
        (_, i) => `PCR-${String(i).padStart(2, "0")}: ${i === 10 ? value : "0".repeat(value.length)}`,
      );
      writeFileSync(file, `${rows.join("\n")}\n`);
      return ["--pcrs", `${bank},${file}`];
    });
    add("evmctl ima_measurement", () => program("evmctl", "ima_measurement", ...options, list));
  },
};

const measure: Suite = {
  name: "measurement list of a kernel",
  run(add) {
    const release = Release.parse("6.12");
    const config = Kconfig.withDefaults();
    const task = { cred: { uid: 0 }, pid: 1, auid: 0, ses: 0, comm: "bench", label: null };
    const inode = { sb: { id: "sda" }, ino: 1 };
    const boot = (banks: readonly string[] | null) => {
      const log = new KernelLog();
      const tpm = banks === null ? null : new SimulatedTpm({ banks });
      const setup = chooseTemplateAndHash([], { release, config, log, tpm })!;
      return new MeasurementList(setup, new IntegrityAudit(log, release, { informational: false, enabled: true }));
    };
    const file = digest("sha256", utf8.encode("content"));
    let number = 0;
    const event = (path: string) => ({
      filename: path,
      digest: { algo: "sha256" as const, bytes: file },
      verity: false,
      xattr: null,
      modsig: null,
      buffer: null,
      violation: null,
      file: null,
    });
    add("set up, boot_aggregate", () => boot(null).addBootAggregate(task));
    for (const banks of [null, ["sha1", "sha256"]]) {
      const list = boot(banks);
      const { template } = list.setup;
      add(`new entry, ${banks === null ? "no TPM" : banks.join(" and ")}`, () =>
        list.measureFile(event(`/usr/bin/program-${number++}`), { template, pcr: 10, inode, task }),
      );
    }
    const list = boot(null);
    const { template } = list.setup;
    list.measureFile(event("/bin/sh"), { template, pcr: 10, inode, task });
    add("entry that exists", () => list.measureFile(event("/bin/sh"), { template, pcr: 10, inode, task }));
  },
};

export default [verify, measure];
