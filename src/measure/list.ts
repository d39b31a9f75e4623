// Measuring into the list of a running kernel: what each kind of event stores, counts and reports
// (security/integrity/ima/ima_api.c: ima_store_template, ima_store_measurement, ima_add_violation; ima_main.c:
// process_buffer_measurement; ima_init.c: ima_add_boot_aggregate).
import { AUDIT_TYPE, type AuditSubject, type IntegrityAudit, type IntegrityRecord } from "../audit/index.ts";
import { digest } from "../crypto/digest.ts";
import type { HashName } from "../crypto/hash.ts";
import { ERRNO, type Errno, fail, ok, type Result } from "../errno/index.ts";
import { BOOT_AGGREGATE, bootAggregate, sha1Aggregate } from "./boot-aggregate.ts";
import type { MeasureSetup } from "./boot-parameter.ts";
import { ByteWriter } from "./byte-writer.ts";
import { buildEntry, type Entry, type TemplateData } from "./entry.ts";
import { untilNul, writeBinary } from "./entry-binary.ts";
import { writeLine } from "./entry-text.ts";
import type { EventData, EventDigest, FieldContext } from "./event.ts";
import { type AddOutcome, EntryQueue } from "./queue.ts";
import type { Slot } from "./slot.ts";
import type { TemplateDescriptor } from "./template.ts";

type AuditInode = Exclude<IntegrityRecord["inode"], undefined>;

export interface AddOptions {
  readonly pcr: number;
  readonly violation: boolean;
  readonly inode: AuditInode;
  /** name= of the audit record: the path, or the raw bytes of a buffer. */
  readonly name: string | Uint8Array;
  readonly task: AuditSubject;
}

/** A file measurement on its way into the list. */
export interface StoreOptions {
  readonly template: TemplateDescriptor;
  readonly pcr: number;
  readonly inode: AuditInode;
  readonly task: AuditSubject;
}

/** A buffer to measure: key, kexec command line, critical data. */
export interface BufferEvent {
  readonly buffer: Uint8Array;
  readonly name: string;
  readonly template: TemplateDescriptor;
  /** The rule's pcr=; 0 stands for the build's default. */
  readonly pcr: number;
  /** The list gets the digest of the buffer instead of the buffer. */
  readonly hashed: boolean;
  /** func_measure_str: `key`, `critical_data`, `kexec_cmdline`, `none`… */
  readonly func: string;
  readonly task: AuditSubject;
}

/** An event about which nothing is known but its name and what the caller adds. */
const bareEvent = (filename: string): EventData => ({
  filename,
  digest: null,
  verity: false,
  xattr: null,
  modsig: null,
  buffer: null,
  violation: null,
  file: null,
});

/** INVARIANT: every list file shows the same entries. */
export class MeasurementList {
  readonly setup: MeasureSetup;
  readonly queue: EntryQueue;
  readonly #audit: IntegrityAudit;
  readonly #context: FieldContext;
  /** Where one line is put together. */
  readonly #line = new ByteWriter();
  #templates: readonly TemplateDescriptor[];
  #violations = 0;

  constructor(setup: MeasureSetup, audit: IntegrityAudit) {
    this.setup = setup;
    this.queue = new EntryQueue(setup);
    this.#audit = audit;
    this.#templates = setup.templates;
    this.#context = { hash: setup.hash, release: setup.release, littleEndian: setup.littleEndian };
  }

  /** What the list files show. */
  get entries(): readonly Entry[] {
    return this.queue.current;
  }

  /** Where `template=` of a rule is looked up: the setup's templates, then those that a restored list brought along. */
  get templates(): readonly TemplateDescriptor[] {
    return this.#templates;
  }

  addTemplate(template: TemplateDescriptor): TemplateDescriptor {
    this.#templates = [...this.#templates, template];
    return template;
  }

  get slots(): readonly Slot[] {
    return this.setup.slots;
  }

  get violations(): number {
    return this.#violations;
  }

