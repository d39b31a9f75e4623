// The fields of templates: what each records of an event, and in which shape
// (security/integrity/ima/ima_template.c: supported_fields; ima_template_lib.c: ima_event*_init).
import { HASH_ALGORITHMS, type HashName, hashNameOf } from "../crypto/hash.ts";
import { fail, ok, type Result } from "../errno/index.ts";
import type { EventData, FieldContext } from "./event.ts";
import { utf8 } from "./utf8.ts";

/**
 * How the data of a field is laid out, and so how an ASCII list shows it:
 * `digest` raw; `digest-algo` `sha256:` NUL digest; `digest-type-algo` `ima:sha256:` NUL digest; `text` ends in NUL;
 * `hex` raw; `uint16` and `uint32` a number, shown in decimal.
 */
export type FieldShape = "digest" | "digest-algo" | "digest-type-algo" | "text" | "hex" | "uint16" | "uint32";

export interface TemplateField {
  /** As a format string names it. */
  readonly id: string;
  readonly shape: FieldShape;
  /** First release that has it. */
  readonly since?: string;
  /** The data of an event; empty where the event has nothing of the kind. An errno means that there is no entry. */
  readonly data: (event: EventData, context: FieldContext) => Result<Uint8Array>;
}

/** IMA_EVENT_NAME_LEN_MAX: the field `n` holds no longer name. */
export const EVENT_NAME_MAX = 255;
/** IMA_DIGEST_SIZE: what the field `d` has for a violation. */
const OLD_DIGEST_SIZE = 20;
/** Types of security.ima and security.evm that are signatures (security/integrity/integrity.h: enum evm_ima_xattr_type). */
const XATTR_TYPE = { IMA_DIGSIG: 0x03, EVM_PORTABLE_DIGSIG: 0x05, IMA_VERITY_DIGSIG: 0x06 } as const;

const EMPTY = new Uint8Array(0);
const NOTHING = ok(EMPTY);
const [SPACE, UNDERSCORE] = [0x20, 0x5f];

const sizeOf = (algo: HashName): number => HASH_ALGORITHMS.find((row) => row.name === algo)!.size;

/** Algorithm name, colon, NUL, digest. */
function labelled(type: string, algo: HashName, digest: Uint8Array, context: FieldContext): Uint8Array {
  const name = hashNameOf(HASH_ALGORITHMS.find((row) => row.name === algo)!, context.release);
  const label = utf8(`${type}${name}:\0`);
  const data = new Uint8Array(label.length + digest.length);
  data.set(label);
  data.set(digest, label.length);
  return data;
}

function digestNg(event: EventData, context: FieldContext, type: string): Result<Uint8Array> {
  if (event.violation !== null) {
    const algo = context.release.has("violation-digest-of-ima-hash") ? context.hash : "sha1";
    return ok(labelled(type, algo, new Uint8Array(sizeOf(algo)), context));
  }
  return event.digest === null ? fail("EINVAL") : ok(labelled(type, event.digest.algo, event.digest.bytes, context));
}

const fitsOldDigest = (algo: HashName): boolean => algo === "sha1" || algo === "md5";

function oldDigest(event: EventData, context: FieldContext): Result<Uint8Array> {
  if (event.violation !== null) return ok(new Uint8Array(OLD_DIGEST_SIZE));
  if (event.digest !== null && fitsOldDigest(event.digest.algo)) return ok(event.digest.bytes);
  if (event.sha1Aggregate !== undefined) return ok(event.sha1Aggregate ?? new Uint8Array(OLD_DIGEST_SIZE));
  if (event.file === null) return fail("EINVAL");
  return event.file.rehash(fitsOldDigest(context.hash) ? context.hash : "sha1");
}

/** A name with its final NUL; blanks become underscores, since they separate fields in ASCII lists. */
function terminated(name: Uint8Array): Uint8Array {
  const data = new Uint8Array(name.length + 1);
  for (let i = 0; i < name.length; i++) data[i] = name[i] === SPACE ? UNDERSCORE : name[i]!;
  return data;
}

