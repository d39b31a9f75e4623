// Verifies a log: every template digest recomputed, PCRs replayed, boot_aggregate and quoted PCRs compared. One pass, constant memory.

import { canDigest } from "../../crypto/digest.ts";
import type { HashName } from "../../crypto/hash.ts";
import { InputError } from "../../errno/index.ts";
import { BOOT_AGGREGATE } from "../boot-aggregate.ts";
import { toHex } from "../hex.ts";
import { RecordBatch } from "./batch.ts";
import { BootAggregateCheck, type BootCheck } from "./boot-check.ts";
import { Extension } from "./extension.ts";
import { type Fault, FaultList } from "./fault.ts";
import { FieldCheck } from "./field-check.ts";
import type { LogForm } from "./form.ts";
import type { PcrValue } from "./pcr-file.ts";
import { type QuoteResult, QuoteSearch } from "./quote.ts";
import { type LogOptions, LogReader } from "./reader.ts";
import { type LogRecord, nameField, toEntry } from "./record.ts";
import { BankReplay } from "./replay.ts";
import type { LogVisitor } from "./scanner.ts";
import { DEFAULT_LIMITS, type LogSource, openLog } from "./source.ts";

export interface VerifyOptions extends LogOptions {
  /** The banks whose PCRs are replayed; that of the log's own digests, where left out. */
  readonly banks?: readonly HashName[];
  /** PCR values that the log is to explain. */
  readonly quote?: readonly PcrValue[];
  /** PCR values of the boot, of which boot_aggregate is the digest. */
  readonly bootPcrs?: readonly PcrValue[];
}

export interface LogReport {
  readonly form: LogForm | null;
  /** The algorithm of the log's own template digests. */
  readonly algo: HashName | null;
  readonly entries: number;
  readonly violations: number;
  /** Bytes of the log, unpacked, as far as it could be read. */
  readonly bytes: number;
  /** How many readable entries each template has, by its name in the log. */
  readonly templates: ReadonlyMap<string, number>;
  /** In the order of the log, the first thousand of them; `faultCount` counts all. */
  readonly faults: readonly Fault[];
  readonly faultCount: number;
  /** Whether the log was read to its end. */
  readonly complete: boolean;
  /** The replayed PCRs: bank, then PCR. */
  readonly pcrs: ReadonlyMap<HashName, ReadonlyMap<number, Uint8Array>>;
  readonly boots: readonly BootCheck[];
  /** null where no PCR values were given. */
  readonly quote: QuoteResult | null;
}

const DIGEST_FIELDS: ReadonlySet<string> = new Set(["d", "d-ng", "d-ngv2"]);
const COLON = 0x3a;

/** Setting up for batches takes as long as looking at so many entries one by one. */
const WORTH_BATCHING = 1000;

const AGGREGATE_NAME = new TextEncoder().encode(`${BOOT_AGGREGATE}\0`);

function isBootAggregate(record: LogRecord): boolean {
  const index = nameField(record.template);
  if (index < 0) return false;
  const start = record.fieldStart[index]!;
  if (record.fieldEnd[index]! - start !== AGGREGATE_NAME.length) return false;
  for (let i = 0; i < AGGREGATE_NAME.length; i++) if (record.data[start + i] !== AGGREGATE_NAME[i]) return false;
  return true;
}

class Verifier implements LogVisitor {
  readonly faults = new FaultList();
  readonly templates = new Map<string, number>();
  readonly boots: BootCheck[] = [];
  entries = 0;
  violations = 0;
  reader: LogReader | null = null;
  replays: readonly BankReplay[] | null = null;
  readonly quote: QuoteSearch;
  readonly #banks: readonly HashName[] | undefined;
  readonly #fields = new FieldCheck();
  readonly #bootCheck: BootAggregateCheck;
  #extension: Extension | null = null;
  #batch: RecordBatch | null = null;
  #batchTried = false;
  /** Whether entries go into the batch now, and whether one has come that cannot. */
  #batching = false;
  #refused = false;

  constructor(options: VerifyOptions) {
    this.#banks = options.banks;
    this.quote = new QuoteSearch(options.quote ?? []);
    this.#bootCheck = new BootAggregateCheck(options.bootPcrs ?? []);
  }

