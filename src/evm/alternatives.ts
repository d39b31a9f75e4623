// The ways in which a file may have differed when its label was made, the likeliest first: another inode, another owner, other xattrs.
import { canDigest, HASH_ALGORITHMS, type HashName } from "../crypto/index.ts";
import type { EvmPreimageInput, EvmXattr } from "./preimage.ts";

/** What may have been there when the label was made, beside what always suggests itself. */
export interface EvmCandidates {
  /** Files that the label may have been copied from, this file's own earlier life included. */
  readonly inodes?: readonly { readonly ino: number; readonly generation: number; readonly name?: string }[];
  /** UUIDs of other file systems. */
  readonly uuids?: readonly { readonly uuid: Uint8Array; readonly name?: string }[];
  readonly owners?: readonly { readonly uid: number; readonly gid: number }[];
  /** Whole modes, type bits included. */
  readonly modes?: readonly number[];
  /** Xattrs that were not there, or had another value. */
  readonly xattrs?: readonly EvmXattr[];
}

/** One field that differs: as it is, and as the label has it. */
export interface EvmDifference {
  readonly field: string;
  readonly now: string;
  readonly labelled: string;
}

/** One attempt. */
export interface EvmTrial {
  readonly input: EvmPreimageInput;
  readonly algorithm: HashName;
}

/** An attempt, with how it differs from what is. */
export interface Variant extends EvmTrial {
  readonly differences: readonly EvmDifference[];
  readonly text: string;
}

/** One difference first, then two that tend to come together. */
export function* alternatives(as: EvmTrial, order: readonly string[], given: EvmCandidates): Generator<Variant> {
  const base: Variant = { ...as, differences: [], text: "" };
  for (const vary of [places, owners, usualModes, contents, formats]) yield* vary(base, given, order);
  // Thousands of attempts are nothing for an HMAC, but too many signatures.
  if (as.input.type === "hmac") yield* allModes(base);
  for (const moved of places(base, given)) {
    yield* owners(moved, given);
    yield* usualModes(moved, given);
  }
  for (const owned of owners(base, given)) yield* usualModes(owned, given);
  for (const changed of contents(base, given, order)) {
    yield* places(changed, given);
    yield* owners(changed, given);
    yield* usualModes(changed, given);
  }
}

function differing(
  base: Variant,
  input: Partial<EvmPreimageInput>,
  differences: EvmDifference[],
  text: string,
): Variant {
  return {
    algorithm: base.algorithm,
    input: { ...base.input, ...input },
    differences: [...base.differences, ...differences],
    text: base.text === "" ? text : `${base.text} and ${text}`,
  };
}

/** Where the file was: inode, generation, file system. Portable labels do not say. */
function* places(base: Variant, given: EvmCandidates): Generator<Variant> {
  const { input } = base;
  if (input.type === "portable") return;
  const now = input.inode;
  const at = (ino: number, generation: number, whose: string) => {
    const differences: EvmDifference[] = [];
    const words: string[] = [];
    if (ino !== now.ino) {
      differences.push({ field: "ino", now: String(now.ino), labelled: String(ino) });
      words.push(`inode number ${ino} instead of ${now.ino}`);
    }
    if (generation !== now.generation) {
      differences.push({ field: "generation", now: String(now.generation), labelled: String(generation) });
      words.push(`generation ${generation} instead of ${now.generation}`);
    }
    return differing(base, { inode: { ...now, ino, generation } }, differences, `with ${words.join(" and ")}${whose}`);
  };
  const elsewhere = [...(given.inodes ?? [])].filter((c) => c.ino !== now.ino || c.generation !== now.generation);
  for (const c of elsewhere) yield at(c.ino, c.generation, c.name === undefined ? "" : `, those of ${c.name}`);
  if (now.generation !== 0) yield at(now.ino, 0, "");
  for (const c of elsewhere) {
    if (c.ino !== now.ino) yield at(c.ino, now.generation, c.name === undefined ? "" : `, that of ${c.name}`);
    if (c.generation !== now.generation) yield at(now.ino, c.generation, "");
  }
  const { fsuuid } = input;
  const uuids = [...(given.uuids ?? []), { uuid: new Uint8Array(16), name: "no file system" }];
  for (const { uuid, name } of uuids) {
    if (fsuuid === null || !same(uuid, fsuuid))
      yield differing(
        base,
        { fsuuid: uuid },
        [{ field: "fsuuid", now: fsuuid === null ? "none" : hex(fsuuid), labelled: hex(uuid) }],
        `with the file system UUID ${hex(uuid)}${name === undefined ? "" : ` (${name})`}`,
      );
  }
  if (fsuuid !== null)
    yield differing(
      base,
      { fsuuid: null },
      [{ field: "fsuuid", now: hex(fsuuid), labelled: "none" }],
      "without the file system UUID",
    );
  for (const near of [1, -1, 2, -2]) if (now.ino + near > 0) yield at(now.ino + near, now.generation, "");
}

