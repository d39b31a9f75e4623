// Rules that never get their turn, because earlier ones decide all that they match: first match wins, for each action on its own.
import { actionKeyword, decidedBy, isNegative } from "../actions.ts";
import type { PolicyDiagnostic } from "../diagnostic.ts";
import { contains, emptyDimension, intersects, remainder } from "../domain.ts";
import { formatRule } from "../format.ts";
import { FUNC } from "../funcs.ts";
import { finding, type LintSubject, type RuleLine } from "./finding.ts";

export function* coverageFindings({ policy, rules }: LintSubject): Generator<PolicyDiagnostic> {
  const { release } = policy.target;
  const texts = rules.map((line) => formatRule(line.rule, release));
  const first = new Map<string, RuleLine>();
  for (const [at, line] of rules.entries()) {
    const text = texts[at]!;
    const same = first.get(text);
    if (same === undefined) first.set(text, line);
    if (emptyDimension(line.domain) !== null || line.rule.func === FUNC.SETXATTR_CHECK) continue;
    if (same !== undefined) {
      yield finding("duplicate-rule", line, `line ${same.number} has this rule already`, { related: [same] });
      continue;
    }
    const rivals = rules
      .slice(0, at)
      .filter(
        (other) => (decidedBy(other.rule.action) & line.rule.action) !== 0 && intersects(other.domain, line.domain),
      );
    yield* findingsAmong(line, rivals);
  }
}

function* findingsAmong(line: RuleLine, rivals: readonly RuleLine[]): Generator<PolicyDiagnostic> {
  if (isNegative(line.rule.action)) {
    const late = rivals.find((other) => !isNegative(other.rule.action) && !contains(line.domain, other.domain));
    if (late !== undefined) {
      const message = `line ${late.number} decides first what both match, so this exception comes too late for it`;
      return yield finding("exception-too-late", line, message, { related: [late] });
    }
  }
  if (
    remainder(
      line.domain,
      rivals.map((other) => other.domain),
    )?.length !== 0
  )
    return;
  const covering = rivals.find((other) => contains(other.domain, line.domain));
  const related = covering === undefined ? rivals : [covering];
  const many = related.length > 1;
  const who = `${many ? "lines" : "line"} ${numbers(related)}`;
  const stricter = related.find((other) => other.rule.action === line.rule.action && differs(other, line));
  if (stricter !== undefined) {
    const message = `never decides: ${who} ${many ? "match" : "matches"} all of it first, and ${many ? "ask" : "asks"} for something else`;
    return yield finding("shadowed-rule", line, message, { related });
  }
  const word = actionKeyword(line.rule.action).replace("dont_", "");
  const message = `never decides: ${who} ${many ? "settle" : "settles"} ${word} for all that it matches`;
  yield finding("unreachable-rule", line, message, { related });
}

const numbers = (lines: readonly RuleLine[]): string => lines.map((line) => line.number).join(", ");

/** Whether two rules of one action ask for different things where both match. */
function differs({ rule: a }: RuleLine, { rule: b }: RuleLine): boolean {
  return (
    ((a.flags ^ b.flags) & 0xff00_0000) !== 0 ||
    a.template !== b.template ||
    a.pcr !== b.pcr ||
    a.allowedAlgos !== b.allowedAlgos ||
    a.func !== b.func
  );
}
