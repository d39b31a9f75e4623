// Finds the rules of a list that can match a query without walking the others. Rules are first sorted out by hook, mask and wanted action;
// of what is left, each rule is filed under one of its conditions: an equality that fewest others share, else a range, else none. Only
// rules filed under the query's own values, and those filed under none, are looked at, in list order.
// INVARIANT: answers exactly what walkRules answers.
import { decidedBy } from "./actions.ts";
import { CONDITION } from "./conditions.ts";
import { FUNC } from "./funcs.ts";
import {
  firstFailure,
  MatchAccumulator,
  type MatchQuery,
  type MatchResult,
  type MatchSettings,
  walkRules,
} from "./match.ts";
import { has, type PolicyRule, type RuleTemplate } from "./rule.ts";
import { dataFields, type EqualityField, type Fields, fileFields, type Key, type RangeField } from "./rule-fields.ts";
import { ThresholdList } from "./threshold-list.ts";

/** Gives positions of rules, ascending, Infinity after the last. */
interface Cursor {
  next(): number;
}

class PositionList implements Cursor {
  readonly #positions: readonly number[];
  #at = 0;

  constructor(positions: readonly number[]) {
    this.#positions = positions;
  }
  start(): void {
    this.#at = 0;
  }
  next(): number {
    return this.#positions[this.#at++] ?? Number.POSITIVE_INFINITY;
  }
}

/** So few rules are looked at one by one faster than they are filed. */
const FEW = 8;

class Bucket<T extends RuleTemplate> {
  readonly rules: readonly PolicyRule<T>[];
  readonly #equal: { readonly field: EqualityField; readonly places: ReadonlyMap<Key, PositionList> }[] = [];
  readonly #range: { readonly field: RangeField; readonly list: ThresholdList }[] = [];
  readonly #rest: PositionList;

  constructor(rules: readonly PolicyRule<T>[], fields: Fields) {
    this.rules = rules;
    if (rules.length <= FEW) {
      this.#rest = new PositionList(rules.map((_, position) => position));
      return;
    }
    const keys = rules.map((rule) => fields.equal.map((field) => field.keys(rule)));
    const shared = fields.equal.map((_, f) => countKeys(keys.map((ofRule) => ofRule[f]!)));
    const filed = fields.equal.map(() => new Map<Key, number[]>());
    const left: number[] = [];
    for (const [position, ofRule] of keys.entries()) {
      let best = -1;
      let fewest = Number.POSITIVE_INFINITY;
      for (const [f, own] of ofRule.entries()) {
        const others =
          own.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...own.map((key) => shared[f]!.get(key)!));
        if (others < fewest) {
          best = f;
          fewest = others;
        }
      }
      if (best < 0) left.push(position);
      else for (const key of new Set(ofRule[best])) push(filed[best]!, key, position);
    }
    for (const [f, field] of fields.equal.entries()) {
      const places = new Map([...filed[f]!].map(([key, positions]) => [key, new PositionList(positions)]));
      if (places.size > 0) this.#equal.push({ field, places });
    }
    this.#rest = new PositionList(this.#fileRanges(left, fields.range));
  }

  /** Files what has no equality under a range, and returns what has neither. */
  #fileRanges(positions: readonly number[], fields: readonly RangeField[]): number[] {
    const shared = new Map<string, number>();
    const thresholds = positions.map((position) =>
      fields.map((field) => {
        const threshold = field.threshold(this.rules[position]!);
        return threshold === null ? null : { ...threshold, key: `${threshold.side} ${threshold.id}` };
      }),
    );
    for (const ofRule of thresholds)
      ofRule.forEach((own, f) => {
        if (own !== null) shared.set(`${f} ${own.key}`, (shared.get(`${f} ${own.key}`) ?? 0) + 1);
      });
    const filed = new Map<string, { field: RangeField; side: "above" | "below"; positions: number[]; ids: number[] }>();
    const rest: number[] = [];
    for (const [at, position] of positions.entries()) {
      const best = thresholds[at]!.map((own, f) => ({ own, f, others: shared.get(`${f} ${own?.key}`) ?? 0 }))
        .filter(({ own }) => own !== null)
        .sort((a, b) => a.others - b.others)[0];
      if (best === undefined) {
        rest.push(position);
        continue;
      }
      const { side, id } = best.own!;
      const key = `${best.f} ${side}`;
      const list = filed.get(key) ?? { field: fields[best.f]!, side, positions: [], ids: [] };
      list.positions.push(position);
      list.ids.push(id);
      filed.set(key, list);
    }
    for (const list of filed.values())
      this.#range.push({ field: list.field, list: new ThresholdList(list.positions, list.ids, list.side) });
    return rest;
  }

  /** Fills `cursors` with those that give all candidates of the query between them. */
  start(query: MatchQuery, cursors: Cursor[]): void {
    cursors.length = 0;
    this.#rest.start();
    cursors.push(this.#rest);
    for (const { field, places } of this.#equal) {
      for (let nth = 0; nth < field.values; nth++) {
        const key = field.of(query, nth);
        const found = key === null ? undefined : places.get(key);
        if (found === undefined) continue;
        found.start();
        cursors.push(found);
      }
    }
    for (const { field, list } of this.#range) {
      const id = field.of(query);
      if (id === null) continue;
      list.start(id);
      cursors.push(list);
    }
  }
}

