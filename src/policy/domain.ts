// The set of accesses that a rule matches, as a product of independent dimensions, with exact intersection, inclusion and difference.
// Ranges of ids are intervals of numbers, not texts. euid= and egid= are no sets of one id (a process that may change its user has
// three), so their dimension only knows what implies what.
import { CONDITION, LABEL_KINDS } from "./conditions.ts";
import { FUNC, type Func } from "./funcs.ts";
import { COMPARE, type Compare, has, hasDeadLabel, INVALID_ID, type PolicyRule, uuidText } from "./rule.ts";

/** A hook with a mask that it can ask with (security/integrity/ima/ima_main.c; fs/namei.c for the masks of open). */
interface HookEvent {
  readonly func: Func;
  readonly mask: number;
}

const opens: readonly HookEvent[] = [1, 2, 4, 6, 10, 12, 14].map((mask) => ({ func: FUNC.FILE_CHECK, mask }));
const execs = [FUNC.MMAP_CHECK, FUNC.MMAP_CHECK_REQPROT, FUNC.BPRM_CHECK, FUNC.CREDS_CHECK] as const;
const reads = [
  FUNC.MODULE_CHECK,
  FUNC.FIRMWARE_CHECK,
  FUNC.KEXEC_KERNEL_CHECK,
  FUNC.KEXEC_INITRAMFS_CHECK,
  FUNC.POLICY_CHECK,
] as const;
/** All that the kernel asks; POST_SETATTR, which ignores func= and mask=, aside. */
export const HOOK_EVENTS: readonly HookEvent[] = [
  ...opens,
  ...execs.map((func) => ({ func, mask: 1 })),
  ...reads.map((func) => ({ func, mask: 4 })),
  { func: FUNC.KEXEC_CMDLINE, mask: 0 },
  { func: FUNC.KEY_CHECK, mask: 0 },
  { func: FUNC.CRITICAL_DATA, mask: 0 },
  { func: FUNC.SETXATTR_CHECK, mask: 0 },
];

/** The events, as bits in the order of HOOK_EVENTS, that are for one hook and, where given, one mask. */
export const eventBits = (func: Func, mask?: number): number =>
  HOOK_EVENTS.reduce(
    (bits, event, at) => (event.func === func && (mask ?? event.mask) === event.mask ? bits | (1 << at) : bits),
    0,
  );

const DATA_FUNCS: ReadonlySet<Func> = new Set([FUNC.KEY_CHECK, FUNC.CRITICAL_DATA, FUNC.SETXATTR_CHECK]);

function eventsOf(rule: PolicyRule): number {
  let bits = 0;
  HOOK_EVENTS.forEach(({ func, mask }, at) => {
    if (has(rule, CONDITION.FUNC) ? rule.func !== func : DATA_FUNCS.has(func)) return;
    if (!DATA_FUNCS.has(func)) {
      if (has(rule, CONDITION.MASK) && rule.mask !== mask) return;
      if (has(rule, CONDITION.INMASK) && (rule.mask & mask) === 0) return;
    }
    bits |= 1 << at;
  });
  return bits;
}

/** Ids from `low` to `high`, both included; empty where low is above high. */
interface Interval {
  readonly low: number;
  readonly high: number;
}
const MAX_ID = INVALID_ID - 1;
const ALL_IDS: Interval = { low: 0, high: MAX_ID };

function interval(set: boolean, compare: Compare, value: number): Interval {
  if (!set) return ALL_IDS;
  if (compare === COMPARE.EQUAL) return { low: value, high: value };
  return compare === COMPARE.GREATER ? { low: value + 1, high: MAX_ID } : { low: 0, high: value - 1 };
}

/** Some values, or all but some. */
interface Values {
  readonly only: boolean;
  readonly values: ReadonlySet<string>;
}
const ANY: Values = { only: false, values: new Set() };
const just = (...values: string[]): Values => ({ only: true, values: new Set(values) });

