// imasim policy, run in this process: what it prints, and how it ends.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { policyCommand } from "../../src/cli/policy.node.ts";
import { assemble, failure } from "../../src/cli/program.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "imasim-policy-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  rmSync(folder, { recursive: true });
});

interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `imasim policy ARGS FILE` on a file with this text; its name is shown as P. */
async function run(text: string, ...args: string[]): Promise<Outcome> {
  const file = join(folder, "p");
  writeFileSync(file, text);
  process.exitCode = undefined;
  let out = "";
  let err = "";
  vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    out += String(chunk);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
    err += String(chunk);
    return true;
  });
  let status = 0;
  try {
    await assemble("1.0.0", [policyCommand()]).parseAsync(["policy", ...args, file], { from: "user" });
    status = Number(process.exitCode ?? 0);
  } catch (error) {
    const { line, status: failed } = failure(error);
    err += line ?? "";
    status = failed;
  }
  const named = (shown: string): string => shown.replaceAll(file, "P");
  return { status, out: named(out), err: named(err) };
}

describe("imasim policy check", () => {
  it("is silent about a good policy", async () => {
    expect(await run("audit fowner=0\n", "check")).toEqual({ status: 0, out: "", err: "" });
  });

  it("says file, line, column, code and message", async () => {
    expect(await run("audit\naudit func=FILE_MMASK\n", "check")).toEqual({
      status: 1,
      out: "P:2:7 unknown-value 'func' does not take 'FILE_MMASK': wants a hook; did you mean func=FILE_MMAP?\n",
      err: "",
    });
  });

  it("takes the kernel's release and configuration", async () => {
    expect((await run("audit gid=5\n", "check", "--release", "5.15")).out).toContain("P:1:7 not-in-release");
    expect(
      (await run("measure func=KEY_CHECK\n", "check", "--config", "CONFIG_IMA_MEASURE_ASYMMETRIC_KEYS=n")).status,
    ).toBe(1);
    expect((await run("audit obj_role=x\n", "check", "--labels", "smack")).status).toBe(1);
    expect((await run("audit obj_role=x\n", "check", "--labels", "smack", "--active")).status).toBe(0);
  });

  it("prints JSON", async () => {
    const { out, status } = await run("audit uid=-1\n", "check", "--json");
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      file: "P",
      findings: [{ code: "bad-number", span: { line: 1, column: 7 }, kernel: { errno: "EINVAL" } }],
    });
  });

  it.each([
    [["--release", "3.10"], "imasim: release: 3.10 is older than 4.4, the oldest release known here"],
    [["--config", "NOSUCH=y"], "imasim: config.NOSUCH: imasim knows no symbol NOSUCH"],
    [["--config", "IMA_WRITE_POLICY"], "imasim: --config: 'IMA_WRITE_POLICY' is not of the form SYMBOL=VALUE"],
  ])("refuses %j", async (options, err) => {
    expect(await run("audit\n", "check", ...options)).toEqual({ status: 2, out: "", err });
  });

  it("refuses a file that is not there", async () => {
    expect(await run("", "check", join(folder, "nosuch"))).toMatchObject({
      status: 2,
      err: expect.stringContaining("no such file or directory"),
    });
  });
});

describe("imasim policy lint", () => {
  it("prints faults and findings in the order of the text", async () => {
    const { out, status } = await run("audit func=PATH_CHECK\nbogus\naudit uid<0\n", "lint");
    expect(status).toBe(1);
    expect(out.split("\n").map((line) => line.split(" ")[1])).toEqual([
      "deprecated-alias",
      "unknown-keyword",
      "never-matches",
      undefined,
    ]);
  });

  it("takes other releases and word of keys", async () => {
    expect(
      (await run("audit gid=5\n", "lint", "--also", "5.10", "--also", "5.4")).out.match(/release-mismatch/g),
    ).toHaveLength(2);
    const signed = "appraise func=FIRMWARE_CHECK appraise_type=imasig\n";
    const without = ["lint", "--config", "IMA_LOAD_X509=n"];
    expect((await run(signed, ...without)).out).toContain("missing-keys");
    expect((await run(signed, ...without, "--keys")).out).toBe("");
  });
});

