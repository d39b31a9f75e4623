// The files evm and evm_xattrs, with the writes and reads of the recordings played on them alone.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IntegrityAudit, KernelLog } from "../../src/audit/index.ts";
import { fail, ok } from "../../src/errno/index.ts";
import { Evm } from "../../src/evm/evm.ts";
import { EVM_BITS } from "../../src/evm/setup.ts";
import { Kconfig, Release } from "../../src/release/index.ts";
import { runs } from "../fuzz.ts";
import { evmKeyOf, type Recording, recordings } from "./recording.ts";
import { NO_FILES, task } from "./stand-in.ts";

const utf8 = new TextEncoder();
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function boot(release: string, options: { config?: Kconfig; parameters?: readonly string[]; auditing?: boolean } = {}) {
  const log = new KernelLog({ auditing: options.auditing ?? true });
  const known = Release.parse(release);
  const held = { key: null as Uint8Array | null, certificate: false };
  const evm = new Evm({
    release: known,
    config: options.config ?? Kconfig.withDefaults(),
    log,
    audit: new IntegrityAudit(log, known, { informational: false, enabled: true }),
    keys: {
      requestEvmKey: () => (held.key ? ok(held.key) : fail("ENOKEY")),
      verifySignature: () => "ENOKEY",
    },
    files: NO_FILES,
  });
  for (const value of options.parameters ?? []) evm.bootParameter(value);
  evm.start();
  const write = (data: string | Uint8Array, as = task()) =>
    evm.setup.write(as, typeof data === "string" ? utf8.encode(data) : data);
  return { evm, log, held, write, read: () => text(evm.setup.read()), lines: () => log.lines.map((l) => l.text) };
}

function playSetup(recording: Recording) {
  const parameters = recording.kernel.cmdline
    .split(" ")
    .filter((p) => p.startsWith("evm="))
    .map((p) => p.slice(4));
  const config = Kconfig.fromLines(recording.kernel.config);
  const machine = boot(recording.kernel.release, { config, parameters });
  const { evm, held } = machine;
  expect(machine.lines()).toEqual(recording.boot.log.filter((l) => l.startsWith("evm:")));
  if (recording.boot.log.some((l) => l.includes("EVM test signing key"))) evm.certificateLoaded();
  let seen = machine.lines().length;
  recording.steps.forEach((step, i) => {
    const result = recording.results[i]!;
    held.key = evmKeyOf(step, result) ?? held.key;
    const isSetup = step.file === "evm" || step.file === "integrity/evm/evm";
    const isXattrs = step.file?.endsWith("evm_xattrs") === true;
    if (!isSetup && !isXattrs) return;
    const where = `${recording.name} step ${i}`;
    if (step.op === "securityfsWrite") {
      const data =
        step.hex === undefined ? utf8.encode(step.text ?? "") : Uint8Array.from(Buffer.from(step.hex, "hex"));
      const as = task(step.as);
      // Opening it is a matter of permission bits, judged by the file system.
      if (result.open !== undefined) return;
      const outcome = isSetup ? evm.setup.write(as, data) : evm.xattrsFile!.write(as, data);
      expect(outcome, where).toEqual(result.write === undefined ? ok(result.written) : fail(result.write as "EPERM"));
      const fresh = machine.lines().slice(seen);
      expect(fresh, where).toEqual((result.log ?? []).filter((l) => l.startsWith("evm:") || l.includes("type=1806")));
    } else if (step.op === "securityfsRead" && result.data !== undefined)
      expect(text(isSetup ? evm.setup.read() : evm.xattrsFile!.read()), where).toBe(result.data);
    seen = machine.lines().length;
  });
}

