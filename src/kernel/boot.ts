// Booting: command line, keyrings, IMA and EVM, the first root file system, certificates — in the order of a real boot (init/main.c).
import { imaSecurityModule } from "../appraise/index.ts";
import { IntegrityAudit, KernelLog, OLD_PRINTK_MAX } from "../audit/index.ts";
import { InputError, KernelPanic } from "../errno/index.ts";
import { SimulatedTpm } from "../measure/index.ts";
import { Kconfig, type KconfigValues, Release } from "../release/index.ts";
import { Disk, randomUuid, type SecurityModule, Vfs, type VfsOptions } from "../vfs/index.ts";
import { integerValue, type Parameter, parseCommandLine, valuesOf } from "./cmdline.ts";
import { startModule } from "./drivers/drivers.ts";
import { fillRoot, mountKernelFileSystems } from "./first-root.ts";
import { initialiseIntegrity } from "./integrity-init.ts";
import { Kernel } from "./kernel.ts";
import { KeyBridge } from "./key-bridge.ts";
import { apparmorKernelLabels, labelsAskedFor, lsmList } from "./lsm.ts";
import { mountRoot } from "./mount-file-system.ts";
import type { BootEnvironment, BootOptions, KernelLabels } from "./options.ts";
import { smackKernelLabels } from "./smack/labels.ts";
import { smackModule } from "./smack/module.ts";
import { uuidBytes } from "./uuid.ts";

const DEFAULT_RELEASE = "6.12";
/** Seconds since the epoch. */
const DEFAULT_TIME = 1_700_000_000;

/** sda, sdb … with the numbers of SCSI disks. */
const scsiName = (index: number) => ({
  id: `sd${String.fromCharCode(0x61 + (index % 26))}`,
  major: 8,
  minor: 16 * index,
});

/** Numbers for those who give none: the same at every boot, no two alike. */
function counter(): () => number {
  let state = 0x2545_f491;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
}

const byDevice =
  (generation: NonNullable<BootEnvironment["generation"]>): NonNullable<VfsOptions["generation"]> =>
  ({ statDev: { major, minor } }, ino) =>
    generation(`${major}:${minor}`, ino);

const isLines = (config: KconfigValues | readonly string[] | undefined): config is readonly string[] =>
  Array.isArray(config);

/** All lines of a .config, or what differs from the defaults. @throws InputError `bad-kconfig` */
export const kconfigOf = (config: BootOptions["config"]): Kconfig =>
  isLines(config) ? Kconfig.fromLines(config) : Kconfig.withDefaults(config);

function labelsOf(labels: BootOptions["labels"], release: Release): KernelLabels | null {
  if (labels === "smack") return smackKernelLabels(release);
  return labels === "apparmor" ? apparmorKernelLabels() : (labels ?? null);
}

/** MODULE_SIG_FORCE, or the last module.sig_enforce= that says yes: it can be switched on only. */
function moduleSignatureEnforced(config: Kconfig, parameters: readonly Parameter[]): boolean {
  return (
    config.enabled("MODULE_SIG_FORCE") ||
    valuesOf(parameters, "module.sig_enforce").some((value) => value === undefined || /^([1yYtT]|[oO][nN])/.test(value))
  );
}

/** audit=0 or audit=off, wherever it stands: later values do not bring it back (kernel/audit.c: audit_enable). */
function auditOff(parameters: readonly Parameter[]): boolean {
  return valuesOf(parameters, "audit").some((value) => value === "0" || value?.toLowerCase() === "off");
}

/** integrity_audit=: any number but 0 (security/integrity/integrity_audit.c: integrity_audit_setup). */
function informationalRecords(parameters: readonly Parameter[]): boolean {
  let on = false;
  for (const value of valuesOf(parameters, "integrity_audit")) {
    const number = value === undefined ? null : integerValue(value);
    if (number !== null) on = number !== 0;
  }
  return on;
}

/**
 * Boots a kernel up to the point where its first process runs.
 * @throws InputError for options that contradict themselves or that no kernel understands: `bad-release`, `bad-kconfig`, `bad-disk`,
 * `bad-bank`, `bad-pcr`, `bad-uuid`, `bad-root`.
 * @throws KernelPanic where the kernel does not come that far
 */
export function boot(options: BootOptions = {}): Kernel {
  const kernel = bootAsFarAsItComes(options);
  if (kernel.panicked !== null) throw new KernelPanic(kernel.panicked);
  return kernel;
}

