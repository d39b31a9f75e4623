// Whether a rule to be added gets in the way of rules that are loaded, as a test that shares a machine with others must know.
import { decidedBy, isNegative } from "./actions.ts";
import { CONDITION } from "./conditions.ts";
import { domainOf, intersects } from "./domain.ts";
import { formatRule } from "./format.ts";
import { FUNC, type Func } from "./funcs.ts";
import { type ParsedPolicy, type PolicyTarget, parsePolicy } from "./parse-policy.ts";
import { has, type PolicyRule } from "./rule.ts";

export interface OverlapCheck {
  /** The new rule is none. */
  readonly invalid: boolean;
  /** The loaded rules whose decisions can mix with its own. */
  readonly overlapping: readonly PolicyRule[];
  /** The loaded rules that are the same. */
  readonly same: readonly PolicyRule[];
}

/**
 * Compares one rule with a loaded policy. Two rules mix where one access can meet both and both ask for something, or one forbids what
 * the other asks for. Different hooks that look at files count as one access: a file that one of them has seen is cached for all.
 */
export function checkOverlap(text: string, loaded: string, target: PolicyTarget): OverlapCheck {
  const parsed = parsePolicy(text, target);
  const [rule] = parsed.rules;
  if (rule === undefined || !parsed.accepted) return { invalid: true, overlapping: [], same: [] };
  const policy = parsePolicy(loaded, target);
  const same = policy.rules.filter((other) => isSame(rule, other, parsed));
  const overlapping = policy.rules.filter((other) => !same.includes(other) && mix(rule, other));
  return { invalid: false, overlapping, same };
}

const isSame = (a: PolicyRule, b: PolicyRule, { target }: ParsedPolicy): boolean =>
  formatRule(a, target.release) === formatRule(b, target.release);

function mix(a: PolicyRule, b: PolicyRule): boolean {
  const related = (decidedBy(a.action) & b.action) !== 0 || !(isNegative(a.action) || isNegative(b.action));
  if (!related || !meetMasks(a, b)) return false;
  const [x, y] = [domainOf(a), domainOf(b)];
  return onFiles(a.func) && onFiles(b.func) ? intersects({ ...x, events: 1 }, { ...y, events: 1 }) : intersects(x, y);
}

const onFiles = (func: Func): boolean =>
  func !== FUNC.KEY_CHECK && func !== FUNC.CRITICAL_DATA && func !== FUNC.SETXATTR_CHECK && func !== FUNC.KEXEC_CMDLINE;

/** Masks that are compared whole meet where they are equal, those with ^ where one access can have both bits. */
function meetMasks(a: PolicyRule, b: PolicyRule): boolean {
  if (a.mask === 0 || b.mask === 0 || (has(a, CONDITION.INMASK) && has(b, CONDITION.INMASK))) return true;
  return (a.mask & b.mask) !== 0;
}
