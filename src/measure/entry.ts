// One entry of the measurement list: made from an event (security/integrity/ima/ima_api.c: ima_alloc_init_template), and its
// template digest (ima_crypto.c: ima_calc_field_array_hash).
import { concatBytes } from "@noble/hashes/utils.js";
import { digest } from "../crypto/digest.ts";
import type { HashName } from "../crypto/hash.ts";
import { ok, type Result } from "../errno/index.ts";
import type { EventData, FieldContext } from "./event.ts";
import { isOldIma, type TemplateDescriptor } from "./template.ts";
import { EVENT_NAME_MAX, uintBytes } from "./template-field.ts";

/** Template data that is not in a list yet. */
export interface TemplateData {
  readonly template: TemplateDescriptor;
  /** The data of each field, in the template's order. */
  readonly fields: readonly Uint8Array[];
}

export interface Entry extends TemplateData {
  readonly pcr: number;
  /** Template digests, in the order of the list's slots. All zero for a violation. */
  readonly digests: readonly Uint8Array[];
}

/** Makes the template data of an event, field by field; the first field that fails decides the errno. */
export function buildEntry(
  template: TemplateDescriptor,
  event: EventData,
  context: FieldContext,
): Result<TemplateData> {
  const fields: Uint8Array[] = [];
  for (const field of template.fields) {
    const data = field.data(event, context);
    if (!data.ok) return data;
    fields.push(data.value);
  }
  return ok({ template, fields });
}

/** One piece of what a template digest is computed over. */
export interface PreimagePart {
  readonly field: string;
  readonly what: "length" | "data" | "padding";
  readonly bytes: Uint8Array;
}

/**
 * What the template digest covers, in order. For the template `ima`: digest and name, the name filled up with NUL to 256 bytes, no
 * lengths. For all others, also nameless ones of the same fields: each field behind its length.
 */
export function preimage(data: TemplateData, littleEndian = true): PreimagePart[] {
  const parts: PreimagePart[] = [];
  const old = isOldIma(data.template);
  data.template.fields.forEach(({ id }, i) => {
    const bytes = data.fields[i]!;
    if (!old) parts.push({ field: id, what: "length", bytes: uintBytes(bytes.length, 4, littleEndian) });
    parts.push({ field: id, what: "data", bytes });
    if (old && id === "n" && bytes.length <= EVENT_NAME_MAX)
      parts.push({ field: id, what: "padding", bytes: new Uint8Array(EVENT_NAME_MAX + 1 - bytes.length) });
  });
  return parts;
}

/** The template digest in one hash algorithm. */
export function templateDigest(algo: HashName, data: TemplateData, littleEndian = true): Uint8Array {
  return templateDigests([algo], data, littleEndian)[0]!;
}

/** The template digests in several hash algorithms, in their order. */
export function templateDigests(algos: readonly HashName[], data: TemplateData, littleEndian: boolean): Uint8Array[] {
  const bytes = concatBytes(...preimage(data, littleEndian).map((part) => part.bytes));
  return algos.map((algo) => digest(algo, bytes));
}
