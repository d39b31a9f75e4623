// imasim audit: the records of a real machine explained.
import { Command } from "commander";
import { auditFindings } from "../appraise/index.ts";
import { parseAuditLog } from "../audit/index.ts";
import { auditText } from "./audit-text.ts";
import { endWith, print, readText } from "./bytes.node.ts";
import { palette } from "./colour.ts";

const FINDINGS = 1;

const HELP = `
Takes what dmesg, journalctl (-o json too), ausearch (raw or -i) and /var/log/audit/audit.log hold; - reads the standard input. Lines that are no integrity records
are passed over; records that cannot be read are named with their line.
Exit status: 0 nothing was found, 1 something was, 2 unusable input.`;

export function auditCommand(): Command {
  const explain = new Command("explain")
    .description("group the integrity records of a log, and say of each which file, why, and what to do")
    .argument("<file...>", "logs")
    .option("--json", "one JSON object a file")
    .addHelpText("after", HELP)
    .action((files: readonly string[], options: { readonly json?: boolean }) => {
      const colour = palette(process.stdout.isTTY === true, process.env);
      for (const file of files) {
        const log = parseAuditLog(readText(file), file);
        const findings = auditFindings(log.records);
        if (findings.length > 0 || log.faults.length > 0) endWith(FINDINGS);
        if (options.json === true) {
          const faults = log.faults.map(({ code, where, message }) => ({ code, where, message }));
          print(`${JSON.stringify({ file, records: log.records.length, findings, faults })}\n`);
        } else print(`${auditText(file, log, findings, colour).join("\n")}\n\n`);
      }
    });
  return new Command("audit").description("explain the audit records of IMA and EVM").addCommand(explain);
}
