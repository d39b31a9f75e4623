// imasim log: measurement lists from real machines shown, verified, replayed and compared.
import { Command, InvalidArgumentError } from "commander";
import { canDigest } from "../crypto/digest.ts";
import type { HashName } from "../crypto/hash.ts";
import { InputError } from "../errno/index.ts";
import {
  diffLogs,
  explainEntry,
  type LogEntry,
  type LogOptions,
  type LogReport,
  type PcrValue,
  parsePcr,
  readLog,
  TPM_ALGORITHMS,
  verifyLog,
  writeLog,
} from "../measure/index.ts";
import { palette } from "./colour.ts";
import { readPcrFile, withLogFile } from "./log-file.node.ts";
import {
  diffText,
  entryJson,
  explanationText,
  pcrJson,
  pcrLines,
  printable,
  reportJson,
  reportText,
} from "./log-text.ts";

const FAULTY = 1;

interface CommonOptions {
  readonly json?: boolean;
  readonly algo?: HashName;
  readonly maxBytes?: number;
}

interface ReplayOptions extends CommonOptions {
  readonly bank?: readonly HashName[];
}

interface VerifyOptions extends ReplayOptions {
  readonly pcr?: readonly PcrValue[];
  readonly bootPcrs?: string;
}

interface ShowOptions extends CommonOptions {
  readonly entry?: readonly [number, number];
  readonly explain?: boolean;
}

const BANKS: readonly HashName[] = ["sha1", "sha256"];

function hashName(text: string): HashName {
  const found = TPM_ALGORITHMS.find((a) => a.name === text && canDigest(a.name));
  if (found === undefined)
    throw new InvalidArgumentError(`it is none of ${TPM_ALGORITHMS.map((a) => a.name).join(", ")}`);
  return found.name;
}

const bankList = (text: string, before: readonly HashName[] = []): HashName[] => [
  ...before,
  ...text.split(",").map(hashName),
];