const ID_DIMENSIONS = ["uid", "gid", "fowner", "fgroup"] as const;
const VALUE_DIMENSIONS = ["fsmagic", "fsname", "fsSubtype", "fsuuid", ...LABEL_KINDS, "data"] as const;
type IdDimension = (typeof ID_DIMENSIONS)[number];
type ValueDimension = (typeof VALUE_DIMENSIONS)[number];

export interface Domain {
  readonly events: number;
  readonly ids: Readonly<Record<IdDimension, Interval>>;
  readonly values: Readonly<Record<ValueDimension, Values>>;
  /** null: not looked at. */
  readonly euid: Interval | null;
  readonly egid: Interval | null;
}

/** What a rule matches; its action aside. */
export function domainOf(rule: PolicyRule): Domain {
  // Of keys and critical data the group is not looked at.
  const data = rule.func === FUNC.KEY_CHECK || rule.func === FUNC.CRITICAL_DATA;
  const label = (at: number): Values => {
    const condition = rule.labels?.[at] ?? null;
    return condition === null || rule.func === FUNC.SETXATTR_CHECK ? ANY : just(condition.text);
  };
  const names = rule.keyrings ?? rule.label;
  return {
    events: hasDeadLabel(rule) ? 0 : eventsOf(rule),
    ids: {
      uid: interval(has(rule, CONDITION.UID), rule.uidCompare, rule.uid),
      gid: interval(has(rule, CONDITION.GID) && !data, rule.gidCompare, rule.gid),
      fowner: interval(has(rule, CONDITION.FOWNER), rule.fownerCompare, rule.fowner),
      fgroup: interval(has(rule, CONDITION.FGROUP), rule.fgroupCompare, rule.fgroup),
    },
    values: {
      fsmagic: has(rule, CONDITION.FSMAGIC) ? just(rule.fsmagic.toString(16)) : ANY,
      fsname: has(rule, CONDITION.FSNAME) ? just(rule.fsname!) : ANY,
      fsSubtype: has(rule, CONDITION.FS_SUBTYPE) ? just(rule.fsSubtype!) : ANY,
      fsuuid: has(rule, CONDITION.FSUUID) ? just(uuidText(rule.fsuuid!)) : ANY,
      obj_user: label(0),
      obj_role: label(1),
      obj_type: label(2),
      subj_user: label(3),
      subj_role: label(4),
      subj_type: label(5),
      data: names === null ? ANY : just(...names),
    },
    euid: has(rule, CONDITION.EUID) ? interval(true, rule.uidCompare, rule.uid) : null,
    egid: has(rule, CONDITION.EGID) ? interval(true, rule.gidCompare, rule.gid) : null,
  };
}

const noIds = ({ low, high }: Interval): boolean => low > high;
const noValues = ({ only, values }: Values): boolean => only && values.size === 0;

/** The dimension in which a domain is empty, so that nothing matches; null where something can. */
export function emptyDimension(domain: Domain): IdDimension | ValueDimension | "euid" | "egid" | "events" | null {
  if (domain.events === 0) return "events";
  if (domain.euid !== null && noIds(domain.euid)) return "euid";
  if (domain.egid !== null && noIds(domain.egid)) return "egid";
  return (
    ID_DIMENSIONS.find((name) => noIds(domain.ids[name])) ??
    VALUE_DIMENSIONS.find((name) => noValues(domain.values[name])) ??
    null
  );
}

const meetIds = (a: Interval, b: Interval): Interval => ({
  low: Math.max(a.low, b.low),
  high: Math.min(a.high, b.high),
});

function meetValues(a: Values, b: Values): Values {
  if (!a.only && !b.only) return { only: false, values: new Set([...a.values, ...b.values]) };
  if (!a.only) return meetValues(b, a);
  return { only: true, values: new Set([...a.values].filter((value) => b.values.has(value) === b.only)) };
}

