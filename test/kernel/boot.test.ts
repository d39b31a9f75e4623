// What boot() takes, what it refuses and where it says the fault lies, and what a command line makes of a kernel.
import { describe, expect, it } from "vitest";
import { type BootOptions, boot, InputError } from "../../src/index.ts";

function refusal(options: BootOptions): { code: string; where: string; message: string } {
  try {
    boot(options);
  } catch (error) {
    if (error instanceof InputError) return { code: error.code, where: error.where, message: error.message };
    throw error;
  }
  throw new Error("it booted");
}

describe("options that no kernel could be booted with", () => {
  const cases: readonly [string, BootOptions, string, string][] = [
    ["a release that is none", { release: "banana" }, "bad-release", "release"],
    ["an empty release", { release: "" }, "bad-release", "release"],
    ["a release before all that is known", { release: "2.6.29" }, "bad-release", "release"],
    ["an unknown symbol", { config: { IMA_APRAISE: true } }, "bad-kconfig", "config.IMA_APRAISE"],
    ["a symbol of the wrong kind", { config: { IMA: "yes" } }, "bad-kconfig", "config.IMA"],
    ["a contradiction", { config: { IMA: false, IMA_APPRAISE: true } }, "bad-kconfig", "config.IMA_APPRAISE"],
    ["a number out of range", { config: { IMA_MEASURE_PCR_IDX: 23 } }, "bad-kconfig", "config.IMA_MEASURE_PCR_IDX"],
    ["a line that is none of a .config", { config: ["CONFIG_IMA=y", "IMA = y"] }, "bad-kconfig", "config line 2"],
    [
      "a contradiction among lines",
      { config: ["CONFIG_INTEGRITY=y", "CONFIG_IMA_APPRAISE=y"] },
      "bad-kconfig",
      "config.IMA_APPRAISE",
    ],
    ["an unknown bank", { tpm: { banks: ["sha1", "crc32"] } }, "bad-bank", "tpm.banks[1]"],
    ["a TPM without banks", { tpm: { banks: [] } }, "bad-bank", "tpm.banks"],
    ["a PCR of another size", { tpm: { banks: ["sha1"], pcrs: { sha1: { 0: "00" } } } }, "bad-pcr", "tpm.pcrs.sha1.0"],
    ["a UUID that is none", { disks: { d: { fstype: "ext4", uuid: "1-2-3" } } }, "bad-uuid", "disks.d.uuid"],
    ["a file without an absolute path", { files: { "bin/true": "" } }, "bad-file", "files.bin/true"],
    ["a file below a file", { files: { "/a": "", "/a/b": "" } }, "bad-file", "files./a/b"],
  ];
  it.each(cases)("%s", (_, options, code, where) => {
    const told = refusal(options);
    expect(told).toMatchObject({ code, where });
    expect(told.message.length).toBeGreaterThan(10);
    expect(told.message).not.toContain("\n");
  });

  it("two disks of one name", () => {
    const deviceName = () => ({ id: "sda", major: 8, minor: 0 });
    const disks = { a: { fstype: "ext4" }, b: { fstype: "ext4" } };
    expect(refusal({ disks, environment: { deviceName } })).toMatchObject({ code: "bad-disk", where: "disks.b" });
  });

  it("symbols that a default switches on go with what they depend on", () => {
    const { config, ima } = boot({ config: { INTEGRITY: false } });
    expect([config.enabled("IMA"), config.enabled("IMA_APPRAISE"), config.enabled("EVM")]).toEqual([
      false,
      false,
      false,
    ]);
    expect(ima).toBeNull();
  });
});

describe("a command line that means nothing is told in the log, as a kernel does, and nothing else", () => {
  const log = (cmdline: string) => boot({ cmdline }).log.lines.map(({ text }) => text);

  it.each([
    ["ima_appraise=never", 'ima: invalid "never" appraise option'],
    ["ima_policy=tbc", 'ima: policy "tbc" not found'],
    ["ima_template=ima-old", "ima: template ima-old not found, using ima-ng"],
  ])("%s", (cmdline, line) => {
    expect(log(cmdline)).toContain(line);
    expect(log("")).not.toContain(line);
  });

  it("modes are compared as prefixes, and the last one counts", () => {
    const mode = (cmdline: string) => boot({ cmdline }).ima!.mode;
    expect(mode("")).toBe("enforce");
    expect(mode("ima_appraise=logging")).toBe("log");
    expect(mode("ima_appraise=off ima_appraise=fix")).toBe("fix");
    expect(mode("ima_appraise=off -- ima_appraise=fix")).toBe("off");
    expect(mode('"ima_appraise=off"')).toBe("off");
  });

  it("secure boot keeps to enforce, and a kernel without the parameter too", () => {
    const secure = boot({ cmdline: "ima_appraise=off", secureBoot: true });
    expect(secure.ima!.mode).toBe("enforce");
    expect(secure.log.lines.map(({ text }) => text)).toContain(
      "ima: Secure boot enabled: ignoring ima_appraise=off option",
    );
    expect(boot({ cmdline: "ima_appraise=off", config: { IMA_APPRAISE_BOOTPARAM: false } }).ima!.mode).toBe("enforce");
    expect(boot({ cmdline: "ima_appraise=enforce", config: { IMA_APPRAISE: false } }).ima!.mode).toBe("off");
  });
});

it("the same options give the same machine, and two kernels do not see each other", () => {
  const options: BootOptions = {
    cmdline: "ima_policy=tcb",
    tpm: { banks: ["sha256"] },
    disks: { d: { fstype: "ext4" } },
  };
  const [one, two] = [boot(options), boot(options)];
  one.mount("/mnt", { fstype: "ext4", disk: "sda" });
  one.task().writeFile("/mnt/f", "x");
  one.task().readFile("/mnt/f");
  expect(two.measuredLines()).toHaveLength(1);
  two.mount("/mnt", { fstype: "ext4", disk: "sda" });
  expect(() => two.task().readFile("/mnt/f")).toThrow("ENOENT");
  two.task().writeFile("/mnt/f", "x");
  two.task().readFile("/mnt/f");
  expect(two.measuredLines()).toEqual(one.measuredLines());
  expect(two.log.lines).toEqual(one.log.lines);
  expect(two.tpm!.pcr("sha256", 10)).toEqual(one.tpm!.pcr("sha256", 10));
});
