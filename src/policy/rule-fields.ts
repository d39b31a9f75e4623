// By which conditions the index files rules, and where a query looks for them.
import { CONDITION, LABEL_KINDS, type LabelKind } from "./conditions.ts";
import type { MatchQuery, MatchSettings } from "./match.ts";
import { COMPARE, type Compare, has, type PolicyRule } from "./rule.ts";

export type Key = string | number;

/** One condition that compares for equality. */
export interface EqualityField {
  /** The values under which a rule can be filed; none if it has no such condition. */
  readonly keys: (rule: PolicyRule) => readonly Key[];
  /** How many values of a query are looked up; they may be the same. */
  readonly values: number;
  /** The nth value of a query; null where it has none. */
  readonly of: (query: MatchQuery, nth: number) => Key | null;
}

/** One condition that compares an id with < or >. */
export interface RangeField {
  /** null where the rule has no such condition, or compares for equality. */
  readonly threshold: (rule: PolicyRule) => { readonly side: "above" | "below"; readonly id: number } | null;
  /** The id of a query; null where it has none. */
  readonly of: (query: MatchQuery) => number | null;
}

export interface Fields {
  readonly equal: readonly EqualityField[];
  readonly range: readonly RangeField[];
}

const NO_KEYS: readonly Key[] = [];
const when = (applies: boolean, key: Key): readonly Key[] => (applies ? [key] : NO_KEYS);

function idField(
  bit: number,
  compare: (rule: PolicyRule) => Compare,
  id: (rule: PolicyRule) => number,
  of: (query: MatchQuery) => number | null,
): { equal: EqualityField; range: RangeField } {
  return {
    equal: { keys: (rule) => when(has(rule, bit) && compare(rule) === COMPARE.EQUAL, id(rule)), values: 1, of },
    range: {
      threshold: (rule) => {
        const how = compare(rule);
        if (!has(rule, bit) || how === COMPARE.EQUAL) return null;
        return { side: how === COMPARE.GREATER ? "above" : "below", id: id(rule) };
      },
      of,
    },
  };
}

/** The ids of a process that euid= or egid= looks at. */
interface ProcessIds {
  readonly effective: (query: MatchQuery) => number;
  readonly saved: (query: MatchQuery) => number;
  readonly real: (query: MatchQuery) => number;
  /** Whether the saved and the real one count too. */
  readonly all: (query: MatchQuery) => boolean;
}

function effectiveField(
  bit: number,
  compare: (rule: PolicyRule) => Compare,
  id: (rule: PolicyRule) => number,
  { effective, saved, real, all }: ProcessIds,
): EqualityField {
  return {
    keys: (rule) => when(has(rule, bit) && compare(rule) === COMPARE.EQUAL, id(rule)),
    values: 3,
    of: (query, nth) => {
      if (nth === 0) return effective(query);
      if (!all(query) || (nth === 2 && real(query) === saved(query))) return null;
      const other = nth === 1 ? saved(query) : real(query);
      return other === effective(query) ? null : other;
    },
  };
}

/** Two UUIDs with one hash share a place; conditions are compared in full afterwards. */
function uuidHash(uuid: Uint8Array): number {
  let hash = 0;
  for (let at = 0; at < uuid.length; at++) hash = (Math.imul(hash, 31) + uuid[at]!) | 0;
  return hash;
}

const uid = idField(
  CONDITION.UID,
  (rule) => rule.uidCompare,
  (rule) => rule.uid,
  (query) => query.cred.uid,
);
const gid = idField(
  CONDITION.GID,
  (rule) => rule.gidCompare,
  (rule) => rule.gid,
  (query) => query.cred.gid,
);
const fowner = idField(
  CONDITION.FOWNER,
  (rule) => rule.fownerCompare,
  (rule) => rule.fowner,
  (query) => query.inode?.uid ?? null,
);
const fgroup = idField(
  CONDITION.FGROUP,
  (rule) => rule.fgroupCompare,
  (rule) => rule.fgroup,
  (query) => query.inode?.gid ?? null,
);

// biome-ignore format: a table reads better in columns
const FILE_SYSTEM: readonly EqualityField[] = [
  { keys: (r) => when(r.fsuuid !== null, r.fsuuid === null ? 0 : uuidHash(r.fsuuid)), values: 1, of: (q) => (q.inode === null ? null : uuidHash(q.inode.sb.uuid)) },
  { keys: (r) => when(has(r, CONDITION.FSMAGIC), r.magic), values: 1, of: (q) => q.inode?.sb.magic ?? null },
  { keys: (r) => when(r.fsname !== null, r.fsname ?? ""), values: 1, of: (q) => q.inode?.sb.type.name ?? null },
  { keys: (r) => when(r.fsSubtype !== null, r.fsSubtype ?? ""), values: 1, of: (q) => q.inode?.sb.subtype ?? null },
];

const EFFECTIVE: readonly EqualityField[] = [
  effectiveField(
    CONDITION.EUID,
    (rule) => rule.uidCompare,
    (rule) => rule.uid,
    {
      effective: (query) => query.cred.euid,
      saved: (query) => query.cred.suid,
      real: (query) => query.cred.uid,
      all: (query) => query.currentCapable.setuid,
    },
  ),
  effectiveField(
    CONDITION.EGID,
    (rule) => rule.gidCompare,
    (rule) => rule.gid,
    {
      effective: (query) => query.cred.egid,
      saved: (query) => query.cred.sgid,
      real: (query) => query.cred.gid,
      all: (query) => query.currentCapable.setgid,
    },
  ),
];

/** Labels can be filed where their source says which part of a label a condition is about. */
function labelFields({ labels }: MatchSettings): EqualityField[] {
  const part = labels.source?.part?.bind(labels.source);
  if (part === undefined) return [];
  return LABEL_KINDS.map((kind: LabelKind, at) => ({
    keys: (rule) => {
      const compiled = rule.labels?.[at]?.compiled ?? null;
      return compiled === null ? NO_KEYS : [compiled.text];
    },
    values: 1,
    of: (query) => part(kind, at < 3 ? query.objectLabel : query.subjectLabel),
  }));
}

/** For rules about files. */
export const fileFields = (settings: MatchSettings): Fields => ({
  equal: [fowner.equal, uid.equal, fgroup.equal, gid.equal, ...FILE_SYSTEM, ...EFFECTIVE, ...labelFields(settings)],
  range: [fowner.range, uid.range, fgroup.range, gid.range],
});

/** For rules about keys and critical data, of which only the user and the name are looked at. */
export const dataFields: Fields = {
  equal: [{ keys: (rule) => rule.keyrings ?? rule.label ?? NO_KEYS, values: 1, of: (query) => query.data }, uid.equal],
  range: [uid.range],
};