function* owners(base: Variant, given: EvmCandidates): Generator<Variant> {
  const { inode } = base.input;
  const { uid, gid } = inode;
  const usual = [
    { uid: 0, gid: 0 },
    { uid, gid: uid },
    { uid: 0, gid },
    { uid, gid: 0 },
    { uid: gid, gid: uid },
    { uid: 1000, gid: 1000 },
    { uid: 65534, gid: 65534 },
  ];
  for (const owner of [...(given.owners ?? []), ...usual]) {
    const differences: EvmDifference[] = [];
    const words: string[] = [];
    for (const [field, word] of [
      ["uid", "owner"],
      ["gid", "group"],
    ] as const) {
      if (owner[field] === inode[field]) continue;
      differences.push({ field, now: String(inode[field]), labelled: String(owner[field]) });
      words.push(`${word} ${owner[field]} instead of ${inode[field]}`);
    }
    if (differences.length > 0)
      yield differing(
        base,
        { inode: { ...inode, uid: owner.uid, gid: owner.gid } },
        differences,
        `with ${words.join(" and ")}`,
      );
  }
}

const USUAL_MODES = [0o644, 0o755, 0o600, 0o640, 0o664, 0o700, 0o750, 0o444, 0o555, 0o400, 0o666, 0o777];
const SPECIAL = [0, 0o4000, 0o2000, 0o6000, 0o1000];

function* usualModes(base: Variant, given: EvmCandidates): Generator<Variant> {
  const type = base.input.inode.mode & 0o170000;
  const permissions = base.input.inode.mode & 0o777;
  const modes = [...(given.modes ?? []), ...SPECIAL.map((s) => type | s | permissions)];
  for (const s of SPECIAL) for (const m of USUAL_MODES) modes.push(type | s | m);
  yield* withModes(base, modes);
}

function* allModes(base: Variant): Generator<Variant> {
  const type = base.input.inode.mode & 0o170000;
  yield* withModes(
    base,
    Array.from({ length: 0o10000 }, (_, m) => type | m),
  );
}

function* withModes(base: Variant, wanted: readonly number[]): Generator<Variant> {
  const { inode } = base.input;
  for (const mode of wanted) {
    if (mode === inode.mode) continue;
    const [now, labelled] = [octal(inode.mode), octal(mode)];
    yield differing(
      base,
      { inode: { ...inode, mode } },
      [{ field: "mode", now, labelled }],
      `with mode ${labelled} instead of ${now}`,
    );
  }
}

/** Xattrs missing, added or changed since. */
function* contents(base: Variant, given: EvmCandidates, order: readonly string[]): Generator<Variant> {
  const { xattrs } = base.input;
  for (const { name, value } of given.xattrs ?? []) {
    const now = xattrs.find((x) => x.name === name);
    if (now !== undefined && same(now.value, value)) continue;
    const others = xattrs.filter((x) => x.name !== name);
    const place = others.findIndex((x) => order.indexOf(x.name) > order.indexOf(name));
    const at = place < 0 ? others.length : place;
    yield differing(
      base,
      { xattrs: [...others.slice(0, at), { name, value }, ...others.slice(at)] },
      [{ field: name, now: now === undefined ? "absent" : hex(now.value), labelled: hex(value) }],
      now === undefined ? `with ${name}, which is missing now` : `with another value of ${name}`,
    );
  }
  for (const { name, value } of xattrs)
    yield differing(
      base,
      { xattrs: xattrs.filter((x) => x.name !== name) },
      [{ field: name, now: hex(value), labelled: "absent" }],
      `without ${name}, which is there now`,
    );
}

/** The label made as another kind, with another hash, or by a 32-bit kernel. */
function* formats(base: Variant): Generator<Variant> {
  const { input, algorithm } = base;
  if (input.type !== "hmac") {
    const [type, word] =
      input.type === "portable" ? (["signature", "not portable"] as const) : (["portable", "portable"] as const);
    yield differing(
      base,
      { type },
      [{ field: "type", now: input.type, labelled: type }],
      `as a signature that is ${word}`,
    );
    for (const { name } of HASH_ALGORITHMS)
      if (name !== algorithm && canDigest(name))
        yield {
          ...differing(
            base,
            {},
            [{ field: "hash", now: algorithm, labelled: name }],
            `with ${name} instead of ${algorithm}`,
          ),
          algorithm: name,
        };
  }
  const bits = input.bits === 32 ? 64 : 32;
  yield differing(
    base,
    { bits },
    [{ field: "word size", now: String(input.bits ?? 64), labelled: String(bits) }],
    `as ${bits}-bit kernels lay it out`,
  );
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

const octal = (mode: number) => `0${mode.toString(8)}`;

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const b of bytes) text += b.toString(16).padStart(2, "0");
  return text;
}
