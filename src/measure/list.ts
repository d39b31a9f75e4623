// The measurement list of a running kernel: entries are only ever added, each extends a PCR
// (security/integrity/ima/ima_queue.c: ima_add_template_entry; ima_api.c: ima_store_template, ima_store_measurement,
// ima_add_violation; ima_main.c: process_buffer_measurement; ima_init.c: ima_add_boot_aggregate).
import { AUDIT_TYPE, type AuditSubject, type IntegrityAudit, type IntegrityRecord } from "../audit/index.ts";
import { digest, type HashName } from "../crypto/index.ts";
import { ERRNO, type Errno, fail, ok, type Result } from "../errno/index.ts";
import { BOOT_AGGREGATE, bootAggregate, sha1Aggregate } from "./boot-aggregate.ts";
import type { MeasureSetup } from "./boot-parameter.ts";
import { ByteWriter } from "./byte-writer.ts";
import { buildEntry, type Entry, type TemplateData } from "./entry.ts";
import { untilNul, writeBinary } from "./entry-binary.ts";
import { writeLine } from "./entry-text.ts";
import type { EventData, EventDigest, FieldContext } from "./event.ts";
import { type Slot, slotDigests } from "./slot.ts";
import type { TemplateDescriptor } from "./template.ts";

/** What became of an entry: `exists` stands for EEXIST, `suspended` for ENODEV. */
export type AddOutcome = "added" | "exists" | "suspended";

type AuditInode = IntegrityRecord["inode"];

export interface AddOptions {
  readonly pcr: number;
  readonly violation: boolean;
  readonly inode: AuditInode;
  /** name= of the audit record: the path, or the raw bytes of a buffer. */
  readonly name: string | Uint8Array;
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

const SHA1_SIZE = 20;
const hashKey = (pcr: number, bytes: Uint8Array): string => `${pcr}:${String.fromCharCode(...bytes)}`;

/** INVARIANT: every list file shows the same entries, and `count` of them. */
export class MeasurementList {
  readonly setup: MeasureSetup;
  readonly #audit: IntegrityAudit;
  readonly #entries: Entry[] = [];
  readonly #seen = new Set<string>();
  readonly #context: FieldContext;
  /** The slot whose digests tell duplicates. */
  readonly #keySlot: number;
  #violations = 0;
  #binarySize = 0;
  #suspended = false;

  constructor(setup: MeasureSetup, audit: IntegrityAudit) {
    this.setup = setup;
    this.#audit = audit;
    this.#context = { hash: setup.hash, release: setup.release, littleEndian: setup.littleEndian };
    const key = setup.release.has("per-bank-digests") ? setup.hash : "sha1";
    this.#keySlot = setup.slots.findIndex((slot) => slot.algo === key);
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get slots(): readonly Slot[] {
    return this.setup.slots;
  }

  get violations(): number {
    return this.#violations;
  }

  /** Bytes of a kexec segment for all entries, with its header; Infinity without CONFIG_IMA_KEXEC. */
  get runtimeSize(): number {
    return this.setup.kexec ? this.#binarySize + 24 : Number.POSITIVE_INFINITY;
  }

  /** The machine is going down: releases that know of it refuse further entries. */
  suspend(): void {
    this.#suspended = this.setup.release.has("suspend-measurements");
  }

  #append(entry: Entry): void {
    this.#entries.push(entry);
    const fields = entry.fields.reduce((sum, data) => sum + 4 + data.length, 0);
    // The name's own length: a nameless template counts as nothing here, although its format is written.
    this.#binarySize += 4 + SHA1_SIZE + 4 + new TextEncoder().encode(entry.template.name).length + 4 + fields;
  }

