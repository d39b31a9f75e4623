// Plays a scenario and tells what happened, step by step.
import type { Decision } from "../appraise/index.ts";
import type { BootOptions, Kernel } from "../kernel/index.ts";
import type { Disk } from "../vfs/index.ts";
import { type FileReader, hexBytes } from "./arguments.ts";
import { bootDocument } from "./boot-document.ts";
import type { StepResult } from "./compare.ts";
import { parseDocuments } from "./document.ts";
import { Driver } from "./driver.ts";
import { deviceNames, guestFiles, labelsOf } from "./guest.ts";
import { bootDisk, bootFile } from "./machine.ts";
import { type Scenario, scenarioSchema } from "./schema.ts";
import type { Step } from "./step-schema.ts";

export interface PlayedStep extends StepResult {
  readonly step: Step;
  /** What IMA decided on the way, in order. */
  readonly decisions: readonly Decision[];
  /** Why a keyring refused a certificate. */
  readonly refusal: string | null;
}

export interface Played {
  readonly kernel: Kernel;
  readonly boot: { readonly log: readonly string[]; readonly measured: readonly string[] };
  readonly steps: readonly PlayedStep[];
}

/** What the `kernel` of a document says. */
export function kernelOptions(
  kernel: NonNullable<Scenario["kernel"]> = {},
  tpm: Scenario["tpm"] = kernel.tpm ?? false,
) {
  return {
    ...(kernel.release !== undefined && { release: kernel.release }),
    ...(kernel.config !== undefined && { config: kernel.config }),
    cmdline: kernel.cmdline ?? "",
    rootfs: kernel.rootfs ?? "tmpfs",
    secureBoot: kernel.secureBoot ?? false,
    tpm:
      tpm === false
        ? null
        : tpm === true
          ? { banks: ["sha1", "sha256"] }
          : {
              banks: tpm.banks,
              ...(tpm.version && { version: tpm.version }),
              ...(tpm.pcrs && { pcrs: numbered(tpm.pcrs) }),
            },
    // Without a list, the command line says.
    ...(kernel.lsm !== undefined && { labels: labelsOf(kernel.lsm) }),
  } satisfies BootOptions;
}

/** What a scenario's kernel is booted with. @throws InputError */
export function bootOptions(scenario: Scenario, read?: FileReader): BootOptions {
  const { kernel = {} } = scenario;
  return {
    ...kernelOptions(kernel, kernel.tpm ?? scenario.tpm ?? false),
    builtinKeys: (scenario.keys ?? []).map((key, i) => hexBytes(key, `keys[${i}]`, read)),
    files: {
      ...guestFiles(),
      ...Object.fromEntries(
        Object.entries(scenario.files ?? {}).map(([path, spec]) => [path, bootFile(spec, `files.${path}`, read)]),
      ),
    },
    disks: Object.fromEntries(
      Object.entries(scenario.disks ?? {}).map(([name, spec]) => [name, bootDisk(spec, `disks.${name}`, read)]),
    ),
    environment: { deviceName: deviceNames(kernel.backend), modules: kernel.modules ?? [] },
  };
}

function numbered(
  pcrs: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Record<string, Record<number, string>> {
  return Object.fromEntries(
    Object.entries(pcrs).map(([bank, values]) => [
      bank,
      Object.fromEntries(Object.entries(values).map(([index, hex]) => [Number(index), hex])),
    ]),
  );
}

/** The disks of a document by their names in it, as device names. */
export function diskNames(
  document: { readonly disks?: Readonly<Record<string, unknown>> | undefined },
  backend: string | undefined,
): Map<string, string> {
  const nameOf = deviceNames(backend);
  return new Map(Object.keys(document.disks ?? {}).map((name, i) => [name, nameOf(i).id]));
}

/** The scenarios of a JSON document or a YAML stream. @param source for messages. @throws InputError */
export function parseScenarios(text: string, source: string): Scenario[] {
  return parseDocuments(text, scenarioSchema, source);
}

/**
 * Boots the scenario's kernel and carries out its steps.
 * @param read gives the bytes of `@file`
 * @throws InputError for a scenario that no kernel could be booted for
 */
export function playScenario(scenario: Scenario, read?: FileReader): Played {
  return play(scenario, new Map(), read);
}

/** Several boots of one machine: a disk that an earlier scenario declared under the same name is met as that one left it. */
export function playScenarios(scenarios: readonly Scenario[], read?: FileReader): Played[] {
  const disks = new Map<string, Disk>();
  return scenarios.map((scenario) => play(scenario, disks, read));
}

function play(scenario: Scenario, known: Map<string, Disk>, read?: FileReader): Played {
  const options = bootOptions(scenario, read);
  const disks = Object.fromEntries(
    Object.entries(options.disks ?? {}).map(([name, spec]) => [name, known.get(name) ?? spec]),
  );
  const kernel = bootDocument({ ...options, disks });
  const names = diskNames(scenario, scenario.kernel?.backend);
  const start = { log: kernel.log.lines.map((line) => line.text), measured: [...kernel.measuredLines()] };
  const driver = new Driver(kernel, names, read);
  let decisions: Decision[] = [];
  let refusal: string | null = null;
  const refused = (why: string): void => {
    refusal = why;
  };
  driver.onRefusal = refused;
  const unwatch = kernel.watch((decision) => decisions.push(decision));
  const steps = scenario.steps.map((step, i): PlayedStep => {
    decisions = [];
    refusal = null;
    // One by one: a spread takes V8 as long as a short step.
    const { outcome, log, measured, environment } = driver.run(step, i);
    return { outcome, log, measured, environment, step, decisions, refusal };
  });
  unwatch();
  kernel.shutdown();
  for (const [name, device] of names) known.set(name, kernel.disks.get(device)!);
  return { kernel, boot: start, steps };
}
