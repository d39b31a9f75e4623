// A played scenario for a person: per step the call, the verdict, the rule that decided, the cause, and what was measured.
import { explain } from "../appraise/index.ts";
import type { Played, PlayedStep, Scenario } from "../scenario/index.ts";
import type { Palette } from "./colour.ts";

const INDENT = "     ";
const MAX_VALUE = 60;

const short = (value: unknown): string => {
  const text = Array.isArray(value)
    ? value.join("|")
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);
  const line = text.replaceAll("\n", "\\n");
  return line.length > MAX_VALUE ? `${line.slice(0, MAX_VALUE)}…` : line;
};

/** The fields that say what a step does to what, in the order in which one would say them. */
const LEADING = [
  "path",
  "fd",
  "map",
  "file",
  "from",
  "to",
  "target",
  "src",
  "dst",
  "name",
  "cmd",
  "type",
  "description",
  "key",
  "keyring",
  "device",
  "source",
];
const ASIDE = new Set(["op", "about", "hex", "payload", "pad", "as", "personality"]);

/** A step as one would say it: the op, what it is about, the rest. */
export function call(step: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(step).filter(([field, value]) => !ASIDE.has(field) && value !== undefined);
  const lead = LEADING.flatMap((field) => (step[field] === undefined ? [] : [short(step[field])]));
  const rest = fields.filter(([field]) => !LEADING.includes(field)).map(([field, value]) => `${field}=${short(value)}`);
  const as =
    step["as"] === undefined
      ? []
      : [
          `as ${Object.entries(step["as"] as object)
            .map(([id, value]) => `${id} ${value}`)
            .join(", ")}`,
        ];
  return [String(step["op"]), ...lead, ...rest, ...as].join(" ");
}

function verdict(step: PlayedStep, colour: Palette): string {
  const { outcome, decisions } = step;
  if (outcome["error"] !== undefined) return colour.warn(`not possible: ${outcome["error"]}`);
  const failed = decisions.filter((d) => d.appraisal === "failed");
  if (outcome["errno"] !== undefined) {
    const cause = failed.at(-1)?.cause;
    return colour.bad(`${outcome["errno"]}${cause ? ` (${cause})` : ""}`);
  }
  if (outcome["signal"] !== undefined) return colour.bad(String(outcome["signal"]));
  if (failed.length > 0)
    return colour.warn(`allowed, though ${failed.map((d) => d.cause ?? "not appraised").join(", ")}`);
  if (outcome["exit"] !== undefined) return colour.good(`exit ${outcome["exit"]}`);
  return colour.good("ok");
}

function details(step: PlayedStep, colour: Palette): string[] {
  const lines: string[] = [];
  for (const decision of step.decisions) {
    const deciding = decision.rules.filter((rule) => rule.outcome === "matched");
    const matters =
      decision.appraisal === "failed" ||
      decision.steps.some((s) => s.kind === "measure" || s.kind === "fix" || s.kind === "violation");
    if (!matters) continue;
    for (const rule of deciding) lines.push(`${decision.hook}: rule ${rule.number}: ${rule.text}`);
    if (decision.appraisal === "failed") lines.push(...explain(decision).map((sentence) => colour.faint(sentence)));
  }
  if (step.refusal !== null) lines.push(colour.faint(step.refusal));
  for (const entry of step.measured) lines.push(`measured: ${entry}`);
  for (const line of step.log) lines.push(colour.faint(line));
  const data = step.outcome["data"] ?? step.outcome["hex"] ?? step.outcome["names"];
  if (data !== undefined && step.step.op !== "readfile" && step.step.op !== "read")
    lines.push(`= ${short(Array.isArray(data) ? data.join(", ") : data)}`);
  return lines;
}

/** The whole of one boot, as lines. */
export function playedLines(source: string, scenario: Scenario, played: Played, colour: Palette): string[] {
  const { kernel } = scenario;
  const title = scenario.name ?? source;
  const lines = [colour.strong(title)];
  if (scenario.about !== undefined) lines.push(...scenario.about.trim().split("\n"));
  lines.push(
    colour.faint(`Linux ${played.kernel.release.text}${kernel?.cmdline ? `, booted with ${kernel.cmdline}` : ""}`),
    "",
  );
  played.steps.forEach((step, i) => {
    if (step.step["about"] !== undefined) lines.push(`${INDENT}${colour.faint(`# ${String(step.step["about"])}`)}`);
    lines.push(`${String(i).padStart(3)}  ${call(step.step)}  ${verdict(step, colour)}`);
    for (const detail of details(step, colour)) lines.push(`${INDENT}${detail}`);
  });
  return lines;
}
