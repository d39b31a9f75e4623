import { describe, expect, it } from "vitest";
import { type PolicyDiagnostic, type PolicyTarget, parsePolicy, smackLabels } from "../../src/policy/index.ts";

function only(text: string, target: Partial<PolicyTarget> = {}): PolicyDiagnostic {
  const { diagnostics } = parsePolicy(text, { release: "6.12", ...target });
  expect(diagnostics).toHaveLength(1);
  return diagnostics[0]!;
}

describe("a near miss", () => {
  it.each([
    ["measure func=FILE_MMASK", "func=FILE_MMAP"],
    ["measure func=file_check", "func=FILE_CHECK"],
    ["measure func=MODULE", "func=MODULE_CHECK"],
    ["mesaure", "measure"],
    ["MEASURE", "measure"],
    ["dont-measure", "dont_measure"],
    ["measure fsid=0xef53", null],
    ["measure fowenr=0", "fowner=0"],
    ["measure FOWNER<10", "fowner<10"],
    ["measure fsmagic>1", "fsmagic=1"],
    ["measure mask=^MAY_RAED", "mask=^MAY_READ"],
    ["appraise appraise_type=imasign", "appraise_type=imasig"],
    ["appraise appraise_algos=sha-256", "sha256"],
    ["measure template=ima_sig", "template=ima-sig"],
    ["measure uid=0\r", "uid=0"],
    ["measure permit_directio=1", "permit_directio"],
    ["measure func=nothing_like_it_at_all", null],
  ])("%j suggests %s", (text, replacement) => {
    expect(only(`${text}\n`).suggestion?.replacement ?? null).toBe(replacement);
  });

  it("suggests only what the release and configuration accept", () => {
    expect(only("measure func=MMAP_CHECK_REQPRO\n").suggestion).toEqual({ replacement: "func=MMAP_CHECK_REQPROT" });
    expect(only("measure func=MMAP_CHECK_REQPRO\n", { release: "6.1" }).suggestion).toBeNull();
    expect(only("measure func=KEY_CHEC\n", { config: { IMA_MEASURE_ASYMMETRIC_KEYS: false } }).suggestion).toBeNull();
  });
});

describe("a fault", () => {
  it("is shown at its place, in one line", () => {
    const text = "# first\n\n  measure func=FILE_MMASK uid=0\n";
    const fault = only(text);
    expect(fault.span).toEqual({ line: 3, column: 11, endColumn: 26, offset: 19, length: 15 });
    expect(fault.format("p")).toBe(
      "p:3:11 unknown-value 'func' does not take 'FILE_MMASK': wants a hook; did you mean func=FILE_MMAP?",
    );
  });

  it("tells what the kernel would do", () => {
    expect(only("audit fowner=99999999999999999999\n").kernel).toEqual({
      errno: "ERANGE",
      log: [
        "type=1807 action=audit fowner=99999999999999999999 res=0",
        "type=1802 op=update_policy cause=invalid-policy res=0",
        "ima: policy update failed",
        "type=1802 op=policy_update cause=failed res=0",
      ],
      loaded: "nothing of this load; the policy that was active stays",
    });
    expect(only("appraise appraise_algos=sha256,md4\n").kernel?.log[0]).toBe(
      'ima: unavailable hash algorithm "md4", check your kernel configuration',
    );
  });

  it.each([
    ["audit pcr=11", "not-for-action", "pcr=11"],
    ["measure appraise_type=imasig", "not-for-action", "appraise_type=imasig"],
    ["measure func=KEY_CHECK fowner=0", "not-for-func", "fowner=0"],
    ["measure func=KEXEC_CMDLINE permit_directio", "not-for-func", "permit_directio"],
    ["appraise appraise_type=imasig|modsig", "not-for-func", "appraise_type=imasig|modsig"],
    ["appraise func=MODULE_CHECK digest_type=verity appraise_type=sigv3", "not-for-func", "digest_type=verity"],
    ["hash func=CRITICAL_DATA", "action-not-for-func", "hash"],
    ["measure func=KEY_CHECK obj_type=x", "not-for-func", "measure func=KEY_CHECK obj_type=x"],
    ["appraise func=SETXATTR_CHECK", "missing-condition", "appraise func=SETXATTR_CHECK"],
    ["appraise digest_type=verity", "missing-condition", "digest_type=verity"],
    ["func=FILE_CHECK", "no-action", "func=FILE_CHECK"],
  ])("that only shows at the end is blamed on its token: %s", (text, code, token) => {
    expect(only(`${text}\n`)).toMatchObject({ code, token });
  });

  it.each([
    ["6.12", "audit uid=0 euid=0", "uid and euid count as one"],
    ["6.12", "audit gid=0 gid=0", "gid and egid count as one"],
    ["5.4", "measure gid=5", "accepted from 5.16 on, not by 5.4"],
    ["5.4", "measure template=ima-ngv2", "no registered template"],
    ["6.12", "audit fowner=5 # mine", "accepted from 6.14 on"],
  ])("on %s says what helps: %s", (release, text, words) => {
    expect(only(`${text}\n`, { release }).message).toContain(words);
  });

  it("of a template that a later release has says since when", () => {
    expect(only("measure template=ima-ngv2\n", { release: "5.4" }).since).toBe("5.19");
  });

  it("depends on what is built in, and on who knows labels", () => {
    expect(only("measure func=KEY_CHECK\n", { config: { IMA_MEASURE_ASYMMETRIC_KEYS: false } }).code).toBe(
      "not-built-in",
    );
    expect(only("measure obj_user=x\n", { labels: null }).code).toBe("undefined-label");
    expect(only("measure obj_role=x\n", { labels: smackLabels }).kernel?.log[0]).toBe(
      "ima: rule for LSM 'x' is undefined",
    );
    expect(
      parsePolicy("measure obj_role=x\n", { release: "6.12", labels: smackLabels, customActive: true }).accepted,
    ).toBe(true);
    expect(only("measure obj_user=x\n", { config: { IMA_LSM_RULES: false } }).code).toBe("undefined-label");
  });
});

describe("the text as a whole", () => {
  it.each([
    ["", "empty-policy", "error"],
    ["# a comment\n\n \t\n", "empty-policy", "error"],
    ["audit", "no-final-newline", "warning"],
    ["audit\0uid=0\n", "nul-byte", "error"],
    [`# ${"x".repeat(4100)}\naudit\n`, "line-too-long", "warning"],
    [`audit fsname=${"é".repeat(2045)}\n`, "line-too-long", "warning"],
  ])("%j", (text, code, severity) => {
    expect(only(text)).toMatchObject({ code, severity });
  });

  it("is left alone where it is of the greatest length", () => {
    expect(parsePolicy(`audit fsname=${"x".repeat(4095 - 13)}\n`, { release: "6.12" }).diagnostics).toEqual([]);
  });

  it("is for a kernel that exists", () => {
    expect(() => parsePolicy("", { release: "3.2" })).toThrow(/older than 4.4/);
    expect(() => parsePolicy("", { release: "6.12", config: { NOSUCH: true } })).toThrow(/NOSUCH/);
  });
});
