// Findings in an audit log, for a person.
import type { AuditFinding, FindingKind } from "../appraise/index.ts";
import type { AuditLog } from "../audit/index.ts";
import type { Palette } from "./colour.ts";

const TITLES: Readonly<Record<FindingKind, string>> = {
  appraisal: "failed appraisal",
  metadata: "EVM",
  violation: "violation",
  policy: "policy",
  measurement: "measurement",
};

/** Names are a user's choice: what would move a terminal's cursor is shown as escapes. */
const printable = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);

function lines(finding: AuditFinding, colour: Palette): string[] {
  const { kind, op, cause, file, device, inode, commands, users, count, firstLine, lastLine } = finding;
  const what = file === null ? "" : ` ${printable(file)}`;
  const where = device === null ? "" : ` (${printable(device)}${inode === null ? "" : `, inode ${printable(inode)}`})`;
  const title = `${TITLES[kind]}: ${printable(cause)}${what}${where}`;
  const times = count === 1 ? `line ${firstLine}` : `${count} times, lines ${firstLine} to ${lastLine}`;
  const who = `${commands.map(printable).join(", ")} as uid ${users.map(printable).join(", ")}`;
  return [
    kind === "appraisal" || kind === "metadata" ? colour.bad(title) : colour.warn(title),
    `  ${colour.faint(`${printable(op)} by ${who}; ${times}`)}`,
    `  ${finding.meaning}`,
    ...finding.remedies.map((remedy) => `  To mend it: ${remedy}`),
  ];
}

const NOTE =
  "A record of a failed appraisal has the same words under ima_appraise=log and fix, where nothing is denied for it: ask /proc/cmdline for the mode.";

export function auditText(
  source: string,
  { records, faults }: AuditLog,
  findings: readonly AuditFinding[],
  colour: Palette,
): string[] {
  const out = [`${source}: ${records.length} integrity records, ${findings.length} findings`];
  for (const finding of findings) out.push("", ...lines(finding, colour));
  if (findings.some(({ kind }) => kind === "appraisal")) out.push("", colour.faint(NOTE));
  if (faults.length > 0)
    out.push("", ...faults.map((fault) => colour.warn(`cannot be read: ${printable(fault.message)}`)));
  return out;
}
