// What loading a module starts, where that is something of which integrity hears.
import type { Kernel } from "../kernel.ts";
import { startTestFirmware } from "./test-firmware.ts";

/** By module: makes its devices. @returns what takes them away */
const DRIVERS: Readonly<Record<string, (kernel: Kernel) => () => void>> = { test_firmware: startTestFirmware };

export function startModule(kernel: Kernel, name: string): void {
  kernel.modules.add(name);
  const end = Object.hasOwn(DRIVERS, name) ? DRIVERS[name]?.(kernel) : undefined;
  if (end !== undefined) kernel.devices.set(name, end);
}

/** @returns whether there was such a module */
export function endModule(kernel: Kernel, name: string): boolean {
  if (!kernel.modules.delete(name)) return false;
  kernel.devices.get(name)?.();
  kernel.devices.delete(name);
  return true;
}