function countKeys(keysOfRules: readonly (readonly Key[])[]): Map<Key, number> {
  const counts = new Map<Key, number>();
  for (const keys of keysOfRules) for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function push(places: Map<Key, number[]>, key: Key, position: number): void {
  const place = places.get(key);
  if (place === undefined) places.set(key, [position]);
  else place.push(position);
}

/** What rules look at beside hook and mask. */
const FURTHER_CONDITIONS =
  CONDITION.FSMAGIC |
  CONDITION.FSNAME |
  CONDITION.FS_SUBTYPE |
  CONDITION.FSUUID |
  CONDITION.UID |
  CONDITION.EUID |
  CONDITION.GID |
  CONDITION.EGID |
  CONDITION.FOWNER |
  CONDITION.FGROUP;

const MASK_BITS = 0xf;

export class RuleIndex<T extends RuleTemplate = RuleTemplate> {
  readonly #rules: readonly PolicyRule<T>[];
  readonly #settings: MatchSettings;
  readonly #fields: Fields;
  readonly #buckets = new Map<number, Bucket<T>>();
  // Scratch of one match, so that a match makes no arrays.
  readonly #cursors: Cursor[] = [];
  readonly #heads: number[] = [];

  /** Neither the list nor the labels of its rules may change afterwards. */
  constructor(rules: readonly PolicyRule<T>[], settings: MatchSettings) {
    this.#rules = rules;
    this.#settings = settings;
    this.#fields = fileFields(settings);
  }

  match(query: MatchQuery): MatchResult<T> {
    const settings = this.#settings;
    if ((query.mask & ~MASK_BITS) !== 0) return walkRules(this.#rules, query, settings);
    const key = query.func | (query.mask << 4) | (query.wanted << 8);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = this.#makeBucket(query);
      this.#buckets.set(key, bucket);
    }
    const result = new MatchAccumulator<T>(query.wanted, settings.defaultPcr);
    if (bucket.rules.length === 0) return result;
    const cursors = this.#cursors;
    const heads = this.#heads;
    bucket.start(query, cursors);
    for (let c = 0; c < cursors.length; c++) heads[c] = cursors[c]!.next();
    for (;;) {
      let first = 0;
      for (let c = 1; c < cursors.length; c++) if (heads[c]! < heads[first]!) first = c;
      const position = heads[first]!;
      if (position === Number.POSITIVE_INFINITY) return result;
      heads[first] = cursors[first]!.next();
      const rule = bucket.rules[position]!;
      if ((rule.action & result.undecided) === 0 || firstFailure(rule, query, settings.labels) !== null) continue;
      result.add(rule, query.func, settings.failSecurely);
      if (result.undecided === 0) return result;
    }
  }

  /** The rules that can still have a say for this hook, mask and set of actions. */
  #makeBucket({ func, mask, wanted }: MatchQuery): Bucket<T> {
    const anyHook = func === FUNC.POST_SETATTR;
    const data = func === FUNC.KEY_CHECK || func === FUNC.CRITICAL_DATA;
    let undecided = wanted | (wanted << 1);
    const rules: PolicyRule<T>[] = [];
    for (const rule of this.#rules) {
      if ((rule.action & undecided) === 0) continue;
      if (data ? rule.func !== func : has(rule, CONDITION.FUNC) && rule.func !== func && !anyHook) continue;
      if (!data && !anyHook) {
        if (has(rule, CONDITION.MASK) && rule.mask !== mask) continue;
        if (has(rule, CONDITION.INMASK) && (rule.mask & mask) === 0) continue;
      }
      rules.push(rule);
      const always = data
        ? !has(rule, CONDITION.UID) && (rule.keyrings ?? rule.label) === null
        : !has(rule, FURTHER_CONDITIONS) && rule.labels === null;
      if (always) undecided &= ~decidedBy(rule.action);
      if (undecided === 0) break;
    }
    return new Bucket(rules, data ? dataFields : this.#fields);
  }
}
