// Finds the rules of a list that can match a query without walking the others. Rules are first sorted out by hook, mask and wanted action;
// of what is left, each rule is filed under that one of its equality conditions which fewest others share. Only rules filed under the
// query's own values, and those without an equality condition, are looked at, in list order.
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
import { COMPARE, has, type PolicyRule, type RuleTemplate } from "./rule.ts";

type Key = string | number;
/** Positions in the bucket's rules, ascending. */
type Positions = readonly number[];

/** One condition by whose value rules are filed. */
interface Field {
  /** The values under which a rule can be filed; none if it has no such equality condition. */
  readonly keys: (rule: PolicyRule) => readonly Key[];
  /** The value of the query. */
  readonly of: (query: MatchQuery) => Key | null;
}

const NO_KEYS: readonly Key[] = [];
const when = (applies: boolean, key: Key): readonly Key[] => (applies ? [key] : NO_KEYS);

/** Two UUIDs with one hash share a place; the conditions are compared in full afterwards. */
function uuidHash(uuid: Uint8Array): number {
  let hash = 0;
  for (let at = 0; at < uuid.length; at++) hash = (Math.imul(hash, 31) + uuid[at]!) | 0;
  return hash;
}

// biome-ignore format: a table reads better in columns
const FILE_FIELDS: readonly Field[] = [
  { keys: (r) => when(has(r, CONDITION.FOWNER) && r.fownerCompare === COMPARE.EQUAL, r.fowner), of: (q) => q.inode?.uid ?? null },
  { keys: (r) => when(has(r, CONDITION.UID) && r.uidCompare === COMPARE.EQUAL, r.uid), of: (q) => q.cred.uid },
  { keys: (r) => when(has(r, CONDITION.FGROUP) && r.fgroupCompare === COMPARE.EQUAL, r.fgroup), of: (q) => q.inode?.gid ?? null },
  { keys: (r) => when(has(r, CONDITION.GID) && r.gidCompare === COMPARE.EQUAL, r.gid), of: (q) => q.cred.gid },
  { keys: (r) => when(has(r, CONDITION.FSUUID), r.fsuuid === null ? 0 : uuidHash(r.fsuuid)), of: (q) => (q.inode === null ? null : uuidHash(q.inode.sb.uuid)) },
  { keys: (r) => when(has(r, CONDITION.FSMAGIC), r.magic), of: (q) => q.inode?.sb.magic ?? null },
  { keys: (r) => when(has(r, CONDITION.FSNAME), r.fsname ?? ""), of: (q) => q.inode?.sb.type.name ?? null },
  { keys: (r) => when(has(r, CONDITION.FS_SUBTYPE), r.fsSubtype ?? ""), of: (q) => q.inode?.sb.subtype ?? null },
];

/** Of keys and critical data only the user and the name are looked at. */
const DATA_FIELDS: readonly Field[] = [
  { keys: (r) => r.keyrings ?? r.label ?? NO_KEYS, of: (q) => q.data },
  FILE_FIELDS[1]!,
];

class Bucket<T extends RuleTemplate> {
  readonly rules: readonly PolicyRule<T>[];
  readonly #filed: { readonly field: Field; readonly places: ReadonlyMap<Key, Positions> }[] = [];
  readonly #rest: Positions;

  constructor(rules: readonly PolicyRule<T>[], fields: readonly Field[]) {
    this.rules = rules;
    const keys = rules.map((rule) => fields.map((field) => field.keys(rule)));
    const shared = fields.map((_, f) => countKeys(keys.map((ofRule) => ofRule[f]!)));
    const places = fields.map(() => new Map<Key, number[]>());
    const rest: number[] = [];
    rules.forEach((_, position) => {
      let best = -1;
      let fewest = Number.POSITIVE_INFINITY;
      for (let f = 0; f < fields.length; f++) {
        const own = keys[position]![f]!;
        if (own.length === 0) continue;
        const others = Math.max(...own.map((key) => shared[f]!.get(key)!));
        if (others < fewest) [best, fewest] = [f, others];
      }
      if (best < 0) rest.push(position);
      else for (const key of new Set(keys[position]![best]!)) push(places[best]!, key, position);
    });
    this.#rest = rest;
    fields.forEach((field, f) => {
      if (places[f]!.size > 0) this.#filed.push({ field, places: places[f]! });
    });
  }

  /** The lists that hold all candidates; `lists` is cleared and filled. */
  candidates(query: MatchQuery, lists: Positions[]): void {
    lists.length = 0;
    if (this.#rest.length > 0) lists.push(this.#rest);
    for (const { field, places } of this.#filed) {
      const key = field.of(query);
      const found = key === null ? undefined : places.get(key);
      if (found !== undefined) lists.push(found);
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
  CONDITION.FSMAGIC | CONDITION.FSNAME | CONDITION.FS_SUBTYPE | CONDITION.FSUUID |
  CONDITION.UID | CONDITION.EUID | CONDITION.GID | CONDITION.EGID | CONDITION.FOWNER | CONDITION.FGROUP; // biome-ignore format: one group a line

const MASK_BITS = 0xf;

export class RuleIndex<T extends RuleTemplate = RuleTemplate> {
  readonly #rules: readonly PolicyRule<T>[];
  readonly #buckets = new Map<number, Bucket<T>>();
  // Scratch of one match, so that a match makes no arrays.
  readonly #lists: Positions[] = [];
  readonly #heads: number[] = [];

  /** The list must not change afterwards. */
  constructor(rules: readonly PolicyRule<T>[]) {
    this.#rules = rules;
  }

  match(query: MatchQuery, settings: MatchSettings): MatchResult<T> {
    if ((query.mask & ~MASK_BITS) !== 0) return walkRules(this.#rules, query, settings);
    const key = query.func | (query.mask << 4) | (query.wanted << 8);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = this.#makeBucket(query);
      this.#buckets.set(key, bucket);
    }
    const result = new MatchAccumulator<T>(query.wanted, settings.defaultPcr);
    if (bucket.rules.length === 0) return result;
    const lists = this.#lists;
    const heads = this.#heads;
    bucket.candidates(query, lists);
    for (let l = 0; l < lists.length; l++) heads[l] = 0;
    for (;;) {
      let next = -1;
      let position = Number.POSITIVE_INFINITY;
      for (let l = 0; l < lists.length; l++) {
        const head = lists[l]![heads[l]!];
        if (head !== undefined && head < position) {
          next = l;
          position = head;
        }
      }
      if (next < 0) return result;
      heads[next]!++;
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
    return new Bucket(rules, data ? DATA_FIELDS : FILE_FIELDS);
  }
}