describe("the evm file and the evm_xattrs file, as recorded", () => {
  const all = [
    ...recordings("evm-hmac", /value|xattrs|key-|k61-life/),
    ...recordings("evm-sig", /value|k61/),
    ...recordings("boot", /evm/),
    ...recordings("fuzz", /evm/),
  ];
  // Which keyring a writer's key is found in, and when it has gone again, belongs to the keyrings.
  it.each(all.filter((r) => !r.name.includes("key-")).map((r) => [r.name, r] as const))("%s", (_name, recording) => {
    playSetup(recording);
  });
});

describe("the evm file", () => {
  it("finds HMAC and X509 in 6, 1, and forgets the bit for metadata writes", () => {
    const { held, write, read } = boot("6.12");
    held.key = new Uint8Array(32).fill(7);
    expect([write("6"), read(), write("1"), read()]).toEqual([ok(1), "6", ok(1), "3"]);
    expect(write("4")).toEqual(fail("EPERM"));
  });

  it("burns the key it has taken", () => {
    const { held, write, log } = boot("6.12");
    held.key = new Uint8Array(64).fill(7);
    expect(write("1")).toEqual(ok(1));
    expect(held.key.every((b) => b === 0)).toBe(true);
    expect(log.lines.at(-1)!.text).toBe("evm: key initialized");
  });

  it("refuses a key that is too long, sets nothing, and burns it all the same", () => {
    const { held, write, read, log } = boot("6.12");
    held.key = new Uint8Array(129).fill(7);
    expect([write("3"), read()]).toEqual([fail("EINVAL"), "0"]);
    expect(held.key.every((b) => b === 0)).toBe(true);
    expect(log.lines.at(-1)!.text).toBe("evm: key initialization failed");
  });

  it("wants CAP_SYS_ADMIN before it reads a number", () => {
    expect(boot("6.12").write("nonsense", task({ uid: 1000 }))).toEqual(fail("EPERM"));
  });

  it("cuts what it does not read, and stops at a NUL", () => {
    expect(boot("6.12").write(`${"0".repeat(33)}2999`)).toEqual(ok(37));
    expect(boot("6.12").write("2\0garbage")).toEqual(ok(9));
    expect(boot("6.12").write("08")).toEqual(fail("EINVAL"));
    expect(boot("6.12").write("0x")).toEqual(fail("EINVAL"));
    expect(boot("6.12").write("18446744073709551616x")).toEqual(fail("ERANGE"));
    expect(boot("6.12").write("4294967296x")).toEqual(fail("EINVAL"));
  });

  it("knows the bits of its release", () => {
    expect(boot("7.1").write("8")).toEqual(ok(1));
    expect(boot("6.12").write("8")).toEqual(fail("EINVAL"));
    expect(boot("4.14").write("2")).toEqual(fail("EINVAL"));
    expect(boot("4.15").write("4")).toEqual(fail("EINVAL"));
  });

  it("before 5.14 refuses metadata writes beside any key", () => {
    const { write, read } = boot("5.10");
    expect([write("2"), write("4"), read()]).toEqual([ok(1), fail("EPERM"), "2"]);
  });

  it("shows nothing behind the start", () => {
    expect(boot("6.12").evm.setup.read(1).length).toBe(0);
  });

  const asked = fc.array(
    fc.record({
      value: fc.nat(15).map((n) => (n & 7) + (n & 8 ? 0x8000_0000 : 0)),
      key: fc.boolean(),
      root: fc.boolean(),
    }),
    { maxLength: 8 },
  );
  it("is sealed by the highest bit or a key, and a refused write changes nothing", () => {
    fc.assert(
      fc.property(asked, (writes) => {
        const { evm, held, write } = boot("6.12");
        const { setup } = evm;
        const state = () => [setup.hmacOn, setup.x509On, setup.metadataWrites, setup.setupComplete].join();
        for (const { value, key, root } of writes) {
          held.key = key ? new Uint8Array(32) : null;
          const before = state();
          const sealed = setup.setupComplete;
          const outcome = write(String(value), task(root ? {} : { uid: 1 }));
          if (!outcome.ok) expect(state()).toBe(before);
          else {
            expect(sealed).toBe(false);
            expect(setup.setupComplete).toBe((value & (EVM_BITS.HMAC.bit | EVM_BITS.SETUP_COMPLETE.bit)) !== 0);
          }
          expect(setup.hmacOn && setup.metadataWrites).toBe(false);
          expect(setup.hmacOn && !setup.setupComplete).toBe(false);
        }
      }),
      runs(100),
    );
  });
});

