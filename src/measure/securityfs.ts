// The files of securityfs in which the measurement list is read (security/integrity/ima/ima_fs.c: ima_fs_init,
// create_securityfs_measurement_lists).
import type { MeasurementList } from "./list.ts";

/** One name in the directory of IMA, `integrity/ima`. */
export type ListFile =
  | { readonly kind: "file"; readonly name: string; readonly mode: number; readonly read: () => Uint8Array }
  | { readonly kind: "symlink"; readonly name: string; readonly target: string };

const MODE = 0o440;
const decimal = (value: number): Uint8Array => new TextEncoder().encode(`${value}\n`);

/** All names but `policy`, in the order in which they are created. */
export function listFiles(list: MeasurementList): ListFile[] {
  const { release } = list.setup;
  const pair = (algo: string, suffix: string): ListFile[] => [
    { kind: "file", name: `ascii_runtime_measurements${suffix}`, mode: MODE, read: () => list.ascii(algo) },
    { kind: "file", name: `binary_runtime_measurements${suffix}`, mode: MODE, read: () => list.binary(algo) },
  ];
  const files: ListFile[] = [];
  if (release.has("list-per-bank")) {
    for (const slot of list.slots) if (slot.fileSuffix !== null) files.push(...pair(slot.algo, `_${slot.fileSuffix}`));
    for (const name of ["binary_runtime_measurements", "ascii_runtime_measurements"])
      files.push({ kind: "symlink", name, target: `${name}_sha1` });
  } else files.push(...pair("sha1", "").reverse());
  return [
    ...files,
    {
      kind: "file",
      name: "runtime_measurements_count",
      mode: MODE,
      read: () => decimal(list.entries.length),
    },
    { kind: "file", name: "violations", mode: MODE, read: () => decimal(list.violations) },
  ];
}