describe("imasim policy explain", () => {
  it("says each rule in English", async () => {
    expect((await run("# x\nmeasure func=BPRM_CHECK uid>0 pcr=11\n", "explain")).out).toBe(
      "P:2 When a program is executed, if the real user id is above 0: measure it into PCR 11.\n",
    );
  });

  it("says what it cannot explain on the error output", async () => {
    expect(await run("audit\nbogus\n", "explain")).toEqual({
      status: 1,
      out: "P:1 At every hook that looks at a file: write an audit record with its hash.\n",
      err: "P:2:1 unknown-keyword 'bogus' is neither an action nor a condition\n",
    });
  });
});

describe("imasim policy format", () => {
  const text = "  # keep me\n\nuid=+0 func=PATH_CHECK   audit fsmagic=EF53\n";
  const formatted = "# keep me\n\naudit func=FILE_CHECK fsmagic=0xef53 uid=0\n";

  it("prints the canonical form", async () => {
    expect(await run(text, "format")).toEqual({ status: 0, out: formatted, err: "" });
  });

  it("writes it where asked to, and leaves a bad file alone", async () => {
    expect(await run(text, "format", "--write")).toEqual({ status: 0, out: "", err: "" });
    expect(readFileSync(join(folder, "p"), "utf8")).toBe(formatted);
    expect(await run("uid=0 audit\nbogus\n", "format", "--write")).toMatchObject({ status: 1, out: "" });
    expect(readFileSync(join(folder, "p"), "utf8")).toBe("uid=0 audit\nbogus\n");
  });
});

describe("imasim policy decide", () => {
  const text =
    "dont_measure fsmagic=0x9fa0\nmeasure func=FILE_CHECK mask=^MAY_READ uid=0 template=ima-sig\nappraise fowner=0\n";

  it("says which rule decides, and why the others do not", async () => {
    expect(
      await run(text, "decide", "--func", "FILE_CHECK", "--mask", "MAY_READ|MAY_WRITE", "--fowner", "1000"),
    ).toEqual({
      status: 0,
      out: `P:1 dont_measure fsmagic=0x9fa0
    no: fsmagic=0x9fa0, but it is 0xef53
P:2 measure func=FILE_CHECK mask=^MAY_READ uid=0 template=ima-sig
    matches: measure
P:3 appraise fowner=0
    no: fowner=0, but it is 1000
result: measure (PCR 10, ima-sig)
`,
      err: "",
    });
  });

  it("prints JSON", async () => {
    const { out } = await run(text, "decide", "--func", "BPRM_CHECK", "--fstype", "proc", "--json");
    expect(JSON.parse(out)).toMatchObject({
      actions: ["appraise"],
      rules: [{ outcome: "matched" }, { outcome: "decided" }, { outcome: "matched" }],
    });
  });

  it.each([
    [["--func", "NOSUCH"], "imasim: --func: 'NOSUCH' is no hook"],
    [
      ["--func", "FILE_CHECK", "--mask", "MAY_X"],
      "imasim: --mask: 'MAY_X' is none of MAY_EXEC, MAY_WRITE, MAY_READ, MAY_APPEND",
    ],
    [["--func", "FILE_CHECK", "--uid", "root"], "imasim: --uid: 'root' is no id"],
    [
      ["--func", "FILE_CHECK", "--fstype", "nosuch"],
      "imasim: --fstype: the magic number of 'nosuch' is not known here: add --fsmagic",
    ],
    [
      ["--func", "FILE_CHECK", "--action", "dont_measure"],
      "imasim: --action: 'dont_measure' is none of measure, appraise, audit, hash",
    ],
    [["--func", "FILE_CHECK", "--fsuuid", "1"], "imasim: --fsuuid: '1' is no UUID"],
  ])("refuses %j", async (options, err) => {
    expect(await run(text, "decide", ...options)).toEqual({ status: 2, out: "", err });
  });

  it("decides about nothing where the policy would not load", async () => {
    expect(await run("bogus\n", "decide", "--func", "FILE_CHECK")).toMatchObject({ status: 1, out: "" });
  });
});
