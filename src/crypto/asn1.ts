// The kernel's ASN.1 decoder (lib/asn1_decoder.c: asn1_ber_decoder): a grammar is walked over BER bytes, and actions are called for
// marked elements in the order in which they end. What it does not care about counts as much as what it refuses: bytes after the
// outermost element, non-minimal lengths and the contents of leaves pass, and a choice at the very end may be missing; high tag numbers,
// lengths of more than two bytes and a list without elements do not.
import { type Denial, type Errno, fail, ok, type Result } from "../errno/index.ts";

export const TAG = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  OID: 0x06,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;
const CONSTRUCTED = 0x20;
const HIGH_TAG_NUMBER = 0x1f;
const INDEFINITE = 0x80;
/** Longer input is not looked at. */
const LONGEST = 65535;

/** The tag of a `[n]` field: primitive where it is IMPLICIT on a primitive type, constructed else. */
export const context = (n: number, constructed: boolean): number => 0x80 | (constructed ? CONSTRUCTED : 0) | n;

export interface Element {
  readonly tag: number;
  /** The contents. */
  readonly value: Uint8Array;
  /** Header and contents. */
  readonly whole: Uint8Array;
}

/** What happens at an element; a refusal ends the decoding. */
export type Action<C> = (context: C, element: Element) => Denial;

interface Base<C> {
  readonly optional?: boolean;
  readonly action?: Action<C> | undefined;
}
interface Leaf<C> extends Base<C> {
  readonly kind: "leaf";
  readonly tag: number;
}
interface Any<C> extends Base<C> {
  readonly kind: "any";
}
interface Group<C> extends Base<C> {
  readonly kind: "group";
  readonly tag: number;
  readonly fields: readonly Field<C>[];
  /** SEQUENCE OF, SET OF: the fields again and again, at least once. */
  readonly repeated: boolean;
}
interface Choice<C> extends Base<C> {
  readonly kind: "choice";
  readonly among: readonly (Leaf<C> | Group<C> | Any<C>)[];
}
export type Field<C> = Leaf<C> | Any<C> | Group<C> | Choice<C>;

export const leaf = <C>(tag: number, action?: Action<C>): Leaf<C> => ({ kind: "leaf", tag, action });
export const any = <C>(action?: Action<C>): Any<C> => ({ kind: "any", action });
export const group = <C>(tag: number, fields: readonly Field<C>[], action?: Action<C>): Group<C> => ({
  kind: "group",
  tag,
  fields,
  repeated: false,
  action,
});
export const listOf = <C>(tag: number, field: Field<C>, action?: Action<C>): Group<C> => ({
  kind: "group",
  tag,
  fields: [field],
  repeated: true,
  action,
});
export const choice = <C>(among: Choice<C>["among"], action?: Action<C>): Choice<C> => ({
  kind: "choice",
  among,
  action,
});
export const optional = <C>(field: Field<C>): Field<C> => ({ ...field, optional: true });

/** A refusal on its way out of the recursion. */
class Refusal {
  readonly errno: Errno;
  constructor(errno: Errno) {
    this.errno = errno;
  }
}
const malformed = new Refusal("EBADMSG");

/** The bytes, where reading goes on, and where the innermost element of known length ends. */
interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  end: number;
  /**
   * Whether the last tag that was looked at was the one wanted. It stays so at the end of the bytes, where nothing is looked at: a choice of which
   * nothing is there passes then, and its action sees the last element once more.
   */
  matched: boolean;
  last: Element;
}

interface Header {
  readonly tag: number;
  readonly start: number;
  /** -1: indefinite. */
  readonly length: number;
}

function act<C>(field: Field<C>, context: C, element: Element): void {
  const errno = field.action?.(context, element) ?? null;
  if (errno !== null) throw new Refusal(errno);
}

/** The tag at the cursor. */
function peek(c: Cursor): number {
  if (c.end - c.at < 2) throw malformed;
  const tag = c.bytes[c.at]!;
  if ((tag & HIGH_TAG_NUMBER) === HIGH_TAG_NUMBER) throw malformed;
  return tag;
}

function readHeader(c: Cursor, tag: number): Header {
  const start = c.at;
  c.at += 1;
  let length = c.bytes[c.at++]!;
  if (length === INDEFINITE) {
    if ((tag & CONSTRUCTED) === 0 || c.end - c.at < 2) throw malformed;
    return { tag, start, length: -1 };
  }
  if (length > INDEFINITE) {
    const count = length - INDEFINITE;
    if (count > 2 || count > c.end - c.at) throw malformed;
    length = 0;
    for (let i = 0; i < count; i++) length = (length << 8) | c.bytes[c.at++]!;
  }
  if (length > c.end - c.at) throw malformed;
  return { tag, start, length };
}