  /** Adds an entry, extends its PCR, writes the audit record `add_template_measure`. */
  add(data: TemplateData, options: AddOptions): AddOutcome {
    const { slots, tpm, littleEndian } = this.setup;
    const digests = options.violation
      ? slots.map((slot) => new Uint8Array(slot.size))
      : slotDigests(slots, data, littleEndian);
    const report = (cause: string, errno: Errno | null, informational: boolean): void =>
      this.#audit.record(options.task, {
        type: AUDIT_TYPE.INTEGRITY_PCR,
        op: "add_template_measure",
        cause,
        name: typeof options.name === "string" ? options.name : untilNul(options.name),
        inode: options.inode ?? null,
        result: errno === null ? 0 : -ERRNO[errno],
        informational,
      });
    if (this.#suspended) {
      report("measurements_suspended", "ENODEV", false);
      return "suspended";
    }
    const key = hashKey(options.pcr, digests[this.#keySlot]!);
    if (!options.violation && this.setup.deduplicate && this.#seen.has(key)) {
      report("hash_exists", "EEXIST", true);
      return "exists";
    }
    this.#append({ ...data, pcr: options.pcr, digests });
    this.#seen.add(key);
    const banks = slots.filter((slot) => slot.bank);
    const extension = options.violation ? banks.map((slot) => slot.spoiler) : digests.slice(0, banks.length);
    const failure = tpm?.extend(options.pcr, extension) ?? 0;
    if (failure !== 0) {
      this.setup.log.printk(`tpm tpm0: A TPM error (${failure}) occurred attempting extend a PCR value`);
      this.setup.log.printk(`ima: Error Communicating to TPM chip, result: ${failure}`);
      report(`TPM_error(${failure})`, null, false);
    } else report("hash_added", null, true);
    return "added";
  }

  /** Takes an entry over from the kernel before: neither counted as a duplicate later nor extended. */
  restore(data: TemplateData, pcr: number, zero: boolean): void {
    const { slots, littleEndian } = this.setup;
    const digests = zero ? slots.map((slot) => new Uint8Array(slot.size)) : slotDigests(slots, data, littleEndian);
    this.#append({ ...data, pcr, digests });
  }

  /**
   * Stores the measurement of a file.
   * @returns what became of it, or the errno of the field that could not be made (an audit record tells it then).
   */
  measureFile(
    event: EventData,
    how: { template: TemplateDescriptor; pcr: number; inode: AuditInode; task: AuditSubject },
  ): Result<AddOutcome> {
    const data = this.#build(event, how.template, how.inode, how.task);
    if (!data.ok) {
      this.#audit.record(how.task, {
        type: AUDIT_TYPE.INTEGRITY_PCR,
        op: "add_template_measure",
        cause: "ENOMEM",
        name: event.filename,
        inode: how.inode ?? null,
        result: -ERRNO[data.errno],
      });
      return data;
    }
    return ok(
      this.add(data.value, {
        pcr: how.pcr,
        violation: false,
        inode: how.inode,
        name: event.filename,
        task: how.task,
      }),
    );
  }

  /** Builds the template data; that a file cannot be hashed again for the field `d` has a record of its own. */
  #build(event: EventData, template: TemplateDescriptor, inode: AuditInode, task: AuditSubject): Result<TemplateData> {
    const { file } = event;
    if (file === null) return buildEntry(template, event, this.#context);
    const watched = {
      ...event,
      file: {
        name: file.name,
        uid: file.uid,
        gid: file.gid,
        mode: file.mode,
        evmXattr: () => file.evmXattr(),
        protectedXattrs: () => file.protectedXattrs(),
        rehash: (algo: HashName) => {
          const result = file.rehash(algo);
          if (!result.ok)
            this.#audit.record(task, {
              type: AUDIT_TYPE.INTEGRITY_DATA,
              op: "collect_data",
              cause: "failed",
              name: event.filename,
              inode: inode ?? null,
              result: -ERRNO[result.errno],
            });
          return result;
        },
      },
    };
    return buildEntry(template, watched, this.#context);
  }

  /** Counts a violation, adds its zero entry and spoils the PCR; default template and PCR whatever a rule says. */
  addViolation(
    event: EventData & { readonly violation: string },
    how: { op: string; inode: AuditInode; task: AuditSubject },
  ): void {
    this.#violations++;
    const data = this.#build(event, this.setup.template, how.inode, how.task);
    let result = 0;
    if (!data.ok) result = -ERRNO.ENOMEM;
    else if (
      this.add(data.value, {
        pcr: this.setup.pcr,
        violation: true,
        inode: how.inode,
        name: event.filename,
        task: how.task,
      }) === "suspended"
    )
      result = -ERRNO.ENODEV;
    this.#audit.record(how.task, {
      type: AUDIT_TYPE.INTEGRITY_PCR,
      op: how.op,
      cause: event.violation,
      name: event.filename,
      inode: how.inode ?? null,
      result,
    });
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
      {
        filename: event.name,
        digest: this.bufferDigest(buffer, hashed),
        verity: false,
        xattr: null,
        modsig: null,
        buffer: shown,
        violation: null,
        file: null,
      },
      this.#context,
    );
    if (!data.ok) return refuse("alloc_entry", data.errno);
    const pcr = event.pcr === 0 ? this.setup.pcr : event.pcr;
    const outcome = this.add(data.value, { pcr, violation: false, inode: null, name: shown, task });
    if (outcome === "added") return ok(outcome);
    return refuse("store_entry", outcome === "exists" ? "EEXIST" : "ENODEV");
  }

  /**
   * Adds the first entry of a boot.
   * @param given the digest where the environment supplies it; computed from the TPM's PCRs, where left out.
   * @returns whether IMA goes on: it does not start without this entry.
   */
  addBootAggregate(task: AuditSubject, given?: EventDigest): boolean {
    const { tpm, hash, release, template, log } = this.setup;
    const data = buildEntry(
      template,
      {
        filename: BOOT_AGGREGATE,
        digest:
          given ??
          bootAggregate(tpm, hash, release, () => log.printk("ima: No suitable TPM algorithm for boot aggregate")),
        sha1Aggregate: sha1Aggregate(tpm, release),
        verity: false,
        xattr: null,
        modsig: null,
        buffer: null,
        violation: null,
        file: null,
      },
      this.#context,
    );
    const outcome = data.ok
      ? this.add(data.value, { pcr: this.setup.pcr, violation: false, inode: null, name: BOOT_AGGREGATE, task })
      : "alloc_entry";
    if (outcome === "added") return true;
    const errno = data.ok ? "EEXIST" : data.errno;
    this.#audit.record(task, {
      type: AUDIT_TYPE.INTEGRITY_PCR,
      op: "add_boot_aggregate",
      cause: data.ok ? "store_entry" : "alloc_entry",
      name: BOOT_AGGREGATE,
      inode: null,
      result: -ERRNO[errno],
    });
    return false;
  }

  #slotIndex(algo: string): number {
    const index = this.slots.findIndex((slot) => slot.algo === algo);
    if (index < 0) throw new RangeError(`no template digests are kept in ${algo}`);
    return index;
  }

  /** One entry as the ASCII list shows it, without its newline. */
  line(entry: Entry, algo = "sha1"): string {
    const out = new ByteWriter();
    writeLine(out, entry, entry.digests[this.#slotIndex(algo)]!, this.setup.littleEndian);
    return new TextDecoder().decode(out.done()).slice(0, -1);
  }

  /** The whole ASCII list of one algorithm. @throws RangeError where no digests of it are kept. */
  ascii(algo = "sha1"): Uint8Array {
    const slot = this.#slotIndex(algo);
    const out = new ByteWriter();
    for (const entry of this.#entries) writeLine(out, entry, entry.digests[slot]!, this.setup.littleEndian);
    return out.done();
  }

  /** The whole binary list of one algorithm. @throws RangeError where no digests of it are kept. */
  binary(algo = "sha1"): Uint8Array {
    const slot = this.#slotIndex(algo);
    const out = new ByteWriter();
    for (const entry of this.#entries) writeBinary(out, entry, entry.digests[slot]!, this.setup.littleEndian);
    return out.done();
  }
}
