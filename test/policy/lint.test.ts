// Findings of the lint beyond the examples of their pages: what is found exactly, and what is not.
import { describe, expect, it } from "vitest";
import { explainRule, type LintOptions, lintPolicy, type PolicyTarget, parsePolicy } from "../../src/policy/index.ts";

function lint(lines: readonly string[], target: Partial<PolicyTarget> = {}, options: LintOptions = {}): string[] {
  const policy = parsePolicy(lines.map((line) => `${line}\n`).join(""), { release: "6.12", ...target });
  expect(policy.accepted).toBe(true);
  return lintPolicy(policy, options).map((finding) => `${finding.span.line} ${finding.code}`);
}

describe("ranges of ids are compared as numbers", () => {
  it.each([
    [["audit uid<100", "audit uid<20"], ["2 unreachable-rule"]],
    [["audit uid<20", "audit uid<100"], []],
    [["audit uid>9", "audit uid=10"], ["2 unreachable-rule"]],
    [["audit uid>10", "audit uid=10"], []],
    [["audit fowner<5", "audit fowner=5", "audit fowner>5", "audit fowner=7"], ["4 unreachable-rule"]],
    [["audit fowner<5", "audit fowner>5", "audit"], []],
    [["audit fowner<5", "audit fowner>4", "audit"], ["3 unreachable-rule"]],
    [["audit uid>4294967293", "audit uid=4294967294"], ["2 unreachable-rule"]],
    [["audit uid>4294967294"], ["1 never-matches"]],
    [["audit euid<10", "audit euid<5"], ["2 unreachable-rule"]],
    [["audit euid<5", "audit euid>4", "audit"], []],
    [["audit uid<5", "audit euid<3"], []],
  ])("%j", (lines, findings) => {
    expect(lint(lines)).toEqual(findings);
  });
});

describe("a rule after others", () => {
  it.each([
    ["is no matter of another action", ["audit", "hash"], []],
    ["has its turn at another hook", ["audit func=BPRM_CHECK", "audit"], []],
    [
      "has none where its hook asks with that mask alone",
      ["audit func=BPRM_CHECK mask=MAY_EXEC", "audit func=BPRM_CHECK"],
      ["2 unreachable-rule"],
    ],
    ["may be the rest of all", ["audit fowner=0", "dont_hash", "hash fowner=0"], ["3 unreachable-rule"]],
    ["may except what is left", ["dont_hash fowner=0", "hash"], []],
    ["is no exception where it is about all", ["hash fowner=0", "dont_hash"], []],
    ["is shadowed where it wants more", ["audit fowner=0", "audit fowner=0 permit_directio"], ["2 shadowed-rule"]],
    [
      "is a duplicate under other names",
      ["audit func=MMAP_CHECK uid=3", "audit uid=03 func=FILE_MMAP"],
      ["2 deprecated-alias", "2 duplicate-rule"],
    ],
    ["for keys is another matter than files", ["measure fsname=xfs", "measure func=KEY_CHECK"], []],
    [
      "for keys is found in lists",
      ["measure func=KEY_CHECK keyrings=.ima|.evm", "measure func=KEY_CHECK keyrings=.evm"],
      ["2 unreachable-rule"],
    ],
  ])("%s: %j", (_, lines, findings) => {
    expect(lint(lines).sort()).toEqual(findings);
  });

  it("names the lines that decide before it", () => {
    const policy = parsePolicy("audit uid<5\n# x\naudit uid>4\naudit\n", { release: "6.12" });
    const [finding] = lintPolicy(policy);
    expect(finding!.related.map((span) => span.line)).toEqual([1, 3]);
    expect(finding!.message).toBe("never decides: lines 1, 3 settle audit for all that it matches");
  });
});

describe("a finding that depends on the kernel", () => {
  it("is about its default template", () => {
    const rule = ["measure func=BPRM_CHECK digest_type=verity"];
    expect(lint(rule)).toEqual(["1 template-lacks-field"]);
    expect(lint(rule, { config: { IMA_DEFAULT_TEMPLATE: "ima-sigv2" } })).toEqual([]);
  });

  it("is about appended signatures that entries do not hold", () => {
    const appraise = "appraise func=MODULE_CHECK appraise_type=imasig|modsig";
    expect(lint([appraise])).toEqual([]);
    expect(lint(["measure func=MODULE_CHECK", appraise])).toEqual(["1 template-lacks-field"]);
    expect(lint(["measure func=MODULE_CHECK template=ima-modsig", appraise])).toEqual([]);
  });

  it("is about keys", () => {
    const rule = ["appraise func=FIRMWARE_CHECK appraise_type=imasig"];
    expect(lint(rule)).toEqual([]);
    expect(lint(rule, { config: { IMA_LOAD_X509: false } })).toEqual(["1 missing-keys"]);
    expect(lint(rule, { config: { IMA_LOAD_X509: false } }, { keysProvided: true })).toEqual([]);
  });

  it("is about labels that its security module does not know", () => {
    expect(lint(["audit obj_type=x"], { labels: null, customActive: true })).toEqual(["1 never-matches"]);
  });
});

it("the built-in tcb set of 6.12 has the hole that 6.14 closed", () => {
  const tcb = ["dont_measure fsmagic=0x01021994", "measure func=BPRM_CHECK mask=MAY_EXEC"];
  expect(lint(tcb)).toEqual(["1 tmpfs-hole"]);
  expect(lint(["dont_measure func=FILE_CHECK fsmagic=0x01021994", tcb[1]!])).toEqual([]);
});

describe("a rule in plain English", () => {
  it.each([
    [
      "measure func=FILE_CHECK mask=MAY_READ uid=0",
      "When a file is opened, if exactly MAY_READ access is asked for and the real user id is 0: measure it.",
    ],
    [
      "dont_appraise fsmagic=0x01021994",
      "At every hook that looks at a file, if the file system has the magic number 0x1021994 (tmpfs): do not appraise it.",
    ],
    [
      "appraise func=MODULE_CHECK appraise_type=imasig|modsig",
      "When a kernel module is loaded: appraise it: it needs a valid signature in security.ima or appended to it.",
    ],
    [
      "appraise digest_type=verity appraise_type=sigv3",
      "At every hook that looks at a file: appraise it: it needs a valid signature of version 3; use its fs-verity digest.",
    ],
    [
      "measure func=KEY_CHECK keyrings=.ima|.evm gid=3",
      "When a key is added to a keyring, if the keyring is .ima or .evm: measure it.",
    ],
    [
      "appraise func=SETXATTR_CHECK appraise_algos=sha512,sha256",
      "When security.ima is written: refuse hash algorithms other than sha256,sha512.",
    ],
    [
      "hash fowner<10 fgroup>5 permit_directio",
      "At every hook that looks at a file, if the file's owner is below 10 and the file's group is above 5: store its hash in security.ima; permit direct I/O, which cannot be hashed.",
    ],
    [
      "audit obj_type=bin_t subj_user=u fsname=xfs",
      "At every hook that looks at a file, if the file system is xfs, the file's label names the type 'bin_t' and the process's label names the user 'u': write an audit record with its hash.",
    ],
  ])("%s", (text, meaning) => {
    const { rules, target } = parsePolicy(`${text}\n`, { release: "6.12" });
    expect(explainRule(rules[0]!, target.release)).toBe(meaning);
  });
});
