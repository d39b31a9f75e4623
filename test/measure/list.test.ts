// The measurement list of a running kernel: what is stored, refused, reported, staged and handed over at kexec.
import { describe, expect, it } from "vitest";
import { IntegrityAudit, KernelLog } from "../../src/audit/index.ts";
import { digest } from "../../src/crypto/index.ts";
import { fail, ok } from "../../src/errno/index.ts";
import {
  chooseTemplateAndHash,
  dumpList,
  type EventData,
  type EventFile,
  kexecEvent,
  kexecSegment,
  type ListFile,
  listFiles,
  lookupTemplate,
  MeasurementList,
  parsePcrFile,
  restoreList,
  runtimeSize,
  SimulatedTpm,
} from "../../src/measure/index.ts";
import { Kconfig, type KconfigValues, Release } from "../../src/release/index.ts";
import { bytesOf, fromHex, hexOf } from "./recordings.ts";

const task = { cred: { uid: 0 }, pid: 1, auid: 7, ses: 7, comm: "init", label: null };

interface BootOptions {
  readonly cmdline?: string;
  readonly release?: string;
  readonly kconfig?: KconfigValues;
  readonly banks?: readonly string[];
  readonly audit?: boolean;
  readonly bigEndian?: boolean;
}

function boot({
  cmdline = "",
  release = "6.12",
  kconfig = {},
  banks,
  audit = false,
  bigEndian = false,
}: BootOptions = {}) {
  const log = new KernelLog();
  const tpm = banks === undefined ? null : new SimulatedTpm({ banks });
  const known = Release.parse(release);
  const parameters = cmdline
    .split(" ")
    .filter((p) => p !== "")
    .map((p) => ({ name: p.split("=")[0]!, value: p.slice(p.indexOf("=") + 1) }));
  const setup = chooseTemplateAndHash(parameters, {
    release: known,
    config: Kconfig.withDefaults(kconfig),
    log,
    tpm,
    bigEndian,
  })!;
  const list = new MeasurementList(setup, new IntegrityAudit(log, known, { informational: audit, enabled: true }));
  return { list, log, tpm, setup, lines: () => log.lines.map(({ text }) => text) };
}

const file = (changes: Partial<EventFile> = {}): EventFile => ({
  name: "f",
  uid: 0,
  gid: 0,
  mode: 0o100644,
  evmXattr: () => null,
  protectedXattrs: () => [],
  rehash: (algo) => ok(digest(algo, bytesOf("hello"))),
  ...changes,
});

function fileEvent(path: string, changes: Partial<EventData> = {}): EventData {
  return {
    filename: path,
    digest: { algo: "sha256", bytes: digest("sha256", bytesOf("hello")) },
    verity: false,
    xattr: null,
    modsig: null,
    buffer: null,
    violation: null,
    file: file(),
    ...changes,
  };
}

const inode = { sb: { id: "ubdc" }, ino: 12 };
const store = (list: MeasurementList, event: EventData, pcr = 10) =>
  list.measureFile(event, { template: list.setup.template, pcr, inode, task });
const shown = (list: MeasurementList) => new TextDecoder().decode(list.ascii());