/** As boot(); of a kernel that stopped on the way, `panicked` says why. */
export function bootAsFarAsItComes(options: BootOptions): Kernel {
  const release = Release.parse(options.release ?? DEFAULT_RELEASE);
  const config = kconfigOf(options.config);
  const parameters = parseCommandLine(options.cmdline ?? "");
  const log = new KernelLog({
    auditing: config.enabled("AUDIT") && !auditOff(parameters),
    ...(release.has("long-log-records") ? {} : { max: OLD_PRINTK_MAX }),
  });
  const clock = { now: 0 };
  const random = options.environment?.random ?? counter();
  const lsmWithLabels = options.labels === undefined ? labelsAskedFor(config, parameters) : options.labels;
  const labels = labelsOf(lsmWithLabels, release);
  const secureBoot = options.secureBoot ?? false;
  const audit = new IntegrityAudit(log, release, {
    informational: informationalRecords(parameters),
    enabled: config.enabled("AUDIT") && config.enabled("INTEGRITY_AUDIT"),
  });
  const tpm = options.tpm ? new SimulatedTpm(options.tpm) : null;
  const keyBridge = new KeyBridge({
    release,
    config,
    log,
    clock: () => clock.now,
    random,
    builtinKeys: options.builtinKeys ?? [],
    moduleKey: options.moduleKey ?? null,
    moduleSignatureEnforced: moduleSignatureEnforced(config, parameters),
  });
  const others: SecurityModule[] = [
    ...(lsmWithLabels === "smack" ? [smackModule(log)] : []),
    ...(options.modules ?? []),
  ];
  const names = others.map((module) => module.name);
  const lsm = lsmList(release, config, lsmWithLabels === "apparmor" ? [...names, "apparmor"] : names);
  const files: { vfs: Vfs | null } = { vfs: null };
  const { ima, evm } = initialiseIntegrity({
    release,
    config,
    parameters,
    log,
    audit,
    tpm,
    labels,
    secureBoot,
    keyBridge,
    files,
    clock: () => clock.now,
    ...(options.environment?.bootAggregate && { bootAggregate: options.environment.bootAggregate }),
    onSecurityInit: () => log.printk(`LSM: initializing lsm=${lsm}`),
  });
  const modules = [...others];
  if (ima !== null) modules.push(imaSecurityModule(ima));
  if (evm !== null) modules.push(evm.asSecurityModule());
  const epoch = options.environment?.time ?? DEFAULT_TIME;
  const vfs = new Vfs({
    clock: () => epoch + clock.now,
    random,
    ...(options.environment?.generation && { generation: byDevice(options.environment.generation) }),
    release,
    config,
    modules,
    rootfs: options.rootfs ?? "tmpfs",
  });
  files.vfs = vfs;
  if (ima !== null) ima.vfs = vfs;
  const deviceName = options.environment?.deviceName ?? scsiName;
  const kernel = new Kernel({
    release,
    config,
    parameters,
    log,
    audit,
    vfs,
    keyBridge,
    evm,
    ima,
    tpm,
    labels,
    disks: makeDisks(options, deviceName, random, epoch),
    clock,
    secureBoot,
    random,
    deviceName,
    cmdline: options.cmdline ?? "",
    environment: options.environment ?? {},
    lsm: options.environment?.lsm ?? lsm,
  });
  fillRoot(kernel, options.files ?? {});
  if (options.rootDisk !== undefined) mountRoot(kernel, diskNamed(options.rootDisk, options, kernel));
  try {
    keyBridge.loadCertificates(kernel);
  } catch (stopped) {
    if (!(stopped instanceof KernelPanic)) throw stopped;
    kernel.panicked = stopped.message;
  }
  kernel.startInit();
  mountKernelFileSystems(kernel);
  for (const name of options.environment?.modules ?? []) startModule(kernel, name);
  return kernel;
}

function diskNamed(name: string, { disks = {} }: BootOptions, kernel: Kernel): Disk {
  const disk = [...kernel.disks.values()][Object.keys(disks).indexOf(name)];
  if (disk === undefined) throw new InputError("bad-root", "rootDisk", `there is no disk ${name}`);
  return disk;
}

function makeDisks(
  options: BootOptions,
  deviceName: typeof scsiName,
  random: () => number,
  time: number,
): Map<string, Disk> {
  const disks = new Map<string, Disk>();
  for (const [name, spec] of Object.entries(options.disks ?? {})) {
    if (spec instanceof Disk) {
      disks.set(spec.id, spec);
      continue;
    }
    const { id, major, minor } = deviceName(disks.size);
    if (disks.has(id)) throw new InputError("bad-disk", `disks.${name}`, `there are two devices called ${id}`);
    const uuid = spec.uuid === undefined ? randomUuid(random) : uuidBytes(spec.uuid, `disks.${name}.uuid`);
    disks.set(
      id,
      new Disk({
        fstype: spec.fstype,
        uuid,
        id,
        dev: { major, minor },
        verity: spec.verity ?? false,
        files: spec.files ?? [],
        time,
      }),
    );
  }
  return disks;
}