  #report(
    task: AuditSubject,
    op: string,
    cause: string,
    record: Pick<IntegrityRecord, "name" | "inode" | "informational"> & { readonly errno: Errno | null },
  ): void {
    this.#audit.record(task, {
      type: AUDIT_TYPE.INTEGRITY_PCR,
      op,
      cause,
      name: record.name ?? null,
      inode: record.inode ?? null,
      result: record.errno === null ? 0 : -ERRNO[record.errno],
      informational: record.informational ?? false,
    });
  }

  /** Adds an entry, extends its PCR, writes the audit record `add_template_measure`. */
  add(data: TemplateData, options: AddOptions): AddOutcome {
    const { outcome, tpm } = this.queue.add(data, options.pcr, options.violation);
    const name = typeof options.name === "string" ? options.name : untilNul(options.name);
    const report = (cause: string, errno: Errno | null, informational: boolean): void =>
      this.#report(options.task, "add_template_measure", cause, { name, inode: options.inode, errno, informational });
    if (outcome === "suspended") report("measurements_suspended", "ENODEV", false);
    else if (outcome === "exists") report("hash_exists", "EEXIST", true);
    else if (tpm === 0) report("hash_added", null, true);
    else {
      this.setup.log.printk(`tpm tpm0: A TPM error (${tpm}) occurred attempting extend a PCR value`);
      this.setup.log.printk(`ima: Error Communicating to TPM chip, result: ${tpm}`);
      report(`TPM_error(${tpm})`, null, false);
    }
    return outcome;
  }

  /**
   * Stores the measurement of a file.
   * @returns what became of it, or the errno of the field that could not be made (an audit record tells it then).
   */
  measureFile(event: EventData, how: StoreOptions): Result<AddOutcome> {
    const { inode, task, pcr } = how;
    const data = this.#build(event, how.template, inode, task);
    if (!data.ok) {
      this.#report(task, "add_template_measure", "ENOMEM", { name: event.filename, inode, errno: data.errno });
      return data;
    }
    return ok(this.add(data.value, { pcr, violation: false, inode, name: event.filename, task }));
  }

  /** Builds the template data; that a file cannot be hashed again for the field `d` has a record of its own. */
  #build(event: EventData, template: TemplateDescriptor, inode: AuditInode, task: AuditSubject): Result<TemplateData> {
    const { file } = event;
    if (file === null) return buildEntry(template, event, this.#context);
    const rehash = (algo: HashName): Result<Uint8Array> => {
      const result = file.rehash(algo);
      if (!result.ok)
        this.#audit.record(task, {
          type: AUDIT_TYPE.INTEGRITY_DATA,
          op: "collect_data",
          cause: "failed",
          name: event.filename,
          inode,
          result: -ERRNO[result.errno],
        });
      return result;
    };
    const { name, uid, gid, mode } = file;
    const watched = {
      name,
      uid,
      gid,
      mode,
      evmXattr: () => file.evmXattr(),
      protectedXattrs: () => file.protectedXattrs(),
      rehash,
    };
    return buildEntry(template, { ...event, file: watched }, this.#context);
  }

  /** Counts a violation, adds its zero entry and spoils the PCR: default template and PCR, whatever a rule says. */
  addViolation(
    event: EventData & { readonly violation: string },
    how: { readonly op: string; readonly inode: AuditInode; readonly task: AuditSubject },
  ): void {
    const { inode, task } = how;
    const name = event.filename;
    this.#violations++;
    const data = this.#build(event, this.setup.template, inode, task);
    let errno: Errno | null = null;
    if (!data.ok) errno = "ENOMEM";
    else if (this.add(data.value, { pcr: this.setup.pcr, violation: true, inode, name, task }) === "suspended")
      errno = "ENODEV";
    this.#report(task, how.op, event.violation, { name, inode, errno });
  }

  /** The digest that a buffer entry records: of the buffer, or, hashed, of its digest. */
  bufferDigest(buffer: Uint8Array, hashed: boolean): EventDigest {
    const { hash } = this.setup;
    const first = digest(hash, buffer);
    return { algo: hash, bytes: hashed ? digest(hash, first) : first };
  }

  /** Measures a buffer. What cannot be stored, duplicates included, has an audit record `measuring_<func>`. */
  measureBuffer(event: BufferEvent): Result<AddOutcome> {
    const { buffer, hashed, task } = event;
    const shown = hashed ? digest(this.setup.hash, buffer) : buffer;
    const refuse = (cause: string, errno: Errno): Result<AddOutcome> => {
      this.#audit.record(task, {
        type: AUDIT_TYPE.INTEGRITY_PCR,
        op: `measuring_${event.func}`,
        cause,
        name: event.name,
        inode: null,
        result: -ERRNO[errno],
        errno: -ERRNO[errno],
      });
      return fail(errno);
    };
    const data = buildEntry(
      event.template,
      { ...bareEvent(event.name), digest: this.bufferDigest(buffer, hashed), buffer: shown },
      this.#context,
    );
    if (!data.ok) return refuse("alloc_entry", data.errno);
    const pcr = event.pcr === 0 ? this.setup.pcr : event.pcr;
    const outcome = this.add(data.value, { pcr, violation: false, inode: null, name: shown, task });
    if (outcome === "added") return ok(outcome);
    return refuse("store_entry", outcome === "exists" ? "EEXIST" : "ENODEV");
  }

  /**
   * Adds the entry with which each boot begins.
   * @param given the digest where the environment supplies it; computed from the TPM's PCRs, where left out.
   * @returns whether IMA goes on: it does not start without this entry.
   */
  addBootAggregate(task: AuditSubject, given?: EventDigest): boolean {
    const { tpm, hash, release, template, log, pcr } = this.setup;
    const unsuitable = (): void => log.printk("ima: No suitable TPM algorithm for boot aggregate");
    const event = {
      ...bareEvent(BOOT_AGGREGATE),
      digest: given ?? bootAggregate(tpm, hash, release, unsuitable),
      sha1Aggregate: given?.algo === "sha1" ? given.bytes : sha1Aggregate(tpm, release),
    };
    const data = buildEntry(template, event, this.#context);
    const name = BOOT_AGGREGATE;
    const stored = data.ok && this.add(data.value, { pcr, violation: false, inode: null, name, task }) === "added";
    if (!stored)
      this.#report(task, "add_boot_aggregate", data.ok ? "store_entry" : "alloc_entry", {
        name,
        errno: data.ok ? "EEXIST" : data.errno,
      });
    return stored;
  }

  #slotIndex(algo: string): number {
    const index = this.slots.findIndex((slot) => slot.algo === algo);
    if (index < 0) throw new RangeError(`no template digests are kept in ${algo}`);
    return index;
  }

  /** One entry as the ASCII list shows it, without its newline. */
  line(entry: Entry, algo = "sha1"): string {
    writeLine(this.#line, entry, entry.digests[this.#slotIndex(algo)]!, this.setup.littleEndian);
    return this.#line.takeText().slice(0, -1);
  }

  /** Entries as the ASCII list of one algorithm shows them. @throws RangeError where no digests of it are kept. */
  ascii(algo = "sha1", entries: readonly Entry[] = this.entries): Uint8Array {
    const slot = this.#slotIndex(algo);
    const out = new ByteWriter();
    for (const entry of entries) writeLine(out, entry, entry.digests[slot]!, this.setup.littleEndian);
    return out.done();
  }

  /** Entries as the binary list of one algorithm has them. @throws RangeError where no digests of it are kept. */
  binary(algo = "sha1", entries: readonly Entry[] = this.entries): Uint8Array {
    const slot = this.#slotIndex(algo);
    const out = new ByteWriter();
    for (const entry of entries) writeBinary(out, entry, entry.digests[slot]!, this.setup.littleEndian);
    return out.done();
  }
}