describe("entries", () => {
  it("extends each bank with its own digest, and a violation with ones", () => {
    const { list, tpm } = boot({ banks: ["sha1", "sha256"] });
    store(list, fileEvent("/a"));
    list.addViolation({ ...fileEvent("/a"), violation: "ToMToU" }, { op: "invalid_pcr", inode, task });
    for (const [algo, size] of [
      ["sha1", 20],
      ["sha256", 32],
    ] as const) {
      const slot = list.slots.findIndex((s) => s.algo === algo);
      const first = digest(algo, new Uint8Array(size), list.entries[0]!.digests[slot]!);
      expect(hexOf(tpm!.pcr(algo, 10))).toBe(hexOf(digest(algo, first, new Uint8Array(size).fill(0xff))));
    }
    expect(list.entries[1]!.digests.every((d) => d.every((b) => b === 0))).toBe(true);
    expect(list.violations).toBe(1);
  });

  it("fills up SHA1 digests for banks before 5.8, violations with 20 bytes of ones", () => {
    const { list, tpm } = boot({ banks: ["sha1", "sha256"], release: "5.7" });
    store(list, fileEvent("/a"));
    const padded = new Uint8Array(32);
    padded.set(list.entries[0]!.digests[0]!);
    const first = digest("sha256", new Uint8Array(32), padded);
    expect(hexOf(tpm!.pcr("sha256", 10))).toBe(hexOf(first));
    list.addViolation({ ...fileEvent("/a"), violation: "ToMToU" }, { op: "invalid_pcr", inode, task });
    expect(hexOf(tpm!.pcr("sha256", 10))).toBe(hexOf(digest("sha256", first, new Uint8Array(32).fill(0xff, 0, 20))));
    expect(shown(list)).toMatch(/ sha1:0{40} \/a\n$/);
  });

  it("does the same in a bank whose algorithm the kernel does not know", () => {
    const { list, tpm } = boot({ banks: ["sha1", "sha3-256"] });
    list.addViolation({ ...fileEvent("/a"), violation: "ToMToU" }, { op: "invalid_pcr", inode, task });
    const spoiled = digest("sha3-256", new Uint8Array(32), new Uint8Array(32).fill(0xff, 0, 20));
    expect(hexOf(tpm!.pcr("sha3-256", 10))).toBe(hexOf(spoiled));
    expect(tpm!.sysfs(Release.parse("6.12")).some(({ path }) => path.startsWith("pcr-sha3"))).toBe(false);
  });

  it("stores an entry once a PCR, but every violation", () => {
    const { list, lines } = boot({ audit: true });
    expect(store(list, fileEvent("/a"))).toEqual(ok("added"));
    expect(store(list, fileEvent("/a"))).toEqual(ok("exists"));
    expect(store(list, fileEvent("/a"), 11)).toEqual(ok("added"));
    for (let i = 0; i < 2; i++)
      list.addViolation({ ...fileEvent("/a"), violation: "open_writers" }, { op: "invalid_pcr", inode, task });
    expect(list.entries.map(({ pcr }) => pcr)).toEqual([10, 11, 10, 10]);
    const start = "audit: type=1804 audit(0.0:0): pid=1 uid=0 auid=7 ses=7 op=";
    const end = 'comm="init" name="/a" dev="ubdc" ino=12';
    expect(lines().filter((line) => line.startsWith("audit"))).toEqual(
      [
        `${start}add_template_measure cause=hash_added ${end} res=1 errno=0`,
        `${start}add_template_measure cause=hash_exists ${end} res=0 errno=0`,
        `${start}add_template_measure cause=hash_added ${end} res=1 errno=0`,
        ...Array(2).fill([
          `${start}add_template_measure cause=hash_added ${end} res=1 errno=0`,
          `${start}invalid_pcr cause=open_writers ${end} res=1 errno=0`,
        ]),
      ].flat(),
    );
  });

  it("stores duplicates with IMA_DISABLE_HTABLE", () => {
    const { list } = boot({ kconfig: { IMA_DISABLE_HTABLE: true } });
    store(list, fileEvent("/a"));
    expect(store(list, fileEvent("/a"))).toEqual(ok("added"));
  });

  it("reports what the TPM refuses, and keeps the entry", () => {
    const { list, lines, tpm } = boot({ banks: ["sha256"] });
    expect(store(list, fileEvent("/a"), 30)).toEqual(ok("added"));
    expect(lines()).toContain("ima: Error Communicating to TPM chip, result: 388");
    expect(lines().at(-1)).toContain('cause=TPM_error(388) comm="init" name="/a" dev="ubdc" ino=12 res=1');
    store(list, fileEvent("/a"), 17);
    expect(lines().at(-1)).toContain("cause=TPM_error(2311)");
    expect(tpm!.pcr("sha256", 17).every((b) => b === 0xff)).toBe(true);
    expect(list.entries.length).toBe(2);
  });

  it("refuses entries while the machine goes down, since 6.14", () => {
    const { list, lines } = boot({ release: "6.14" });
    list.queue.suspend();
    expect(store(list, fileEvent("/a"))).toEqual(ok("suspended"));
    expect(lines().at(-1)).toContain("cause=measurements_suspended");
    const before = boot({ release: "6.13" });
    before.list.queue.suspend();
    expect(store(before.list, fileEvent("/a"))).toEqual(ok("added"));
  });

  it("measures buffers, and reports those it has already", () => {
    const { list, lines, setup } = boot({ audit: true });
    const event = {
      buffer: Uint8Array.of(0x30, 0x82, 0, 9),
      name: ".ima",
      template: setup.bufferTemplate!,
      pcr: 0,
      hashed: false,
      func: "key",
      task,
    };
    expect(list.measureBuffer(event)).toEqual(ok("added"));
    // The name of the record is the buffer up to its first NUL.
    expect(lines().at(-1)).toContain('cause=hash_added comm="init" name=3082 res=1');
    expect(list.measureBuffer(event)).toEqual(fail("EEXIST"));
    expect(lines().at(-1)).toContain('op=measuring_key cause=store_entry comm="init" name=".ima" res=0 errno=-17');
    expect(list.measureBuffer({ ...event, template: lookupTemplate("ima")! })).toEqual(fail("EINVAL"));
    expect(lines().at(-1)).toContain('op=measuring_key cause=alloc_entry comm="init" name=".ima" res=0 errno=-22');
    const hashed = list.measureBuffer({ ...event, hashed: true });
    expect(hashed).toEqual(ok("added"));
    const [d, , buf] = list.entries[1]!.fields;
    expect(hexOf(buf!)).toBe(hexOf(digest("sha256", event.buffer)));
    expect(hexOf(d!.subarray(8))).toBe(hexOf(digest("sha256", digest("sha256", event.buffer))));
    expect(list.entries[0]!.pcr).toBe(10);
  });
});

