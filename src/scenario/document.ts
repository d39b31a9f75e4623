// From text to a scenario or a trace: JSON or YAML, with the place and the reason of what is wrong.
import { type Document, parseAllDocuments } from "yaml";
import type { z } from "zod";
import { InputError } from "../errno/index.ts";
import { OP_NAMES } from "./step-schema.ts";

/** Larger documents are refused before they are parsed; recordings of whole boots stay far below. */
const MAX_CHARACTERS = 64 << 20;
/** A line this long is no scenario that a person wrote, and YAML's parser is not made for it. */
const MAX_YAML_LINE = 1 << 20;
/** JSON may stand in one line, with the bytes of a file of 4 MiB as hex digits; a longer line was not made for this. */
const MAX_JSON_LINE = 8 << 20;
/** References to anchors that may be resolved: more is a bomb. */
const MAX_ALIASES = 100;

/**
 * One document.
 * @param source where the text comes from, for messages
 * @throws InputError `bad-json`, `bad-yaml`, `bad-document`, `too-long`
 */
export function parseDocument<S extends z.ZodType>(text: string, schema: S, source: string): z.infer<S> {
  const all = parseDocuments(text, schema, source);
  const [only] = all;
  if (only === undefined || all.length > 1)
    throw new InputError("bad-document", source, `holds ${all.length} documents where one is wanted`);
  return only;
}

/** A JSON document, or each document of a YAML stream. @throws InputError as parseDocument does */
export function parseDocuments<S extends z.ZodType>(text: string, schema: S, source: string): z.infer<S>[] {
  if (text.length > MAX_CHARACTERS)
    throw new InputError("too-long", source, `${text.length} characters are more than ${MAX_CHARACTERS}`);
  const values = /^\s*[[{]/.test(text) ? [parseJson(text, source)] : parseYaml(text, source);
  return values.map((value, i) => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const where = values.length > 1 ? `${source} (document ${i + 1})` : source;
    throw new InputError("bad-document", where, describeIssue(parsed.error, value));
  });
}

function parseJson(text: string, source: string): unknown {
  refuseLongLines(text, source, MAX_JSON_LINE);
  try {
    return JSON.parse(text);
  } catch (error) {
    const at = /position (\d+)/.exec(String(error));
    const where = at === null ? source : `${source}:${lineAndColumn(text, Number(at[1]))}`;
    throw new InputError("bad-json", where, "this is not JSON");
  }
}

/** @throws InputError `too-long`, before a parser sees the line */
function refuseLongLines(text: string, source: string, most: number): void {
  let start = 0;
  for (let line = 1; start <= text.length; line++) {
    const end = text.indexOf("\n", start);
    const length = (end < 0 ? text.length : end) - start;
    if (length > most) throw new InputError("too-long", `${source}:${line}`, `a line of ${length} characters`);
    if (end < 0) break;
    start = end + 1;
  }
}

function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const lines = before.split("\n");
  return `${lines.length}:${lines.at(-1)!.length + 1}`;
}

function parseYaml(text: string, source: string): unknown[] {
  refuseLongLines(text, source, MAX_YAML_LINE);
  const documents = parseAllDocuments(text, { logLevel: "error" });
  if (documents.length === 0) throw new InputError("bad-document", source, "is empty");
  return (documents as Document.Parsed[]).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) {
      const place = error.linePos?.[0];
      const why = error.message.split("\n")[0]!.replace(/ at line \d+, column \d+:?$/, "");
      throw new InputError("bad-yaml", place === undefined ? source : `${source}:${place.line}:${place.col}`, why);
    }
    try {
      return document.toJS({ maxAliasCount: MAX_ALIASES });
    } catch (failure) {
      throw new InputError("bad-yaml", source, failure instanceof Error ? failure.message : "cannot be read");
    }
  });
}

/** The first thing that is wrong, in one line: where, and what was expected. */
function describeIssue(error: z.ZodError, value: unknown): string {
  const [outer] = error.issues;
  if (outer === undefined) return "does not have the shape that is wanted";
  const issue = innermost(outer);
  const path = issue.path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");
  const at = path === "" ? "" : `${path}: `;
  if (issue.code === "invalid_union" && issue.path.at(-1) === "op") {
    const op = issue.path.reduce<unknown>((v, key) => (v as Record<PropertyKey, unknown>)?.[key], value);
    if (op === undefined) return `${at}is missing`;
    const near = nearest(String(op));
    return `${at}unknown op ${JSON.stringify(String(op).slice(0, 60))}${near === undefined ? "" : `; did you mean ${near}?`}`;
  }
  // What is wrong with a key stands inside.
  return `${at}${issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message}`;
}

/** Of a value that may have several shapes, what is wrong with it in the shape that it has. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union" || issue.path.at(-1) === "op") return issue;
  const firsts = issue.errors.flatMap(([first]) => (first === undefined ? [] : [first]));
  const meant = firsts.find(({ code, path }) => code !== "invalid_type" || path.length > 0);
  if (meant !== undefined) return innermost({ ...meant, path: [...issue.path, ...meant.path] });
  const wanted = firsts.map((each) => (each.code === "invalid_type" ? each.expected : each.code));
  return { ...issue, message: `${issue.message}: expected ${wanted.join(" or ")}` };
}

function nearest(op: string): string | undefined {
  const plain = op.toLowerCase().replaceAll(/[^a-z]/g, "");
  return (
    OP_NAMES.find((name) => name.toLowerCase().replaceAll("_", "") === plain) ??
    OP_NAMES.find(
      (name) => plain.length > 2 && (name.toLowerCase().startsWith(plain) || plain.startsWith(name.toLowerCase())),
    )
  );
}
