// Firmware that a driver asks for: where it is looked for, who reads it, and what is told of a failure
// (drivers/base/firmware_loader/main.c: _request_firmware, fw_get_filesystem_firmware; fallback.c, sysfs.c: the way over user space).
import { ERRNO, type Errno, fail, ok, type Result } from "../errno/index.ts";
import type { Subject } from "../vfs/index.ts";
import { type Parameter, valuesOf } from "./cmdline.ts";
import { kernelTask } from "./credentials.ts";
import { COMPRESSIONS } from "./firmware-compression.ts";
import type { Kernel } from "./kernel.ts";
import { kernelReadPath, type ReadInto } from "./read-file.ts";

/** A device that asks for firmware, for as long as its driver runs. */
export interface FirmwareDevice {
  /** As the log calls it: bus or class, and name (`misc test_firmware`). */
  readonly name: string;
  /** What it was given and will be given again after a suspend; such firmware cannot be read into a buffer of its own (FW_CACHE). */
  readonly remembered: Set<string>;
}

export interface FirmwareRequest {
  readonly device?: FirmwareDevice;
  /** request_firmware_into_buf; with an offset request_partial_firmware_into_buf. */
  readonly into?: ReadInto;
  /** Left out, the device is given it again after a suspend; false for request_firmware_nowait without an event. */
  readonly event?: boolean;
  /** request_firmware_direct: nothing is told of a failure, and user space is not asked. */
  readonly direct?: boolean;
  /** What a program in user space hands over when it is asked; left out, nobody answers. Asked with FW_LOADER_USER_HELPER_FALLBACK alone. */
  readonly fromUserSpace?: Uint8Array;
}

const PATH_MAX = 4096;
/** Room of firmware_class.path, its terminator included. */
const PARAMETER_MAX = 256;

/** Firmware in memory; drivers that ask for a name while another still holds it share what was read then. */
export interface HeldFirmware {
  readonly bytes: Uint8Array;
  users: number;
}

/** What the loader of one kernel knows. */
export class FirmwareState {
  readonly held = new Map<string, HeldFirmware>();
  #path: string;

  constructor(parameters: readonly Parameter[]) {
    const given = valuesOf(parameters, "firmware_class.path").filter((value) => value !== undefined);
    this.#path = given.findLast((value) => value.length < PARAMETER_MAX) ?? "";
  }

  /** firmware_class.path: a directory that comes before all others; empty while nobody set it. */
  get path(): string {
    return this.#path;
  }
  /** @returns ENOSPC for what is too long */
  setPath(text: string): Errno | null {
    if (text.length >= PARAMETER_MAX) return "ENOSPC";
    this.#path = text;
    return null;
  }
}

/** fw_path: the directories, in order. */
function directories({ firmware, release }: Kernel): string[] {
  const chosen = release.has("firmware-path-line") ? firmware.path.replace(/\n.*/s, "") : firmware.path;
  const root = "/lib/firmware";
  const fixed = [`${root}/updates/${release.text}`, `${root}/updates`, `${root}/${release.text}`, root];
  return firmware.path === "" ? fixed : [chosen, ...fixed];
}

/** Whether a component of the name is `..`; what directory and links hold is not looked at. */
const climbs = (name: string): boolean => name.split("/").includes("..");

/**
 * request_firmware() on behalf of a task, whose system call reached the driver. What is got has to be released.
 * The bytes are those of the file: a compressed one is not unpacked.
 */
export function requestFirmware(
  kernel: Kernel,
  task: Subject,
  name: string,
  request: FirmwareRequest = {},
): Result<HeldFirmware> {
  const { held } = kernel.firmware;
  const { device, into, event = true } = request;
  if ((into !== undefined || !event) && device?.remembered.has(name)) return fail("EOPNOTSUPP");
  if (name === "") return fail("EINVAL");
  if (kernel.release.has("firmware-name-checked") && climbs(name)) {
    tell(kernel, device, `Firmware load for '${name}' refused, path contains '..' component`);
    return fail("EINVAL");
  }
  const shared = into === undefined ? held.get(name) : undefined;
  if (shared === undefined) {
    const read = load(kernel, task, name, request);
    if (!read.ok) return read;
    // A part that begins behind the end of the file.
    if (read.value.length === 0) return fail("ENOENT");
    const firmware = { bytes: read.value, users: 1 };
    if (into !== undefined) return ok(firmware);
    held.set(name, firmware);
    if (event) device?.remembered.add(name);
    return ok(firmware);
  }
  shared.users++;
  if (event) device?.remembered.add(name);
  return ok(shared);
}

