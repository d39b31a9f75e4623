// Integrity records in the forms in which people have them, and that what the kernel model writes is read back.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AUDIT_TYPE,
  type AuditRecord,
  auditField,
  auditSucceeded,
  IntegrityAudit,
  type IntegrityRecord,
  KernelLog,
  parseAuditLog,
  untrusted,
} from "../../src/audit/index.ts";
import { Release } from "../../src/release/index.ts";
import { decoderRuns, runs } from "../fuzz.ts";
import { families, readTrace, tracesOf } from "../scenario/traces.ts";

const BODY =
  'pid=1 uid=0 auid=4294967295 ses=4294967295 op=appraise_data cause=missing-hash comm="init" name="/mnt/bare" dev="ubdc" ino=15 res=0 errno=0';
const STAMP = "audit(1700000000.123:45): ";

const only = (text: string): AuditRecord => {
  const { records, faults } = parseAuditLog(text, "log");
  expect(faults).toEqual([]);
  expect(records).toHaveLength(1);
  return records[0]!;
};

describe("one record", () => {
  it.each([
    ["dmesg", `[   12.345678] audit: type=1800 ${STAMP}${BODY}`],
    ["dmesg -r", `<5>[   12.345678] audit: type=1800 ${STAMP}${BODY}`],
    ["dmesg -T", `[Sun Nov 22 10:07:05 2026] audit: type=1800 ${STAMP}${BODY}`],
    ["dmesg -x", `kern  :notice: [   12.345678] audit: type=1800 ${STAMP}${BODY}`],
    ["journalctl", `Nov 22 10:07:05 host kernel: audit: type=1800 ${STAMP}${BODY}`],
    ["journalctl -o short-iso", `2026-11-22T10:07:05+0000 host kernel: audit: type=1800 ${STAMP}${BODY}`],
    ["auditd", `type=INTEGRITY_DATA msg=${STAMP}${BODY}`],
    ["auditd with node", `node=host type=INTEGRITY_DATA msg=${STAMP}${BODY}`],
    ["auditd, enriched", `type=INTEGRITY_DATA msg=${STAMP}${BODY}\u001dUID="root" AUID="unset"`],
    ["an auditd without the name", `type=UNKNOWN[1800] msg=${STAMP}${BODY}`],
    ["Windows line ends", `type=INTEGRITY_DATA msg=${STAMP}${BODY}\r`],
  ])("of %s", (_, line) => {
    const record = only(`${line}\n`);
    expect(record).toMatchObject({ type: AUDIT_TYPE.INTEGRITY_DATA, line: 1, time: "1700000000.123", serial: 45 });
    expect(record.fields.map(({ name }) => name).join(" ")).toBe(
      "pid uid auid ses op cause comm name dev ino res errno",
    );
    expect(auditField(record, "name")).toBe("/mnt/bare");
    expect(auditSucceeded(record)).toBe(false);
  });

  it("of ausearch, which parts events by lines of its own", () => {
    const text = `----\ntime->Sun Nov 22 10:07:05 2026\ntype=INTEGRITY_DATA msg=${STAMP}${BODY}\n`;
    expect(only(text).line).toBe(3);
    expect(parseAuditLog(text, "log").others).toBe(2);
  });

  it("of ausearch -i, with names instead of numbers and without quotes", () => {
    const record = only(
      "type=INTEGRITY_DATA msg=audit(11/22/2026 10:07:05.123:45) : pid=1 uid=root auid=unset ses=unset op=appraise_data " +
        "cause=missing-hash comm=init name=/mnt/with space dev=ubdc ino=15 res=no errno=SUCCESS(Success) ",
    );
    expect(record).toMatchObject({ time: "11/22/2026 10:07:05.123", serial: 45 });
    expect(auditField(record, "name")).toBe("/mnt/with space");
    expect(auditField(record, "uid")).toBe("root");
    expect(auditSucceeded(record)).toBe(false);
  });

  it("of journald itself, which has no stamp", () => {
    expect(only(`Nov 22 10:07:05 host audit[1]: INTEGRITY_DATA ${BODY}`)).toMatchObject({ time: null, serial: null });
  });

  it("of journalctl -o json: the kernel's, journald's own, a message that is no text; other objects are other lines", () => {
    const kernel = JSON.stringify({ _TRANSPORT: "kernel", MESSAGE: `audit: type=1800 ${STAMP}${BODY}` });
    const own = JSON.stringify({ _TRANSPORT: "audit", MESSAGE: `INTEGRITY_DATA ${BODY}` });
    const bytes = JSON.stringify({ MESSAGE: [...new TextEncoder().encode(`audit: type=1800 ${STAMP}${BODY}`)] });
    const { records, faults, others } = parseAuditLog(
      [kernel, own, bytes, '{"MESSAGE":null}', "{}", "{"].join("\n"),
      "log",
    );
    expect(faults).toEqual([]);
    expect(others).toBe(3);
    expect(records.map(({ fields }) => fields)).toEqual([records[0]!.fields, records[0]!.fields, records[0]!.fields]);
    expect(records[0]!.fields.length).toBeGreaterThan(5);
  });

  it("with names in hex, and a cause of several words", () => {
    const record = only(
      `type=INTEGRITY_STATUS msg=${STAMP}pid=1 op=policy_update cause=signed policy required comm=612062 name=2F6D6E742FFF res=0`,
    );
    expect(auditField(record, "cause")).toBe("signed policy required");
    expect(auditField(record, "comm")).toBe("a b");
    expect(record.fields.find(({ name }) => name === "name")?.bytes).toEqual(
      Uint8Array.from([0x2f, 0x6d, 0x6e, 0x74, 0x2f, 0xff]),
    );
  });
});