describe("the evm_xattrs file", () => {
  const add = (evm: Evm, name: string, position = 0) => evm.xattrsFile!.write(task(), utf8.encode(name), position);

  it("appends, enables, and answers EEXIST in that order", () => {
    const { evm, lines } = boot("6.12");
    expect([
      add(evm, "security.selinux\n"),
      add(evm, "security.selinux"),
      add(evm, "security.x"),
      add(evm, "user.x"),
    ]).toEqual([ok(17), fail("EEXIST"), ok(10), fail("EINVAL")]);
    expect(lines().slice(-4)).toEqual([
      'audit: type=1806 audit(0.0:0): xattr="security.selinux" res=0',
      'audit: type=1806 audit(0.0:0): xattr="security.selinux" res=-17',
      'audit: type=1806 audit(0.0:0): xattr="security.x" res=0',
      'audit: type=1806 audit(0.0:0): xattr="user.x" res=-22',
    ]);
    const read = text(evm.xattrsFile!.read());
    expect(read.startsWith("security.selinux\nsecurity.SMACK64\n")).toBe(true);
    expect(read.endsWith("security.capability\nsecurity.x\n")).toBe(true);
  });

  it("is locked for good by a dot", () => {
    const { evm } = boot("6.12");
    expect(evm.xattrsFile!.mode).toBe(0o660);
    expect([add(evm, "."), add(evm, "security.x")]).toEqual([ok(1), fail("EPERM")]);
    expect(evm.xattrsFile!.mode).toBe(0o440);
  });

  it("refuses writes behind the start and long ones without a record", () => {
    const { evm, lines } = boot("6.12");
    const before = lines().length;
    expect([add(evm, "security.x", 1), add(evm, `security.${"x".repeat(247)}`)]).toEqual([
      fail("EINVAL"),
      fail("E2BIG"),
    ]);
    expect(lines().length).toBe(before);
  });

  it("cannot do without its record: ENOMEM under audit=0", () => {
    expect(add(boot("6.12", { auditing: false }).evm, "security.x")).toEqual(fail("ENOMEM"));
  });

  it("does not exist on kernels without it", () => {
    expect(boot("4.17").evm.xattrsFile).toBeNull();
    expect(boot("6.12", { config: Kconfig.withDefaults({ EVM_ADD_XATTRS: false }) }).evm.xattrsFile).toBeNull();
  });
});

describe("evm= on the command line", () => {
  it("is compared by its beginning; what is unknown is complained about before all else", () => {
    const { evm, lines } = boot("6.12", { parameters: ["fi", "fixed"] });
    expect(evm.fixMode).toBe(true);
    expect(lines().slice(0, 2)).toEqual(['evm: invalid "fi" mode', "evm: Initialising EVM extended attributes:"]);
  });
});

describe("protected xattrs", () => {
  it("count by whole name, and by what a name begins with behind security.", () => {
    const { evm } = boot("6.12");
    const asked = ["security.ima", "security.im", "security.evm", "security.selinux", "ima", "im", "user.x"];
    expect(asked.map((n) => evm.protectedXattr(n))).toEqual([true, false, false, false, true, true, false]);
    evm.xattrsFile!.write(task(), utf8.encode("security.selinux"));
    expect(evm.protectedXattr("security.selinux")).toBe(true);
  });

  it("lack what is off before 5.14", () => {
    const { evm } = boot("5.10", { config: Kconfig.withDefaults({ SECURITY_SMACK: false }) });
    expect(evm.names.list.map((x) => x.name)).toEqual(["security.ima", "security.capability"]);
  });
});
