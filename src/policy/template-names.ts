// The template names that rules can use where no kernel says which it has (security/integrity/ima/ima_template.c: builtin_templates).
// Only what the grammar needs: the measurement list has templates of its own.
import type { Release } from "../release/index.ts";
import type { RuleTemplate, TemplateLookup } from "./rule.ts";

// biome-ignore format: a table reads better in columns
const ROWS: readonly { readonly name: string; readonly format: string; readonly since: string }[] = [
  { name: "ima", format: "d|n", since: "4.4" },
  { name: "ima-ng", format: "d-ng|n-ng", since: "4.4" },
  { name: "ima-sig", format: "d-ng|n-ng|sig", since: "4.4" },
  { name: "ima-ngv2", format: "d-ngv2|n-ng", since: "5.19" },
  { name: "ima-sigv2", format: "d-ngv2|n-ng|sig", since: "5.19" },
  { name: "ima-buf", format: "d-ng|n-ng|buf", since: "5.3" },
  { name: "ima-modsig", format: "d-ng|n-ng|sig|d-modsig|modsig", since: "5.4" },
  { name: "evm-sig", format: "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode", since: "5.14" },
];

/** A lookup of the templates that are built into every kernel of a release. */
export function builtinTemplates(release: Release): TemplateLookup {
  const known = ROWS.filter((row) => release.atLeast(row.since)).map((row) => ({
    ...row,
    fields: row.format.split("|").map((id) => ({ id })),
  }));
  return (text): RuleTemplate | undefined => known.find((row) => row.name === text || row.format === text);
}

export const TEMPLATE_NAMES: readonly string[] = ROWS.map((row) => row.name);
/** The first release with a built-in template of this name. */
export const templateSince = (name: string): string | undefined => ROWS.find((row) => row.name === name)?.since;