/** release_firmware() */
export function releaseFirmware({ firmware: { held } }: Kernel, firmware: HeldFirmware): void {
  firmware.users--;
  if (firmware.users > 0) return;
  for (const [name, other] of held) if (other === firmware) held.delete(name);
}

function tell(kernel: Kernel, device: FirmwareDevice | undefined, text: string): void {
  kernel.log.printk(device === undefined ? text : `${device.name}: ${text}`);
}

function load(kernel: Kernel, task: Subject, name: string, request: FirmwareRequest): Result<Uint8Array> {
  const { device, into, direct = false } = request;
  const reader = kernel.release.has("firmware-kernel-credentials") ? kernelTask(kernel, task) : task;
  const partial = into?.offset !== undefined;
  let found = search(kernel, reader, name, request, null);
  for (const compression of COMPRESSIONS) {
    if (found.ok || found.errno !== "ENOENT" || partial || !kernel.config.enabled(compression.symbol)) continue;
    found = search(kernel, reader, name, request, compression);
  }
  if (found.ok) return found;
  if (!direct) tell(kernel, device, `Direct firmware load for ${name} failed with error -${ERRNO[found.errno]}`);
  return partial || direct ? found : fallback(kernel, task, reader, name, request, found);
}

/** Tries each directory; whatever fails in one, the next is tried, and the last answer counts. */
function search(
  kernel: Kernel,
  reader: Subject,
  name: string,
  { device, into, direct = false }: FirmwareRequest,
  compression: (typeof COMPRESSIONS)[number] | null,
): Result<Uint8Array> {
  let answer: Result<Uint8Array> = fail("ENOENT");
  for (const directory of directories(kernel)) {
    const path = `${directory}/${name}${compression?.suffix ?? ""}`;
    if (path.length >= PATH_MAX) return fail("ENAMETOOLONG");
    const room = compression === null ? into : undefined;
    answer = kernelReadPath(kernel.vfs, reader, kernel.initProcess.root, path, "firmware", room);
    if (answer.ok) {
      if (compression === null || compression.accepts(answer.value)) return answer;
      answer = fail("EINVAL");
    } else if (answer.errno !== "ENOENT" && !direct)
      tell(kernel, device, `loading ${path} failed with error -${ERRNO[answer.errno]}`);
  }
  return answer;
}

/**
 * firmware_fallback_sysfs: security modules may forbid it; then a program is asked, and what it hands over is shown to them.
 * Nobody but FW_LOADER_USER_HELPER_FALLBACK, or a setting at run time, has this done.
 */
function fallback(
  kernel: Kernel,
  task: Subject,
  reader: Subject,
  name: string,
  { device, fromUserSpace }: FirmwareRequest,
  failed: Result<Uint8Array>,
): Result<Uint8Array> {
  const { config, release, vfs } = kernel;
  if (!config.enabled("FW_LOADER_USER_HELPER")) return failed;
  const shown = release.has("loaded-data-shown");
  for (const module of vfs.hooks.kernelLoadData)
    if (module.kernelLoadData(reader, "firmware", shown) !== null) return failed;
  if (!config.enabled("FW_LOADER_USER_HELPER_FALLBACK")) return failed;
  tell(kernel, device, `Falling back to sysfs fallback for: ${name}`);
  if (fromUserSpace === undefined) return fail("ETIMEDOUT");
  if (shown)
    for (const module of vfs.hooks.kernelPostLoadData)
      if (module.kernelPostLoadData(task, fromUserSpace, "firmware", "blob") !== null) return fail("ENOENT");
  return ok(fromUserSpace.slice());
}
