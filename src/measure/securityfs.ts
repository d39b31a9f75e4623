// The files of securityfs in which the measurement list is read, and staged where the kernel has that
// (security/integrity/ima/ima_fs.c: ima_fs_init, create_securityfs_measurement_lists).
import type { Errno } from "../errno/index.ts";
import { fail, ok, type Result } from "../errno/index.ts";
import type { MeasurementList } from "./list.ts";

/** One name in the directory of IMA, `integrity/ima`. */
export type ListFile =
  | {
      readonly kind: "file";
      readonly name: string;
      readonly mode: number;
      readonly read: () => Uint8Array;
      /** One entry after the other (seq_file), not a number as a whole. */
      readonly sequence: boolean;
      /** The bytes taken; absent where the file cannot be written. Its opener needs CAP_SYS_ADMIN. */
      readonly write?: (bytes: Uint8Array) => Result<number>;
    }
  | { readonly kind: "symlink"; readonly name: string; readonly target: string };

const READ_ONLY = 0o440;
const STAGEABLE = 0o660;
/** STAGED_REQ_LENGTH: a decimal number of 64 bits and a newline. */
const MAX_REQUEST = 21;
const decimal = (value: number): Uint8Array => new TextEncoder().encode(`${value}\n`);

/**
 * A write to a list file: `A` stages all entries and `D` deletes the staged ones, both on a `_staged` file; a number deletes as many
 * entries from the start, on an ordinary one.
 */
function request(list: MeasurementList, staged: boolean, bytes: Uint8Array): Result<number> {
  const text = String.fromCharCode(...bytes.subarray(0, MAX_REQUEST + 1));
  if (text.length < 2 || text.length > MAX_REQUEST || !text.endsWith("\n")) return fail("EINVAL");
  const word = text.slice(0, -1);
  const { queue } = list;
  let denial: Errno | null;
  if (staged && word === "A") denial = queue.stage();
  else if (staged && word === "D") denial = queue.deleteStaged();
  else if (staged || list.setup.flushSeen || !/^\+?\d+$/.test(word)) denial = "EINVAL";
  else if (BigInt(word) > 0xffff_ffff_ffff_ffffn) denial = "ERANGE";
  else denial = BigInt(word) === 0n ? "EINVAL" : queue.deleteFirst(Number(word));
  return denial === null ? ok(bytes.length) : fail(denial);
}

/** All names but `policy`, in the order in which they are created. */
export function listFiles(list: MeasurementList): ListFile[] {
  const { release, staging } = list.setup;
  const pair = (algo: string, suffix: string, staged = false): ListFile[] =>
    (["ascii", "binary"] as const).map((form) => ({
      kind: "file",
      name: `${form}_runtime_measurements${suffix}`,
      mode: staging ? STAGEABLE : READ_ONLY,
      read: () => list[form](algo, staged ? list.queue.staged : list.entries),
      sequence: true,
      ...(staging && { write: (bytes: Uint8Array) => request(list, staged, bytes) }),
    }));
  const link = (form: string, suffix: string): ListFile => ({
    kind: "symlink",
    name: `${form}_runtime_measurements${suffix}`,
    target: `${form}_runtime_measurements_sha1${suffix}`,
  });
  const counts: ListFile[] = [
    {
      kind: "file",
      name: "runtime_measurements_count",
      mode: READ_ONLY,
      read: () => decimal(list.entries.length),
      sequence: false,
    },
    { kind: "file", name: "violations", mode: READ_ONLY, read: () => decimal(list.violations), sequence: false },
  ];
  if (!release.has("list-per-bank")) return [...pair("sha1", "").reverse(), ...counts];

  const named = list.slots.filter((slot) => slot.fileSuffix !== null);
  const files = named.flatMap((slot) => pair(slot.algo, `_${slot.fileSuffix}`));
  if (staging) {
    files.push(...named.flatMap((slot) => pair(slot.algo, `_${slot.fileSuffix}_staged`, true)));
    files.push(link("binary", "_staged"), link("ascii", "_staged"));
  }
  return [...files, link("binary", ""), link("ascii", ""), ...counts];
}
