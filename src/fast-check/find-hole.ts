// A search for what a policy forgot: random attacks, the first that breaks the promise cut down to the steps that it needs.
import fc from "fast-check";
import { stringify } from "yaml";
import { InputError } from "../errno/index.ts";
import { playScenario, type Scenario } from "../scenario/index.ts";
import type { Step } from "../scenario/step-schema.ts";
import { firstBreach, type PolicyPromise } from "./attack.ts";
import { type GroundOptions, groundScenario, PATHS } from "./ground.ts";
import { anyChange, anyUse } from "./operations.ts";
import { anySequence, plainer } from "./sequences.ts";
import type { Ids } from "./tasks.ts";

export interface HoleSearch extends GroundOptions {
  readonly promise: PolicyPromise;
  /** Who attacks; root if not given. */
  readonly attacker?: Ids;
  /** Others who use files, such as root: they run and read what lies there, and change nothing. */
  readonly victims?: readonly Ids[];
  /** Paths beside those of the machine. */
  readonly paths?: readonly string[];
  /** Attacks to try; 1,000 if not given. */
  readonly runs?: number;
  /** 1 if not given: the same search finds the same hole. */
  readonly seed?: number;
}

export interface Hole {
  /** The steps of the attack, each of which it needs; the last one breaks the promise. */
  readonly attack: readonly Step[];
  /** The whole machine and the attack, for playScenario(). */
  readonly scenario: Scenario;
  /** The scenario as YAML, for `imasim run` and for a real kernel. */
  readonly document: string;
}

const LONGEST_ATTACK = 12;

function anyAttack(
  paths: readonly [string, ...string[]],
  attacker: Ids | undefined,
  victims: readonly Ids[],
): fc.Arbitrary<Step[]> {
  const of = (as: Ids | undefined) => (as === undefined ? { paths } : { paths, as });
  const step = fc.oneof(anyChange(of(attacker)), anyUse(of(attacker)), ...victims.map((victim) => anyUse(of(victim))));
  const part = fc.oneof(
    { weight: 3, arbitrary: step.map((each) => [each]) },
    { weight: 1, arbitrary: anySequence(of(attacker)) },
  );
  return fc.array(part, { minLength: 1, maxLength: LONGEST_ATTACK, size: "max" }).map((parts) => parts.flat());
}

/** Leaves out what the attack does without and writes plainly what need not be written in a roundabout way, until every step is needed. */
function needed(
  attack: readonly Step[],
  paths: readonly string[],
  breaks: (attack: readonly Step[]) => boolean,
): readonly Step[] {
  const shorter = [...attack.map((_, i) => attack.filter((_, j) => j !== i)), ...plainer(attack, paths)];
  const found = shorter.find(breaks);
  return found === undefined ? attack : needed(found, paths, breaks);
}

/**
 * @returns null where no attack that was tried breaks the promise
 * @throws InputError `bad-policy` for rules that the kernel does not take
 */
export function findHole(search: HoleSearch): Hole | null {
  const { promise, attacker, victims = [], runs = 1000, seed = 1 } = search;
  const ground = groundScenario(search);
  for (const { step, outcome } of playScenario(ground).steps)
    if (outcome["errno"] !== undefined || outcome["error"] !== undefined)
      throw new InputError(
        step.op === "policy" ? "bad-policy" : "bad-setup",
        step.op,
        `the kernel answers ${outcome["errno"] ?? outcome["error"]}`,
      );
  const paths: [string, ...string[]] = [...PATHS, ...(search.paths ?? [])];
  // Most attacks are about one file: most tries keep to one path.
  const attacks = fc.oneof(
    anyAttack(paths, attacker, victims),
    ...paths.map((path) => anyAttack([path], attacker, victims)),
  );
  const breaks = (attack: readonly Step[]) => firstBreach(ground, attack, promise) !== null;
  const found = fc.check(
    fc.property(attacks, (attack) => !breaks(attack)),
    { numRuns: runs, seed },
  );
  if (found.counterexample === null) return null;
  const [whole] = found.counterexample;
  const end = firstBreach(ground, whole, promise) ?? whole.length - 1;
  const attack = needed(whole.slice(0, end + 1), paths, breaks);
  const scenario: Scenario = { ...ground, steps: [...ground.steps, ...attack] };
  return { attack, scenario, document: stringify(scenario, { lineWidth: 0 }) };
}
