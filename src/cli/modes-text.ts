// Modes side by side, as one table: a row a step, a column a mode.
import type { ModeComparison, ModeOutcome, Scenario } from "../scenario/index.ts";
import type { Palette } from "./colour.ts";
import { call } from "./played-text.ts";

const MAX_CALL = 56;
const GAP = "  ";

/** A program that ended with a status of its own was let run. */
const allowed = (result: string): boolean => result === "ok" || result.startsWith("exit ");

/** `EACCES missing-hash`; `ok (missing-hash)` where the mode let it pass; `+label` and `+1` for what was written and measured. */
export function outcomeText({ result, causes, labelled, measured, skipped }: ModeOutcome): string {
  if (skipped) return "left out";
  const why = causes.join(", ");
  const verdict = why === "" ? result : allowed(result) ? `${result} (${why})` : `${result} ${why}`;
  return `${verdict}${labelled ? " +label" : ""}${measured > 0 ? ` +${measured}` : ""}`;
}

function coloured({ result, causes, skipped }: ModeOutcome, colour: Palette): (text: string) => string {
  if (skipped) return colour.faint;
  if (!allowed(result)) return colour.bad;
  return causes.length > 0 ? colour.warn : colour.good;
}

const cut = (text: string): string => (text.length > MAX_CALL ? `${text.slice(0, MAX_CALL - 1)}…` : text);

export function modesLines(title: string, scenario: Scenario, comparison: ModeComparison, colour: Palette): string[] {
  const { columns, rows } = comparison;
  const calls = rows.map(({ step }, i) => `${String(i).padStart(3)}  ${cut(call(step))}`);
  const first = Math.max(0, ...calls.map((text) => text.length));
  const texts = rows.map(({ outcomes }) => outcomes.map(outcomeText));
  const widths = columns.map(({ name }, c) => Math.max(name.length, ...texts.map((row) => row[c]!.length)));
  const lines = [colour.strong(scenario.name ?? title)];
  lines.push(colour.strong([" ".repeat(first), ...columns.map(({ name }, c) => name.padEnd(widths[c]!))].join(GAP)));
  rows.forEach(({ outcomes, differs }, r) => {
    const cells = outcomes.map((outcome, c) => {
      const text = texts[r]![c]!.padEnd(widths[c]!);
      return differs ? coloured(outcome, colour)(text) : colour.faint(text);
    });
    lines.push([calls[r]!.padEnd(first), ...cells].join(GAP));
  });
  for (const { name, impossible } of columns)
    if (impossible !== null)
      lines.push(colour.warn(`${name}: ${impossible}; the column shows what the kernel does instead`));
  return lines.map((line) => line.trimEnd());
}