describe("a line that claims to be an integrity record", () => {
  it.each([
    ["bad-stamp", `audit: type=1800 ${BODY}`],
    ["bad-stamp", `audit: type=1800 audit(never:1): ${BODY}`],
    ["bad-stamp", `type=INTEGRITY_DATA`],
    ["bad-hex", `audit: type=1800 ${STAMP}op=a cause=b comm=ABC res=0`],
    ["bad-hex", `audit: type=1800 ${STAMP}op=a cause=b comm="x" name=/mnt/x res=0`],
    ["bad-field", `audit: type=1800 ${STAMP}, op=a cause=b comm="x" res=0`],
    ["cut-record", `audit: type=1800 ${STAMP}op=appraise_data cause=missing-hash comm="in`],
    ["cut-record", `audit: type=1800 ${STAMP}op=appraise_data cause=missing-hash comm="init" name="/a" dev=`],
    ["cut-record", `audit: type=1805 ${STAMP}file="/a"`],
    ["cut-record", `audit: type=1807 ${STAMP}`],
  ])("and cannot be read is a fault (%s) with its line, and the rest is read", (code, line) => {
    const { records, faults } = parseAuditLog(`hello\n${line}\naudit: type=1800 ${STAMP}${BODY}\n`, "messages");
    expect(faults.map((fault) => [fault.code, fault.where])).toEqual([[code, "messages:2"]]);
    expect(records.map((record) => record.line)).toEqual([3]);
  });

  it.each([
    "",
    "audit: type=1400 audit(1.000:1): avc",
    "type=SYSCALL msg=audit(1.000:1): arch=c000003e",
    "IMA: type=1800",
  ])("is not %j", (line) => {
    expect(parseAuditLog(`${line}\n`, "log")).toEqual({ records: [], faults: [], others: 1 });
  });
});

it("reads every integrity record of the recordings", () => {
  let read = 0;
  for (const family of families) {
    for (const name of tracesOf(family)) {
      const { boot, results } = readTrace(family, name);
      const lines = [...(boot.log ?? []), ...results.flatMap((result) => result?.log ?? [])].filter((line) =>
        /^audit: type=180[0-7] /.test(line),
      );
      // A line break within a record would make two lines of it.
      const { records, faults } = parseAuditLog(lines.map((line) => line.replaceAll("\n", " ")).join("\n"), name);
      // What the log buffer cut has no end to read.
      const cut = lines.filter((line) => line.length > 900 && !/ res=\d( errno=-?\d+)?$/.test(line));
      expect(faults.map(({ code }) => code)).toEqual(cut.map(() => "cut-record"));
      expect(records.length).toBe(lines.length - cut.length);
      read += records.length;
    }
  }
  expect(read).toBeGreaterThan(3000);
}, 30_000);

const FORMS: readonly ((line: string) => string)[] = [
  (line) => line,
  (line) => `[    1.000000] ${line}`,
  (line) => `Nov 22 10:07:05 host kernel: ${line}`,
  (line) => line.replace("audit: type=1800 ", "type=INTEGRITY_DATA msg="),
];

it("reads back what the kernel model writes, whatever names users chose", () => {
  const name = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.uint8Array({ maxLength: 40 }));
  const word = fc.stringMatching(/^[A-Za-z_()-]{1,20}$/);
  fc.assert(
    fc.property(
      fc.record({
        comm: fc.string({ maxLength: 16 }),
        name,
        op: word,
        cause: fc.array(word, { minLength: 1, maxLength: 3 }),
      }),
      fc.boolean(),
      fc.nat(1 << 30),
      fc.constantFrom(...FORMS),
      fc.constantFrom("4.4", "6.12"),
      ({ comm, name, op, cause }, denied, ino, form, release) => {
        const log = new KernelLog();
        const subject = { cred: { uid: 1 }, pid: 2, auid: 3, ses: 4, comm, label: null };
        const written: IntegrityRecord = {
          type: AUDIT_TYPE.INTEGRITY_DATA,
          op,
          cause: cause.join(" "),
          name,
          inode: { sb: { id: "sda" }, ino },
          result: denied ? -13 : 0,
        };
        new IntegrityAudit(log, Release.parse(release), { informational: true, enabled: true }).record(
          subject,
          written,
        );
        const record = only(form(log.lines[0]!.text));
        const bytes = (text: string | Uint8Array) => (typeof text === "string" ? new TextEncoder().encode(text) : text);
        const read = (field: string) => {
          const found = record.fields.find((each) => each.name === field)!;
          return found.bytes ?? bytes(found.value);
        };
        expect(read("comm")).toEqual(bytes(comm));
        expect(read("name")).toEqual(bytes(name));
        // What was written can be written again from what was read.
        expect(untrusted(read("name"))).toBe(untrusted(name));
        expect(auditField(record, "op")).toBe(op);
        expect(auditField(record, "cause")).toBe(cause.join(" "));
        expect(auditField(record, "ino")).toBe(String(ino));
        expect(auditSucceeded(record)).toBe(!denied);
      },
    ),
    runs(100),
  );
});

it("takes any text without a crash, and each line is a record, a fault or something else", () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "audit: type=1800 ",
      "type=INTEGRITY_PCR msg=",
      "audit(1.2:3): ",
      'comm="',
      "name=",
      "res=0",
      "\u001d",
      "\n",
      " ",
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join("");
      const { records, faults, others } = parseAuditLog(text, "log");
      const lines = text.split(/\r?\n/);
      expect(records.length + faults.length + others).toBe(lines.at(-1) === "" ? lines.length - 1 : lines.length);
    }),
    decoderRuns,
  );
}, 600_000);