function pcrList(text: string, before: readonly PcrValue[] = []): PcrValue[] {
  try {
    return [...before, parsePcr(text)];
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function byteCount(text: string): number {
  const match = /^(\d{1,12})([kMG]?)$/.exec(text);
  const value = match === null ? 0 : Number(match[1]) * 1024 ** " kMG".indexOf(match[2] === "" ? " " : match[2]!);
  if (value === 0) throw new InvalidArgumentError("it is no number of bytes such as 4096, 64k, 512M or 2G");
  return value;
}

function entryRange(text: string): readonly [number, number] {
  const match = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text);
  if (match === null) throw new InvalidArgumentError("it is no entry such as 7 and no range such as 7-9");
  return [Number(match[1]), Number(match[2] ?? match[1])];
}

const logOptions = (options: CommonOptions, onBytes: (read: number) => void): LogOptions => ({
  onBytes,
  ...(options.algo !== undefined && { algo: options.algo }),
  ...(options.maxBytes !== undefined && { limits: { maxBytes: options.maxBytes } }),
});

const colours = () => palette(process.stdout.isTTY === true, process.env);

function command(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option("--algo <hash>", "the algorithm of the log's own template digests (told by their size)", hashName)
    .option("--max-bytes <n>", "the longest log to read, unpacked (1G)", byteCount)
    .option("--json", "print JSON");
}

/** Writes to standard output, waiting where it is slower than we are. */
async function print(data: string | Uint8Array): Promise<void> {
  if (!process.stdout.write(data)) await new Promise((ready) => process.stdout.once("drain", ready));
}

async function show(file: string, options: ShowOptions): Promise<void> {
  const [first, last] = options.entry ?? [0, Number.POSITIVE_INFINITY];
  const terminal = process.stdout.isTTY === true;
  let shown = 0;
  const text = (entry: LogEntry): string | Uint8Array => {
    if (options.json === true) return `${JSON.stringify(entryJson(entry))}\n`;
    if (options.explain === true)
      return explanationText(entry, explainEntry(entry, BANKS, entry.littleEndian), colours());
    const line = writeLog([entry], { kind: "ascii", littleEndian: entry.littleEndian });
    return terminal ? `${printable(new TextDecoder().decode(line.subarray(0, -1)))}\n` : line;
  };
  await withLogFile(file, async ({ source, onBytes }) => {
    for await (const entry of readLog(source, logOptions(options, onBytes))) {
      if (entry.number > last) break;
      if (entry.number < first) continue;
      shown++;
      await print(text(entry));
    }
  });
  if (options.entry !== undefined && shown === 0)
    throw new InputError("no-such-entry", file, `has no entry ${first}; entries are counted from 0`);
}

const passed = (report: LogReport): boolean =>
  report.faultCount === 0 && (report.quote === null || report.quote.kind === "match");

async function verify(file: string, options: VerifyOptions): Promise<void> {
  const bootPcrs = options.bootPcrs === undefined ? [] : readPcrFile(options.bootPcrs);
  const report = await withLogFile(file, ({ source, onBytes }) =>
    verifyLog(source, {
      ...logOptions(options, onBytes),
      bootPcrs,
      quote: options.pcr ?? [],
      banks: options.bank ?? BANKS,
    }),
  );
  if (!passed(report)) process.exitCode = FAULTY;
  await print(
    options.json === true
      ? `${JSON.stringify(reportJson(file, report))}\n`
      : reportText(file, report, colours()) + pcrLines(report),
  );
}

async function replay(file: string, options: ReplayOptions): Promise<void> {
  const report = await withLogFile(file, ({ source, onBytes }) =>
    verifyLog(source, { ...logOptions(options, onBytes), banks: options.bank ?? BANKS }),
  );
  if (!passed(report)) {
    process.exitCode = FAULTY;
    process.stderr.write(reportText(file, report, palette(process.stderr.isTTY === true, process.env)));
  }
  await print(options.json === true ? `${JSON.stringify(pcrJson(report))}\n` : pcrLines(report));
}

async function diff(before: string, after: string, options: CommonOptions): Promise<void> {
  const result = await withLogFile(before, (a) =>
    withLogFile(after, (b) =>
      diffLogs(
        a.source,
        b.source,
        logOptions(options, () => {}),
      ),
    ),
  );
  if (result.files.length > 0 || result.violations[0] !== result.violations[1]) process.exitCode = FAULTY;
  await print(options.json === true ? `${JSON.stringify(result)}\n` : diffText(result, colours()));
}

export function logCommand(): Command {
  const log = new Command("log").description("show, verify, replay and compare measurement lists of real machines");
  log.addCommand(
    command("show", "print the entries as the ASCII list has them")
      .argument("<file>", "ASCII or binary list, plain or gzip; - for standard input")
      .option("--entry <n>", "only this entry, or a range n-m; entries are counted from 0", entryRange)
      .option("--explain", "print what each template digest covers, field by field")
      .action(show),
  );
  log.addCommand(
    command("verify", "recompute every template digest, replay the PCRs, and compare them with given ones")
      .argument("<file>", "ASCII or binary list, plain or gzip; - for standard input")
      .option(
        "--pcr <bank:n=hex>",
        "a PCR value, such as of a quote, that a beginning of the log is to explain; again for further ones",
        pcrList,
      )
      .option(
        "--boot-pcrs <file>",
        "PCR 0-9 of this boot, for boot_aggregate: from tpm2_pcrread or the like, or binary_bios_measurements",
      )
      .option("--bank <names>", "the banks to replay, separated by commas (sha1,sha256)", bankList)
      .addHelpText("after", "\nExit status: 0 all fits, 1 something does not, 2 unusable input.")
      .action(verify),
  );
  log.addCommand(
    command("replay", "print the PCR values that the entries lead to, as verify --pcr takes them")
      .argument("<file>", "ASCII or binary list, plain or gzip; - for standard input")
      .option("--bank <names>", "the banks to replay, separated by commas (sha1,sha256)", bankList)
      .addHelpText("after", "\nExit status: 0 all digests fit, 1 some do not, 2 unusable input.")
      .action(replay),
  );
  log.addCommand(
    command("diff", "compare the files of two lists: added, changed, missing")
      .argument("<before>")
      .argument("<after>")
      .addHelpText("after", "\nExit status: 0 no difference, 1 some, 2 unusable input.")
      .action(diff),
  );
  return log;
}