describe("fields", () => {
  const line = (format: string, event: EventData, options: BootOptions = {}) => {
    const { list } = boot({ cmdline: `ima_template_fmt=${format}`, ...options });
    store(list, event);
    return shown(list).split(`${format} `)[1];
  };

  it("hashes a file again for d where SHA1 or MD5 is not at hand", () => {
    expect(line("d", fileEvent("/a"))).toBe(`${hexOf(digest("sha1", bytesOf("hello")))}\n`);
    const md5 = { algo: "md5" as const, bytes: digest("md5", bytesOf("x")) };
    expect(line("d", fileEvent("/a", { digest: md5 }))).toBe(`${hexOf(md5.bytes)}\n`);
    expect(line("d", fileEvent("/a"), { cmdline: "ima_hash=md5 ima_template_fmt=d" })).toBe(
      `${hexOf(digest("md5", bytesOf("hello")))}\n`,
    );
    const { list, lines } = boot({ cmdline: "ima_template_fmt=d" });
    const broken = fileEvent("/a", { file: file({ rehash: () => fail("EACCES") }) });
    expect(store(list, broken)).toEqual(fail("EACCES"));
    expect(lines().slice(-2)).toEqual([
      expect.stringContaining(
        'type=1800 audit(0.0:0): pid=1 uid=0 auid=7 ses=7 op=collect_data cause=failed comm="init" name="/a"',
      ),
      expect.stringContaining(
        'type=1804 audit(0.0:0): pid=1 uid=0 auid=7 ses=7 op=add_template_measure cause=ENOMEM comm="init" name="/a"',
      ),
    ]);
    expect(list.entries).toEqual([]);
  });

  it("turns blanks of names into underscores, before hashing", () => {
    expect(line("n-ng", fileEvent("/a b  c"))).toBe("/a_b__c\n");
    expect(line("n", fileEvent(`/${"x".repeat(255)}`, { file: file({ name: "last one" }) }))).toBe("last_one\n");
    expect(line("n", fileEvent(`/${"x".repeat(254)}`))).toBe(`/${"x".repeat(254)}\n`);
  });

  it("tells a verity digest from one of the content", () => {
    expect(line("d-ngv2", fileEvent("/a", { verity: true }))).toMatch(/^verity:sha256:2cf24d/);
    expect(line("d-ngv2", fileEvent("/a"))).toMatch(/^ima:sha256:2cf24d/);
  });

  it("records signatures: of the file, else the portable one of its metadata", () => {
    const evm = fromHex("05020401020304");
    const event = (xattr: string, evmXattr = evm) =>
      fileEvent("/a", { xattr: fromHex(xattr), file: file({ evmXattr: () => evmXattr }) });
    expect(line("sig", event("0302"))).toBe("0302\n");
    expect(line("sig", event("0603"))).toBe("0603\n");
    expect(line("sig", event("0404"))).toBe(`${hexOf(evm)}\n`);
    expect(line("sig", event("0404", fromHex("02ff")))).toBe("\n");
    expect(line("evmsig", event("0302"))).toBe(`${hexOf(evm)}\n`);
  });

  it("records an appended signature and the digest it is about", () => {
    const modsig = { digest: { algo: "sha512" as const, bytes: new Uint8Array(64).fill(0xab) }, raw: fromHex("3082") };
    expect(line("d-modsig|modsig", fileEvent("/a", { modsig }))).toBe(`sha512:${"ab".repeat(64)} 3082\n`);
    expect(line("d-modsig|modsig", fileEvent("/a"))).toBe(" \n");
  });

  it("records owner, mode and xattrs, nothing of events without a file", () => {
    const xattrs = [
      { name: "security.selinux", value: fromHex("aa00") },
      { name: "security.ima", value: fromHex("04") },
    ];
    const event = fileEvent("/a", { file: file({ uid: 1000, gid: 2, mode: 0o104755, protectedXattrs: () => xattrs }) });
    const format = "xattrnames|xattrlengths|xattrvalues|iuid|igid|imode";
    expect(line(format, event)).toBe("security.selinux|security.ima 0200000001000000 aa0004 1000 2 35309\n");
    expect(line(format, fileEvent("/a", { file: null }))).toBe("     \n");
    const unreadable = file({ protectedXattrs: () => null });
    expect(line("xattrnames|imode", fileEvent("/a", { file: unreadable }))).toBe(" 33188\n");
  });

  it("writes numbers in the machine's byte order, little-endian with ima_canonical_fmt", () => {
    const event = fileEvent("/a", { file: file({ uid: 0x01020304 }) });
    const bytes = (cmdline: string) => {
      const { list } = boot({ cmdline, bigEndian: true });
      store(list, event);
      return hexOf(list.binary());
    };
    expect(bytes("ima_template_fmt=iuid")).toMatch(/^0000000a.{40}0000000469756964000000080000000401020304$/);
    expect(bytes("ima_canonical_fmt ima_template_fmt=iuid")).toMatch(
      /^0a000000.{40}0400000069756964080000000400000004030201$/,
    );
    const { list } = boot({ cmdline: "ima_template_fmt=iuid", bigEndian: true });
    store(list, event);
    expect(shown(list)).toMatch(/ 16909060\n$/);
  });
});