function subtractValues(a: Values, b: Values): Values {
  return meetValues(a, { only: !b.only, values: b.values });
}

/** Whether an access can lie in both. */
export function intersects(a: Domain, b: Domain): boolean {
  if ((a.events & b.events) === 0) return false;
  for (const name of ID_DIMENSIONS) if (noIds(meetIds(a.ids[name], b.ids[name]))) return false;
  for (const name of VALUE_DIMENSIONS) {
    const [x, y] = [a.values[name], b.values[name]];
    if ((x.only || y.only) && noValues(meetValues(x, y))) return false;
  }
  return true;
}

/** Whether whoever meets `inner` meets `outer`; null stands for all. */
function impliesIds(inner: Interval | null, outer: Interval | null): boolean {
  if (outer === null) return true;
  return inner !== null && inner.low >= outer.low && inner.high <= outer.high;
}

/** Whether every access of `inner` lies in `outer`. */
export const contains = (outer: Domain, inner: Domain): boolean => remainder(inner, [outer])?.length === 0;

/** Pieces into which a difference may fall before it is given up. */
const MAX_PIECES = 128;

/** What of `domain` lies in none of `others`, in disjoint pieces; null where that falls into too many. */
export function remainder(domain: Domain, others: Iterable<Domain>): Domain[] | null {
  let pieces = [domain].filter((piece) => emptyDimension(piece) === null);
  for (const other of others) {
    if (pieces.length === 0) return pieces;
    pieces = pieces.flatMap((piece) => subtract(piece, other));
    if (pieces.length > MAX_PIECES) return null;
  }
  return pieces;
}

function subtract(piece: Domain, other: Domain): Domain[] {
  if (!intersects(piece, other)) return [piece];
  // Where the other looks at an effective id that the piece leaves open, nothing of the piece is certain to be covered.
  if (!impliesIds(piece.euid, other.euid) || !impliesIds(piece.egid, other.egid)) return [piece];
  const left: Domain[] = [];
  let rest = piece;
  const outside = rest.events & ~other.events;
  if (outside !== 0) left.push({ ...rest, events: outside });
  rest = { ...rest, events: rest.events & other.events };
  for (const name of ID_DIMENSIONS) {
    const own = rest.ids[name];
    const theirs = other.ids[name];
    const below = { low: own.low, high: Math.min(own.high, theirs.low - 1) };
    const above = { low: Math.max(own.low, theirs.high + 1), high: own.high };
    for (const part of [below, above]) if (!noIds(part)) left.push({ ...rest, ids: { ...rest.ids, [name]: part } });
    rest = { ...rest, ids: { ...rest.ids, [name]: meetIds(own, theirs) } };
  }
  for (const name of VALUE_DIMENSIONS) {
    const theirs = other.values[name];
    if (!theirs.only && theirs.values.size === 0) continue;
    const part = subtractValues(rest.values[name], theirs);
    if (!noValues(part)) left.push({ ...rest, values: { ...rest.values, [name]: part } });
    rest = { ...rest, values: { ...rest.values, [name]: meetValues(rest.values[name], theirs) } };
  }
  return left;
}

/** The same domain with one value in one dimension. */
export const restricted = (domain: Domain, name: ValueDimension, value: string): Domain => ({
  ...domain,
  values: { ...domain.values, [name]: meetValues(domain.values[name], just(value)) },
});

/** Whether any file of any file system, owned by anyone, can lie in it. */
export const anyFile = (domain: Domain): boolean =>
  (["fsmagic", "fsname", "fsSubtype", "fsuuid", "obj_user", "obj_role", "obj_type"] as const).every(
    (name) => !domain.values[name].only,
  );

/** Whether the id lies in the dimension. */
export const includesId = (domain: Domain, name: IdDimension, id: number): boolean =>
  id >= domain.ids[name].low && id <= domain.ids[name].high;
