// The module test_firmware: a device that asks for firmware when it is told to through its files in sysfs (lib/test_firmware.c).
// Its uploads are left out.
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { ERRNO, type Errno, fail, ok, type Result } from "../../errno/index.ts";
import {
  addDeviceNode,
  addPseudoFile,
  addPseudoPath,
  addPseudoSymlink,
  type Dentry,
  type GeneratedFile,
  removePseudo,
  type Subject,
  type SuperBlock,
} from "../../vfs/index.ts";
import { kernelThread } from "../credentials.ts";
import {
  type FirmwareDevice,
  type FirmwareRequest,
  type HeldFirmware,
  releaseFirmware,
  requestFirmware,
} from "../firmware.ts";
import type { Kernel } from "../kernel.ts";
import { attribute, attributeBool, attributeNumber } from "../sysfs-attribute.ts";

const NAME = "test_firmware";
const PAGE_SIZE = 4096;
const U8_MAX = 255;
/** What runs the work that a request without waiting leaves behind. */
const WORKER = "kworker/0:1";
/** The misc devices, and the first minor number that they are given. */
const RDEV = { major: 10, minor: 256 };

const DEFAULTS = {
  name: "test-firmware.bin",
  num_requests: 4,
  send_uevent: true,
  into_buf: false,
  buf_size: 1024,
  file_offset: 0,
  partial: false,
  sync_direct: false,
  read_fw_idx: 0,
};
type Settings = typeof DEFAULTS;
type NameOf<T> = { [K in keyof Settings]: Settings[K] extends T ? K : never }[keyof Settings];