describe("files of securityfs", () => {
  const names = (files: readonly ListFile[]) =>
    files.map((f) => (f.kind === "symlink" ? `${f.name} -> ${f.target}` : `${f.name} ${f.mode.toString(8)}`));
  const counts = ["runtime_measurements_count 440", "violations 440"];

  it("has one pair before 6.10, one a bank since", () => {
    expect(names(listFiles(boot({ release: "6.1.192", banks: ["sha256"] }).list))).toEqual([
      "binary_runtime_measurements 440",
      "ascii_runtime_measurements 440",
      ...counts,
    ]);
    expect(names(listFiles(boot({ banks: ["sha256", "sha3-256"] }).list))).toEqual([
      "ascii_runtime_measurements_sha256 440",
      "binary_runtime_measurements_sha256 440",
      "ascii_runtime_measurements_tpm_alg_27 440",
      "binary_runtime_measurements_tpm_alg_27 440",
      "ascii_runtime_measurements_sha1 440",
      "binary_runtime_measurements_sha1 440",
      "binary_runtime_measurements -> binary_runtime_measurements_sha1",
      "ascii_runtime_measurements -> ascii_runtime_measurements_sha1",
      ...counts,
    ]);
    // No file is there for ima_hash alone, nor for an unknown bank before 7.1 and 6.12.91.
    expect(
      names(listFiles(boot({ release: "6.11", cmdline: "ima_hash=sha512", banks: ["sha1", "sha3-256"] }).list)),
    ).toEqual([
      "ascii_runtime_measurements_sha1 440",
      "binary_runtime_measurements_sha1 440",
      "binary_runtime_measurements -> binary_runtime_measurements_sha1",
      "ascii_runtime_measurements -> ascii_runtime_measurements_sha1",
      ...counts,
    ]);
  });

  it("stages and deletes entries since 7.2, and still knows duplicates", () => {
    const { list } = boot({ release: "7.2", kconfig: { IMA_STAGING: true } });
    const files = listFiles(list);
    const named = (name: string) => {
      const found = files.find((f) => f.name === name);
      if (found?.kind !== "file") throw new Error(`${name} is no file`);
      return found;
    };
    const plain = named("ascii_runtime_measurements_sha1");
    const staged = named("ascii_runtime_measurements_sha1_staged");
    const lines = (f: typeof plain) => new TextDecoder().decode(f.read()).split("\n").length - 1;
    const write = (f: typeof plain, text: string) => f.write!(bytesOf(text));
    const count = () => new TextDecoder().decode(named("runtime_measurements_count").read());

    expect(write(staged, "A\n")).toEqual(fail("ENOENT"));
    for (const path of ["/a", "/b", "/c"]) store(list, fileEvent(path));
    expect(write(plain, "A\n")).toEqual(fail("EINVAL"));
    expect(write(plain, "0\n")).toEqual(fail("EINVAL"));
    expect(write(plain, "4\n")).toEqual(fail("ENOENT"));
    expect(write(plain, "99999999999999999999\n")).toEqual(fail("ERANGE"));
    expect(write(plain, "1")).toEqual(fail("EINVAL"));
    expect(write(plain, "1\n")).toEqual(ok(2));
    expect([lines(plain), lines(staged), count()]).toEqual([2, 0, "2\n"]);
    expect(write(staged, "A\n")).toEqual(ok(2));
    expect([lines(plain), lines(staged), count()]).toEqual([0, 2, "0\n"]);
    expect(write(staged, "A\n")).toEqual(fail("EEXIST"));
    expect(store(list, fileEvent("/b"))).toEqual(ok("exists"));
    store(list, fileEvent("/d"));
    expect(write(staged, "D\n")).toEqual(ok(2));
    expect(write(staged, "D\n")).toEqual(fail("ENOENT"));
    expect([lines(plain), lines(staged), count()]).toEqual([1, 0, "1\n"]);
    expect(store(list, fileEvent("/a"))).toEqual(ok("exists"));
    expect(named("violations").write).toBeUndefined();
    expect(plain.mode).toBe(0o660);
  });

  it("forgets digests with ima_flush_htable, and then deletes no number of entries", () => {
    const { list } = boot({ release: "7.2", kconfig: { IMA_STAGING: true }, cmdline: "ima_flush_htable" });
    store(list, fileEvent("/a"));
    expect([list.queue.stage(), list.queue.deleteStaged()]).toEqual([null, null]);
    expect(store(list, fileEvent("/a"))).toEqual(ok("added"));
    const plain = listFiles(list).find((f) => f.name === "ascii_runtime_measurements_sha1")!;
    expect(plain.kind === "file" && plain.write!(bytesOf("1\n"))).toEqual(fail("EINVAL"));
  });
});

