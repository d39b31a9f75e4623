// Measurement lists as kernels could write them: any template and any valid format, any content of the fields.
import fc from "fast-check";
import { canDigest, HASH_ALGORITHMS, type HashName } from "../../src/crypto/index.ts";
import {
  ALL_TEMPLATES,
  FIELDS,
  namelessTemplate,
  type TemplateDescriptor,
  type TemplateField,
  templateDigest,
} from "../../src/measure/index.ts";
import { bytesOf } from "./recordings.ts";

export interface ListedEntry {
  readonly pcr: number;
  readonly template: TemplateDescriptor;
  readonly fields: readonly Uint8Array[];
  readonly digest: Uint8Array;
}

const bytes = (maxLength: number, minLength = 0) => fc.uint8Array({ minLength, maxLength });

const path = fc.stringMatching(/^\/[a-z0-9._/-]{1,60}$/).map(bytesOf);

/** A name: no NUL, and no blank, which the kernel has replaced. Anything else, newlines too. */
const name = (maxLength: number) =>
  fc.oneof(
    { weight: 4, arbitrary: path },
    bytes(maxLength, 1).map((b) => b.map((c) => (c === 0 || c === 0x20 ? 0x5f : c))),
  );
const terminated = (text: Uint8Array) => Uint8Array.of(...text, 0);

const labelled = (prefixes: readonly string[]) =>
  fc
    .constantFrom(...HASH_ALGORITHMS)
    .chain((row) =>
      fc
        .tuple(fc.constantFrom(...prefixes), bytes(row.size, row.size))
        .map(([prefix, digest]) => Uint8Array.of(...bytesOf(`${prefix}${row.name}:\0`), ...digest)),
    );

const uint = (size: number) => fc.oneof(bytes(size, size), fc.constant(new Uint8Array(0)));

const xattrNames = fc
  .array(fc.stringMatching(/^security\.[a-zA-Z0-9]{1,12}$/), { maxLength: 4 })
  .map((names) => (names.length === 0 ? new Uint8Array(0) : bytesOf(`${names.join("|")}\0`)));

/** Made once a field: arbitraries are costly to make. */
const DATA: ReadonlyMap<string, fc.Arbitrary<Uint8Array>> = new Map(
  FIELDS.map((field) => [field.id, fieldData(field)]),
);

function fieldData({ id, shape }: TemplateField): fc.Arbitrary<Uint8Array> {
  switch (shape) {
    case "digest":
      return fc.constantFrom(20, 16).chain((size) => bytes(size, size));
    case "digest-algo":
      return id === "d-modsig" ? fc.oneof(labelled([""]), fc.constant(new Uint8Array(0))) : labelled([""]);
    case "digest-type-algo":
      return labelled(["ima:", "verity:"]);
    case "text":
      return id === "xattrnames" ? xattrNames : name(id === "n" ? 255 : 300).map(terminated);
    case "hex":
      return bytes(80);
    case "uint16":
      return uint(2);
    case "uint32":
      return uint(4);
  }
}

const template: fc.Arbitrary<TemplateDescriptor> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...ALL_TEMPLATES) },
  fc
    .array(fc.constantFrom(...FIELDS.map(({ id }) => id)), { minLength: 1, maxLength: 15 })
    .map((ids) => namelessTemplate(ids.join("|"))),
);

/** One entry with a right template digest, or, now and then, the zero digest of a violation. */
export const entry = (algo: HashName, littleEndian = true, templates = template): fc.Arbitrary<ListedEntry> =>
  templates.chain((chosen) =>
    fc
      .record({
        pcr: fc.oneof({ weight: 5, arbitrary: fc.constant(10) }, fc.integer({ min: 0, max: 63 })),
        fields: fc.tuple(...chosen.fields.map(({ id }) => DATA.get(id)!)),
        lucky: fc.integer({ min: 0, max: 9 }),
      })
      .map(({ pcr, fields, lucky }) => {
        const right = templateDigest(algo, { template: chosen, fields }, littleEndian);
        if (lucky > 0) return { pcr, template: chosen, fields, digest: right };
        return {
          pcr,
          template: chosen,
          fields: fields.map((data, i) => zeroedDigest(chosen.fields[i]!, data)),
          digest: new Uint8Array(right.length),
        };
      }),
  );

/** The digest behind its label all zero, as violations have it; the one of the field d is that of SHA1 then. */
function zeroedDigest(field: TemplateField, data: Uint8Array): Uint8Array {
  if (field.shape === "digest") return new Uint8Array(20);
  if (!field.shape.startsWith("digest-")) return data;
  return data.map((byte, i) => (i > data.indexOf(0) ? 0 : byte));
}

export const algo: fc.Arbitrary<HashName> = fc.constantFrom(
  ...(["sha1", "sha256", "sha384", "sha512"] as const).filter(canDigest),
);

/** Cuts bytes into pieces of random sizes. */
export const cut = (whole: Uint8Array, sizes: readonly number[]): Uint8Array[] => {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; at < whole.length; i++) {
    const size = Math.max(1, sizes[i % Math.max(1, sizes.length)] ?? whole.length);
    pieces.push(whole.subarray(at, at + size));
    at += size;
  }
  return pieces;
};

export const pieceSizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 });
