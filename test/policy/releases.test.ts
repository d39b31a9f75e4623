// Both sides of each gate: what a release accepts and the one before it does not, or does otherwise.
import { describe, expect, it } from "vitest";
import { ACTIONS } from "../../src/policy/actions.ts";
import { FUNCS } from "../../src/policy/funcs.ts";
import { formatRule, parsePolicy } from "../../src/policy/index.ts";
import { KEYWORDS } from "../../src/policy/keywords.ts";
import { SERIES } from "./arbitraries.ts";

const before = (series: string): string => SERIES[SERIES.indexOf(series) - 1]!;
const codes = (text: string, release: string): string[] =>
  parsePolicy(`${text}\n`, { release }).diagnostics.map((diagnostic) => diagnostic.code);

/** A rule with each keyword that every release with the keyword accepts. */
const RULES: Readonly<Record<string, string>> = {
  func: "audit func=FILE_CHECK",
  mask: "audit mask=^MAY_READ",
  fsmagic: "audit fsmagic=0xef53",
  fsname: "audit fsname=ext4",
  fs_subtype: "audit fs_subtype=sshfs",
  fsuuid: "audit fsuuid=11111111-2222-3333-4444-555555555555",
  uid: "audit uid=0",
  euid: "audit euid=0",
  gid: "audit gid=0",
  egid: "audit egid=0",
  fowner: "audit fowner=0",
  fgroup: "audit fgroup=0",
  obj_user: "audit obj_user=u",
  obj_role: "audit obj_role=r",
  obj_type: "audit obj_type=t",
  subj_user: "audit subj_user=u",
  subj_role: "audit subj_role=r",
  subj_type: "audit subj_type=t",
  digest_type: "audit digest_type=verity",
  appraise_type: "appraise appraise_type=imasig",
  appraise_flag: "appraise func=MODULE_CHECK appraise_flag=check_blacklist appraise_type=imasig|modsig",
  appraise_algos: "appraise appraise_algos=sha256",
  permit_directio: "audit permit_directio",
  pcr: "measure pcr=11",
  template: "measure template=ima-sig",
  keyrings: "measure func=KEY_CHECK keyrings=.ima",
  label: "measure func=CRITICAL_DATA label=selinux",
};

describe("words", () => {
  it.each(KEYWORDS.map((row) => [row.keyword, row.since]))("%s, from %s on", (keyword, since) => {
    const rule = RULES[keyword]!;
    expect(codes(rule, since)).toEqual([]);
    expect(codes(rule, SERIES.at(-1)!)).toEqual([]);
    if (since === "4.4") return;
    const [fault] = parsePolicy(`${rule}\n`, { release: before(since) }).diagnostics;
    expect(fault).toMatchObject({ code: "not-in-release" });
  });

  it.each(ACTIONS.map((row) => [row.keyword, row.since]))("%s, from %s on", (keyword, since) => {
    expect(codes(`${keyword} fowner=5`, since)).toEqual([]);
    if (since === "4.4") return;
    const [fault] = parsePolicy(`${keyword} fowner=5\n`, { release: before(since) }).diagnostics;
    expect(fault).toMatchObject({ code: "not-in-release", since, token: keyword });
  });

  it.each(FUNCS.filter((row) => row.internal !== true).map((row) => [row.name, row.since]))(
    "%s, from %s on",
    (name, since) => {
      const rule = name === "SETXATTR_CHECK" ? `appraise func=${name} appraise_algos=sha256` : `measure func=${name}`;
      expect(codes(rule, since)).toEqual([]);
      if (since === "4.4") return;
      const [fault] = parsePolicy(`${rule}\n`, { release: before(since) }).diagnostics;
      expect(fault).toMatchObject({ code: "not-in-release", since, token: `func=${name}` });
    },
  );
});

describe("what words mean together", () => {
  it.each([
    ["4.12", "audit uid>5", [], ["not-in-release"]],
    ["5.4", "appraise func=MODULE_CHECK appraise_type=imasig|modsig", [], ["not-in-release"]],
    ["5.9", "audit pcr=11", ["not-for-action"], ["wrong-order"]],
    ["5.9", "audit func=KEXEC_CMDLINE", ["action-not-for-func"], []],
    ["5.9", "appraise_type=imasig appraise", [], ["wrong-order"]],
    ["5.9", "keyrings=.ima measure func=KEY_CHECK", [], ["wrong-order"]],
    ["5.10", "measure func=KEY_CHECK keyrings=a||b", ["empty-item"], []],
    ["5.19", "appraise digest_type=verity appraise_type=sigv3", [], ["not-in-release"]],
    ["6.6", "appraise appraise_flag=anything", [], ["unknown-value"]],
    ["6.6", "appraise appraise_type=imasig appraise_flag=blacklist", [], ["not-for-func"]],
    ["6.14", "audit fowner=5 # why", [], ["not-in-release"]],
    ["7.1", "appraise appraise_type=sigv3", [], ["wrong-order"]],
    ["7.1", "appraise appraise_type=imasig digest_type=verity", [], ["wrong-order"]],
    ["7.2", "appraise func=MODULE_CHECK appraise_type=sigv3", [], ["not-for-func"]],
  ] as const)("%s: %s", (since, rule, then, earlier) => {
    expect(codes(rule, since)).toEqual(then);
    expect(codes(rule, before(since))).toEqual(earlier);
  });

  it("both orders of the two types are written as their release takes them", () => {
    const rule = (release: string): string => {
      const { rules, target } = parsePolicy("appraise digest_type=verity appraise_type=sigv3\n", { release });
      return formatRule(rules[0]!, target.release);
    };
    expect(rule("7.0")).toBe("appraise digest_type=verity appraise_type=sigv3");
    expect(rule("7.1")).toBe("appraise appraise_type=sigv3 digest_type=verity");
  });
});

describe("an audit record", () => {
  it("has bare values from 4.19 on, before untrusted strings", () => {
    const log = (release: string): string =>
      parsePolicy('audit fsmagic=x"\n', { release }).diagnostics[0]!.kernel!.log[0]!;
    expect(log("4.19")).toBe('type=1807 action=audit fsmagic=x" res=0');
    expect(log("4.18")).toBe('type=1805 action="audit" fsmagic=7822 res=0');
  });

  it("leaves out a misplaced appraise_type= before 5.9", () => {
    const log = (release: string): string =>
      parsePolicy("measure appraise_type=imasig\n", { release }).diagnostics[0]!.kernel!.log[0]!;
    expect(log("5.9")).toBe("type=1807 action=measure appraise_type=imasig res=0");
    expect(log("5.8")).toBe("type=1807 action=measure res=0");
  });
});