describe("kexec", () => {
  function filled(options: BootOptions = {}) {
    const booted = boot({ kconfig: { IMA_KEXEC: true }, ...options });
    booted.list.addBootAggregate(task);
    for (const path of ["/a", "/b"]) store(booted.list, fileEvent(path));
    booted.list.addViolation({ ...fileEvent("/b"), violation: "ToMToU" }, { op: "invalid_pcr", inode, task });
    return booted;
  }
  const dumped = (list: MeasurementList) => dumpList(list, kexecSegment(list, { total: 2 ** 30 })!).bytes;

  it("hands all entries over, not what is known of duplicates, nor the count of violations", () => {
    const before = filled();
    const bytes = dumped(before.list);
    expect(bytes.length).toBe(runtimeSize(before.list));
    const after = boot({ kconfig: { IMA_KEXEC: true }, banks: ["sha1", "sha256"] });
    expect(restoreList(after.list, bytes)).toBe(0);
    expect(shown(after.list)).toBe(shown(before.list));
    expect(after.tpm!.pcr("sha1", 10).every((b) => b === 0)).toBe(true);
    expect(after.list.violations).toBe(0);
    expect(after.list.addBootAggregate(task)).toBe(true);
    expect(store(after.list, fileEvent("/a"))).toEqual(ok("added"));
    // Digests of all banks are computed anew, but for violations.
    expect(hexOf(after.list.binary("sha256", [after.list.entries[1]!]))).toBe(
      hexOf(after.list.binary("sha256", [after.list.entries[5]!])),
    );
  });

  it("makes templates of names that are formats, for rules as well", () => {
    const before = filled({ cmdline: "ima_template_fmt=n-ng|imode" });
    const after = boot();
    expect(restoreList(after.list, dumped(before.list))).toBe(0);
    expect(shown(after.list)).toBe(shown(before.list));
    expect(lookupTemplate("n-ng|imode", after.list.templates)?.title).toBe("n-ng|imode");
    expect(lookupTemplate("n-ng|imode", after.setup.templates)).toBeUndefined();
    // A nameless template's format is not counted, so the list may not fit what was set aside for it.
    expect(runtimeSize(before.list)).toBeLessThan(dumped(before.list).length);
  });

  it("cuts the list off where it does not fit", () => {
    const { list } = filled();
    const whole = dumpList(list, 1 << 20).bytes;
    const short = dumpList(list, whole.length - 1);
    expect(short).toEqual({ bytes: expect.anything(), complete: true });
    expect(short.bytes.length).toBe(whole.length - 1);
    const after = boot();
    expect(restoreList(after.list, short.bytes)).toBe(-22);
    expect(after.list.entries.length).toBe(list.entries.length - 1);
    expect(after.lines().slice(-2)).toEqual([
      "ima: entry header: nr of fields mismatch: expected: 4, current: 3",
      "ima: Failed to restore the measurement list: -22",
    ]);
    expect(dumpList(list, 100).complete).toBe(false);
    expect(kexecSegment(list, { total: 8192 })).toBe(4096);
    expect(kexecSegment(list, { total: 4096 })).toBeNull();
    expect(boot().list && kexecSegment(boot().list, { total: 2 ** 40 })).toBeNull();
  });

  it("says what it makes of the list in critical data", () => {
    const { list } = filled({ release: "6.16" });
    expect(kexecEvent(list, 4096)).toBe(
      `kexec_segment_size=4096;ima_binary_runtime_size=${runtimeSize(list)};ima_runtime_measurements_count=4;`,
    );
  });

  it.each([
    ["another version", (b: Uint8Array) => b.fill(2, 0, 1), "attempting to restore a incompatible measurement list"],
    ["too many entries", (b: Uint8Array) => b.fill(0xff, 16, 24), "attempting to restore too many measurements"],
    [
      "the template ima",
      (b: Uint8Array) => b.set([3, 0, 0, 0, 0x69, 0x6d, 0x61, 0, 0, 0, 0], 48),
      'attempting to restore an unsupported template "ima" failed',
    ],
    [
      "long names",
      (b: Uint8Array) => b.fill(120, 48, 49).fill(0, 172, 176),
      "attempting to restore a template name that is too long",
    ],
    [
      "data for too few fields",
      (b: Uint8Array) => b.set([200], 106),
      "template data: nr of fields mismatch: expected: 2, current: 1",
    ],
  ])("refuses %s", (_, spoil, line) => {
    const bytes = dumped(filled().list);
    spoil(bytes);
    const after = boot();
    expect(restoreList(after.list, bytes)).toBe(-22);
    expect(after.lines().at(-2)).toBe(`ima: ${line}`);
    expect(after.list.entries).toEqual([]);
  });

  it("ends at a name that is no format, without an error", () => {
    const before = filled();
    const bytes = dumped(before.list);
    const name = bytesOf("ima-zz");
    bytes.set(name, bytes.indexOf(name[0]!, 24 + 28));
    const after = boot();
    expect(restoreList(after.list, bytes)).toBe(0);
    expect(after.list.entries.length).toBe(0);
    expect(after.lines().slice(-2)).toEqual([
      "ima: field 'ima-zz' not found",
      'ima: attempting to initialize the template "ima-zz" failed',
    ]);
  });
});