function oldName(event: EventData): Result<Uint8Array> {
  const name = utf8(event.filename);
  if (name.length <= EVENT_NAME_MAX) return ok(terminated(name));
  return ok(terminated(event.file === null ? name.subarray(0, EVENT_NAME_MAX) : utf8(event.file.name)));
}

function evmSignature(event: EventData): Result<Uint8Array> {
  const xattr = event.file?.evmXattr() ?? null;
  return xattr !== null && xattr[0] === XATTR_TYPE.EVM_PORTABLE_DIGSIG ? ok(xattr) : NOTHING;
}

function signature(event: EventData): Result<Uint8Array> {
  const type = event.xattr?.[0];
  if (type === XATTR_TYPE.IMA_DIGSIG || type === XATTR_TYPE.IMA_VERITY_DIGSIG) return ok(event.xattr!);
  return evmSignature(event);
}

export function uintBytes(value: number, size: 2 | 4, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(size);
  // Byte by byte: a view of a short array makes the engine move it out of its heap.
  for (let i = 0; i < size; i++) bytes[littleEndian ? i : size - 1 - i] = value >>> (8 * i);
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function xattrs(
  event: EventData,
  join: (list: readonly { readonly name: string; readonly value: Uint8Array }[]) => Uint8Array,
): Result<Uint8Array> {
  const list = event.file?.protectedXattrs() ?? [];
  return list.length === 0 ? NOTHING : ok(join(list));
}

/** All fields, by id. */
export const FIELDS: readonly TemplateField[] = [
  { id: "d", shape: "digest", data: oldDigest },
  { id: "n", shape: "text", data: oldName },
  { id: "d-ng", shape: "digest-algo", data: (event, context) => digestNg(event, context, "") },
  {
    id: "d-ngv2",
    shape: "digest-type-algo",
    since: "5.19",
    data: (event, context) => digestNg(event, context, event.verity && event.violation === null ? "verity:" : "ima:"),
  },
  { id: "n-ng", shape: "text", data: (event) => ok(terminated(utf8(event.filename))) },
  { id: "sig", shape: "hex", data: signature },
  { id: "buf", shape: "hex", since: "5.3", data: (event) => ok(event.buffer ?? EMPTY) },
  {
    id: "d-modsig",
    shape: "digest-algo",
    since: "5.4",
    data({ modsig }, context) {
      if (modsig === null) return NOTHING;
      const { digest } = modsig;
      return digest === null ? fail("EINVAL") : ok(labelled("", digest.algo, digest.bytes, context));
    },
  },
  { id: "modsig", shape: "hex", since: "5.4", data: (event) => ok(event.modsig?.raw ?? EMPTY) },
  { id: "evmsig", shape: "hex", since: "5.14", data: evmSignature },
  {
    id: "iuid",
    shape: "uint32",
    since: "5.14",
    data: ({ file }, { littleEndian }) => (file === null ? NOTHING : ok(uintBytes(file.uid, 4, littleEndian))),
  },
  {
    id: "igid",
    shape: "uint32",
    since: "5.14",
    data: ({ file }, { littleEndian }) => (file === null ? NOTHING : ok(uintBytes(file.gid, 4, littleEndian))),
  },
  {
    id: "imode",
    shape: "uint16",
    since: "5.14",
    data: ({ file }, { littleEndian }) => (file === null ? NOTHING : ok(uintBytes(file.mode, 2, littleEndian))),
  },
  {
    id: "xattrnames",
    shape: "text",
    since: "5.14",
    data: (event) => xattrs(event, (list) => utf8(`${list.map((x) => x.name).join("|")}\0`)),
  },
  {
    id: "xattrlengths",
    shape: "hex",
    since: "5.14",
    data: (event, { littleEndian }) =>
      xattrs(event, (list) => joined(list.map((x) => uintBytes(x.value.length, 4, littleEndian)))),
  },
  {
    id: "xattrvalues",
    shape: "hex",
    since: "5.14",
    data: (event) => xattrs(event, (list) => joined(list.map((x) => x.value))),
  },
];