class TestFirmware {
  readonly #kernel: Kernel;
  readonly #device: FirmwareDevice = { name: `misc ${NAME}`, remembered: new Set() };
  #settings: Settings = { ...DEFAULTS };
  /** Of the last trigger. */
  #single: HeldFirmware | null = null;
  /** Of the last batch; null while there is none. */
  #batch: (HeldFirmware | null)[] | null = null;
  #result: Errno | null = null;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Its files, by name and permission bits. */
  files(): readonly (readonly [name: string, mode: number, file: GeneratedFile])[] {
    return [
      ["reset", 0o200, attribute(() => this.#reset())],
      ["config", 0o444, { read: () => ok(utf8ToBytes(this.#described())) }],
      ["config_name", 0o644, this.#text("name")],
      ["config_num_requests", 0o644, this.#number("num_requests", U8_MAX, true)],
      ["config_into_buf", 0o644, this.#bool("into_buf")],
      ["config_buf_size", 0o644, this.#number("buf_size", Number.MAX_SAFE_INTEGER, true)],
      ["config_file_offset", 0o644, this.#number("file_offset", Number.MAX_SAFE_INTEGER, true)],
      ["config_partial", 0o644, this.#bool("partial")],
      ["config_sync_direct", 0o644, this.#bool("sync_direct")],
      ["config_send_uevent", 0o644, this.#bool("send_uevent")],
      ["config_read_fw_idx", 0o644, this.#number("read_fw_idx", U8_MAX, false)],
      ["trigger_request", 0o200, attribute((text, task) => this.#request(text, task))],
      ["trigger_async_request", 0o200, attribute((text, task) => this.#later(text, task, "ENOMEM", true))],
      ["trigger_custom_fallback", 0o200, attribute((text, task) => this.#later(text, task, "ENODEV", false))],
      ["trigger_batched_requests", 0o200, attribute((_text, task) => this.#requestBatch(task))],
      ["trigger_batched_requests_async", 0o200, attribute((_text, task) => this.#requestBatchLater(task))],
      ["release_all_firmware", 0o200, attribute(() => this.#releaseBatch())],
      ["test_result", 0o444, { read: () => ok(utf8ToBytes(`${this.#result === null ? 0 : -ERRNO[this.#result]}\n`)) }],
      ["read_firmware", 0o444, { read: () => this.#readBatch() }],
    ];
  }

  /** What the last single request gave, to be read from the device. */
  get loaded(): Uint8Array {
    return this.#single?.bytes ?? new Uint8Array();
  }

  release(): void {
    this.#releaseSingle();
    this.#releaseBatch();
  }

  #text(name: NameOf<string>): GeneratedFile {
    return attribute(
      (text) => {
        this.#settings[name] = text;
        return null;
      },
      () => this.#settings[name],
    );
  }
  #bool(name: NameOf<boolean>): GeneratedFile {
    return attribute(
      (text) => {
        const value = attributeBool(text);
        if (value === null) return "EINVAL";
        this.#settings[name] = value;
        return null;
      },
      () => String(Number(this.#settings[name])),
    );
  }
  /** @param fixed while a batch is held, it stays */
  #number(name: NameOf<number>, most: number, fixed: boolean): GeneratedFile {
    return attribute(
      (text) => {
        if (fixed && this.#batch !== null) {
          this.#say("Must call release_all_firmware prior to changing config");
          return "EINVAL";
        }
        const value = attributeNumber(text, 0, most);
        if (value === null) return "EINVAL";
        this.#settings[name] = value;
        return null;
      },
      () => String(this.#settings[name]),
    );
  }

  #say(text: string): void {
    this.#kernel.log.printk(`${NAME}: ${text}`);
  }
  #reset(): null {
    this.#releaseBatch();
    this.#settings = { ...DEFAULTS };
    this.#result = null;
    this.#say("reset");
    return null;
  }
  #described(): string {
    const { name, num_requests, send_uevent, into_buf, buf_size, file_offset, partial, sync_direct, read_fw_idx } =
      this.#settings;
    return [
      `Custom trigger configuration for: ${NAME}`,
      `name:\t${name}`,
      `num_requests:\t${num_requests}`,
      `send_uevent:\t\t${send_uevent ? "FW_ACTION_UEVENT" : "FW_ACTION_NOUEVENT"}`,
      `into_buf:\t\t${into_buf}`,
      `buf_size:\t${buf_size}`,
      `file_offset:\t${file_offset}`,
      `partial:\t\t${partial}`,
      `sync_direct:\t\t${sync_direct}`,
      `read_fw_idx:\t${read_fw_idx}`,
      "upload_name:\tEMPTY",
      "",
    ].join("\n");
  }

  #request(name: string, task: Subject): Errno | null {
    this.#say(`loading '${name}'`);
    this.#releaseSingle();
    this.#releaseBatch();
    const got = requestFirmware(this.#kernel, task, name, { device: this.#device });
    if (!got.ok) {
      this.#say(`load of '${name}' failed: -${ERRNO[got.errno]}`);
      return got.errno;
    }
    this.#single = got.value;
    this.#say(`loaded: ${got.value.bytes.length}`);
    return null;
  }

  /** request_firmware_nowait, and waiting for it all the same. */
  #later(name: string, task: Subject, failure: Errno, event: boolean): Errno | null {
    this.#say(`loading '${name}'${event ? "" : " using custom fallback mechanism"}`);
    this.#releaseSingle();
    this.#releaseBatch();
    if (!event && this.#device.remembered.has(name)) {
      this.#say(`async load of '${name}' failed: -${ERRNO.EOPNOTSUPP}`);
      return "EOPNOTSUPP";
    }
    const got = requestFirmware(this.#kernel, kernelThread(this.#kernel, task, WORKER), name, {
      device: this.#device,
      event,
    });
    if (!got.ok) {
      this.#say("failed to async load firmware");
      return failure;
    }
    this.#single = got.value;
    this.#say(`loaded: ${got.value.bytes.length}`);
    return null;
  }

  /** A thread for each request; on one processor one after the other. */
  #requestBatch(task: Subject): Errno | null {
    if (this.#batch !== null) {
      this.#result = "EBUSY";
      return "EBUSY";
    }
    const { name, num_requests, into_buf, buf_size, file_offset, partial, sync_direct } = this.#settings;
    this.#say(`batched sync firmware loading '${name}' ${num_requests} times`);
    const request: FirmwareRequest = {
      device: this.#device,
      ...(into_buf
        ? { into: partial ? { size: buf_size, offset: file_offset } : { size: buf_size } }
        : { direct: sync_direct }),
    };
    this.#batch = Array.from({ length: num_requests }, (_, i) => {
      const got = requestFirmware(this.#kernel, kernelThread(this.#kernel, task, `${NAME}-${i}`), name, request);
      if (!got.ok) {
        this.#say(`#${i}: batched sync load failed: -${ERRNO[got.errno]}`);
        this.#result ??= got.errno;
        return null;
      }
      this.#say(`#${i}: batched sync loaded ${got.value.bytes.length}`);
      return got.value;
    });
    return null;
  }

  /** The work of one request after the other; why one failed is not told. */
  #requestBatchLater(task: Subject): Errno | null {
    if (this.#batch !== null) {
      this.#result = "EBUSY";
      return "EBUSY";
    }
    const { name, num_requests, send_uevent } = this.#settings;
    this.#say(`batched loading '${name}' custom fallback mechanism ${num_requests} times`);
    const request = { device: this.#device, event: send_uevent };
    this.#batch = [];
    for (let i = 0; i < num_requests; i++) {
      if (!send_uevent && this.#device.remembered.has(name)) {
        this.#say(`#${i}: batched async load failed setup: -${ERRNO.EOPNOTSUPP}`);
        this.#result = "EOPNOTSUPP";
        return "EOPNOTSUPP";
      }
      const got = requestFirmware(this.#kernel, kernelThread(this.#kernel, task, WORKER), name, request);
      if (!got.ok) this.#result ??= "ENOENT";
      this.#batch.push(got.ok ? got.value : null);
    }
    return null;
  }

  #readBatch(): Result<Uint8Array> {
    const index = this.#settings.read_fw_idx;
    if (index >= this.#settings.num_requests) return fail("ERANGE");
    if (this.#batch === null) return fail("EINVAL");
    const firmware = this.#batch[index] ?? null;
    if (firmware === null) {
      this.#say(`#${index}: failed to async load firmware`);
      return fail("ENOENT");
    }
    this.#say(`#${index}: loaded ${firmware.bytes.length}`);
    return firmware.bytes.length > PAGE_SIZE ? fail("EINVAL") : ok(firmware.bytes);
  }

  #releaseSingle(): void {
    if (this.#single !== null) releaseFirmware(this.#kernel, this.#single);
    this.#single = null;
  }
  #releaseBatch(): null {
    for (const firmware of this.#batch ?? []) if (firmware !== null) releaseFirmware(this.#kernel, firmware);
    this.#batch = null;
    return null;
  }
}

/** Makes the device. @returns what takes it away */
export function startTestFirmware(kernel: Kernel): () => void {
  const { vfs, log } = kernel;
  const driver = new TestFirmware(kernel);
  const made: Dentry[] = [];
  const root = (fstype: string): SuperBlock | undefined =>
    [...vfs.superblocks].find(({ type }) => type.name === fstype);
  const sysfs = root("sysfs")?.root;
  if (sysfs !== undefined) {
    const directory = addPseudoPath(vfs, sysfs, `devices/virtual/misc/${NAME}`);
    for (const [name, mode, file] of driver.files()) addPseudoFile(vfs, directory, name, mode, file);
    const classes = addPseudoPath(vfs, sysfs, "class/misc");
    made.push(directory, addPseudoSymlink(vfs, classes, NAME, `../../devices/virtual/misc/${NAME}`));
  }
  const devices = root("devtmpfs")?.root;
  if (devices !== undefined)
    made.push(
      addDeviceNode(vfs, devices, NAME, { mode: 0o600, rdev: RDEV, driver: { read: () => ok(driver.loaded) } }),
    );
  log.printk(`${NAME}: interface ready`);
  return () => {
    driver.release();
    for (const dentry of made) removePseudo(vfs, dentry);
    log.printk(`${NAME}: removed interface`);
  };
}
