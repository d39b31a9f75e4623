// What archives of a file system hold: entries in their order, with absolute paths.
import { InputError } from "../../errno/index.ts";

interface EntryFields {
  /** Absolute: `/etc/motd`; `/` for the top directory. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** By full name. */
  readonly xattrs: readonly (readonly [name: string, value: Uint8Array])[];
}

/** Bytes are views of the archive. */
export type ArchiveEntry = EntryFields &
  (
    | { readonly type: "file"; readonly bytes: Uint8Array }
    | { readonly type: "directory" | "fifo" | "socket" }
    | { readonly type: "symlink"; readonly target: string }
    /** A further name of the file at `target`, an absolute path; what else it says of the file is not used. */
    | { readonly type: "link"; readonly target: string }
    | { readonly type: "block" | "character"; readonly major: number; readonly minor: number }
  );

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** @throws InputError `bad-name` for names that are no UTF-8 */
export function nameText(bytes: Uint8Array, where: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new InputError("bad-name", where, "a name that is not UTF-8");
  }
}

/** The bytes before the first zero. */
export function untilZero(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** `./etc//motd` as `/etc/motd`. @throws InputError `bad-path` where it leads out of the archive */
export function absolutePath(name: string, where: string): string {
  const names = name.split("/").filter((part) => part !== "" && part !== ".");
  if (names.includes("..")) throw new InputError("bad-path", where, `${name} leads out of the archive`);
  return `/${names.join("/")}`;
}
