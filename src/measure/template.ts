// Template descriptors: the built-in ones, those that a format string makes, and how a name is looked up
// (security/integrity/ima/ima_template.c: builtin_templates, lookup_template_desc, template_desc_init_fields).
import type { Errno } from "../errno/index.ts";
import type { Release } from "../release/index.ts";
import { FIELDS, type TemplateField } from "./template-field.ts";
import { utf8 } from "./utf8.ts";

interface TemplateRow {
  readonly name: string;
  readonly format: string;
  /** First release that has it built in. */
  readonly since?: string;
}

/** The built-in templates, in the order in which the kernel looks a name up. */
export const TEMPLATES: readonly TemplateRow[] = [
  { name: "ima", format: "d|n" },
  { name: "ima-ng", format: "d-ng|n-ng" },
  { name: "ima-sig", format: "d-ng|n-ng|sig" },
  { name: "ima-ngv2", format: "d-ngv2|n-ng", since: "5.19" },
  { name: "ima-sigv2", format: "d-ngv2|n-ng|sig", since: "5.19" },
  { name: "ima-buf", format: "d-ng|n-ng|buf", since: "5.3" },
  { name: "ima-modsig", format: "d-ng|n-ng|sig|d-modsig|modsig", since: "5.4" },
  {
    name: "evm-sig",
    format: "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode",
    since: "5.14",
  },
];

/** IMA_TEMPLATE_NUM_FIELDS_MAX */
export const MAX_FIELDS = 15;
/** IMA_TEMPLATE_FIELD_ID_MAX_LEN */
const MAX_FIELD_ID = 16;

export interface TemplateDescriptor {
  /** Empty for a template made from a format string. */
  readonly name: string;
  readonly format: string;
  /** What lists show: the name, or the format where there is none. */
  readonly title: string;
  /** The same as binary lists have it. */
  readonly titleBytes: Uint8Array;
  readonly fields: readonly TemplateField[];
  /** Why the format cannot be used, in the kernel's words; null for all but the nameless template without a format. */
  readonly problem: string | null;
}

export type FormatResult =
  | { readonly ok: true; readonly fields: readonly TemplateField[] }
  | { readonly ok: false; readonly errno: Errno; readonly message: string };

const known = (row: { readonly since?: string }, release: Release | undefined): boolean =>
  row.since === undefined || release === undefined || release.atLeast(row.since);

/**
 * Reads a format string, field ids separated by `|`: at most 15 of at most 16 bytes each.
 * @param release leaves out the fields that it does not know; every field, where left out.
 * @returns the fields, or what the kernel writes to its log (without `ima: `) and the errno it goes on with.
 */
export function parseTemplateFormat(format: string, release?: Release): FormatResult {
  const ids = format.split("|");
  if (ids.length > MAX_FIELDS)
    return { ok: false, errno: "EINVAL", message: `format string '${format}' contains too many fields` };
  const fields: TemplateField[] = [];
  for (const id of ids) {
    const length = utf8(id).length;
    if (length === 0 || length > MAX_FIELD_ID)
      return { ok: false, errno: "EINVAL", message: `Invalid field with length ${length}` };
    const field = FIELDS.find((f) => f.id === id && known(f, release));
    if (field === undefined) return { ok: false, errno: "ENOENT", message: `field '${id}' not found` };
    fields.push(field);
  }
  return { ok: true, fields };
}

function describe(name: string, format: string, release?: Release): TemplateDescriptor {
  const parsed = parseTemplateFormat(format, release);
  const title = name === "" ? format : name;
  return {
    name,
    format,
    title,
    titleBytes: utf8(title),
    fields: parsed.ok ? parsed.fields : [],
    problem: parsed.ok ? null : parsed.message,
  };
}

/** The nameless template of a format: what `ima_template_fmt=` and an unknown name in a kexec list make. */
export const namelessTemplate = (format: string, release?: Release): TemplateDescriptor =>
  describe("", format, release);

/**
 * The list in which a kernel looks names up: its built-in templates and, last, the nameless one, whose format is that of an
 * accepted `ima_template_fmt=` or empty.
 */
export function templatesOf(release: Release, customFormat = ""): readonly TemplateDescriptor[] {
  // A release that has a template has its fields.
  const builtin = ALL_TEMPLATES.filter((_, at) => known(TEMPLATES[at]!, release));
  return [...builtin, namelessTemplate(customFormat, release)];
}

/** Every template that any release has built in: for logs of unknown origin. */
export const ALL_TEMPLATES: readonly TemplateDescriptor[] = TEMPLATES.map((row) => describe(row.name, row.format));

/** The first template with this name or exactly this format. */
export function lookupTemplate(
  text: string,
  templates: readonly TemplateDescriptor[] = ALL_TEMPLATES,
): TemplateDescriptor | undefined {
  return templates.find((t) => t.name === text || t.format === text);
}

/** Whether a template has room for an appended signature: it is measured again when one is found. */
export const hasModsig = (template: TemplateDescriptor): boolean =>
  template.fields.some((f) => f.id === "modsig" || f.id === "d-modsig");

/** The one template whose digest and binary form carry no field lengths. */
export const isOldIma = (template: TemplateDescriptor): boolean => template.name === "ima";
