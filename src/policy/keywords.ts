// Which words a rule may hold, since which release (security/integrity/ima/ima_policy.c: policy_tokens). Between releases the grammar
// differs by this table, the tables of actions (actions.ts) and hooks (funcs.ts), and the behaviours of grammar.ts.
import type { Release } from "../release/index.ts";
import { LABEL_KINDS, type LabelKind } from "./conditions.ts";

/** What a keyword sets; keywords of one kind differ in the place they set. */
export type KeywordKind =
  | "func"
  | "mask"
  | "fsmagic"
  | "fsname"
  | "fs_subtype"
  | "fsuuid"
  | "uid"
  | "euid"
  | "gid"
  | "egid"
  | "fowner"
  | "fgroup"
  | LabelKind
  | "appraise_type"
  | "digest_type"
  | "appraise_flag"
  | "appraise_algos"
  | "permit_directio"
  | "pcr"
  | "template"
  | "keyrings"
  | "label";

export interface KeywordRow {
  readonly keyword: KeywordKind;
  readonly since: string;
  /** `flag`: stands alone; `=`: takes a value; `=<>`: compares an id, with < and > since 4.12. */
  readonly form: "flag" | "=" | "=<>";
  /** For people: what stands after the sign. */
  readonly value: string;
  /** What says so: a commit title, or how the release was established. */
  readonly source: string;
}

const firstKnown = "in every release known here";
// biome-ignore format: a table reads better in columns
export const KEYWORDS: readonly KeywordRow[] = [
  { keyword: "func", since: "4.4", form: "=", value: "a hook", source: firstKnown },
  { keyword: "mask", since: "4.4", form: "=", value: "MAY_EXEC, MAY_WRITE, MAY_READ or MAY_APPEND, with ^ before it for any overlap", source: firstKnown },
  { keyword: "fsmagic", since: "4.4", form: "=", value: "a hexadecimal number", source: firstKnown },
  { keyword: "fsname", since: "4.18", form: "=", value: "the name of a file system type", source: "ima: define a new policy condition based on the filesystem name" },
  { keyword: "fs_subtype", since: "6.19", form: "=", value: "the subtype of a file system", source: "ima: add fs_subtype condition for distinguishing FUSE instances" },
  { keyword: "fsuuid", since: "4.4", form: "=", value: "a UUID with dashes", source: firstKnown },
  { keyword: "uid", since: "4.4", form: "=<>", value: "a decimal user id", source: firstKnown },
  { keyword: "euid", since: "4.4", form: "=<>", value: "a decimal user id", source: "ima: add support for new \"euid\" policy condition (4.2)" },
  { keyword: "gid", since: "5.16", form: "=<>", value: "a decimal group id", source: "ima: add gid support" },
  { keyword: "egid", since: "5.16", form: "=<>", value: "a decimal group id", source: "ima: add gid support" },
  { keyword: "fowner", since: "4.4", form: "=<>", value: "a decimal user id", source: firstKnown },
  { keyword: "fgroup", since: "5.16", form: "=<>", value: "a decimal group id", source: "ima: add fgroup support" },
  ...LABEL_KINDS.map((keyword) => ({ keyword, since: "4.4", form: "=", value: "a label of the security module", source: firstKnown }) as const),
  { keyword: "digest_type", since: "5.19", form: "=", value: "verity", source: "ima: permit fsverity's file digests in the IMA measurement list" },
  { keyword: "appraise_type", since: "4.4", form: "=", value: "imasig, imasig|modsig or sigv3", source: firstKnown },
  { keyword: "appraise_flag", since: "5.5", form: "=", value: "check_blacklist", source: "ima: Check against blacklisted hashes for files with modsig" },
  { keyword: "appraise_algos", since: "5.15", form: "=", value: "names of hash algorithms, with commas between them", source: "IMA: add a policy option to restrict xattr hash algorithms on appraisal" },
  { keyword: "permit_directio", since: "4.4", form: "flag", value: "", source: firstKnown },
  { keyword: "pcr", since: "4.8", form: "=", value: "a decimal number of a PCR", source: "ima: add policy support for extending different pcrs" },
  { keyword: "template", since: "5.3", form: "=", value: "the name or format of a template", source: "IMA: support for per policy rule template formats" },
  { keyword: "keyrings", since: "5.6", form: "=", value: "names of keyrings, with | between them", source: "IMA: Read keyrings= option from the IMA policy" },
  { keyword: "label", since: "5.12", form: "=", value: "names of critical data, with | between them", source: "IMA: limit critical data measurement based on a label" },
];

const BY_KEYWORD: ReadonlyMap<string, KeywordRow> = new Map(KEYWORDS.map((row) => [row.keyword, row]));

export const keywordNamed = (text: string): KeywordRow | undefined => BY_KEYWORD.get(text);
export const keywordKnown = (row: KeywordRow, release: Release): boolean => release.atLeast(row.since);
