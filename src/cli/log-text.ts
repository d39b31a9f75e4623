// What imasim log prints, for people and for programs.
import type { Explanation, LogDiff, LogEntry, LogReport, QuoteResult } from "../measure/index.ts";
import { entryName, type Fault, writeLog } from "../measure/index.ts";
import type { Palette } from "./colour.ts";

export const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

/** A name may hold anything but a slash and NUL: control characters are shown, not sent to the terminal. */
export const printable = (text: string): string =>
  text.replace(/[\0-\x1f\x7f-\x9f\\]/g, (c) =>
    c === "\\" ? "\\\\" : `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );

const utf8 = new TextDecoder();

/** The text of each field, as the ASCII list has it. */
function fieldTexts(entry: LogEntry): string[] {
  return entry.template.fields.map((field, i) => {
    const template = { ...entry.template, fields: [field] };
    const line = utf8.decode(
      writeLog([{ pcr: 0, digest: new Uint8Array(0), template, fields: [entry.fields[i]!] }], {
        kind: "ascii",
        littleEndian: entry.littleEndian,
      }),
    );
    return line.slice(` 0  ${template.title} `.length, -1);
  });
}

export const entryJson = (entry: LogEntry): object => ({
  entry: entry.number,
  offset: entry.offset,
  size: entry.size,
  pcr: entry.pcr,
  digest: hex(entry.digest),
  violation: entry.violation,
  template: entry.template.title,
  name: entryName(entry),
  fields: fieldTexts(entry).map((text, i) => ({
    id: entry.template.fields[i]!.id,
    text,
    hex: hex(entry.fields[i]!),
  })),
});

/** The preimage of a template digest: a line for each piece, field, bytes and meaning, then the digests. */
export function explanationText(entry: LogEntry, explanation: Explanation, colour: Palette): string {
  const rows = explanation.parts.map(({ field, what, bytes, meaning }) => [
    what === "data" ? field : `${field} ${what}`,
    what === "padding" ? "00…" : hex(bytes),
    printable(meaning),
  ]);
  const width = Math.max(...rows.map((row) => row[0]!.length));
  const lines = rows.map(
    ([what, bytes, meaning]) => `  ${what!.padEnd(width)}  ${bytes}\n  ${" ".repeat(width)}  ${colour.faint(meaning!)}`,
  );
  const total = explanation.parts.reduce((sum, part) => sum + part.bytes.length, 0);
  const digests = explanation.digests.map(({ algo, digest }) => {
    const same = hex(digest) === hex(entry.digest);
    return `  ${algo.padEnd(width)}  ${hex(digest)}${same ? colour.good("  as in the log") : ""}`;
  });
  const listed = entry.violation
    ? colour.warn("zero: a violation, which extends its PCR with ones")
    : hex(entry.digest);
  return [
    `entry ${entry.number}, byte ${entry.offset}, ${entry.size} bytes, PCR ${entry.pcr}, template ${entry.template.title}`,
    `template digest in the log: ${listed}`,
    `digest of ${total} bytes:`,
    ...lines,
    ...digests,
    "",
  ].join("\n");
}

const faultText = (fault: Fault, colour: Palette): string =>
  `${colour.bad(`entry ${fault.entry}, byte ${fault.offset}`)}${fault.name === null ? "" : ` ${printable(fault.name)}`}: ${printable(fault.reason)}`;

const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

export function quoteText(quote: QuoteResult, colour: Palette): string {
  if (quote.kind === "unexplained") return colour.bad(`PCR values: ${quote.reason}`);
  if (quote.kind === "altered")
    return colour.bad(
      `PCR values: not explained; nearest altered entry ${quote.entry}, byte ${quote.offset}: ${quote.reason}`,
    );
  const how = quote.tracks
    .map(({ bank, pcr, mode, digests }) => {
      const padded = mode === "computed" ? "" : ", padded SHA1";
      return `${bank}:${pcr} (${digests} digests${padded})`;
    })
    .join(", ");
  const after = quote.after === 0 ? "none follows" : `${quote.after} follow, ${quote.afterInPcr} of them in these PCRs`;
  const text = `PCR values: explained by the first ${count(quote.entries, "entry", "entries")}; ${after}; ${how}`;
  return quote.altered === null
    ? colour.good(text)
    : colour.warn(`${text}; but entry ${quote.altered.entry} was altered`);
}

export function reportText(file: string, report: LogReport, colour: Palette): string {
  const templates = [...report.templates].map(([name, n]) => `${printable(name)} ${n}`).join(", ");
  const form = report.form === null ? "" : `, ${report.form.kind}, ${report.algo} digests`;
  const order = report.form?.littleEndian === false ? ", big-endian" : "";
  const lines = [
    `${file}: ${count(report.entries, "entry", "entries")}${templates === "" ? "" : ` (${templates})`}, ${report.bytes} bytes${form}${order}`,
  ];
  if (report.violations > 0) lines.push(colour.warn(count(report.violations, "violation")));
  for (const boot of report.boots) {
    const text = `boot_aggregate at entry ${boot.entry}, ${boot.algo}: `;
    if (boot.status === "matches") lines.push(text + colour.good("matches the given PCRs"));
    else if (boot.status === "no-tpm") lines.push(`${text}zero, the kernel had no TPM`);
    else if (boot.status === "unchecked") lines.push(`${text}not compared, the PCRs of its bank were not given`);
  }
  lines.push(...report.faults.map((fault) => faultText(fault, colour)));
  if (report.faultCount > report.faults.length)
    lines.push(`… and ${count(report.faultCount - report.faults.length, "further fault")}`);
  if (!report.complete) lines.push(colour.bad("the rest of the log cannot be read"));
  if (report.quote !== null) lines.push(quoteText(report.quote, colour));
  const verdict =
    report.faultCount === 0
      ? colour.good("every template digest fits its data")
      : colour.bad(count(report.faultCount, "fault"));
  return `${[...lines, verdict].join("\n")}\n`;
}

/** `sha256:10=…`, one a line: what --pcr takes. */
export const pcrLines = (report: LogReport): string =>
  [...report.pcrs]
    .flatMap(([bank, pcrs]) => [...pcrs].map(([pcr, value]) => `${bank}:${pcr}=${hex(value)}\n`))
    .join("");

export const pcrJson = (report: LogReport): object =>
  Object.fromEntries(
    [...report.pcrs].map(([bank, pcrs]) => [
      bank,
      Object.fromEntries([...pcrs].map(([pcr, value]) => [pcr, hex(value)])),
    ]),
  );

export const reportJson = (file: string, report: LogReport): object => ({
  file,
  form: report.form,
  algo: report.algo,
  entries: report.entries,
  violations: report.violations,
  bytes: report.bytes,
  complete: report.complete,
  templates: Object.fromEntries(report.templates),
  faultCount: report.faultCount,
  faults: report.faults,
  boots: report.boots.map((boot) => ({ ...boot, digest: hex(boot.digest) })),
  pcrs: pcrJson(report),
  quote: report.quote,
});

export function diffText(diff: LogDiff, colour: Palette): string {
  const lines = diff.files.map(({ name, kind, before, after }) => {
    const text = printable(name);
    if (kind === "missing") return colour.bad(`- ${text} ${before.join(" ")}`);
    if (kind === "added") return colour.good(`+ ${text} ${after.join(" ")}`);
    return colour.warn(`~ ${text} ${before.join(" ")} -> ${after.join(" ")}`);
  });
  const of = (kind: string): number => diff.files.filter((file) => file.kind === kind).length;
  lines.push(
    `${of("added")} added, ${of("changed")} changed, ${of("missing")} missing, ${diff.same} the same; violations ${diff.violations.join(" -> ")}`,
  );
  return `${lines.join("\n")}\n`;
}
