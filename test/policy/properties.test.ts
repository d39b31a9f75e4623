import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contains, domainOf, intersects, remainder } from "../../src/policy/domain.ts";
import {
  anyLabels,
  explainRule,
  FUNC,
  formatPolicy,
  lintPolicy,
  type MatchQuery,
  type PolicyRule,
  parsePolicy,
} from "../../src/policy/index.ts";
import { type MatchSettings, walkRules } from "../../src/policy/match.ts";
import { RuleIndex } from "../../src/policy/rule-index.ts";
import { showRule } from "../../src/policy/show.ts";
import { runs } from "../fuzz.ts";
import { dataRule, fileRule, policyText, query, SERIES } from "./arbitraries.ts";

const settings: MatchSettings = {
  labels: { source: anyLabels, errorMatches: false, stale: "error", refresh: () => undefined },
  defaultPcr: 10,
  failSecurely: false,
};
const target = { release: "6.12" } as const;
const rulesOf = (lines: readonly string[]): readonly PolicyRule[] => parsePolicy(`${lines.join("\n")}\n`, target).rules;
const ruleText = fc.oneof({ weight: 4, arbitrary: fileRule }, { weight: 1, arbitrary: dataRule });
const matches = (rule: PolicyRule, q: MatchQuery): boolean =>
  walkRules([rule], { ...q, wanted: 0x145 }, settings).rules.length > 0;

describe("the index of rules", () => {
  it("answers what the plain walk answers", () => {
    fc.assert(
      fc.property(
        fc.array(ruleText, { maxLength: 40 }),
        fc.array(query, { minLength: 1, maxLength: 12 }),
        (lines, queries) => {
          const rules = rulesOf(lines);
          const index = new RuleIndex(rules, settings);
          for (const q of queries) expect(index.match(q)).toEqual(walkRules(rules, q, settings));
        },
      ),
      runs(400),
    );
  });
});

describe("the reasons of a decision", () => {
  it("name the rules that the walk finds", () => {
    fc.assert(
      fc.property(fc.array(ruleText, { maxLength: 10 }), query, (lines, q) => {
        const policy = parsePolicy(`${lines.join("\n")}\n`, target);
        const told = policy.decide(q);
        expect(told.map(({ rule }) => rule)).toEqual(policy.rules);
        expect(told.filter(({ outcome }) => outcome === "matched").map(({ rule }) => rule)).toEqual(
          policy.match(q).rules,
        );
        for (const { outcome, failed } of told) expect(failed !== null).toBe(outcome === "failed");
      }),
      runs(200),
    );
  });
});

describe("the parser", () => {
  const release = fc.constantFrom(...SERIES);

  it("throws for no text, on no release", () => {
    fc.assert(
      fc.property(policyText, release, (text, name) => {
        const policy = parsePolicy(text, { release: name });
        for (const diagnostic of policy.diagnostics) {
          const { span, token } = diagnostic;
          expect(text.slice(span.offset, span.offset + span.length)).toBe(token);
          expect(diagnostic.format("f")).toMatch(/^f:\d+:\d+ [a-z-]+ ./);
          expect(JSON.parse(JSON.stringify(diagnostic)).code).toBe(diagnostic.code);
        }
        for (const rule of policy.rules) {
          expect(explainRule(rule, policy.target.release)).toMatch(/\.$/);
          expect(showRule(rule, policy.target.release)).toMatch(/^.+\n$/);
        }
        lintPolicy(policy);
      }),
      runs(600),
    );
  });

  it("reads back what the formatter writes, as the same rules, and formatting again changes nothing", () => {
    fc.assert(
      fc.property(policyText, release, (text, name) => {
        const before = parsePolicy(text, { release: name });
        const formatted = formatPolicy(before);
        const after = parsePolicy(formatted, { release: name });
        expect(after.rules).toEqual(before.rules);
        expect(formatPolicy(after)).toBe(formatted);
      }),
      runs(600),
    );
  });

  it.each([
    ["rules", (n: number) => "measure func=FILE_CHECK mask=^MAY_READ uid=0\n".repeat(n)],
    ["refused lines", (n: number) => "measure func=FILE_CHECK bogus=^MAY_READ uid=0\n".repeat(n)],
    ["one long line", (n: number) => `measure ${"permit_directio ".repeat(3 * n)}`],
    ["blanks", (n: number) => " ".repeat(45 * n)],
    ["one long value", (n: number) => `measure fsname=${"x".repeat(45 * n)}`],
    ["one long number", (n: number) => `measure fowner=${"9".repeat(45 * n)}`],
    ["one long list", (n: number) => `measure func=KEY_CHECK keyrings=${"a|".repeat(20 * n)}a`],
    ["one long list of hashes", (n: number) => `appraise appraise_algos=${"sha256,".repeat(6 * n)}md5`],
  ])("takes time in proportion to the text: %s", (_, make) => {
    const text = make(23_000);
    expect(text.length).toBeGreaterThan(900_000);
    const took = (t: string): number => {
      const start = performance.now();
      parsePolicy(t, target);
      return performance.now() - start;
    };
    took(make(1_000));
    // Eight times the text; twice that for a machine that does other things too, and a floor below which clocks say nothing.
    expect(took(text)).toBeLessThan(Math.max(16 * took(text.slice(0, text.length / 8)), 400));
  });
});

describe("the domains of rules", () => {
  const hooks = (q: MatchQuery): boolean => q.func !== FUNC.POST_SETATTR && q.func !== FUNC.SETXATTR_CHECK;

  it("know what lies in what", () => {
    fc.assert(
      fc.property(ruleText, ruleText, fc.array(query, { maxLength: 30 }), (one, other, queries) => {
        const [a, b] = rulesOf([one, other]) as [PolicyRule, PolicyRule];
        const [x, y] = [domainOf(a), domainOf(b)];
        const inside = contains(x, y);
        const apart = !intersects(x, y);
        for (const q of queries.filter(hooks)) {
          if (inside && asked(q) && matches(b, q)) expect(matches(a, q)).toBe(true);
          if (apart && asked(q)) expect(matches(a, q) && matches(b, q)).toBe(false);
        }
      }),
      runs(1500),
    );
  });

  it("leave nothing where others cover all of a rule, and something where they do not", () => {
    const [all, below, at, above] = rulesOf(["audit", "audit uid<5", "audit uid=5", "audit uid>5"]).map(domainOf);
    expect(remainder(all!, [below!, above!])).toMatchObject([{ ids: { uid: { low: 5, high: 5 } } }]);
    expect(remainder(all!, [below!, above!, at!])).toEqual([]);
  });

  it("give up rather than fall into too many pieces", () => {
    const lines = Array.from(
      { length: 100 },
      (_, n) => `audit uid=${2 * n} fowner=${2 * n} gid=${2 * n} fgroup=${2 * n}`,
    );
    const [all, ...others] = rulesOf(["audit", ...lines]).map(domainOf);
    expect(remainder(all!, others)).toBeNull();
  });
});

/** Masks that hooks ask with, which is what domains are about. */
function asked({ func, mask }: MatchQuery): boolean {
  if (func === FUNC.FILE_CHECK) return [1, 2, 4, 6, 10, 12, 14].includes(mask);
  if (func === FUNC.KEY_CHECK || func === FUNC.CRITICAL_DATA) return true;
  if (func === FUNC.KEXEC_CMDLINE) return mask === 0;
  return mask === (func <= FUNC.CREDS_CHECK ? 1 : 4);
}