describe("a simulated TPM", () => {
  it("refuses banks and values that it cannot have", () => {
    const make = (options: ConstructorParameters<typeof SimulatedTpm>[0]) => () => new SimulatedTpm(options);
    expect(make({ banks: [] })).toThrow(/at least one bank/);
    expect(make({ banks: ["md5"] })).toThrow(/tpm.banks\[0\].*'md5'/);
    expect(make({ banks: ["sha1", "sha1"] })).toThrow(/twice/);
    expect(make({ banks: ["sha1"], pcrs: { sha256: {} } })).toThrow(/tpm.pcrs.sha256/);
    expect(make({ banks: ["sha1"], pcrs: { sha1: { 0: "00" } } })).toThrow(/tpm.pcrs.sha1.0.*20 bytes/);
    expect(make({ banks: ["sha1"], pcrs: { sha1: { 24: "00".repeat(20) } } })).toThrow(/numbered 0 to 23/);
    const tpm = new SimulatedTpm({ banks: ["sha1"] });
    expect(() => tpm.pcr("sha256", 0)).toThrow(/no bank 'sha256'/);
    expect(() => tpm.pcr("sha1", -1)).toThrow(/numbered 0 to 23/);
    expect(
      tpm
        .sysfs(Release.parse("6.12"))
        .find(({ path }) => path === "pcr-sha1/17")!
        .read(),
    ).toBe(`${"FF".repeat(20)}\n`);
  });

  it("of 1.2 has the bank sha1, answers of its own, and all PCRs in one file", () => {
    expect(() => new SimulatedTpm({ version: "1.2", banks: ["sha1", "sha256"] })).toThrow(/the bank sha1 and no other/);
    const tpm = new SimulatedTpm({ version: "1.2", banks: ["sha1"] });
    expect([tpm.extend(24, [new Uint8Array(20)]), tpm.extend(17, [new Uint8Array(20)])]).toEqual([2, 61]);
    tpm.extend(10, [new Uint8Array(20).fill(0xab)]);
    const file = tpm.sysfs(Release.parse("6.12")).find(({ path }) => path === "pcrs")!;
    expect(file.read().split("\n").slice(9, 11)).toEqual([
      `PCR-09: ${"00 ".repeat(20)}`,
      `PCR-10: ${hexOf(tpm.pcr("sha1", 10)).toUpperCase().replace(/../g, "$& ")}`,
    ]);
    expect(parsePcrFile(file.read())).toHaveLength(24);
    expect(parsePcrFile(file.read())[10]).toEqual({ bank: "sha1", pcr: 10, value: tpm.pcr("sha1", 10) });
  });

  it.each([
    ["4.19", "1.2", ["pcrs"]],
    ["5.6", "1.2", ["pcrs", "tpm_version_major"]],
    ["5.12", "1.2", ["pcrs", "tpm_version_major", "pcr-sha1/0"]],
    ["4.19", "2.0", []],
    ["5.12", "2.0", ["tpm_version_major", "pcr-sha1/0"]],
  ] as const)("of %s: files of a TPM %s", (release, version, first) => {
    const files = new SimulatedTpm({ version, banks: ["sha1"] }).sysfs(Release.parse(release));
    expect(files.map(({ path }) => path).slice(0, first.length)).toEqual(first);
    expect(files.length).toBe(first.length + (first.some((path) => path.startsWith("pcr-")) ? 23 : 0));
  });
});