  entry(record: LogRecord): void {
    if (!this.#batching) this.#single(record);
    else if (!this.#refused) this.#refused = !this.#looksRight(record) || !this.#batch!.add(record);
  }

  settle(): boolean {
    if (!this.#batching) {
      this.#batching = this.#canBatch();
      return true;
    }
    const batch = this.#batch!;
    this.#batching = batch.fits() && !this.#refused;
    if (this.#batching) this.#take(batch);
    batch.clear();
    this.#refused = false;
    return this.#batching;
  }

  /** Whether entries can be checked many at a time from here on, and it is worth the while. */
  #canBatch(): boolean {
    if (this.#batch === null && !this.#batchTried && this.entries >= WORTH_BATCHING) {
      const check = this.reader!.check!;
      if (!check.settled || this.replays === null) return false;
      this.#batchTried = true;
      // PCR values that are looked for may be those between two entries.
      if (this.quote.idle) this.#batch = RecordBatch.create(check.algo, this.replays);
    }
    return this.#batch !== null;
  }

  #take(batch: RecordBatch): void {
    this.entries += batch.count;
    this.violations += batch.violations;
    for (const [title, count] of batch.templates) this.#count(title, count);
    batch.extend();
  }

  /** Whether there is nothing about an entry, its digest aside, that needs a closer look. */
  #looksRight(record: LogRecord): boolean {
    const { fields } = record.template;
    for (let i = 0; i < fields.length; i++) if (this.#fieldProblem(record, i) !== null) return false;
    return !isBootAggregate(record) && !(record.isZero() && this.#violationProblem(record) !== null);
  }

  #single(record: LogRecord): void {
    this.entries++;
    this.#count(record.template.title, 1);
    this.#extension ??= new Extension(this.reader!.check!);
    const extension = this.#extension;
    extension.begin(record);
    this.#checkFields(record);
    if (extension.zero) {
      this.violations++;
      const problem = this.#violationProblem(record);
      if (problem !== null) this.faults.add("false-violation", record, problem);
    } else if (!extension.fits) {
      const computed = toHex(extension.computed(extension.ownAlgo));
      this.faults.add(
        "digest-mismatch",
        record,
        `the template digest is ${toHex(record.digest)}, but that of the data is ${computed}`,
      );
    }
    this.#checkBoot(record);
    this.replays ??= [...new Set(this.#banks ?? [extension.ownAlgo])].map((algo) => new BankReplay(algo));
    for (const replay of this.replays) extension.apply(replay, replay.algo === extension.ownAlgo);
    this.quote.entry(extension);
  }

  broken(error: InputError, record: LogRecord): void {
    if (this.#batching) {
      this.#refused = true;
      return;
    }
    this.entries++;
    this.faults.unreadable(error, record);
  }

  #count(title: string, count: number): void {
    this.templates.set(title, (this.templates.get(title) ?? 0) + count);
  }

  #fieldProblem(record: LogRecord, i: number): string | null {
    const { shape } = record.template.fields[i]!;
    return this.#fields.problem(shape, record.data, record.fieldStart[i]!, record.fieldEnd[i]!);
  }

  #checkFields(record: LogRecord): void {
    const { fields } = record.template;
    for (let i = 0; i < fields.length; i++) {
      const problem = this.#fieldProblem(record, i);
      if (problem !== null) this.faults.add("bad-field", record, `field ${fields[i]!.id}: ${problem}`);
    }
  }

  /** A violation has a file digest of zeros; a template without such a field cannot tell. */
  #violationProblem(record: LogRecord): string | null {
    const index = record.template.fields.findIndex(({ id }) => DIGEST_FIELDS.has(id));
    if (index < 0) return null;
    const data = record.field(index);
    const start = record.template.fields[index]!.id === "d" ? 0 : data.lastIndexOf(COLON, data.indexOf(0)) + 1;
    return data.subarray(start).some((b) => b !== 0)
      ? "the template digest is zero as for a violation, but the file digest is not"
      : null;
  }

  #checkBoot(record: LogRecord): void {
    if (!isBootAggregate(record)) return;
    const boot = this.#bootCheck.check(toEntry(record));
    this.boots.push(boot);
    if (boot.problem !== null) this.faults.add("boot-aggregate-mismatch", record, boot.problem);
  }
}

/**
 * Reads a whole log and checks it.
 * @throws InputError `bad-log` where not even the first entry can be read, `bad-gzip`, `log-too-long`; later faults are in the report.
 */
export async function verifyLog(source: LogSource, options: VerifyOptions = {}): Promise<LogReport> {
  for (const algo of options.banks ?? [])
    if (!canDigest(algo)) throw new InputError("bad-bank", "banks", `imasim does not compute ${algo}`);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const verifier = new Verifier(options);
  const reader = new LogReader(verifier, limits, options.algo);
  verifier.reader = reader;
  let bytes = 0;
  let complete = true;
  try {
    for await (const piece of openLog(source, limits, options.onBytes)) {
      bytes += piece.length;
      reader.push(piece);
    }
    reader.end();
  } catch (error) {
    if (!(error instanceof InputError) || error.code !== "bad-log" || verifier.entries === 0) throw error;
    complete = false;
    bytes = Number(/\d+/.exec(error.where)?.[0] ?? 0);
    verifier.faults.unreadable(error, { number: verifier.entries, offset: bytes });
  }
  const { faults } = verifier;
  return {
    form: reader.form,
    algo: reader.check?.algo ?? null,
    entries: verifier.entries,
    violations: verifier.violations,
    bytes,
    templates: verifier.templates,
    faults: faults.kept,
    faultCount: faults.count,
    complete,
    pcrs: new Map((verifier.replays ?? []).map((replay) => [replay.algo, replay.values()])),
    boots: verifier.boots,
    quote: options.quote === undefined || options.quote.length === 0 ? null : verifier.quote.result(faults.kept),
  };
}

/**
 * Finds the beginning of a log that explains PCR values, or the entry that keeps it from doing so.
 * @throws InputError as verifyLog, and `bad-log` for a log that cannot be read to its end before it explains the values.
 */
export async function matchQuote(
  source: LogSource,
  quote: readonly PcrValue[],
  options: LogOptions = {},
): Promise<QuoteResult> {
  if (quote.length === 0) throw new InputError("bad-pcr", "quote", "no PCR value is given");
  const report = await verifyLog(source, { ...options, quote, banks: [] });
  return report.quote!;
}
