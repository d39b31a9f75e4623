// Plays a recording and reports every step whose answer differs from the kernel's.
import { hexToBytes } from "@noble/hashes/utils.js";
import { InputError } from "../errno/index.ts";
import type { BootOptions } from "../kernel/index.ts";
import type { InodeHint } from "../vfs/index.ts";
import { bootDocument } from "./boot-document.ts";
import { compareLines, compareStep, type Difference } from "./compare.ts";
import { Driver } from "./driver.ts";
import { addGivenEntries, withoutGivenFiles } from "./given-entries.ts";
import { guestFiles, labelsOf, recordedConfig, recordedEnvironment, TPM_BANKS } from "./guest.ts";
import { bootDisk, bootFile } from "./machine.ts";
import { recordedKeys } from "./recorded-keys.ts";
import { diskNames } from "./run.ts";
import type { Trace } from "./schema.ts";
import type { Step } from "./step-schema.ts";

export interface Replay {
  /** Steps of the trace that have a result: a recording may have ended early. */
  readonly steps: number;
  /** Of these, those without a difference, the boot apart. */
  readonly agreed: number;
  /** Steps without a result. */
  readonly unrecorded: number;
  readonly differences: readonly Difference[];
}

/** The first PCR that IMA extends. */
const MEASURE_PCR = 10;
/** The boot is step -1. */
const BOOT = -1;

/** @throws InputError for a trace whose kernel cannot be modelled, or with fewer or more results than steps */
export function replayTrace(trace: Trace): Replay {
  const { length } = trace.steps;
  if (trace.results.length !== length)
    throw new InputError("bad-document", "results", `${trace.results.length} for ${length} steps`);
  let now = BOOT;
  const options = traceBootOptions(trace);
  const generation = recordedGenerations(trace, () => now);
  const kernel = bootDocument({ ...options, environment: { ...options.environment, generation } });
  addGivenEntries(kernel, trace);
  const driver = new Driver(kernel, diskNames(trace, trace.kernel.backend));
  const start = { log: kernel.log.lines.map((line) => line.text), measured: kernel.measuredLines() };
  const differences: Difference[] = [
    ...compareLines(
      BOOT,
      "boot",
      { ...trace.boot, log: withoutGivenFiles(trace.boot.log ?? [], trace) },
      { ...start, log: withoutGivenFiles(start.log, trace) },
    ),
  ];
  const bad = new Set<number>();
  let unrecorded = 0;
  trace.steps.forEach((step, i) => {
    const result = trace.results[i];
    now = i;
    if (result === null || result === undefined) {
      unrecorded++;
      return;
    }
    const { ino, generation } = result;
    // What the environment chose when the recording was made.
    const environment: InodeHint = {
      ...(ino !== undefined && { ino }),
      ...(generation !== undefined && { generation }),
    };
    const found = compareStep(i, step.op, result, driver.run(step as Step, i, environment));
    if (found.length > 0) bad.add(i);
    differences.push(...found);
  });
  const steps = length - unrecorded;
  return { steps, agreed: steps - bad.size, unrecorded, differences };
}

function traceBootOptions(trace: Trace): BootOptions {
  const { kernel } = trace;
  const rootfs = kernel.rootfs === "ramfs" ? "ramfs" : "tmpfs";
  const keys = recordedKeys(trace);
  const aggregate = trace.boot.measured?.find((line) => / boot_aggregate( |$)/.test(line));
  return {
    release: kernel.release,
    config: recordedConfig(trace),
    cmdline: kernel.cmdline,
    rootfs,
    tpm: kernel.tpm === true ? { banks: TPM_BANKS, pcrs: firmwarePcrs(trace) } : null,
    labels: labelsOf(kernel.lsm),
    builtinKeys: keys.builtin,
    moduleKey: keys.module,
    files: {
      ...guestFiles(),
      ...Object.fromEntries(
        Object.entries(trace.files ?? {}).map(([path, spec]) => [path, bootFile(spec, `files.${path}`)]),
      ),
    },
    disks: Object.fromEntries(
      Object.entries(trace.disks ?? {}).map(([name, spec]) => [name, bootDisk(spec, `disks.${name}`)]),
    ),
    environment: {
      ...recordedEnvironment(trace),
      // Where the PCRs that firmware and boot loader filled are not in the recording, what was made of them is.
      ...(kernel.tpm === true && aggregate !== undefined && givenAggregate(aggregate)),
    },
  };
}

/** Generations that the kernel drew for inodes that no step made by name, such as an overlay's copies: the next stat of one tells. */
function recordedGenerations(trace: Trace, now: () => number): (device: string, ino: number) => number | null {
  const seen = trace.results.flatMap((result, step) => {
    const { dev, ino, generation } = result ?? {};
    return typeof dev === "string" && ino !== undefined && generation !== undefined
      ? [{ step, dev, ino, generation }]
      : [];
  });
  return (device, ino) => seen.find((s) => s.step >= now() && s.dev === device && s.ino === ino)?.generation ?? null;
}

/** PCRs 0-9 belong to firmware and boot loader, so what a step reads there was there from the start. */
function firmwarePcrs(trace: Trace): Record<string, Record<number, string>> {
  const pcrs: Record<string, Record<number, string>> = {};
  trace.steps.forEach((step, i) => {
    const value = trace.results[i]?.["data"];
    const index = Number(step["index"] ?? MEASURE_PCR);
    if (step.op !== "pcr" || typeof value !== "string" || index >= MEASURE_PCR) return;
    pcrs[String(step["bank"] ?? "sha256")] = {
      ...pcrs[String(step["bank"] ?? "sha256")],
      [index]: value.trim().toLowerCase(),
    };
  });
  return pcrs;
}

/** As the fields d, d-ng and d-ngv2 show it. */
const DIGEST = /^(?:(?:ima:)?([a-z0-9-]+):)?((?:[0-9a-f]{2}){16,})$/;

function givenAggregate(line: string): Pick<NonNullable<BootOptions["environment"]>, "bootAggregate"> {
  // PCR, template digest and template come first; where the digest stands among the fields depends on the template.
  const fields = line.trim().split(" ").slice(3);
  const digest = fields.map((field) => DIGEST.exec(field)).find((m) => m !== null);
  return digest ? { bootAggregate: { algo: digest[1] ?? "sha1", bytes: hexToBytes(digest[2]!) } } : {};
}
