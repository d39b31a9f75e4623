// imasim log, run in this process on files of its own.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { logCommand } from "../../src/cli/log.node.ts";
import { assemble, failure } from "../../src/cli/program.ts";
import { lookupTemplate, writeLog } from "../../src/measure/index.ts";
import { runs } from "../fuzz.ts";
import { entry, type ListedEntry } from "../measure/arbitraries.ts";
import { bytesOf, listReads, recordings } from "../measure/recordings.ts";

const folder = mkdtempSync(join(tmpdir(), "imasim-log-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function imasim(...args: string[]): Promise<{ out: string; err: string; status: number }> {
  let [out, err] = ["", ""];
  vi.spyOn(process.stdout, "write").mockImplementation((data) => {
    out += typeof data === "string" ? data : Buffer.from(data).toString("utf8");
    return true;
  });
  const program = assemble("0", [logCommand()]);
  for (const each of [program, ...program.commands, ...program.commands.flatMap((c) => c.commands)])
    each.configureOutput({ writeErr: (text) => (err += text) });
  let status = 0;
  try {
    await program.parseAsync(["log", ...args], { from: "user" });
    status = Number(process.exitCode ?? 0);
  } catch (error) {
    const end = failure(error);
    err += end.line === undefined ? "" : `${end.line}\n`;
    status = end.status;
  } finally {
    process.exitCode = undefined;
    vi.restoreAllMocks();
  }
  return { out, err, status };
}

const recorded = recordings("tpm")[0]!;
const ascii = listReads(recorded, "ascii")[0]!.bytes;
const binary = listReads(recorded, "binary")[0]!.bytes;
const lines = new TextDecoder().decode(ascii);
const last = (bank: string) => {
  const at = recorded.steps.findLastIndex(
    (step) => step.op === "pcr" && step.bank === bank && (step.index ?? 10) === 10,
  );
  return recorded.results[at]!.data!.trim().toLowerCase();
};

describe("show", () => {
  it("prints the ASCII list, whatever the form of the file", async () => {
    for (const bytes of [ascii, binary, gzipSync(binary)])
      expect(await imasim("show", file("list", bytes))).toEqual({ out: lines, err: "", status: 0 });
  });

  it("prints single entries, as JSON too, and what their digests cover", async () => {
    const list = file("list", binary);
    expect((await imasim("show", list, "--entry", "1-2")).out).toBe(`${lines.split("\n").slice(1, 3).join("\n")}\n`);
    const json = JSON.parse((await imasim("show", list, "--entry", "1", "--json")).out) as object;
    expect(json).toMatchObject({ entry: 1, pcr: 10, template: "ima-sig", name: "/mnt/a", violation: false });
    expect(json).toMatchObject({ fields: [{ id: "d-ng" }, { id: "n-ng", text: "/mnt/a" }, { id: "sig", hex: "" }] });
    const { out } = await imasim("show", list, "--entry", "1", "--explain");
    expect(out).toContain("digest of 59 bytes:");
    expect(out).toMatch(/n-ng {9}2f6d6e742f6100\n +\/mnt\/a\n/);
    expect(out).toMatch(/sha1 .*91e53e48f259b7e9fa391b58970b713023845bd1 {2}as in the log/);
    expect(await imasim("show", list, "--entry", "99")).toMatchObject({ status: 2, out: "" });
  });
});

describe("verify", () => {
  it("passes a list of a real kernel, with the PCRs of its TPM", async () => {
    const quote = ["sha1", "sha256", "sha384"].flatMap((bank) => ["--pcr", `${bank}:10=${last(bank)}`]);
    const { out, err, status } = await imasim("verify", file("list", binary), ...quote);
    expect({ err, status }).toEqual({ err: "", status: 0 });
    expect(out).toContain("PCR values: explained by the first 6 entries; none follows");
    expect(out).toContain("sha384:10 (computed digests, padded SHA1)");
    expect(out).toContain(`\nsha256:10=${last("sha256")}\n`);
  });

  it("fails an altered one, naming the entry", async () => {
    const altered = file("altered", lines.replace("/mnt/prog", "/mnt/evil"));
    const { out, status } = await imasim("verify", altered);
    expect(status).toBe(1);
    expect(out).toMatch(/entry 2, byte \d+ \/mnt\/evil: the template digest is 510c1317/);
    const json = JSON.parse((await imasim("verify", altered, "--json")).out) as object;
    expect(json).toMatchObject({ entries: 6, faultCount: 1, faults: [{ code: "digest-mismatch", entry: 2 }] });
    const other = await imasim("verify", file("list", ascii), "--pcr", `sha1:10=${"00".repeat(19)}01`);
    expect(other).toMatchObject({ status: 1, out: expect.stringContaining("no beginning of the log explains") });
  });

  it("compares boot_aggregate with PCRs from a file", async () => {
    const zeros = Array.from({ length: 10 }, (_, i) => `  ${i}: 0x${"00".repeat(32)}\n`).join("");
    const pcrs = file("pcrs", `sha256:\n${zeros}`);
    const { out, status } = await imasim("verify", file("list", ascii), "--boot-pcrs", pcrs);
    expect(status).toBe(1);
    expect(out).toMatch(/entry 0, byte 0 boot_aggregate: boot_aggregate is 500ff778.*, but that of the given PCRs is/);
  });

  it.each([
    [["verify", "LIST", "--pcr", "x"], /--pcr.*'x' is not of the form sha256:10=/],
    [["verify", "LIST", "--bank", "md4"], /--bank.*it is none of sha1, sha256/],
    [["verify", "LIST", "--max-bytes", "1x"], /--max-bytes.*no number of bytes/],
    [["verify", "LIST", "--max-bytes", "100"], /list, byte \d+: the log is longer than 100 bytes/],
    [["show", "LIST", "--entry", "a"], /--entry.*no entry such as 7/],
    [["verify", "NOSUCH"], /nosuch: no such file or directory/],
    [["verify", "FOLDER"], /: is a directory/],
    [["verify", "TEXT"], /text, byte 0: this begins neither/],
    [["verify", "LIST", "--boot-pcrs", "TEXT"], /text, line 1: 'hello' is neither a bank nor/],
    [["diff", "LIST", "TEXT"], /text, byte 0: this begins neither/],
  ])("refuses %j in one line", async (args, message) => {
    const places = {
      LIST: file("list", ascii),
      TEXT: file("text", "hello\n"),
      NOSUCH: join(folder, "nosuch"),
      FOLDER: folder,
    };
    const { out, err, status } = await imasim(...args.map((arg) => places[arg as keyof typeof places] ?? arg));
    expect({ out, status }).toEqual({ out: "", status: 2 });
    expect(err).toMatch(message);
    expect(err.split("\n").length).toBe(2);
  });
});

it("replays PCRs as --pcr takes them", async () => {
  const list = file("list", ascii);
  const { out } = await imasim("replay", list, "--bank", "sha1,sha256");
  expect(out).toBe(`sha1:10=${last("sha1")}\nsha256:10=${last("sha256")}\n`);
  const [sha1, sha256] = out.trim().split("\n");
  expect((await imasim("verify", list, "--pcr", sha1!, "--pcr", sha256!)).status).toBe(0);
  expect(JSON.parse((await imasim("replay", list, "--json")).out)).toMatchObject({ sha1: { 10: last("sha1") } });
});

it("compares two lists", async () => {
  const list = file("list", ascii);
  expect((await imasim("diff", list, file("same", binary))).status).toBe(0);
  const changed = file("changed", lines.replace(/10 .* \/mnt\/m.ko \n/, "").replace("/mnt/a", "/mnt/\x1b[2Ja"));
  const { out, status } = await imasim("diff", list, changed);
  expect(status).toBe(1);
  expect(out).toContain("- /mnt/m.ko sha256:93cd8160");
  expect(out).toContain("+ /mnt/\\x1b[2Ja sha256:");
  expect(out).toContain("1 added, 0 changed, 2 missing, 3 the same; violations 1 -> 1");
});

const there = spawnSync("evmctl", ["--version"]).status === 0;
describe(`Debian's evmctl${there ? "" : " (skipped: evmctl is not installed)"}`, () => {
  /** It extends any PCR that a TPM has; those of a dynamic launch a TPM does not let the system extend. */
  const extended = (pcr: number): boolean => pcr < 17 || pcr === 23;
  /** What it knows: these templates. */
  const known = (entries: readonly ListedEntry[]): ListedEntry[] =>
    entries.filter(({ template, pcr }) => ["ima-ng", "ima-sig", "ima-buf"].includes(template.title) && extended(pcr));

  it.skipIf(!there)("accepts our binary lists and reaches the same PCRs", async () => {
    const old = entry("sha1", true, fc.constant(lookupTemplate("ima")!)).filter(
      (e) => extended(e.pcr) && e.fields[0]!.length === 20,
    );
    const lists = fc.oneof(
      fc.array(entry("sha1"), { minLength: 20, maxLength: 60 }).map(known),
      fc.array(old, { minLength: 1, maxLength: 20 }),
    );
    await fc.assert(
      fc.asyncProperty(lists, async (entries) => {
        fc.pre(entries.some(({ pcr }) => pcr === 10));
        const list = file("evmctl", writeLog(entries, { kind: "binary" }));
        const { out } = await imasim("replay", list);
        const pcrs = (bank: string, size: number) => {
          const values = new Map(
            [...out.matchAll(/^(\w+):(\d+)=(.*)$/gm)].filter((m) => m[1] === bank).map((m) => [Number(m[2]), m[3]!]),
          );
          const rows = Array.from(
            { length: 24 },
            (_, i) => `PCR-${String(i).padStart(2, "0")}: ${values.get(i) ?? "00".repeat(size)}\n`,
          );
          return `${bank},${file(`pcrs-${bank}`, bytesOf(rows.join("")))}`;
        };
        const run = spawnSync(
          "evmctl",
          ["ima_measurement", "--ignore-violations", "--pcrs", pcrs("sha1", 20), "--pcrs", pcrs("sha256", 32), list],
          { encoding: "utf8" },
        );
        expect(`${run.stdout}${run.stderr}`).toContain("Matched per TPM bank calculated digest(s).");
        expect(run.status).toBe(0);
      }),
      runs(16),
    );
  });
});
