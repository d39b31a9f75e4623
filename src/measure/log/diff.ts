// What one log has of files that another has not: added, changed and missing, told by name and file digest.
import { toHex } from "../hex.ts";
import { fileDigest } from "./boot-check.ts";
import { type LogOptions, readLog } from "./reader.ts";
import { entryName } from "./record.ts";
import type { LogSource } from "./source.ts";

export interface FileDifference {
  readonly name: string;
  readonly kind: "added" | "missing" | "changed";
  /** The file digests in each log, `algo:hex`, in the order in which they first appear; empty where the file is not there. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface LogDiff {
  /** Missing and changed files in the order of the first log, then added ones in the order of the second. */
  readonly files: readonly FileDifference[];
  /** Names that both logs have with the same digests. */
  readonly same: number;
  /** Violations in each log. */
  readonly violations: readonly [number, number];
  readonly entries: readonly [number, number];
}

interface Summary {
  readonly files: ReadonlyMap<string, ReadonlySet<string>>;
  readonly violations: number;
  readonly entries: number;
}

/** The digests under which each name was measured. Entries without a name or a digest are told by all of their data. */
async function summarise(source: LogSource, options: LogOptions): Promise<Summary> {
  const files = new Map<string, Set<string>>();
  let violations = 0;
  let entries = 0;
  for await (const entry of readLog(source, options)) {
    entries++;
    if (entry.violation) {
      violations++;
      continue;
    }
    const name = entryName(entry) ?? `(${entry.template.title})`;
    const found = fileDigest(entry);
    const text = found === null ? entry.fields.map(toHex).join("|") : `${found.algo}:${toHex(found.digest)}`;
    const digests = files.get(name);
    if (digests === undefined) files.set(name, new Set([text]));
    else digests.add(text);
  }
  return { files, violations, entries };
}

/**
 * Compares two logs. Memory grows with the number of different names.
 * @throws InputError as readLog.
 */
export async function diffLogs(before: LogSource, after: LogSource, options: LogOptions = {}): Promise<LogDiff> {
  const [a, b] = [await summarise(before, options), await summarise(after, options)];
  const files: FileDifference[] = [];
  let same = 0;
  for (const [name, old] of a.files) {
    const now = b.files.get(name);
    if (now === undefined) files.push({ name, kind: "missing", before: [...old], after: [] });
    else if (now.size === old.size && [...old].every((text) => now.has(text))) same++;
    else files.push({ name, kind: "changed", before: [...old], after: [...now] });
  }
  for (const [name, now] of b.files)
    if (!a.files.has(name)) files.push({ name, kind: "added", before: [], after: [...now] });
  return { files, same, violations: [a.violations, b.violations], entries: [a.entries, b.entries] };
}
