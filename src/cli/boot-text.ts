// A simulated boot for a person: each step with what became of it, who is denied first and why, and how far the machine comes.
import { type Decision, explain } from "../appraise/index.ts";
import type { BootSimulation, BootStep, BootVerdict } from "../kernel/index.ts";
import type { BootDescription } from "../scenario/index.ts";
import type { Palette } from "./colour.ts";

const INDENT = "     ";

const VERDICTS: Readonly<Record<BootVerdict, string>> = {
  "comes-up": "comes up",
  "emergency-shell": "emergency shell",
  halts: "halts",
  unknown: "unknown",
};

/** The decision that a denied step failed for. */
export const denying = ({ decisions }: BootStep): Decision | undefined =>
  decisions.findLast(({ verdict }) => verdict === "deny");

function outcome(step: BootStep, colour: Palette): string {
  const detail = step.detail === null ? "" : `: ${step.detail}`;
  switch (step.outcome) {
    case "ok":
      return colour.good("ok") + colour.faint(detail);
    case "skipped":
      return colour.faint(`skipped${detail}`);
    case "unknown":
      return colour.warn(`unknown${detail}`);
    case "failed":
      return colour.bad(`failed${step.errno === null ? "" : ` ${step.errno}`}`) + detail;
    case "denied": {
      const cause = denying(step)?.cause ?? null;
      return colour.bad(`denied ${step.errno}${cause === null ? "" : ` (${cause})`}`) + detail;
    }
  }
}

/** The file that was denied, why, and by which rule. */
function inShort(step: BootStep): string {
  const { stage, file } = step;
  const decision = denying(step);
  const why = [
    decision?.cause ?? null,
    ...(decision?.rules ?? [])
      .filter((rule) => rule.outcome === "matched")
      .map((rule) => `rule ${rule.number}: ${rule.text}`),
  ];
  return `${file} (${stage}): ${why.filter((each) => each !== null).join(", ")}`;
}

export function bootLines(
  source: string,
  { name, about, kernel }: BootDescription,
  { kernel: booted, steps, firstDenied, verdict, reason, unknowns }: BootSimulation,
  colour: Palette,
): string[] {
  const lines = [colour.strong(name ?? source)];
  if (about !== undefined) lines.push(...about.trim().split("\n"));
  lines.push(
    colour.faint(`Linux ${booted.release.text}${kernel?.cmdline ? `, booted with ${kernel.cmdline}` : ""}`),
    "",
  );
  const stages = Math.max(...steps.map(({ stage }) => stage.length));
  for (const step of steps) {
    lines.push(`${colour.faint(step.stage.padEnd(stages))}  ${step.what}  ${outcome(step, colour)}`);
    if (step.outcome !== "denied") continue;
    if (step.file !== null && !step.what.endsWith(step.file)) lines.push(`${INDENT}${step.file}`);
    const decision = denying(step);
    if (decision !== undefined) lines.push(...explain(decision).map((sentence) => INDENT + colour.faint(sentence)));
  }
  lines.push("");
  if (firstDenied !== null) lines.push(`first denied: ${inShort(firstDenied)}`);
  for (const unknown of unknowns) lines.push(colour.warn(`not known: ${unknown}`));
  const paint = verdict === "comes-up" ? colour.good : verdict === "unknown" ? colour.warn : colour.bad;
  lines.push(`${paint(VERDICTS[verdict])}${verdict === "unknown" ? "" : `: ${reason}`}`);
  return lines;
}