/** How long contents of indefinite length are, with their end marker: asn1_find_indefinite_length. */
function indefiniteLength(c: Cursor): number {
  let at = c.at;
  for (let level = 1; level > 0; ) {
    if (c.end - at < 2) throw malformed;
    const tag = c.bytes[at++]!;
    if (tag === 0) {
      if (c.bytes[at++] !== 0) throw malformed;
      level--;
      continue;
    }
    if ((tag & HIGH_TAG_NUMBER) === HIGH_TAG_NUMBER)
      do {
        if (c.end - at < 2) throw malformed;
      } while (c.bytes[at++]! & 0x80);
    let length = c.bytes[at++]!;
    if (length === INDEFINITE) {
      if ((tag & CONSTRUCTED) === 0) throw malformed;
      level++;
      continue;
    }
    if (length > INDEFINITE) {
      const count = length - INDEFINITE;
      if (count > 7 || count > c.end - at) throw malformed;
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + c.bytes[at++]!;
    }
    if (length > c.end - at) throw malformed;
    at += length;
  }
  return at - c.at;
}

function fits<C>(field: Leaf<C> | Group<C> | Any<C>, tag: number): boolean {
  if (field.kind === "any") return true;
  // A constructed type also takes the primitive form of its tag, a primitive type only its own.
  return field.kind === "group" ? (field.tag | CONSTRUCTED) === (tag | CONSTRUCTED) : field.tag === tag;
}

function decodeGroup<C>(field: Group<C>, context: C, c: Cursor, header: Header): void {
  const outerEnd = c.end;
  const contents = c.at;
  const indefinite = header.length < 0;
  if (!indefinite) c.end = contents + header.length;
  for (;;) {
    for (const inner of field.fields) decodeField(inner, context, c);
    if (!indefinite) {
      if (field.repeated && c.at < c.end) continue;
      if (c.at !== c.end) throw malformed;
      break;
    }
    if (c.end - c.at < 2) throw malformed;
    if (c.bytes[c.at] !== 0) {
      if (field.repeated) continue;
      throw malformed;
    }
    if (c.bytes[c.at + 1] !== 0) throw malformed;
    break;
  }
  const end = c.at;
  if (indefinite) c.at += 2;
  c.end = outerEnd;
  c.last = element(c, header, contents, end);
  act(field, context, c.last);
}

function element({ bytes }: Cursor, { tag, start }: Header, contents: number, end: number): Element {
  return { tag, value: bytes.subarray(contents, end), whole: bytes.subarray(start, end) };
}

/** Decodes the next element where it is the one that `field` wants. */
function takes<C>(field: Leaf<C> | Group<C> | Any<C>, context: C, c: Cursor): boolean {
  const tag = peek(c);
  c.matched = fits(field, tag);
  if (!c.matched) return false;
  const header = readHeader(c, tag);
  const start = c.at;
  if (field.kind === "group") {
    c.last = element(c, header, start, start + Math.max(header.length, 0));
    decodeGroup(field, context, c, header);
  } else {
    c.at += header.length < 0 ? indefiniteLength(c) : header.length;
    c.last = element(c, header, start, c.at);
    act(field, context, c.last);
  }
  return true;
}

function decodeField<C>(field: Field<C>, context: C, c: Cursor): void {
  if (field.kind !== "choice") {
    if (field.optional === true && c.at === c.end) return;
    if (takes(field, context, c)) c.matched ||= field.optional === true;
    else if (field.optional !== true) throw malformed;
    return;
  }
  if (c.at < c.end) c.matched = field.among.some((alternative) => takes(alternative, context, c));
  if (field.optional !== true && !c.matched) throw malformed;
  act(field, context, c.last);
}

/**
 * Walks `grammar` over `bytes` and calls its actions with `context`.
 * @returns EBADMSG where the bytes do not fit, EMSGSIZE for more than 65535 of them, else what an action refuses with.
 */
export function decodeAsn1<C>(grammar: Field<C>, context: C, bytes: Uint8Array): Denial {
  if (bytes.length > LONGEST) return "EMSGSIZE";
  try {
    const last: Element = { tag: 0, value: bytes.subarray(0, 0), whole: bytes.subarray(0, 0) };
    decodeField(grammar, context, { bytes, at: 0, end: bytes.length, matched: false, last });
    return null;
  } catch (refusal) {
    if (refusal instanceof Refusal) return refusal.errno;
    throw refusal;
  }
}

interface TwoIntegers {
  readonly found: Uint8Array[];
  readonly check: (value: Uint8Array) => Denial;
}
const integer = leaf<TwoIntegers>(TAG.INTEGER, ({ found, check }, { value }) => {
  found.push(value);
  return check(value);
});
const twoIntegers = group<TwoIntegers>(TAG.SEQUENCE, [integer, integer]);

/**
 * `SEQUENCE { INTEGER, INTEGER }`: an RSA public key, an ECDSA signature. The contents of the integers as they stand;
 * `check` sees each as it is met.
 */
export function decodeTwoIntegers(
  bytes: Uint8Array,
  check: (value: Uint8Array) => Denial,
): Result<readonly [Uint8Array, Uint8Array]> {
  const found: Uint8Array[] = [];
  const refused = decodeAsn1(twoIntegers, { found, check }, bytes);
  return refused === null ? ok([found[0]!, found[1]!]) : fail(refused);
}
