// Records grouped to findings. The lines are those of recorded kernels.
import { describe, expect, it } from "vitest";
import { auditFindings, CAUSES } from "../../src/appraise/index.ts";
import { parseAuditLog } from "../../src/audit/index.ts";
import { readTrace, tracesOf } from "../scenario/traces.ts";

const findingsOf = (text: string) => auditFindings(parseAuditLog(text, "log").records);
const data = (cause: string, file: string, dev = "sda1", op = "appraise_data") =>
  `audit: type=1800 audit(0.0:0): pid=1 uid=0 auid=0 ses=0 op=${op} cause=${cause} comm="cat" name="${file}" dev="${dev}" ino=9 res=0 errno=0\n`;

describe("findings", () => {
  it("are one for a file, an operation and a cause, with how often and by whom", () => {
    const again = data("missing-hash", "/a").replace("cat", "less").replace("uid=0", "uid=1000");
    const found = findingsOf(data("missing-hash", "/a") + data("invalid-hash", "/a") + again);
    expect(found.map(({ cause, count, firstLine, lastLine }) => [cause, count, firstLine, lastLine])).toEqual([
      ["missing-hash", 2, 1, 3],
      ["invalid-hash", 1, 2, 2],
    ]);
    expect(found[0]).toMatchObject({ kind: "appraisal", file: "/a", commands: ["cat", "less"], users: ["0", "1000"] });
  });

  it.each(CAUSES.filter(({ op }) => op !== "invalid_pcr"))(
    "of $op $cause say what it means and what mends it",
    (row) => {
      const [finding] = findingsOf(data(row.cause, "/a", "sda1", row.op));
      expect(finding).toMatchObject({ meaning: row.meaning, remedies: [row.remedy] });
    },
  );

  it("know a record whatever its kind of buffer and its number", () => {
    const text = (op: string, cause: string, result = 0) =>
      `audit: type=1804 audit(0.0:0): pid=1 uid=0 auid=0 ses=0 op=${op} cause=${cause} comm="a" name="a" res=${result} errno=-17\n`;
    const found = findingsOf(text("measuring_key", "store_entry") + text("measuring_none", "store_entry"));
    expect(found.map(({ meaning }) => meaning)).toEqual(Array(2).fill(expect.stringContaining("stands there already")));
    expect(findingsOf(text("add_template_measure", "TPM_error(2311)", 1))[0]!.meaning).toContain(
      "did not extend the PCR",
    );
    expect(findingsOf(data("denied-hash-algorithm", "/a", "d", "set_data"))[0]!.remedies).toHaveLength(1);
  });

  it("take a violation for what it is, though its record says success, and pass over new entries", () => {
    const pcr = (op: string, cause: string) =>
      `audit: type=1804 audit(0.0:0): pid=1 uid=0 auid=0 ses=0 op=${op} cause=${cause} comm="a" name="/a" dev="d" ino=1 res=1 errno=0\n`;
    const found = findingsOf(pcr("invalid_pcr", "ToMToU") + pcr("add_template_measure", "hash_added"));
    expect(found.map(({ kind, cause }) => [kind, cause])).toEqual([["violation", "ToMToU"]]);
  });

  it("name an exception only where labels cannot last, and then what it opens", () => {
    const advice = (dev: string) => findingsOf(data("missing-hash", "/a", dev))[0]!.remedies.join("\n");
    expect(advice("sda1")).not.toContain("dont_appraise");
    expect(advice("tmpfs")).toMatch(/dont_appraise fsmagic=0x01021994.*opens every tmpfs/s);
    const invalid = findingsOf(data("invalid-signature", "/a", "tmpfs"))[0]!;
    expect(invalid.remedies.join("\n")).not.toContain("dont_appraise");
  });

  it("say so where the kernel's word is not known", () => {
    expect(findingsOf(data("moon-phase", "/a"))[0]).toMatchObject({
      remedies: [],
      meaning: expect.stringContaining("moon-phase"),
    });
  });

  it.each(["evm-sig", "evm-hmac", "appraise-modes", "policy-grammar"])(
    "of all recordings of %s are explained",
    (family) => {
      for (const name of tracesOf(family)) {
        const { boot, results } = readTrace(family, name);
        const text = [...(boot.log ?? []), ...results.flatMap((result) => result?.log ?? [])].join("\n");
        for (const finding of findingsOf(text)) expect(finding.remedies.length, finding.cause).toBeGreaterThan(0);
      }
    },
  );
});
